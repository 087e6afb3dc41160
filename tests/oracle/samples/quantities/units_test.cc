#include "units.h"

#include "testing.h"

TEST(Units, Of) {
  CHECK(Of(2, Unit::kMetre).millimetres == 2000);
  CHECK(Of(2, Unit::kKilometre).millimetres == 2000000);
}
TEST(Units, InRounds) {
  CHECK(In({1499}, Unit::kMetre) == 1);
  CHECK(In({1500}, Unit::kMetre) == 2);
}
TEST(Units, Literals) {
  CHECK((3_m).millimetres == 3000);
  CHECK((3_mm).millimetres == 3);
}
TEST(Units, TextOfMillimetres) {
  CHECK(Text({5}) == "5 mm");
}
TEST(Units, TextOfMetres) {
  CHECK(Text({5000}) == "5 m");
}
TEST(Units, TextOfKilometres) {
  CHECK(Text({5000000}) == "5 km");
}
TEST(Units, Parses) {
  Length length;
  CHECK(Parse("12 mm", &length));
  CHECK(length.millimetres == 12);
}
TEST(Units, ParsesKilometres) {
  Length length;
  CHECK(Parse("1km", &length));
  CHECK(length.millimetres == 1000000);
}
TEST(Units, ParsesNothing) {
  Length length;
  CHECK(!Parse("mm", &length));
  CHECK(!Parse("3 miles", &length));
}
TEST(Units, ScaleIsConstant) {
  static_assert(Scale(Unit::kMillimetre) == 1);
  CHECK(Scale(Unit::kMetre) == kPerMetre);
}
