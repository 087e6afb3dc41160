#include "storage/shared_records.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "storage/model/status_macros.h"
#include "storage/shared_layout.h"

namespace testselect {
namespace {

constexpr absl::Duration kOverlap = absl::Minutes(15);
constexpr absl::Duration kTryAgainAfter = absl::Seconds(2);
constexpr size_t kMaxWaiting = 64 << 20;  // bytes
constexpr size_t kMaxObject = 4 << 20;
constexpr size_t kKeysAtOnce = 1000;
constexpr size_t kObjectsAtOnce = 128;

size_t SizeOf(const NoteBatch& notes) {
  size_t bytes = 64;
  for (const auto& [key, value] : notes.puts) bytes += key.size() + value.size();
  for (const std::string& key : notes.deletes) bytes += key.size();
  return bytes;
}

void Append(const NoteBatch& from, NoteBatch* to) {
  to->puts.insert(to->puts.end(), from.puts.begin(), from.puts.end());
  to->deletes.insert(to->deletes.end(), from.deletes.begin(), from.deletes.end());
}

}  // namespace

SharedRecords::SharedRecords(ObjectStore* objects, IndexStore* local)
    : objects_(*objects), local_(*local), thread_([this] { Run(); }) {}

SharedRecords::~SharedRecords() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SharedRecords::Tell(const NoteBatch& notes) {
  // Deletions prune what each machine keeps; others prune by themselves.
  if (notes.puts.empty()) return;
  MutexLock lock(&mutex_);
  // It will be told later than whatever can be heard until then.
  for (const auto& put : notes.puts) RememberTime(put.first, absl::InfiniteFuture());
  waiting_.push_back(notes);
  waiting_bytes_ += SizeOf(notes);
  while (waiting_bytes_ > kMaxWaiting) {
    waiting_bytes_ -= SizeOf(waiting_.front());
    waiting_.pop_front();
  }
  changed_.notify_all();
}

void SharedRecords::Run() {
  MutexLock lock(&mutex_);
  while (true) {
    while (waiting_.empty() && !stopping_) changed_.wait(mutex_);
    if (waiting_.empty()) return;
    // All that waits of one repository, up to the size of an object.
    const std::string repository = waiting_.front().repository;
    NoteBatch together;
    size_t count = 0, bytes = 0;
    for (const NoteBatch& notes : waiting_) {
      if (notes.repository != repository || (count > 0 && bytes + SizeOf(notes) > kMaxObject))
        break;
      Append(notes, &together);
      bytes += SizeOf(notes);
      ++count;
    }
    mutex_.Unlock();
    const absl::Status sent = Send(repository, together);
    mutex_.Lock();
    const bool again = absl::IsUnavailable(sent) && !stopping_;
    if (again) {
      changed_.wait_for(mutex_, absl::ToChronoMilliseconds(kTryAgainAfter));
      continue;
    }
    if (!sent.ok() && stopping_) return;  // they are on this machine's disk
    for (; count > 0 && !waiting_.empty(); --count) {
      waiting_bytes_ -= SizeOf(waiting_.front());
      waiting_.pop_front();
    }
  }
}

absl::Status SharedRecords::Send(const std::string& repository, const NoteBatch& notes) {
  const std::string bytes = EncodeNotes(notes);
  const absl::Time now = absl::Now();
  const std::string key = SharedRecordKey(repository, now, Digest::Of(bytes));
  {
    MutexLock lock(&mutex_);
    for (const auto& put : notes.puts) RememberTime(put.first, now);
  }
  const absl::Status put = objects_.Create(key, bytes);
  return absl::IsAlreadyExists(put) ? absl::OkStatus() : put;
}

absl::Status SharedRecords::Refresh(const std::string& repository) {
  MutexLock lock(&reading_);
  Seen& seen = seen_[repository];
  const absl::Time from = seen.newest - kOverlap;
  std::string after = SharedRecordKey(repository, from, Digest());
  std::vector<std::string> unseen;
  std::string last;
  while (true) {
    TS_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> page,
                        objects_.List(SharedRecordPrefix(repository), after, kKeysAtOnce));
    for (const ObjectInfo& object : page) {
      last = object.key;
      seen.newest = std::max(seen.newest, std::min(object.modified, absl::Now()));
      if (!seen.keys.contains(object.key)) unseen.push_back(object.key);
    }
    if (page.size() < kKeysAtOnce) break;
    after = page.back().key;
  }
  if (unseen.size() > kKept) unseen.erase(unseen.begin(), unseen.end() - kKept);
  TS_RETURN_IF_ERROR(ReadNew(repository, unseen));
  seen.keys.insert(unseen.begin(), unseen.end());
  return absl::OkStatus();
}

void SharedRecords::RememberTime(absl::string_view note, absl::Time time) {
  const absl::Time now = absl::Now();
  // What was told before that is older than whatever is still to come.
  for (; !forget_.empty() && now - forget_.front().first > kOverlap; forget_.pop_front()) {
    const auto it = told_.find(forget_.front().second);
    if (it != told_.end() && now - it->second > kOverlap) told_.erase(it);
  }
  told_.insert_or_assign(note, time);
  forget_.emplace_back(now, note);
}

void SharedRecords::LeaveNewer(const std::string& key, NoteBatch* notes) {
  const absl::Time time = TimeOfSharedRecord(key);
  std::erase_if(notes->puts, [&](const auto& put) {
    const absl::StatusOr<std::string> here = local_.GetNote(put.first);
    MutexLock lock(&mutex_);
    const auto told = told_.find(put.first);
    if (here.ok() && (*here == put.second || (told != told_.end() && told->second > time))) {
      return true;
    }
    RememberTime(put.first, time);
    return false;
  });
}

absl::Status SharedRecords::ReadNew(const std::string& repository,
                                    const std::vector<std::string>& keys) {
  const absl::Span<const std::string> all(keys);
  for (size_t begin = 0; begin < all.size(); begin += kObjectsAtOnce) {
    const auto some = all.subspan(begin, kObjectsAtOnce);
    const std::vector<absl::StatusOr<std::string>> values = objects_.GetAll(some);
    for (size_t i = 0; i < some.size(); ++i) {
      const absl::StatusOr<std::string>& value = values[i];
      if (absl::IsNotFound(value.status())) continue;
      TS_RETURN_IF_ERROR(value.status());
      absl::StatusOr<NoteBatch> notes = DecodeNotes(*value);
      if (absl::IsDataLoss(notes.status())) continue;  // one decision less can be explained
      TS_RETURN_IF_ERROR(notes.status());
      LeaveNewer(some[i], &*notes);
      notes->deletes.clear();
      notes->repository = repository;
      if (!notes->puts.empty()) TS_RETURN_IF_ERROR(local_.WriteNotes(*notes));
    }
  }
  return absl::OkStatus();
}

}  // namespace testselect
