// What is really installed, as the digests that `testselect run` gives to its uploads and
// selections: a lock file that changed while these stayed the same changed nothing for the tests.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace testselect::client {

// "KIND:" and 32 hexadecimal digits of `lines`, in their order.
std::string InstalledDigest(absl::string_view kind, const std::vector<std::string>& lines);

// The packages of a Cargo.lock that come from elsewhere, each with all that is said of it. What has
// no source is the workspace's own code.
std::vector<std::string> LockedCrates(absl::string_view cargo_lock);

// What the package managers' own records in the node_modules of `folder` and of the folders above
// it, up to `top`, say is installed: npm, pnpm, Yarn (1, and later ones that make node_modules).
// Empty where there is no such record, or a node_modules without one.
std::vector<std::string> InstalledNodePackages(const std::string& folder, const std::string& top);

}  // namespace testselect::client
