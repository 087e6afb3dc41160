const assert = require('node:assert');
const { Cone, melt } = require('../src/scoop');
const { süß } = require('../src/größe');

describe('parlour', () => {
  it('adds', () => assert.equal(new Cone().add('🍓').add('nothing').total, 3));
  it('melts', () => {
    const cone = new Cone();
    cone.scoops.push(1);
    melt(cone);
    assert.equal(cone.scoops.length, 0);
  });
  it('süß', () => assert.equal(süß('mint'), 2));
});
