#include "client/agent/upload_queue.h"

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"

namespace testselect::client {

void UploadQueue::Update(const std::vector<SpoolEntry>& found) {
  MutexLock lock(&mutex_);
  std::set<std::string> names;
  for (const SpoolEntry& entry : found) {
    names.insert(entry.name);
    entries_.try_emplace(entry.name, Waiting{.finished = entry.finished});
  }
  std::erase_if(entries_, [&names](const auto& entry) {
    return !entry.second.uploading && !names.contains(entry.first);
  });
  changed_.notify_all();
}

std::map<std::string, UploadQueue::Waiting>::iterator UploadQueue::FindDue(absl::Time now,
                                                                           absl::Time* next) {
  auto found = entries_.end();
  *next = absl::InfiniteFuture();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    const Waiting& entry = it->second;
    if (entry.uploading) continue;
    if (entry.due > now) {
      *next = std::min(*next, entry.due);
    } else if (found == entries_.end() || entry.finished < found->second.finished) {
      found = it;
    }
  }
  return found;
}

std::optional<UploadQueue::Task> UploadQueue::Take() {
  MutexLock lock(&mutex_);
  while (!stopped_) {
    if (paused_) {
      changed_.wait(mutex_);
      continue;
    }
    absl::Time next;
    const auto found = FindDue(absl::Now(), &next);
    if (found != entries_.end()) {
      found->second.uploading = true;
      return Task{found->first, found->second.failures + 1};
    }
    if (next == absl::InfiniteFuture()) {
      changed_.wait(mutex_);
    } else {
      changed_.wait_until(mutex_, absl::ToChronoTime(next));
    }
  }
  return std::nullopt;
}

void UploadQueue::Done(const std::string& name) {
  MutexLock lock(&mutex_);
  entries_.erase(name);
  changed_.notify_all();
}

void UploadQueue::Retry(const std::string& name) {
  MutexLock lock(&mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  Waiting& entry = found->second;
  entry.uploading = false;
  ++entry.failures;
  if (!entry.backoff) entry.backoff.emplace(policy_);
  entry.due = absl::Now() + entry.backoff->Next();
  changed_.notify_all();
}

void UploadQueue::Pause() {
  MutexLock lock(&mutex_);
  paused_ = true;
}

void UploadQueue::Resume(bool all_due) {
  MutexLock lock(&mutex_);
  paused_ = false;
  for (auto& [name, entry] : entries_) {
    if (!all_due) break;
    entry.due = absl::InfinitePast();
    entry.backoff.reset();
  }
  changed_.notify_all();
}

void UploadQueue::Stop() {
  MutexLock lock(&mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool UploadQueue::WaitUntilIdle(absl::Time deadline) {
  MutexLock lock(&mutex_);
  const auto busy = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const auto& entry) { return entry.second.uploading; });
  };
  while (busy()) {
    if (absl::Now() >= deadline) return false;
    changed_.wait_until(mutex_, absl::ToChronoTime(deadline));
  }
  return true;
}

UploadQueue::Sizes UploadQueue::sizes() const {
  MutexLock lock(&mutex_);
  Sizes sizes;
  for (const auto& [name, entry] : entries_) {
    ++(entry.uploading ? sizes.uploading : sizes.waiting);
    sizes.oldest = std::min(sizes.oldest, entry.finished);
  }
  return sizes;
}

}  // namespace testselect::client
