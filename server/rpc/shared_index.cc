#include "server/rpc/shared_index.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace testselect {

IndexStore::Freshness HearOthers(const ServiceEnvironment& environment,
                                 const std::string& repository, absl::Time deadline) {
  IndexStore& store = *environment.store;
  if (!store.IsShared() || !environment.repositories->Find(repository).ok()) return {};
  const ServerConfig& config = *environment.config;
  IndexStore::Freshness news =
      store.Refresh(repository, config.object_store_refresh,
                    std::min(deadline, absl::Now() + config.object_store_wait));
  if (news.usable) news.heard.Update(environment.history->CatchUp(repository));
  const SharingMetrics& metrics = environment.metrics->sharing;
  metrics.away.Set(news.heard.ok() ? 0 : 1);
  if (!news.heard.ok()) {
    metrics.degraded.Add();
    environment.log->Warning("what other machines stored cannot be heard",
                             {{"repository", repository}, {"error", news.heard}});
  }
  return news;
}

bool HeardOthers(const ServiceEnvironment& environment, const std::string& repository) {
  IndexStore& store = *environment.store;
  return !store.IsShared() ||
         store.Refresh(repository, environment.config->object_store_refresh, absl::InfinitePast())
             .heard.ok();
}

void HearDecisions(const ServiceEnvironment& environment, const std::string& repository) {
  IndexStore& store = *environment.store;
  if (!store.IsShared() || !environment.repositories->Find(repository).ok()) return;
  const absl::Status heard = store.RefreshNotes(repository);
  if (heard.ok()) return;
  environment.log->Warning("the decisions of other machines cannot be heard",
                           {{"repository", repository}, {"error", heard}});
}

}  // namespace testselect
