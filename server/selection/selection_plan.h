// SelectionPlan: everything about a selection that does not depend on which labels were requested.
//
// Made once per (repository, base, head, jobs, options) and index; answered from as often as
// labels are asked about.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/git/repository.h"
#include "server/selection/change_rules.h"
#include "server/selection/head_policy.h"
#include "server/selection/index_resolution.h"
#include "server/selection/label_universe.h"
#include "server/selection/marks.h"
#include "server/selection/remembered_failures.h"
#include "server/selection/selector.h"
#include "server/selection/source_forest.h"
#include "storage/index_store.h"

namespace testselect {

// Immutable and thread-safe once made. Label numbers are the universe's.
struct SelectionPlan {
  // Labels of one test file: one of them must run, the cheapest that was asked for, unless another
  // of them runs anyway.
  using CanaryGroup = std::vector<LabelNumber>;

  std::shared_ptr<const LabelUniverse> labels;
  std::vector<IndexUse> index;
  std::optional<Fallback> fallback;  // set: everything requested runs
  bool shadow = false;               // the fallback is a policy's: say what could be skipped
  bool complete = true;              // the evidence reaches a full run of every job
  DenseLabelSet known;               // labels some live segment ran
  DenseLabelSet present_diff, global_level;
  std::array<DenseLabelSet, static_cast<size_t>(ReasonCode::kCount)> by_reason;
  std::vector<CanaryGroup> canaries;
  DenseLabelSet failed;            // last outcome is failed
  std::vector<float> seconds;      // by number; < 0: not known
  Digest fingerprint;              // of the evidence used
  DenseLabelSet remembered;        // selected because of what is remembered of them alone
  std::string remembered_version;  // RememberedFailures'; empty: the evidence tells all outcomes
  std::shared_ptr<const SelectionBasis> basis = std::make_shared<SelectionBasis>();
  std::vector<std::string> cautions;  // as Selection's
  absl::Duration diff_time, lookup_time;
};

// Hears of every mark with the labels it selected, in the universe's numbers (explanations).
class MarkObserver {
 public:
  virtual ~MarkObserver() = default;
  virtual void OnMark(const Mark& mark, const ObjectId& evidence_commit,
                      const DenseLabelSet& labels, const LabelUniverse& universe) = 0;
  // One label of `group` runs, whichever is the cheapest.
  virtual void OnCanary(const Mark& mark, const ObjectId& evidence_commit,
                        const SelectionPlan::CanaryGroup& group, const LabelUniverse& universe) = 0;
};

struct PlanInputs {
  const IndexStore* store = nullptr;
  SourceForest* forest = nullptr;
  std::string repository;
  std::shared_ptr<const GitRepository> git;
  CommitInfo head;
  ChangeOptions options;
  // The baseline's labels, and where they are looked for: all segments of the request's jobs,
  // though the plan may be of one job.
  std::vector<std::string> baseline_labels;
  std::vector<SegmentInfo> baseline_segments;
  std::string environment_digest;
  HeadPolicy policy;
  std::shared_ptr<const SelectionBasis> basis;  // null: no label runs because it was missed
  RememberedFailures remembered;
  absl::Time deadline = absl::InfiniteFuture();
};

// Compares the evidence of `resolution` with head. Never fails: what cannot be computed becomes the
// plan's fallback. `observer` may be null.
std::shared_ptr<const SelectionPlan> MakePlan(const PlanInputs& inputs,
                                              const Resolution& resolution, MarkObserver* observer);

// A plan of no evidence at all: every requested label is absent, and `fallback` says why.
std::shared_ptr<const SelectionPlan> MakeFallbackPlan(Fallback fallback);

}  // namespace testselect
