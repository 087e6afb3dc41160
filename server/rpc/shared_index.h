// What a service asks of an index that machines share, before it answers.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "server/rpc/service_environment.h"
#include "storage/index_store.h"

namespace testselect {

// Has what other machines stored of `repository` here, as far as it can be had within
// object-store-wait and before `deadline`. Logs what failed. Does
// nothing where nobody shares the index, or for a repository that is not served.
IndexStore::Freshness HearOthers(const ServiceEnvironment& environment,
                                 const std::string& repository, absl::Time deadline);
// Without waiting: whether that was done lately.
bool HeardOthers(const ServiceEnvironment& environment, const std::string& repository);

// Has the decisions that other machines made, and what became of them, here as far as they can be
// had; a failure is logged, as what is here is an answer still.
void HearDecisions(const ServiceEnvironment& environment, const std::string& repository);

}  // namespace testselect
