#include "client/ci/ci_plan.h"

#include <algorithm>

namespace testselect::client {

bool LimitShards(uint64_t limit, uint32_t most_per_suite, std::vector<CiSuite>& suites) {
  bool taken = false;
  uint64_t jobs = 0;
  for (CiSuite& suite : suites) {
    taken |= suite.shards > most_per_suite;
    suite.shards = std::min(suite.shards, most_per_suite);
    jobs += suite.shards;
  }
  while (jobs > limit) {
    const auto most =
        std::max_element(suites.begin(), suites.end(),
                         [](const CiSuite& a, const CiSuite& b) { return a.shards < b.shards; });
    if (most->shards == 1) break;
    --most->shards;
    --jobs;
    taken = true;
  }
  return taken;
}

}  // namespace testselect::client
