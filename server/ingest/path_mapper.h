// PathMapper: a report's file names -> repository paths.
//
// Separators become '/', "." and ".." are resolved. Then, in this order:
// 1. `root` is taken off names below it (an absolute folder, or Go's module path);
// 2. `prefix` is put before relative names;
// 3. with the commit's file list: a name that is a file of it is that file. Else leading folders
// are
//    cut off until the rest is a file of it (the longest rest, but a cut that other names needed is
//    preferred); else the one file of it that ends in the whole name. Several such: ignored.
// 4. without the list: relative names are taken as they are, absolute ones are ignored.
// What leaves the repository is ignored. A name that is not UTF-8 is read as ISO-8859-1, which is
// what lcov makes of one. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace testselect {

struct PathRules {
  std::string root;    // prefix to take off the reports' names ("/build/app"); empty: none
  std::string prefix;  // where the report's top lies in the repository ("services/api"); empty: top
  // For inspection: absolute names of the machine's own files (/usr/include/...) stay as they are.
  // An upload ignores them.
  bool keep_foreign = false;
};

class PathMapper {
 public:
  // `tree_paths`: all files of the commit; empty where git does not know it (then rules alone).
  // kInvalidArgument for rules that are no clean paths.
  static absl::StatusOr<PathMapper> Create(PathRules rules, std::vector<std::string> tree_paths);

  // The repository path, or "" where the file is none of the repository's. Remembers both.
  // kInvalidArgument for an empty name, NUL bytes, or over 64 KiB.
  absl::StatusOr<std::string> Map(absl::string_view report_path);
  // The repository path of a file that is evidence of nothing, or the name itself where it is none
  // of the repository's. Counts nothing.
  std::string Spell(absl::string_view report_path) const;
  // As Map for a file that may lie below any of several folders. Counts as one name.
  absl::StatusOr<std::string> MapAmong(absl::Span<const std::string> spellings);

  // Ok, or kInvalidArgument with counts and up to five examples if more than half of the distinct
  // names missed (names that tools always add, such as site-packages and standard libraries, do not
  // count). Call at the end of an upload.
  absl::Status CheckMisses() const;
  // What an uploader should know of names that missed; "" if none did.
  std::string MissWarning() const;
  uint64_t mapped() const { return mapped_; }
  uint64_t missed() const { return missed_; }

 private:
  // How surely a name was mapped; the smaller, the surer.
  enum class Match { kExact, kSuffix, kUnknown, kForeign, kNone };
  struct Candidate {
    Match match = Match::kNone;
    std::string path;
    std::string cut;    // what was cut off the name's front
    std::string added;  // what was put before it
  };

  PathMapper() = default;
  absl::StatusOr<std::string> Clean(absl::string_view report_path) const;
  Candidate Find(absl::string_view report_path) const;
  Candidate FindInTree(const std::string& name, bool absolute) const;
  Candidate FindLonger(const std::string& name) const;
  std::string Remember(absl::string_view shown, Candidate found);

  PathRules rules_;
  bool has_tree_ = false;
  absl::flat_hash_set<std::string> tree_;
  absl::flat_hash_map<std::string, std::vector<std::string>> by_base_name_;
  absl::flat_hash_map<std::string, std::string> known_;  // report's name -> repository path
  absl::flat_hash_set<std::string> cuts_, additions_;    // that worked before
  uint64_t mapped_ = 0, missed_ = 0;
  std::vector<std::string> examples_;
};

}  // namespace testselect
