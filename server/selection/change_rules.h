// ChangeRules: what one changed file means for the labels of one segment (design: "How a selection
// is made", step 4).
//
// Works by hunks, for every language: changed lines select who executed them; what lines cannot
// say (insertions, code outside tests, lines nobody was seen to execute, new, deleted and renamed
// files, modes, submodules, files without evidence) selects everybody it might concern.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/git/repository.h"
#include "server/selection/change_verdicts.h"
#include "server/selection/marks.h"
#include "server/selection/selector.h"
#include "storage/index_store.h"

namespace testselect {

// The lines of one blob that coverage was seen to report, for any label or outside tests: a line
// that is not among them may still belong to a statement that is. Ascending, disjoint ranges.
class ReportedLines {
 public:
  // Adds what `file` reports. Cost: linear in its runs, plus sorting.
  void Add(const FileEvidence& file);
  bool Covers(LineRange range) const;  // every line of it; cost: a binary search

 private:
  std::vector<LineRange> ranges_;
};

struct ChangeOptions {
  Granularity granularity = Granularity::kFunction;
  bool unknown_change_selects_all = true;
  bool names_explain = false;  // the change is of code: what changed in it is CodeRules' affair

  // Whole files or folders select on top of what changed in them.
  bool Widens() const { return granularity == Granularity::kFile || ByFolder(); }
  bool ByFolder() const {
    return granularity == Granularity::kPackage || granularity == Granularity::kDiffedPackage;
  }
};

// Not thread-safe. The segment, repository and sink must outlive it.
class ChangeRules {
 public:
  // `verdicts`, the path rules, may be null; `environment_same` is theirs.
  ChangeRules(const Segment& segment, const GitRepository& git, ChangeOptions options,
              MarkSink& sink, ChangeVerdicts* verdicts, bool environment_same)
      : segment_(segment),
        git_(git),
        options_(options),
        sink_(sink),
        verdicts_(verdicts),
        environment_same_(environment_same) {}

  // Marks what `change` selects. `reported` are the lines that this job's segments report of the
  // change's old blob: a subset run, or a shard, sees only a part of them itself. Errors are those
  // of git (a blob that cannot be read); evidence that cannot be read is no error but selects
  // everybody with DATA_LOSS. Cost: one file record, and the hunks of the two blobs.
  absl::Status Apply(const FileChange& change, const ReportedLines& reported);

 private:
  void ApplyUnknown(ReasonCode code, absl::string_view path, absl::string_view message);
  // The path is another thing now: everybody by policy, and in any case who executed it.
  void ApplyGone(ReasonCode code, absl::string_view path, absl::string_view message);
  void ApplyWholeFile(const FileEvidence& file);
  void ApplyPackage(const FileChange& change);
  void ApplyData(const FileEvidence& file, ReasonCode code);
  void SelectOpaque(absl::string_view path);
  absl::Status ApplyHunks(const FileChange& change, const FileEvidence& file,
                          const ReportedLines& reported);
  void ApplyHunk(const FileEvidence& file, const Hunk& hunk, const ReportedLines& reported);
  void ApplyChangedLines(const FileEvidence& file, LineRange range, const ReportedLines& reported);
  void ApplyInsertion(const FileEvidence& file, const Hunk& hunk, const ReportedLines& reported);
  void ApplyInsertionByLine(const FileEvidence& file, LineRange at, const ReportedLines& reported);
  void SelectLabelsOf(const FileEvidence& file, const Mark& mark);
  void LoseData(absl::string_view path, const absl::Status& why);
  size_t universe() const { return segment_.labels()->size(); }

  const Segment& segment_;
  const GitRepository& git_;
  const ChangeOptions options_;
  MarkSink& sink_;
  ChangeVerdicts* const verdicts_;
  const bool environment_same_;
  bool explained_ = false;  // by a path rule: evidence comes on top, the unknown is known
  std::optional<absl::StatusOr<DenseLabelSet>> opaque_;  // made for the first change of code
  // Labels by folder, made on the first use of PACKAGE granularity.
  std::optional<absl::flat_hash_map<std::string, DenseLabelSet>> by_folder_;
};

}  // namespace testselect
