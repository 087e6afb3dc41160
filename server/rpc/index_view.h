// What the index holds, counted for people: the figures of GetIndex and the pages of
// ListIndexedCommits.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/index_store.h"

namespace testselect {

// The usable evidence of one commit, all of its segments together.
struct IndexFigures {
  uint64_t labels = 0, files = 0, pairs = 0, global_lines = 0;  // each counted once
};

// What the usable segments of a commit hold of one label.
struct LabelFigures {
  std::map<std::string, std::vector<LineRange>> files;  // ascending, disjoint, not adjacent
  LabelOutcome outcome;                                 // of the newest segment that has one
};

// The uploaded segments of `infos` that selections use; where none of them is sealed, those that are
// being built. What was added to uploads or carried here is other commits' evidence.
std::vector<SegmentInfo> UsableSegments(const std::vector<SegmentInfo>& infos);

// Cost: nothing for one segment; a scan of all evidence for several. kCancelled when `cancelled`
// answers true.
absl::StatusOr<IndexFigures> CountEvidence(const IndexStore& store,
                                           const std::vector<SegmentInfo>& segments,
                                           const std::function<bool()>& cancelled);

// kNotFound if no segment has the label. Cost: a scan of all evidence.
absl::StatusOr<LabelFigures> EvidenceOfLabel(const IndexStore& store,
                                             const std::vector<SegmentInfo>& segments,
                                             absl::string_view label,
                                             const std::function<bool()>& cancelled);

// A page of commits, newest upload first. A token names the last commit of its page, so that
// uploads and deletions in between neither repeat nor hide others.
struct CommitPage {
  std::vector<IndexedCommit> commits;
  std::string next_token;  // empty: the last page
};
// kInvalidArgument for a token that is none.
absl::StatusOr<CommitPage> PageOf(std::vector<IndexedCommit> all, size_t page_size,
                                  absl::string_view token);

}  // namespace testselect
