// KeyRules: what changed files mean for the labels of an imported index, whose evidence are keys.
//
// A key is a file, a folder or a pattern (fnmatch's, of the path or of its folder). A changed path
// is explained by the keys that match it: an exact one is asked for first, so that a key that holds
// a bracket means its own path too. What no key matches selects everybody.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/git/repository.h"
#include "server/selection/change_verdicts.h"
#include "server/selection/marks.h"
#include "storage/index_store.h"

namespace testselect {

// Whether a key is compared as a pattern, beside meaning the path that is spelled so.
bool IsKeyPattern(absl::string_view key);

// Not thread-safe. What it is made of must outlive it.
class KeyRules {
 public:
  // `verdicts`, the path rules, may be null; `environment_same` is theirs.
  KeyRules(const Segment& segment, bool unknown_change_selects_all, MarkSink& sink,
           ChangeVerdicts* verdicts, bool environment_same)
      : segment_(segment),
        unknown_selects_all_(unknown_change_selects_all),
        sink_(sink),
        verdicts_(verdicts),
        environment_same_(environment_same) {}

  // Marks what `change` selects; of a renamed file both names must be explained. Errors are those
  // of git; evidence that cannot be read selects everybody with DATA_LOSS. Cost: two records for
  // each name, and a match for each pattern; the first call reads all keys.
  absl::Status Apply(const FileChange& change);

 private:
  struct Pattern {
    std::string text;
    DenseLabelSet labels;
  };

  void FindPatterns();
  bool ApplyPath(absl::string_view path);
  bool ApplyKey(absl::string_view key, absl::string_view path, absl::string_view message);
  void SelectOpaque(absl::string_view path);
  void LoseData(absl::string_view path, const absl::Status& why);

  const Segment& segment_;
  const bool unknown_selects_all_;
  MarkSink& sink_;
  ChangeVerdicts* const verdicts_;
  const bool environment_same_;
  bool has_patterns_ = false;  // whether they were looked for
  std::vector<Pattern> patterns_;
};

}  // namespace testselect
