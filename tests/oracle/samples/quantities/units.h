// Lengths with units.
#pragma once

#include <string>

enum class Unit { kMillimetre, kMetre, kKilometre };

constexpr long kPerMetre = 1000;
constexpr long kPerKilometre = 1000 * kPerMetre;

constexpr long Scale(Unit unit) {
  switch (unit) {
    case Unit::kMillimetre:
      return 1;
    case Unit::kMetre:
      return kPerMetre;
    case Unit::kKilometre:
      return kPerKilometre;
  }
  return 0;
}

struct Length {
  long millimetres = 0;
};

constexpr Length operator""_m(unsigned long long n) { return {long(n) * kPerMetre}; }
constexpr Length operator""_mm(unsigned long long n) { return {long(n)}; }

Length Of(long amount, Unit unit);
long In(Length length, Unit unit);
std::string Text(Length length);
// "3 m", "12 mm", "1 km"; false where it is none of them.
bool Parse(const std::string& text, Length* out);
