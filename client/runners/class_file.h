// What a compiled Java class says of itself, as far as runners have to know it.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace testselect::client {

struct ClassFile {
  bool can_be_made = false;  // a class, and not an abstract one
  std::string source;        // the name of its source file without folders; may be empty
};

// Nothing where `bytes` are no class file, or one cut off. JVM specification, §4.
std::optional<ClassFile> ReadClassFile(absl::string_view bytes);

}  // namespace testselect::client
