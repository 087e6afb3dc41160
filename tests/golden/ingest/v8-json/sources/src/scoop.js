'use strict';
// 🍦🍨 two characters of two UTF-16 units each
const onMelt = () => {};
function beforeServing() {
}
const price = (flavour) => (flavour === '🍓' ? 3 : 2);

class Cone {
  scoops = [];

  add(flavour) {
    beforeServing();
    if (flavour === 'nothing') {
      return this;
    }
    this.scoops.push({
      flavour,
      price: price(flavour),
    });
    return this;
  }

  get total() {
    return this.scoops
      .map((scoop) => scoop.price)
      .reduce((a, b) => a + b, 0);
  }
}

function melt(cone) {
  onMelt();
  while (cone.scoops.length > 0) cone.scoops.pop();
}

module.exports = { Cone, melt };
