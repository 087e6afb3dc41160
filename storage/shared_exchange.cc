#include "storage/shared_exchange.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/blob_codec.h"
#include "storage/model/status_macros.h"
#include "storage/shared_layout.h"

namespace testselect {
namespace {

constexpr absl::Duration kAwayFor = absl::Seconds(1);
constexpr absl::Duration kThereFor = absl::Hours(1);
constexpr size_t kBlobsAtOnce = 256;  // bounds the memory

absl::Status Missing(absl::string_view what, absl::string_view key) {
  return absl::DataLossError(absl::StrCat(what, " ", key, " is missing in the object store"));
}

SharedEventName EventOf(const CatalogEntry& entry) {
  return {SharedEventKind::kSegment, entry.info.created, entry.info.id};
}

}  // namespace

absl::Status SharedExchange::CheckReachable() const {
  MutexLock lock(&mutex_);
  return absl::Now() < away_until_ ? away_ : absl::OkStatus();
}

absl::Status SharedExchange::Heard(const absl::Status& status) const {
  MutexLock lock(&mutex_);
  if (absl::IsUnavailable(status)) {
    away_ = status;
    away_until_ = absl::Now() + kAwayFor;
  } else {
    away_until_ = absl::InfinitePast();
  }
  return status;
}

bool SharedExchange::IsThere(const Digest& blob) const {
  MutexLock lock(&mutex_);
  const auto it = there_.find(blob);
  return it != there_.end() && absl::Now() - it->second < kThereFor;
}

void SharedExchange::ForgetThere() {
  MutexLock lock(&mutex_);
  there_.clear();
}

void SharedExchange::RememberThere(absl::Span<const Digest> blobs) {
  const absl::Time now = absl::Now();
  MutexLock lock(&mutex_);
  absl::erase_if(there_, [&](const auto& seen) { return now - seen.second >= kThereFor; });
  // What is known already keeps its time: it may be known from here alone.
  for (const Digest& blob : blobs) there_.emplace(blob, now);
}

absl::Status SharedExchange::TakeNotesAway(absl::Span<const std::string> keys) const {
  std::vector<std::string> removing;
  for (const std::string& key : keys) {
    TS_RETURN_IF_ERROR(Heard(objects_.Delete(absl::StrCat(kSharedUnneededPrefix, key))));
    removing.push_back(absl::StrCat(kSharedRemovingPrefix, key));
  }
  // Whoever deletes one either announced it before this looks, or finds that the note is gone.
  const std::vector<absl::StatusOr<std::string>> announced = objects_.GetAll(removing);
  for (size_t i = 0; i < announced.size(); ++i) {
    if (announced[i].ok()) {
      return absl::UnavailableError(
          absl::StrCat(keys[i], " is being deleted, as nothing needed it; try again"));
    }
    if (!absl::IsNotFound(announced[i].status())) return Heard(announced[i].status());
  }
  return absl::OkStatus();
}

// Puts the blobs of one segment there. Used once.
class SharedExchange::Publication {
 public:
  Publication(SharedExchange* exchange, const Blobs& blobs, std::vector<StoredBlobValue>* drafted)
      : exchange_(*exchange), blobs_(blobs), drafted_(*drafted) {
    for (size_t i = 0; i < drafted_.size(); ++i) places_[drafted_[i].first] = i;
  }

  absl::Status Add(absl::Span<const Digest> named) {
    std::vector<Digest> next(named.begin(), named.end());
    while (!next.empty()) {
      const size_t count = std::min(next.size(), kBlobsAtOnce);
      const std::vector<Digest> some(next.end() - static_cast<std::ptrdiff_t>(count), next.end());
      next.resize(next.size() - count);
      TS_RETURN_IF_ERROR(AddSome(some, &next));
    }
    return absl::OkStatus();
  }

  std::vector<Digest> TakeNeeded() {
    std::vector<Digest> needed(needed_.begin(), needed_.end());
    std::sort(needed.begin(), needed.end());
    return needed;
  }

