#include "shape.h"

#include "testing.h"

TEST(Shape, AreaOfARectangle) {
  CHECK(Rectangle(2, 3).Area() == 6);
}
TEST(Shape, AreaOfASquare) {
  CHECK(Square(3).Area() == 9);
}
TEST(Shape, AreaOfADisc) {
  CHECK(Disc(10).Area() == 314);
}
TEST(Shape, Corners) {
  CHECK(Square(1).Corners() == 4);
  CHECK(Disc(1).Corners() == 0);
}
TEST(Shape, DescribesASquare) {
  CHECK(Describe(Square(1)) == "square with 4 corners");
}
TEST(Shape, DescribesADisc) {
  CHECK(Describe(Disc(1)) == "shape");
}
TEST(Shape, MakesByName) {
  CHECK(Make("square", 2)->Area() == 4);
}
TEST(Shape, MakesNothing) {
  CHECK(Make("cube", 2) == nullptr);
}
TEST(Shape, Known) {
  CHECK(KnownShapes() == 2);
}
TEST(Shape, AreaOfAll) {
  std::vector<std::unique_ptr<Shape>> shapes;
  shapes.push_back(Make("disc", 1));
  shapes.push_back(Make("square", 2));
  CHECK(AreaOf(shapes) == 7);
}
