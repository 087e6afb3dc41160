#include "server/selection/evaluator.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/selection/confirmed_misses.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// Adds what a segment of the job knows of the labels of a list. Of segments of one chain the newest
// come first, so what is known already stays.
void AddSegment(const Segment& segment, const std::vector<LabelOutcome>& outcomes,
                const LabelPositions& positions, bool flaky_from_evidence, JobEvidence* evidence) {
  const std::shared_ptr<const LabelDictionary> names = segment.labels();
  segment.ran().ForEach([&](LabelNumber n) {
    const LabelNumber at = positions.Find(names->Name(n));
    if (at == kNoLabel) return;
    evidence->labels.Add(at);
    if (n >= outcomes.size() || outcomes[n].outcome == Outcome::kUnknown) return;
    if (evidence->seconds.size() <= at) evidence->seconds.resize(at + 1, -1.0f);
    float& seconds = evidence->seconds[at];
    if (seconds < 0) seconds = static_cast<float>(outcomes[n].seconds);
    if (flaky_from_evidence && outcomes[n].flaky) evidence->known_flaky.Add(at);
  });
}

}  // namespace

bool IsAbout(const Decision& decision, const JobKey& job) {
  const std::vector<JobKey>& jobs = decision.request.jobs;
  return jobs.empty() || std::any_of(jobs.begin(), jobs.end(), [&](const JobKey& asked) {
           return asked.name == job.name && (asked.flavor.empty() || asked.flavor == job.flavor);
         });
}

std::vector<std::string> NamesOf(const DenseLabelSet& set, const LabelList& list, size_t limit) {
  std::vector<std::string> names;
  set.ForEach([&](LabelNumber n) {
    if (n < list.size()) names.emplace_back(list[n]);
  });
  std::sort(names.begin(), names.end());
  if (names.size() > limit) names.resize(limit);
  return names;
}

Evaluator::Evaluator(IndexStore* store, RepositorySource* repositories, IsKnownFlaky is_known_flaky)
    : store_(*store),
      repositories_(*repositories),
      is_known_flaky_(std::move(is_known_flaky)),
      decisions_(store),
      evaluations_(store) {}

absl::StatusOr<JobEvidence> Evaluator::EvidenceOf(const Decision& decision, const LabelList& list,
                                                  const LabelPositions& positions,
                                                  const JobKey& job, const RunOutcomes& run) const {
  JobEvidence evidence;
  for (const Digest& id : decision.answer.basis->segments) {
    const auto segment = store_.Open(id);
    // Deleted or damaged evidence costs counts only: who is missed, the decision and the run say.
    if (absl::IsNotFound(segment.status()) || absl::IsDataLoss(segment.status())) continue;
    TS_RETURN_IF_ERROR(segment.status());
    if ((*segment)->info().header.job != job) continue;
    const auto outcomes = (*segment)->Outcomes();
    const bool known = outcomes.ok() && *outcomes != nullptr;
    AddSegment(**segment, known ? **outcomes : std::vector<LabelOutcome>(), positions,
               is_known_flaky_ == nullptr, &evidence);
  }
  if (is_known_flaky_ != nullptr) {
    run.failed.ForEach([&](LabelNumber n) {
      if (is_known_flaky_(decision.request.repository, job, list[n])) evidence.known_flaky.Add(n);
    });
  }
  return evidence;
}

absl::StatusOr<JudgedDecision> Evaluator::Add(Decision decision, const JobKey& job,
                                              absl::Span<const ReportedOutcome> report,
                                              absl::Time now) {
  const std::string repository = decision.request.repository;
  JudgedDecision judged;
  TS_ASSIGN_OR_RETURN(judged.list, decisions_.FindList(repository, decision.list));
  TS_ASSIGN_OR_RETURN(judged.run,
                      evaluations_.FindRun(repository, decision.id(), job, decision.labels));
  TS_ASSIGN_OR_RETURN(const std::vector<EvaluationRow> rows,
                      evaluations_.List(repository, decision.id()));
  for (const EvaluationRow& row : rows) {
    if (row.job == job) judged.before = row.summary;
  }
  const LabelPositions positions(*judged.list);
  const DenseLabelSet predicted = Predicted(decision);
  AddOutcomes(positions, predicted, report, &judged.run);
  TS_ASSIGN_OR_RETURN(const JobEvidence evidence,
                      EvidenceOf(decision, *judged.list, positions, job, judged.run));
  judged.evaluation = Compare(predicted, evidence, judged.run);
  judged.evaluated = absl::FromUnixMicros(absl::ToUnixMicros(now));
  judged.job = job;
  judged.decision = std::move(decision);
  const EvaluationRow row{.decision = judged.decision.id(),
                          .job = job,
                          .head = judged.decision.request.head,
                          .decided = judged.decision.created,
                          .evaluated = judged.evaluated,
                          .shadow = judged.decision.answer.shadow.has_value(),
                          .summary = judged.evaluation.summary};
  TS_RETURN_IF_ERROR(evaluations_.Put(repository, row, judged.decision.labels, judged.run));
  judged.confirming = Confirm(&judged, now);
  return judged;
}

