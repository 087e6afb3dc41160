// Words of literals: what getattr, monkeypatch and registries name things by.
#pragma once

#include "absl/strings/string_view.h"
#include "server/source/module_builder.h"

namespace testselect {

// Longer strings are text for people, not names.
inline constexpr size_t kLongestNamingString = 119;

// Adds every identifier-like word of `text` ([A-Za-z_][A-Za-z0-9_]*) to `out`; the views point into
// `text`.
void AddWords(absl::string_view text, NameSet* out);

}  // namespace testselect
