// BranchTrust: whose evidence everybody may use.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace testselect {

// The server's policy. A value; thread-safe.
class BranchTrust {
 public:
  BranchTrust() = default;  // trusts every branch
  // Trusts branches that match one of `patterns` (FnMatch); all if there is none.
  explicit BranchTrust(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {}

  bool Trusts(absl::string_view branch) const;
  // Whether an upload from branch `uploaded` may be used for a selection on branch `asking`, either
  // empty where it is not known: it is trusted, or both are one known branch.
  bool MayUse(absl::string_view uploaded, absl::string_view asking) const {
    return Trusts(uploaded) || (!uploaded.empty() && uploaded == asking);
  }

 private:
  std::vector<std::string> patterns_;
};

}  // namespace testselect
