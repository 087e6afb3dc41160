#include "server/rpc/decision_recorder.h"

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/ops/version.h"

namespace testselect {
namespace {

constexpr size_t kRecentDecisions = 8192;

// One writer: decisions of a repository take turns.
constexpr size_t kWriters = 1;

// Looking what is too much reads a row of every decision, so it is done for one in 256: ids are
// digests.
bool IsTimeToPrune(absl::string_view id) { return absl::StartsWith(id, "00"); }

std::string NameOf(const SelectionRequest& request, const Selection& selection) {
  return absl::StrCat(selection.id, request.repository);
}

}  // namespace

DecisionRecorder::DecisionRecorder(IndexStore* store, Logger* log, Metrics* metrics, uint64_t keep,
                                   size_t max_waiting)
    : decisions_(store),
      log_(*log),
      metrics_(metrics->decision),
      keep_(keep),
      recent_(kRecentDecisions),
      pool_(kWriters, max_waiting, metrics->rpc.decisions_waiting) {}

void DecisionRecorder::Record(const SelectionRequest& request, const SelectionResult& result) {
  const std::string name = NameOf(request, *result.selection);
  if (recent_.Find(name) != nullptr) {
    metrics_.known.Add();
    return;
  }
  static const auto* const kTaken = new std::shared_ptr<const bool>(std::make_shared<bool>(true));
  recent_.Insert(name, *kTaken, 1);
  const absl::Time now = absl::Now();
  // Under the lock, so that what is counted first is written first.
  MutexLock lock(&mutex_);
  const bool taken = pool_.Submit([this, request, result, now] {
    Write(MakeDecision(request, result, now, kVersion), result.labels);
    Wrote();
  });
  if (taken) {
    ++taken_;
    return;
  }
  recent_.Erase(name);
  metrics_.dropped.Add();
}

void DecisionRecorder::Wrote() {
  {
    MutexLock lock(&mutex_);
    ++written_;
  }
  wrote_.notify_all();
}

absl::StatusOr<uint64_t> DecisionRecorder::Prune(const std::string& repository,
                                                 const DecisionLimits& limits, bool dry_run) {
  MutexLock lock(&writing_);
  return decisions_.Prune(repository, limits, dry_run);
}

bool DecisionRecorder::Flush(absl::Time deadline) {
  MutexLock lock(&mutex_);
  const uint64_t wanted = taken_;
  while (written_ < wanted) {
    if (wrote_.wait_until(mutex_, absl::ToChronoTime(deadline)) == std::cv_status::timeout) {
      return written_ >= wanted;
    }
  }
  return true;
}

void DecisionRecorder::Write(const Decision& decision,
                             const std::shared_ptr<const LabelList>& list) {
  const std::string& repository = decision.request.repository;
  MutexLock lock(&writing_);
  const auto known = decisions_.Contains(repository, decision.request.head, decision.id());
  if (known.ok() && *known) {
    metrics_.known.Add();
    return;
  }
  absl::Status written = known.ok() ? decisions_.Put(decision, list) : known.status();
  if (!written.ok()) {
    metrics_.failed.Add();
    recent_.Erase(NameOf(decision.request, decision.answer));
    log_.Error("a decision was not recorded",
               {{"selection", decision.id()}, {"repository", repository}, {"error", written}});
    return;
  }
  metrics_.recorded.Add();
  if (!IsTimeToPrune(decision.id())) return;
  const auto pruned = decisions_.Prune(repository, {.newest = keep_});
  if (!pruned.ok()) {
    log_.Error("old decisions were not deleted",
               {{"repository", repository}, {"error", pruned.status()}});
  } else if (*pruned > 0) {
    log_.Info("old decisions were deleted", {{"repository", repository}, {"decisions", *pruned}});
  }
}

}  // namespace testselect
