// Unstable evidence: what a label is seen to execute in one run and not in another, though nothing
// it executes changed (design: "What coverage does not see": caches, singletons, lazy
// initialisation).
//
// An upload is compared with the evidence before it. Of the labels that no change in between
// affects, the evidence of both is kept: what the upload did not see again becomes a segment of its
// own beside it. Functions that came or went are marked in it (EvidenceKind::kCameOrWent): whoever
// uses what they return may live on another label's call.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "server/selection/live_evidence.h"
#include "server/selection/source_forest.h"
#include "storage/index_store.h"
#include "storage/segment_content.h"

namespace testselect {

struct UnstableInputs {
  SourceForest* forest = nullptr;
  std::string repository;
  std::shared_ptr<const GitRepository> git;
  std::shared_ptr<const Segment> upload;
  ObjectId tree;                         // of its commit
  const OpenEvidence* before = nullptr;  // of the upload's job, without the upload
  // Labels that changes since `before` may have affected, by number in `before`. Asked for once,
  // when something differs: it may cost a selection.
  std::function<DenseLabelSet()> affected;
  std::shared_ptr<const LabelDictionary> dictionary;  // to extend
};

struct UnstableEvidence {
  SegmentContent content;
  uint64_t labels = 0;     // whose evidence differs
  uint64_t functions = 0;  // that came or went for one of them, now or before
};

// Nothing where the evidence of all compared labels is what it was. Errors: those of git; kDataLoss
// of evidence. Cost: decodes both sides' evidence; where they differ, `affected`, and sources are
// cut.
absl::StatusOr<std::optional<UnstableEvidence>> FindUnstable(const UnstableInputs& inputs);

}  // namespace testselect
