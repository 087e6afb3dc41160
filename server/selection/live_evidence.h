// Whose evidence counts: of each label its newest (design: "How a selection is made", step 2).
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/selection/evidence_view.h"
#include "server/selection/index_resolution.h"
#include "server/selection/label_universe.h"
#include "storage/index_store.h"
#include "storage/model/outcome.h"

namespace testselect {

// An opened segment of a chain with the part of its labels that no newer layer ran.
struct LiveSegment : LiveEvidence {
  JobKey job;
  ObjectId commit;
  ObjectId tree;            // null where the upload did not know it
  size_t layer = 0;         // counted over all chains; segments of one are equally new
  DenseLabelSet live_here;  // `live` in the universe's numbers
};

// Immutable once opened.
struct OpenEvidence {
  std::shared_ptr<const LabelUniverse> labels;
  std::vector<LiveSegment> segments;  // chain by chain, newest layer first
  DenseLabelSet known;                // labels that some segment ran
};

// Opens the segments of `resolution` and numbers their labels together. kDataLoss and kUnavailable
// naming the commit whose segment cannot be read. Cost: a hash per label where jobs number theirs
// differently, else linear in the labels by bits.
absl::StatusOr<OpenEvidence> OpenLiveEvidence(const IndexStore& store,
                                              const Resolution& resolution);

// The tree that a segment's evidence was recorded at. Errors: those of git.
absl::StatusOr<ObjectId> TreeOf(const LiveSegment& segment, const GitRepository& git);

// How a label ended when it was last run.
struct LastOutcome {
  LabelNumber label = kNoLabel;  // the universe's number
  LabelOutcome outcome;
};

// By segment, the decided outcomes of the labels that no newer layer of its job has one of; the
// error of a segment whose outcomes cannot be read. A label may be in several equally new segments.
std::vector<absl::StatusOr<std::vector<LastOutcome>>> FindLastOutcomes(
    absl::Span<const LiveSegment* const> segments, const LabelUniverse& universe);

}  // namespace testselect