 private:
  // Appends to `next` what the blobs `some` are patches of.
  absl::Status AddSome(const std::vector<Digest>& some, std::vector<Digest>* next) {
    std::vector<Digest> names;
    std::vector<ObjectToPut> objects;
    for (const Digest& name : some) {
      if (!needed_.insert(name).second) continue;
      TS_ASSIGN_OR_RETURN(std::string value, Value(name));
      TS_RETURN_IF_ERROR(AddBase(name, value, next));
      // What this machine holds has the form that is there; what is made now may have another one.
      if (!places_.contains(name) && exchange_.IsThere(name)) continue;
      names.push_back(name);
      objects.push_back({SharedBlobKey(name), std::move(value)});
    }
    const std::vector<absl::Status> put = exchange_.objects_.CreateAll(objects);
    std::vector<std::string> others;
    std::vector<size_t> of;
    for (size_t i = 0; i < put.size(); ++i) {
      if (absl::IsAlreadyExists(put[i])) {
        others.push_back(objects[i].key);
        of.push_back(i);
      } else {
        TS_RETURN_IF_ERROR(exchange_.Heard(put[i]));
      }
    }
    TS_RETURN_IF_ERROR(exchange_.TakeNotesAway(others));
    std::vector<absl::StatusOr<std::string>> values = exchange_.objects_.GetAll(others);
    for (size_t i = 0; i < values.size(); ++i) {
      TS_RETURN_IF_ERROR(exchange_.Heard(values[i].status()));
      if (*values[i] == objects[of[i]].bytes) continue;
      TS_RETURN_IF_ERROR(AddBase(names[of[i]], *values[i], next));
      TakeOver(names[of[i]], *std::move(values[i]));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Value(const Digest& name) const {
    const auto place = places_.find(name);
    if (place == places_.end()) return blobs_.Stored(name);
    return drafted_[place->second].second;
  }

  absl::Status AddBase(const Digest& name, absl::string_view value, std::vector<Digest>* next) {
    TS_ASSIGN_OR_RETURN(const StoredBlob blob, ParseBlob(name, value));
    if (!blob.base.IsNull()) next->push_back(blob.base);
    return absl::OkStatus();
  }

  void TakeOver(const Digest& name, std::string value) {
    const auto [place, added] = places_.emplace(name, drafted_.size());
    if (added) {
      drafted_.emplace_back(name, std::move(value));
    } else {
      drafted_[place->second].second = std::move(value);
    }
  }

  SharedExchange& exchange_;
  const Blobs& blobs_;
  std::vector<StoredBlobValue>& drafted_;
  absl::flat_hash_map<Digest, size_t> places_;  // in drafted_
  absl::flat_hash_set<Digest> needed_;
};

absl::StatusOr<SegmentExchange::Content> SharedExchange::PutContent(
    absl::Span<const Digest> named, const Blobs& blobs, std::vector<StoredBlobValue>* drafted) {
  TS_RETURN_IF_ERROR(CheckReachable());
  Publication publication(this, blobs, drafted);
  TS_RETURN_IF_ERROR(publication.Add(named));
  Content content;
  content.needed = publication.TakeNeeded();
  const std::string list = EncodeDigests(content.needed);
  content.id = Digest::Of(list);
  const std::string key = SharedContentKey(content.id);
  const absl::Status put = objects_.Create(key, list);
  if (absl::IsAlreadyExists(put)) {
    TS_RETURN_IF_ERROR(TakeNotesAway({key}));
  } else {
    TS_RETURN_IF_ERROR(Heard(put));
  }
  RememberThere(content.needed);
  return content;
}

absl::Status SharedExchange::PutRow(const CatalogEntry& entry, const Digest& content) {
  SharedSegment segment{entry, content};
  if (segment.entry.info.state != SegmentState::kQuarantined) {
    segment.entry.info.state = SegmentState::kBuilding;  // each machine settles the rest
  }
  const std::string key = SharedEventKey(entry.info.header.repository, EventOf(entry));
  const absl::Status put = objects_.Create(key, EncodeSharedSegment(key, segment));
  return absl::IsAlreadyExists(put) ? absl::OkStatus() : Heard(put);
}

absl::StatusOr<std::string> SharedExchange::FetchBlob(const Digest& name) {
  TS_RETURN_IF_ERROR(CheckReachable());
  absl::StatusOr<std::string> value = objects_.Get(SharedBlobKey(name));
  if (absl::IsNotFound(value.status())) return Missing("blob", name.ToHex());
  TS_RETURN_IF_ERROR(Heard(value.status()));
  return value;
}

void SharedExchange::RememberContent(const Digest& segment, const Digest& content) {
  MutexLock lock(&mutex_);
  contents_[segment] = content;
}

absl::StatusOr<Digest> SharedExchange::ContentOf(const CatalogEntry& entry) {
  {
    MutexLock lock(&mutex_);
    if (const auto it = contents_.find(entry.info.id); it != contents_.end()) return it->second;
  }
  const std::string key = SharedEventKey(entry.info.header.repository, EventOf(entry));
  const absl::StatusOr<std::string> row = objects_.Get(key);
  if (absl::IsNotFound(row.status())) return Missing("segment", key);
  TS_RETURN_IF_ERROR(Heard(row.status()));
  TS_ASSIGN_OR_RETURN(const SharedSegment segment, DecodeSharedSegment(key, *row));
  RememberContent(entry.info.id, segment.content);
  return segment.content;
}

absl::StatusOr<std::vector<Digest>> SharedExchange::ListContent(const CatalogEntry& entry) {
  TS_RETURN_IF_ERROR(CheckReachable());
  TS_ASSIGN_OR_RETURN(const Digest content, ContentOf(entry));
  const absl::StatusOr<std::string> list = objects_.Get(SharedContentKey(content));
  if (absl::IsNotFound(list.status())) return Missing("list", content.ToHex());
  TS_RETURN_IF_ERROR(Heard(list.status()));
  TS_ASSIGN_OR_RETURN(std::vector<Digest> needed, DecodeDigests(*list));
  RememberThere(needed);
  return needed;
}

std::vector<absl::StatusOr<std::string>> SharedExchange::FetchBlobs(
    absl::Span<const Digest> names) {
  if (const absl::Status away = CheckReachable(); !away.ok()) {
    return std::vector<absl::StatusOr<std::string>>(names.size(), away);
  }
  std::vector<std::string> keys;
  keys.reserve(names.size());
  for (const Digest& name : names) keys.push_back(SharedBlobKey(name));
  std::vector<absl::StatusOr<std::string>> values = objects_.GetAll(keys);
  for (size_t i = 0; i < values.size(); ++i) {
    if (absl::IsNotFound(values[i].status())) values[i] = Missing("blob", names[i].ToHex());
    Heard(values[i].status()).IgnoreError();
  }
  return values;
}

}  // namespace testselect
