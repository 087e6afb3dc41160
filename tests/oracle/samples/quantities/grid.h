// A grid of values of one type, row by row.
#pragma once

#include <cstddef>
#include <vector>

template <typename T>
struct Zero {
  static T value() { return T(); }
};

template <typename T>
class Grid {
 public:
  Grid(std::size_t rows, std::size_t columns)
      : rows_(rows), columns_(columns), cells_(rows * columns, Zero<T>::value()) {}

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  T& At(std::size_t row, std::size_t column) { return cells_[row * columns_ + column]; }
  const T& At(std::size_t row, std::size_t column) const { return cells_[row * columns_ + column]; }
  auto begin() const { return cells_.begin(); }
  auto end() const { return cells_.end(); }

  Grid Transposed() const {
    Grid out(columns_, rows_);
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t column = 0; column < columns_; ++column) {
        out.At(column, row) = At(row, column);
      }
    }
    return out;
  }

 private:
  std::size_t rows_;
  std::size_t columns_;
  std::vector<T> cells_;
};

template <typename T>
T Sum(const Grid<T>& grid) {
  T sum = Zero<T>::value();
  for (const T& cell : grid) sum = sum + cell;
  return sum;
}

template <typename T>
bool Fits(const Grid<T>& a, const Grid<T>& b) {
  if (a.rows() != b.rows()) return false;
  return a.columns() == b.columns();
}
