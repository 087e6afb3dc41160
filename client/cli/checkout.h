// What the checkout that tests run in is: which commit, and what differs from it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace testselect::client {

struct Checkout {
  std::string top;                   // without a slash at its end
  std::string head;                  // HEAD's commit, 40 hexadecimal digits
  std::string parent;                // its first parent; empty: it has none
  std::vector<std::string> changed;  // tracked files whose content is not the commit's
  std::vector<std::string> added;    // files that are neither tracked nor ignored
};

// Of the work tree that `folder` lies in. Cost: as `git status`. kNotFound where there is no
// repository, or no commit yet; kFailedPrecondition for a bare one.
absl::StatusOr<Checkout> LookAtCheckout(const std::string& folder);

}  // namespace testselect::client
