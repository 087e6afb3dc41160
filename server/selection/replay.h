// Replay: a recorded decision made again from what it was made of, and compared.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "server/selection/decision.h"
#include "server/selection/decision_log.h"
#include "server/selection/selector.h"
#include "storage/index_store.h"

namespace testselect {

struct ReplayReport {
  // Sentences about inputs that are not there any more.
  std::vector<std::string> gone;
  // Sentences about what differs between the recorded answer and the one made again. Empty: they
  // are the same.
  std::vector<std::string> differences;
  // What differs without being a fault: another version of the server, another order of the same
  // labels, another answer of the index as it is today.
  std::vector<std::string> notes;
  // Labels that run in one of the two only.
  std::vector<std::string> more, fewer;
  Fallback fallback;  // of the one made again; kNone: none
};

struct ReplayInputs {
  Selector* selector = nullptr;
  const IndexStore* store = nullptr;
  RepositorySource* repositories = nullptr;
  absl::string_view server_version;
  absl::Time deadline = absl::InfiniteFuture();
};

// Errors: kNotFound (no such decision, or its labels or its repository are gone, so that nothing
// can be made again), the store's. Cost: a cold selection, and a warm one of today's index.
absl::StatusOr<ReplayReport> ReplayDecision(const ReplayInputs& inputs, const DecisionLog& log,
                                            absl::string_view repository, absl::string_view id);

}  // namespace testselect
