// Shapes, and a table of those that are known by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

class Shape {
 public:
  virtual ~Shape() = default;
  virtual long Area() const = 0;
  virtual int Corners() const { return 0; }
  virtual std::string Name() const { return "shape"; }
};

class Rectangle : public Shape {
 public:
  Rectangle(long width, long height) : width_(width), height_(height) {}
  long Area() const override { return width_ * height_; }
  int Corners() const override { return 4; }
  std::string Name() const override { return "rectangle"; }

 protected:
  long width_;
  long height_;
};

class Square : public Rectangle {
 public:
  explicit Square(long side) : Rectangle(side, side) {}
  std::string Name() const override { return "square"; }
};

class Disc : public Shape {
 public:
  explicit Disc(long radius) : radius_(radius) {}
  long Area() const override { return radius_ * radius_ * 355 / 113; }

 private:
  long radius_;
};

using Maker = std::unique_ptr<Shape> (*)(long size);

// Makes `name` known while the program starts.
struct Known {
  Known(const char* name, Maker maker);
};

std::unique_ptr<Shape> Make(const std::string& name, long size);
int KnownShapes();
std::string Describe(const Shape& shape);
long AreaOf(const std::vector<std::unique_ptr<Shape>>& shapes);
