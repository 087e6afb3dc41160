// Text from outside, made fit for error messages and checked.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace testselect {

// `text` for an error message: cut at `limit` bytes (then ending in "..."), control characters and
// bytes that are not UTF-8 as \xNN.
std::string Shorten(absl::string_view text, size_t limit = 80);

// Whether `text` is well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool IsUtf8(absl::string_view text);

}  // namespace testselect
