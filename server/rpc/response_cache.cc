#include "server/rpc/response_cache.h"

#include <utility>

namespace testselect {
namespace {

constexpr size_t kBytesOfAnItem = 128;  // of the map: nodes, keys, counters

}  // namespace

std::shared_ptr<const ResponseCache::Entry> ResponseCache::Find(const Digest& request,
                                                                uint64_t generation) {
  auto entry = entries_.Find(request);
  if (entry == nullptr || entry->generation == generation) return entry;
  entries_.Erase(request);  // of an index that is no more
  return nullptr;
}

void ResponseCache::Insert(const Digest& request, std::shared_ptr<const Entry> entry) {
  if (request.IsNull()) return;
  const size_t bytes = entry->response.Length() + sizeof(Entry) + kBytesOfAnItem;
  entries_.Insert(request, std::move(entry), bytes);
}

}  // namespace testselect
