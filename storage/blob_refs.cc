#include "storage/blob_refs.h"

#include "storage/model/status_macros.h"

namespace testselect {

absl::Status BlobRefs::Retain(absl::Span<const Digest> blobs) {
  // All that may fail comes first.
  absl::flat_hash_map<Digest, Digest> fresh;  // blob -> base
  std::vector<Digest> open(blobs.begin(), blobs.end());
  while (!open.empty()) {
    const Digest blob = open.back();
    open.pop_back();
    if (counts_.contains(blob) || fresh.contains(blob)) continue;
    TS_ASSIGN_OR_RETURN(const Digest base, bases_->BaseOf(blob));
    fresh.emplace(blob, base);
    if (!base.IsNull()) open.push_back(base);
  }
  for (const auto& [blob, base] : fresh) counts_[blob].base = base;
  for (const auto& [blob, base] : fresh) {
    if (!base.IsNull()) ++counts_[base].users;
  }
  for (const Digest& blob : blobs) ++counts_[blob].users;
  return absl::OkStatus();
}

void BlobRefs::Release(absl::Span<const Digest> blobs, std::vector<Digest>* freed) {
  std::vector<Digest> open(blobs.begin(), blobs.end());
  while (!open.empty()) {
    const Digest blob = open.back();
    open.pop_back();
    const auto it = counts_.find(blob);
    if (it == counts_.end() || --it->second.users > 0) continue;
    if (!it->second.base.IsNull()) open.push_back(it->second.base);
    counts_.erase(it);
    freed->push_back(blob);
  }
}

}  // namespace testselect
