// PathMapper: a report's file names -> repository paths.
//
// Rules, in this order: separators become '/'; `path_root` is taken off absolute names; `path_prefix`
// is put before relative ones; what then leaves the repository (.., another root) is ignored. With
// the commit's file list, a name that misses it is tried by suffix: the longest common prefix that
// can be cut off so that the rest is a file of the tree, if that is unambiguous. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

struct PathRules {
  std::string root;    // absolute prefix of the reports' names ("/build/app"); empty: none
  std::string prefix;  // where the report's top lies in the repository ("services/api"); empty: top
};

class PathMapper {
 public:
  // `tree_paths`: all files of the commit; empty where git does not know it (then rules alone).
  // kInvalidArgument for rules that are no clean paths.
  static absl::StatusOr<PathMapper> Create(PathRules rules, std::vector<std::string> tree_paths);

  // The repository path, or "" where the file is none of the repository's. Remembers both.
  // kInvalidArgument for an empty name, NUL bytes, or over 64 KiB.
  absl::StatusOr<std::string> Map(absl::string_view report_path);

  // Ok, or kInvalidArgument with counts and up to five examples if more than half of the distinct
  // names missed (names that tools always add, such as site-packages and standard libraries, do not
  // count). Call at the end of an upload.
  absl::Status CheckMisses() const;
  uint64_t mapped() const { return mapped_; }
  uint64_t missed() const { return missed_; }

 private:
  PathMapper() = default;
  PathRules rules_;
  absl::flat_hash_set<std::string> tree_;
  absl::flat_hash_map<std::string, std::vector<std::string>> by_base_name_;
  uint64_t mapped_ = 0, missed_ = 0;
  std::vector<std::string> examples_;
};

}  // namespace testselect
