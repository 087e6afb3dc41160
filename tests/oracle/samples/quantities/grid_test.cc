#include "grid.h"

#include "fraction.h"
#include "testing.h"

TEST(Grid, StartsWithZeros) {
  CHECK(Grid<int>(2, 3).At(1, 2) == 0);
}
TEST(Grid, KeepsCells) {
  Grid<int> grid(2, 2);
  grid.At(0, 1) = 5;
  CHECK(grid.At(0, 1) == 5);
  CHECK(grid.At(1, 0) == 0);
}
TEST(Grid, Transposes) {
  Grid<int> grid(2, 3);
  grid.At(0, 2) = 7;
  CHECK(grid.Transposed().At(2, 0) == 7);
  CHECK(grid.Transposed().rows() == 3);
}
TEST(Grid, Sums) {
  Grid<int> grid(1, 2);
  grid.At(0, 0) = 1;
  grid.At(0, 1) = 2;
  CHECK(Sum(grid) == 3);
}
TEST(Grid, SumsFractions) {
  Grid<Fraction> grid(1, 2);
  grid.At(0, 0) = Fraction(1, 2);
  grid.At(0, 1) = Fraction(1, 2);
  CHECK(Sum(grid).IsWhole());
}
TEST(Grid, FitsOfTheSameSize) {
  CHECK(Fits(Grid<int>(1, 2), Grid<int>(1, 2)));
  CHECK(!Fits(Grid<int>(1, 2), Grid<int>(2, 1)));
  CHECK(!Fits(Grid<int>(1, 2), Grid<int>(1, 1)));
}
