#include "server/rpc/response_cache.h"

#include <vector>

namespace testselect {
namespace {

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

uint64_t ResponseCache::BytesOf(const Entry& entry) {
  return entry.response.Length() + sizeof(Item) + sizeof(Entry) + 64;
}

std::shared_ptr<const ResponseCache::Entry> ResponseCache::Find(const Digest& request,
                                                                uint64_t generation) {
  MutexLock lock(&mutex_);
  const auto found = items_.find(request);
  if (found == items_.end()) return nullptr;
  if (found->second->entry->generation != generation) {
    Remove(found->second);
    return nullptr;
  }
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  return found->second->entry;
}

void ResponseCache::Insert(const Digest& request, std::shared_ptr<const Entry> entry) {
  const uint64_t bytes = BytesOf(*entry);
  if (request.IsNull() || bytes > max_bytes_) return;
  MutexLock lock(&mutex_);
  if (const auto found = items_.find(request); found != items_.end()) Remove(found->second);
  by_use_.push_front({request, std::move(entry)});
  items_.emplace(request, by_use_.begin());
  bytes_ += bytes;
  while (bytes_ > max_bytes_) Remove(std::prev(by_use_.end()));
}

void ResponseCache::Remove(std::list<Item>::iterator item) {
  bytes_ -= BytesOf(*item->entry);
  items_.erase(item->request);
  by_use_.erase(item);
}

}  // namespace testselect
