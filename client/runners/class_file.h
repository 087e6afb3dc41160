// What a compiled Java class says of itself, as far as runners have to know it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace testselect::client {

struct ClassFile {
  bool can_be_made = false;  // a class, and not an abstract one
  std::string source{};      // the name of its source file without folders; may be empty
  // What it extends ("" for none) and implements: "org/junit/ATest".
  std::string base{};
  std::vector<std::string> interfaces{};
  // It, or a method of it, has an annotation that is neither Java's nor a language's own, or a
  // method suite(), from which JUnit 3 makes tests.
  bool has_marks = false;
};

// Nothing where `bytes` are no class file, or one cut off. JVM specification, §4.
std::optional<ClassFile> ReadClassFile(absl::string_view bytes);

}  // namespace testselect::client
