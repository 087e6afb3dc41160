// YAML as the pipelines are written: block maps and lists, every text in double quotes.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace testselect::client {

// "text" quoted; JSON's escapes are YAML's.
std::string YamlText(absl::string_view text);
// [ "a", "b" ]
std::string YamlTexts(const std::vector<std::string>& texts);

// The value of a top-level key of a block-style text, with the key, from the start of its line to
// the next line that begins with anything but a space, a hyphen or a comment; {npos, 0} where there
// is none.
struct TextRange {
  size_t begin = std::string::npos, size = 0;
};
TextRange FindTopLevelKey(absl::string_view yaml, absl::string_view key);

}  // namespace testselect::client
