// Evaluation: what a selection said, compared with how the tests of one job really ended.
//
// Pure functions. Labels are positions in the decision's list; of a label that stands there twice,
// the first.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/selection/decision.h"
#include "server/selection/label_list.h"
#include "storage/model/label_set.h"
#include "storage/model/outcome.h"

namespace testselect {

// How one label ended in one report of a run.
struct ReportedOutcome {
  absl::string_view label;
  LabelOutcome outcome;
};

// Where labels stand in a list. Immutable; the list must outlive it. Cost: one hash for each label.
class LabelPositions {
 public:
  explicit LabelPositions(const LabelList& list);
  // kNoLabel where the list has no such label.
  LabelNumber Find(absl::string_view label) const;

 private:
  absl::flat_hash_map<absl::string_view, LabelNumber> positions_;
};

// The reports of one job's run at one head, put together: shards add labels, attempts add results.
struct RunOutcomes {
  static constexpr size_t kMaxOthers = 1000;

  DenseLabelSet executed;        // ended in any way but skipped
  DenseLabelSet skipped;         // the run knew them and did not execute them
  DenseLabelSet passed, failed;  // in any report; a label may be in both
  DenseLabelSet flaky;           // a report says that it is
  // Known durations of what was executed, each label once, by whether the decision ran it.
  double predicted_seconds = 0, unpredicted_seconds = 0;
  // Labels that ended and that the decision was not asked about: whether they failed. Bounded.
  std::map<std::string, bool> others;
  bool others_complete = true;  // false: there were more than kMaxOthers
};

// Adds a report. The same report twice changes nothing; the order of reports does not matter but
// for durations. Go's subtests and others that are no labels of their own are dropped where their
// test is in the list.
void AddOutcomes(const LabelPositions& positions, const DenseLabelSet& predicted,
                 absl::Span<const ReportedOutcome> report, RunOutcomes* run);

// What is known of a job's labels beside the run.
struct JobEvidence {
  DenseLabelSet labels;       // that the evidence of the decision saw in this job
  DenseLabelSet known_flaky;  // that were flaky before
  // By position; < 0 or beyond the end: not known.
  std::vector<float> seconds;
};

// Counts for sums and series. Labels are those of the job that were asked about.
struct EvaluationSummary {
  uint64_t labels = 0;              // seen in the job before, or executed now
  uint64_t predicted = 0;           // of these, what the decision runs
  uint64_t executed = 0;            // of these, what ran
  uint64_t executed_predicted = 0;  // both
  uint64_t failed = 0;              // executed, and failed in the end
  uint64_t missed = 0;              // of these, what the decision left out: see Evaluation::missed
  uint64_t flaky = 0;               // see Evaluation::flaky
  uint64_t not_run = 0;             // see Evaluation::not_run
  uint64_t others = 0;         // executed, and not asked about; at most RunOutcomes::kMaxOthers
  uint64_t others_failed = 0;  // of these
  double saved_seconds = 0;    // durations of what the decision left out, as far as known
  double total_seconds = 0;    // durations of all labels, as far as known
  friend bool operator==(const EvaluationSummary&, const EvaluationSummary&) = default;
};

struct Evaluation {
  EvaluationSummary summary;
  // Failed and never passed in this run, left out by the decision, and not flaky. The evidence had
  // seen them pass: what failed last is never left out.
  DenseLabelSet missed;
  // As `missed`, but for flakiness: they passed in another attempt, a report says that they are
  // flaky, or they are known to be. Not counted as missed.
  DenseLabelSet flaky;
  DenseLabelSet left_out;  // by the decision, and did no harm
  DenseLabelSet not_run;   // the decision runs them, the run did not know them
};

Evaluation Compare(const DenseLabelSet& predicted, const JobEvidence& job, const RunOutcomes& run);

}  // namespace testselect
