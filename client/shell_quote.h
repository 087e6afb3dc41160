// Quoting for a POSIX shell.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace testselect::client {

// `word` as one word of POSIX sh: bare where every character is harmless, in single quotes else.
std::string ShellQuote(absl::string_view word);

}  // namespace testselect::client
