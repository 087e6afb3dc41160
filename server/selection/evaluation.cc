#include "server/selection/evaluation.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace testselect {
namespace {

DenseLabelSet Intersection(DenseLabelSet a, const DenseLabelSet& b) {
  a &= b;
  return a;
}

DenseLabelSet Difference(DenseLabelSet a, const DenseLabelSet& b) {
  a -= b;
  return a;
}

DenseLabelSet Union(DenseLabelSet a, const DenseLabelSet& b) {
  a |= b;
  return a;
}

bool Executed(Outcome outcome) {
  return outcome != Outcome::kUnknown && outcome != Outcome::kSkipped;
}

// A part of a test in the list: "TestA/case" of "TestA", "test_a[1]" of "test_a".
bool IsPartOfAsked(const LabelPositions& positions, absl::string_view label) {
  for (const char separator : {'/', '['}) {
    for (size_t at = label.rfind(separator); at != absl::string_view::npos && at > 0;
         at = label.rfind(separator, at - 1)) {
      if (positions.Find(label.substr(0, at)) != kNoLabel) return true;
    }
  }
  return false;
}

void AddOther(const LabelPositions& positions, const ReportedOutcome& reported, RunOutcomes* run) {
  if (reported.label.empty() || !Executed(reported.outcome.outcome)) return;
  const bool failed = MustRerun(reported.outcome.outcome);
  const auto known = run->others.find(std::string(reported.label));
  if (known != run->others.end()) {
    known->second |= failed;
  } else if (IsPartOfAsked(positions, reported.label)) {
    return;
  } else if (run->others.size() < RunOutcomes::kMaxOthers) {
    run->others.emplace(std::string(reported.label), failed);
  } else {
    run->others_complete = false;
  }
}

}  // namespace

LabelPositions::LabelPositions(const LabelList& list) {
  positions_.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    positions_.emplace(list[i], static_cast<LabelNumber>(i));
  }
}

LabelNumber LabelPositions::Find(absl::string_view label) const {
  const auto found = positions_.find(label);
  return found == positions_.end() ? kNoLabel : found->second;
}

void AddOutcomes(const LabelPositions& positions, const DenseLabelSet& predicted,
                 absl::Span<const ReportedOutcome> report, RunOutcomes* run) {
  for (const ReportedOutcome& reported : report) {
    const LabelNumber n = positions.Find(reported.label);
    if (n == kNoLabel) {
      AddOther(positions, reported, run);
      continue;
    }
    const LabelOutcome& outcome = reported.outcome;
    if (outcome.outcome == Outcome::kSkipped) run->skipped.Add(n);
    if (!Executed(outcome.outcome)) continue;
    if (!run->executed.Contains(n) && outcome.seconds > 0) {
      (predicted.Contains(n) ? run->predicted_seconds : run->unpredicted_seconds) +=
          outcome.seconds;
    }
    run->executed.Add(n);
    (MustRerun(outcome.outcome) ? run->failed : run->passed).Add(n);
    if (outcome.flaky) run->flaky.Add(n);
  }
}

Evaluation Compare(const DenseLabelSet& predicted, const JobEvidence& job, const RunOutcomes& run) {
  Evaluation evaluation;
  const DenseLabelSet labels = Union(job.labels, run.executed);
  const DenseLabelSet predicted_here = Intersection(predicted, labels);
  const DenseLabelSet failed_unpredicted = Difference(run.failed, predicted);
  const DenseLabelSet unsteady = Union(Union(run.passed, run.flaky), job.known_flaky);
  evaluation.missed = Difference(failed_unpredicted, unsteady);
  evaluation.flaky = Intersection(failed_unpredicted, unsteady);
  const DenseLabelSet unpredicted = Difference(labels, predicted);
  evaluation.left_out = Difference(Difference(unpredicted, evaluation.missed), evaluation.flaky);
  evaluation.not_run = Difference(Difference(predicted_here, run.executed), run.skipped);

  EvaluationSummary& summary = evaluation.summary;
  summary.labels = labels.Count();
  summary.predicted = predicted_here.Count();
  summary.executed = run.executed.Count();
  summary.executed_predicted = Intersection(run.executed, predicted).Count();
  summary.failed = Difference(run.failed, run.passed).Count();
  summary.missed = evaluation.missed.Count();
  summary.flaky = evaluation.flaky.Count();
  summary.not_run = evaluation.not_run.Count();
  summary.others = run.others.size();
  summary.others_failed = static_cast<uint64_t>(std::count_if(
      run.others.begin(), run.others.end(), [](const auto& other) { return other.second; }));
  // What ran tells its own durations; what did not has those of the evidence.
  summary.saved_seconds = run.unpredicted_seconds;
  summary.total_seconds = run.unpredicted_seconds + run.predicted_seconds;
  Difference(labels, run.executed).ForEach([&](LabelNumber n) {
    const float seconds = n < job.seconds.size() ? job.seconds[n] : -1;
    if (seconds <= 0) return;
    summary.total_seconds += seconds;
    if (!predicted.Contains(n)) summary.saved_seconds += seconds;
  });
  return evaluation;
}

}  // namespace testselect
