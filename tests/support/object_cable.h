// An object store that can be taken away.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "storage/object_store.h"

namespace testselect {

// A real store behind a cable that can be pulled, as a whole or for some objects.
class Cable final : public ObjectStore {
 public:
  explicit Cable(std::unique_ptr<ObjectStore> store) : store_(std::move(store)) {}

  std::atomic<bool> pulled{false};
  std::atomic<int> blobs_read{0};
  // Set while nothing is under way. Creating objects whose keys begin so fails; reading such as
  // begin so ends before all bytes came.
  std::string refused = "none", cut_short = "none";
  std::function<void(absl::string_view)> before_get, before_delete;  // of an object

  absl::StatusOr<std::string> Get(absl::string_view key) override {
    if (before_get) before_get(key);
    if (pulled) return Away();
    if (absl::StartsWith(key, cut_short)) return absl::DataLossError("9 of 10 bytes came");
    if (absl::StartsWith(key, "blobs/")) ++blobs_read;
    return store_->Get(key);
  }
  absl::Status Create(absl::string_view key, absl::string_view bytes) override {
    return pulled || absl::StartsWith(key, refused) ? Away() : store_->Create(key, bytes);
  }
  absl::Status Delete(absl::string_view key) override {
    if (before_delete) before_delete(key);
    return pulled ? Away() : store_->Delete(key);
  }
  absl::StatusOr<std::vector<ObjectInfo>> List(absl::string_view prefix, absl::string_view after,
                                               size_t limit) override {
    if (pulled) return Away();
    return store_->List(prefix, after, limit);
  }
  std::vector<absl::StatusOr<std::string>> GetAll(absl::Span<const std::string> keys) override {
    std::vector<absl::StatusOr<std::string>> out;
    for (const std::string& key : keys) out.push_back(Get(key));
    return out;
  }
  std::vector<absl::Status> CreateAll(absl::Span<const ObjectToPut> objects) override {
    std::vector<absl::Status> out;
    for (const ObjectToPut& o : objects) out.push_back(Create(o.key, o.bytes));
    return out;
  }
  const std::string& description() const override { return store_->description(); }

 private:
  static absl::Status Away() { return absl::UnavailableError("the cable is pulled"); }
  const std::unique_ptr<ObjectStore> store_;
};

}  // namespace testselect
