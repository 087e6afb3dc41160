// LiteralValue: configuration that is written as JSON, with comments or not, or as a literal in
// JavaScript.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace testselect {

// A value. What is neither an object, an array nor a string is `kOther`.
struct LiteralValue {
  enum class Kind { kOther, kString, kArray, kObject };
  struct Item;

  // The value that `text` consists of; kOther where it makes no sense.
  static LiteralValue OfJson(absl::string_view text);
  // All objects in a program that no other object holds, as the values of one array.
  static LiteralValue ObjectsOfProgram(absl::string_view text);

  // The value of a key of an object, or null.
  const LiteralValue* Find(absl::string_view key) const;
  // All strings in it, at any depth; keys are none.
  std::vector<std::string> Strings() const;

  Kind kind = Kind::kOther;
  std::string string;
  std::vector<Item> items;  // of arrays with empty keys
};

struct LiteralValue::Item {
  std::string key;
  LiteralValue value;
};

}  // namespace testselect
