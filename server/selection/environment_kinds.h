// What a digest of the installed environment speaks of. One that a person made counts for every
// file that a rule calls environment. One that our own runners make begins with its kind
// ("python-packages:"), and counts only for the files whose effect it shows: the Python packages of
// a machine say nothing about a Dockerfile or a package-lock.json.
#pragma once

#include "absl/strings/string_view.h"

namespace testselect {

inline constexpr absl::string_view kPythonPackages = "python-packages:";
inline constexpr absl::string_view kNodePackages = "node-packages:";
inline constexpr absl::string_view kGoModules = "go-modules:";
inline constexpr absl::string_view kRustCrates = "rust-crates:";

// Whether equal digests like this one make a change of `path` harmless, should a rule call it
// environment.
bool SpeaksOf(absl::string_view environment_digest, absl::string_view path);

// Whether two digests are of one kind, so that different ones mean different environments: what is
// installed for Python and what is for Node say nothing of each other.
bool AreComparable(absl::string_view a, absl::string_view b);

}  // namespace testselect
