#include "server/selection/branch_trust.h"

#include <algorithm>

#include "server/selection/glob.h"

namespace testselect {

bool BranchTrust::Trusts(absl::string_view branch) const {
  return patterns_.empty() ||
         std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const std::string& pattern) { return FnMatch(pattern, branch); });
}

}  // namespace testselect
