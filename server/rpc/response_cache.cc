#include "server/rpc/response_cache.h"

#include <utility>
#include <vector>

namespace testselect {
namespace {

constexpr size_t kBytesOfAnItem = 128;  // of the map: nodes, keys, counters

absl::string_view View(const grpc::Slice& slice) {
  return absl::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

}  // namespace

Digest DigestOf(const grpc::ByteBuffer& message) {
  grpc::Slice single;
  if (message.TrySingleSlice(&single).ok()) return Digest::Of(View(single));
  std::vector<grpc::Slice> slices;
  if (!message.Dump(&slices).ok()) return Digest();
  DigestStream stream;
  for (const grpc::Slice& slice : slices) stream.Update(View(slice));
  return stream.Finish();
}

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
