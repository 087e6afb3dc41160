#include "server/selection/answer_maker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/selection/plan_maker.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// What an answer depends on beside the histories, which change what runs first, but not what runs.
std::string NameOf(const AnswerQuestion& question) {
  const SelectionRequest& request = *question.request;
  const SelectionPlan& plan = *question.plan;
  const Digest list = question.labels_requested ? request.requested->digest() : Digest();
  std::string name = absl::StrCat(question.plan_key, plan.fingerprint.bytes(), list.bytes(),
                                  request.run_all, request.omit_order);
  for (const auto& [job, labels] : plan.basis->missed) {
    absl::StrAppend(&name, "\n", job, "\n", absl::StrJoin(labels, "\n"), "\n");
  }
  if (!plan.remembered.Empty()) absl::StrAppend(&name, "\n", EncodeLabelSet(plan.remembered));
  for (const std::string& label : request.force_labels) absl::StrAppend(&name, "\n", label);
  return name;
}

AnswerOptions OptionsOf(const AnswerQuestion& question, std::string name,
                        const HistoryColumns* columns) {
  const SelectionRequest& request = *question.request;
  const SelectionPlan& plan = *question.plan;
  // An answer that would be another one at the next try has a name of its own.
  if (IsPassing(plan)) absl::StrAppend(&name, "\n", static_cast<int>(plan.fallback->code));
  return {request.run_all,           request.force_labels,     request.omit_order,
          question.labels_requested, Digest::Of(name).ToHex(), columns};
}

}  // namespace

AnswerMaker::AnswerMaker(const TestHistory* history, size_t cache_bytes)
    : history_(history),
      answers_(cache_bytes * 2 / 5),
      numbers_(cache_bytes * 2 / 5),
      columns_(cache_bytes / 5) {}

absl::StatusOr<AnswerMaker::Made> AnswerMaker::Find(const AnswerQuestion& question) {
  const SelectionRequest& request = *question.request;
  const SelectionPlan& plan = *question.plan;
  const std::string name = NameOf(question);
  const auto columns = FindColumns(request.repository, plan);
  const std::string key = columns == nullptr ? name : absl::StrCat(name, columns->digest.bytes());
  if (!IsPassing(plan)) {
    MutexLock lock(&mutex_);
    if (auto answer = answers_.Find(key); answer != nullptr) return Made{answer, true};
  }
  std::shared_ptr<const LabelList> list = request.requested;
  if (list == nullptr) {
    TS_ASSIGN_OR_RETURN(list, KnownLabels(plan));
  }
  const std::shared_ptr<Selection> answer =
      MakeAnswer(plan, *list, *FindNumbers(*list, plan), OptionsOf(question, name, columns.get()));
  size_t weight = list->size() / 2 + answer->run.size() * sizeof(uint32_t) + key.size();
  if (answer->shadow.has_value()) weight += answer->shadow->skip.size();
  weight += answer->known_flaky.size();
  if (request.requested == nullptr) {
    answer->known_labels = list;
    weight += list->memory_bytes();
  }
  if (!IsPassing(plan)) {
    MutexLock lock(&mutex_);
    answers_.Insert(key, answer, weight);
  }
  return Made{answer, false};
}

std::shared_ptr<const Selection> AnswerMaker::MakeAgain(const AnswerQuestion& question,
                                                        const LabelList& list) {
  const SelectionPlan& plan = *question.plan;
  const auto columns = FindColumns(question.request->repository, plan);
  return MakeAnswer(plan, list, ResolveLabels(list, *plan.labels),
                    OptionsOf(question, NameOf(question), columns.get()));
}

RunPart AnswerMaker::Part(const AnswerQuestion& question, const LabelList& list,
                          const Selection& selection) {
  const SelectionPlan& plan = *question.plan;
  SelectionRequest request = *question.request;
  // Another shard may get another answer: then each runs everything, so that none is lost.
  if (IsPassing(plan)) request.shard_index = 0, request.shard_count = 1;
  const auto columns = FindColumns(request.repository, plan);
  return PartOf(plan, list, *FindNumbers(list, plan), columns.get(), selection, request);
}

std::vector<std::shared_ptr<const JobHistory>> AnswerMaker::HistoriesOf(
    const std::string& repository, const SelectionPlan& plan) const {
  std::vector<std::shared_ptr<const JobHistory>> jobs;
  if (history_ == nullptr) return jobs;
  for (const IndexUse& use : plan.index) {
    // One that cannot be read costs the order only; the plan has seen to the labels.
    auto job = history_->Of(repository, use.job);
    if (job.ok()) jobs.push_back(*std::move(job));
  }
  return jobs;
}

// They change with every upload, but not from head to head.
std::shared_ptr<const HistoryColumns> AnswerMaker::FindColumns(const std::string& repository,
                                                               const SelectionPlan& plan) {
  const auto jobs = HistoriesOf(repository, plan);
  if (jobs.empty() || plan.labels->size() == 0) return nullptr;
  std::string key(plan.fingerprint.bytes());
  for (const auto& job : jobs) absl::StrAppend(&key, "\n", job->version());
  {
    MutexLock lock(&mutex_);
    if (auto columns = columns_.Find(key); columns != nullptr) return columns;
  }
  std::shared_ptr<const HistoryColumns> columns = HistoryColumns::Of(*plan.labels, jobs);
  MutexLock lock(&mutex_);
  columns_.Insert(key, columns, columns->seconds.size() * 2 * sizeof(float));
  return columns;
}

// They are the same from head to head while the evidence stays, so they are kept by both names.
AnswerMaker::NumbersPtr AnswerMaker::FindNumbers(const LabelList& list, const SelectionPlan& plan) {
  // A plan whose evidence could not be opened has the fingerprint of that all the same.
  if (plan.labels->size() == 0) {
    return std::make_shared<const std::vector<LabelNumber>>(ResolveLabels(list, *plan.labels));
  }
  const std::string key = absl::StrCat(list.digest().bytes(), plan.fingerprint.bytes());
  {
    MutexLock lock(&mutex_);
    if (auto numbers = numbers_.Find(key); numbers != nullptr) return numbers;
  }
  auto numbers =
      std::make_shared<const std::vector<LabelNumber>>(ResolveLabels(list, *plan.labels));
  MutexLock lock(&mutex_);
  numbers_.Insert(key, numbers, numbers->size() * sizeof(LabelNumber));
  return numbers;
}

}  // namespace testselect
