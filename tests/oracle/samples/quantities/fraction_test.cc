#include "fraction.h"

#include "testing.h"

TEST(Gcd, Divides) {
  CHECK(Gcd(12, 18) == 6);
}
TEST(Gcd, OfZero) {
  CHECK(Gcd(0, 5) == 5);
}
TEST(Gcd, IsPositive) {
  CHECK(Gcd(-4, 6) == 2);
}
TEST(Fraction, IsInLowestTerms) {
  CHECK(Fraction(6, 8).numerator() == 3);
  CHECK(Fraction(6, 8).denominator() == 4);
}
TEST(Fraction, HasAPositiveDenominator) {
  CHECK(Fraction(1, -2).numerator() == -1);
}
TEST(Fraction, Whole) {
  CHECK(Fraction(4, 2).IsWhole());
  CHECK(!Fraction(1, 2).IsWhole());
}
TEST(Fraction, Adds) {
  CHECK(Fraction(1, 2) + Fraction(1, 3) == Fraction(5, 6));
}
TEST(Fraction, Subtracts) {
  CHECK(Fraction(1, 2) - Fraction(1, 3) == Fraction(1, 6));
}
TEST(Fraction, Multiplies) {
  CHECK(Fraction(2, 3) * Fraction(3, 4) == Fraction(1, 2));
}
TEST(Fraction, Compares) {
  CHECK(Fraction(1, 3) < Fraction(1, 2));
  CHECK(!(Fraction(1, 2) < Fraction(1, 3)));
}
TEST(Fraction, AsDouble) {
  CHECK(double(Fraction(1, 2)) == 0.5);
}