absl::Status Evaluator::Confirm(JudgedDecision* judged, absl::Time now) {
  if (judged->evaluation.missed.Empty()) return absl::OkStatus();
  const SelectionRequest& request = judged->decision.request;
  TS_ASSIGN_OR_RETURN(const auto git, repositories_.Find(request.repository));
  TS_ASSIGN_OR_RETURN(const CommitInfo head, git->Commit(request.head));
  TS_ASSIGN_OR_RETURN(const auto rules, rules_.Load(*git, head.tree));
  if (!rules->misses_run_always().value_or(false)) return absl::OkStatus();
  std::vector<ConfirmedMiss> misses;
  for (std::string& label : NamesOf(judged->evaluation.missed, *judged->list, SIZE_MAX)) {
    misses.push_back({std::move(label), judged->decision.id(), request.head,
                      absl::FromUnixMicros(absl::ToUnixMicros(now))});
  }
  TS_ASSIGN_OR_RETURN(judged->newly_confirmed,
                      AddConfirmedMisses(&store_, request.repository, judged->job, misses));
  for (ConfirmedMiss& miss : misses) judged->confirmed.push_back(std::move(miss.label));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<JudgedDecision>> Evaluator::Report(
    absl::string_view repository, const ObjectId& head, const JobKey& job,
    absl::Span<const ReportedOutcome> report, absl::Time now) {
  MutexLock lock(&mutex_);
  TS_ASSIGN_OR_RETURN(const std::vector<DecisionRow> rows, decisions_.OfHead(repository, head));
  std::vector<JudgedDecision> all;
  for (const DecisionRow& row : rows) {
    TS_ASSIGN_OR_RETURN(Decision decision, decisions_.Find(repository, row.id));
    if (!IsAbout(decision, job)) continue;
    TS_ASSIGN_OR_RETURN(JudgedDecision judged, Add(std::move(decision), job, report, now));
    all.push_back(std::move(judged));
  }
  return all;
}

absl::StatusOr<JudgedDecision> Evaluator::ReportOf(absl::string_view repository,
                                                   absl::string_view id, const JobKey& job,
                                                   absl::Span<const ReportedOutcome> report,
                                                   absl::Time now) {
  MutexLock lock(&mutex_);
  TS_ASSIGN_OR_RETURN(Decision decision, decisions_.Find(repository, id));
  if (!IsAbout(decision, job)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the decision ", id, " is not about the job '", job.ToString(), "'"));
  }
  return Add(std::move(decision), job, report, now);
}

absl::StatusOr<std::vector<JudgedDecision>> Evaluator::Recall(absl::string_view repository,
                                                              absl::string_view id,
                                                              const JobKey* job) {
  MutexLock lock(&mutex_);
  TS_ASSIGN_OR_RETURN(const Decision decision, decisions_.Find(repository, id));
  TS_ASSIGN_OR_RETURN(const auto list, decisions_.FindList(repository, decision.list));
  TS_ASSIGN_OR_RETURN(const std::vector<EvaluationRow> rows, evaluations_.List(repository, id));
  const LabelPositions positions(*list);
  std::vector<JudgedDecision> all;
  for (const EvaluationRow& row : rows) {
    if (job != nullptr && row.job != *job) continue;
    JudgedDecision judged;
    judged.decision = decision;
    judged.list = list;
    judged.job = row.job;
    judged.before = row.summary;
    judged.evaluated = row.evaluated;
    TS_ASSIGN_OR_RETURN(judged.run, evaluations_.FindRun(repository, id, row.job, decision.labels));
    TS_ASSIGN_OR_RETURN(const JobEvidence evidence,
                        EvidenceOf(decision, *list, positions, row.job, judged.run));
    judged.evaluation = Compare(Predicted(decision), evidence, judged.run);
    all.push_back(std::move(judged));
  }
  if (!all.empty()) return all;
  return absl::NotFoundError(
      absl::StrCat("no outcomes were reported for the decision ", id,
                   job == nullptr ? "" : absl::StrCat(" in the job '", job->ToString(), "'")));
}

JudgedDecision Evaluator::Judge(Decision decision, std::shared_ptr<const LabelList> list,
                                const JobKey& job, absl::Span<const ReportedOutcome> report) {
  JudgedDecision judged;
  judged.decision = std::move(decision);
  judged.list = std::move(list);
  judged.job = job;
  const DenseLabelSet predicted = Predicted(judged.decision);
  AddOutcomes(LabelPositions(*judged.list), predicted, report, &judged.run);
  judged.evaluation = Compare(predicted, JobEvidence(), judged.run);
  return judged;
}

absl::StatusOr<uint64_t> Evaluator::Forget(absl::string_view repository, const JobKey& job,
                                           absl::string_view label) {
  MutexLock lock(&mutex_);
  return ForgetConfirmedMisses(&store_, repository, job, label);
}

absl::StatusOr<std::vector<std::string>> Evaluator::LabelsAskedAt(absl::string_view repository,
                                                                  const ObjectId& head) {
  TS_ASSIGN_OR_RETURN(const std::vector<DecisionRow> rows, decisions_.OfHead(repository, head));
  std::set<Digest> lists;
  std::set<std::string> labels;
  for (const DecisionRow& row : rows) {
    if (!lists.insert(row.list).second) continue;
    TS_ASSIGN_OR_RETURN(const auto list, decisions_.FindList(repository, row.list));
    for (size_t i = 0; i < list->size(); ++i) labels.emplace((*list)[i]);
  }
  return std::vector<std::string>(labels.begin(), labels.end());
}

}  // namespace testselect
