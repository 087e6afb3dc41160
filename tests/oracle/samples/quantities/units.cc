#include "units.h"

namespace {

struct Name {
  const char* text;
  Unit unit;
};

const Name kNames[] = {{"mm", Unit::kMillimetre}, {"m", Unit::kMetre}, {"km", Unit::kKilometre}};

int parsed = 0;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

const Name* Find(const std::string& text) {
  for (const Name& name : kNames) {
    if (text == name.text) return &name;
  }
  return nullptr;
}

}  // namespace

Length Of(long amount, Unit unit) { return {amount * Scale(unit)}; }

long In(Length length, Unit unit) {
  const long scale = Scale(unit);
  const long half = scale / 2;
  return (length.millimetres + half) / scale;
}

std::string Text(Length length) {
  Unit unit = Unit::kMillimetre;
  if (length.millimetres >= kPerKilometre) {
    unit = Unit::kKilometre;
  } else if (length.millimetres >= kPerMetre) {
    unit = Unit::kMetre;
  }
  for (const Name& name : kNames) {
    if (name.unit == unit) return std::to_string(In(length, unit)) + " " + name.text;
  }
  return "";
}

bool Parse(const std::string& text, Length* out) {
  std::size_t at = 0;
  long amount = 0;
  while (at < text.size() && IsDigit(text[at])) {
    amount = amount * 10 + (text[at] - '0');
    at += 1;
  }
  if (at == 0) return false;
  while (at < text.size() && text[at] == ' ') ++at;
  const Name* name = Find(text.substr(at));
  if (name == nullptr) return false;
  parsed += 1;
  *out = Of(amount, name->unit);
  return true;
}
