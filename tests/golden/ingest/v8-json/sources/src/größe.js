'use strict';
const { Cone, melt } = require('./scoop');

function süß(𝕩) {
  const cone = new Cone().add(𝕩);
  return cone.total;
}

function never() {
  return 1;
}

module.exports = { süß, never, melt };
