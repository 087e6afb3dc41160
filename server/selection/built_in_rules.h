// The built-in rules, in the language of the rule file. Private to path_rules.cc.
#pragma once

#include "absl/strings/string_view.h"

namespace testselect {

extern const absl::string_view kBuiltInRules;

}  // namespace testselect
