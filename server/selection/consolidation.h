// Consolidation: moves old evidence to a newer commit where nothing that it rests on has changed,
// so that chains stay short.
//
// A label's evidence moves if no change between the two commits affects the label and every line of
// it is still there; else it stays where it is. A selection then says the same as before: what the
// moved evidence covers is the same code, and a change that a selection from the old commit would
// have seen and one from the new commit would not is one that does not affect the label.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "server/selection/carried_note.h"
#include "server/selection/live_evidence.h"
#include "server/selection/source_forest.h"
#include "storage/index_store.h"
#include "storage/segment_content.h"

namespace testselect {

struct ConsolidationInputs {
  SourceForest* forest = nullptr;
  std::string repository;
  std::shared_ptr<const GitRepository> git;
  const JobChain* chain = nullptr;                    // of one job
  const OpenEvidence* evidence = nullptr;             // the same, opened
  DenseLabelSet affected;                             // by number in `evidence`: what must stay
  std::shared_ptr<const LabelDictionary> dictionary;  // to extend
};

// A segment of kind kCarried at the commit of the chain's newest layer, and its note.
struct Consolidated {
  UploadHeader header;
  SegmentContent content;
  CarriedNote note;
  uint64_t labels = 0;  // that moved
};

// Nothing where no label of an older commit can be moved. Errors: kDataLoss, those of git. Cost:
// decodes all evidence that moves, and builds a segment of it.
absl::StatusOr<std::optional<Consolidated>> Consolidate(const ConsolidationInputs& inputs);

}  // namespace testselect
