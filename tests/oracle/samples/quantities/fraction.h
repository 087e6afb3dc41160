// Fractions, always in lowest terms and with a positive denominator.
#pragma once

constexpr long Gcd(long a, long b) {
  while (b != 0) {
    const long rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

class Fraction {
 public:
  constexpr Fraction(long numerator = 0, long denominator = 1)
      : numerator_(numerator), denominator_(denominator) {
    Reduce();
  }
  constexpr long numerator() const { return numerator_; }
  constexpr long denominator() const { return denominator_; }
  bool IsWhole() const { return denominator_ == 1; }
  explicit operator double() const { return double(numerator_) / double(denominator_); }

  Fraction& operator+=(const Fraction& other) {
    numerator_ = numerator_ * other.denominator_ + other.numerator_ * denominator_;
    denominator_ = denominator_ * other.denominator_;
    Reduce();
    return *this;
  }
  Fraction operator-() const { return Fraction(-numerator_, denominator_); }

 private:
  constexpr void Reduce() {
    if (denominator_ < 0) {
      numerator_ = -numerator_;
      denominator_ = -denominator_;
    }
    const long divisor = Gcd(numerator_, denominator_);
    if (divisor > 1) {
      numerator_ /= divisor;
      denominator_ /= divisor;
    }
  }

  long numerator_;
  long denominator_;
};

inline Fraction operator+(Fraction a, const Fraction& b) { return a += b; }
inline Fraction operator-(const Fraction& a, const Fraction& b) { return a + -b; }
inline Fraction operator*(const Fraction& a, const Fraction& b) {
  return Fraction(a.numerator() * b.numerator(), a.denominator() * b.denominator());
}
inline bool operator==(const Fraction& a, const Fraction& b) {
  return a.numerator() == b.numerator() && a.denominator() == b.denominator();
}
inline bool operator<(const Fraction& a, const Fraction& b) {
  return a.numerator() * b.denominator() < b.numerator() * a.denominator();
}
