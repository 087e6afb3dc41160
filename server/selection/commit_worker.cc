#include "server/selection/commit_worker.h"

#include <algorithm>
#include <utility>

namespace testselect {

CommitWorker::~CommitWorker() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CommitWorker::Add(const std::string& repository, const ObjectId& commit) {
  MutexLock lock(&mutex_);
  const std::pair<std::string, ObjectId> item(repository, commit);
  if (stopping_ || waiting_.size() >= kMaxWaiting ||
      std::find(waiting_.begin(), waiting_.end(), item) != waiting_.end()) {
    return;
  }
  waiting_.push_back(item);
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  changed_.notify_all();
}

void CommitWorker::WaitIdle() {
  MutexLock lock(&mutex_);
  while (busy_ || !waiting_.empty()) changed_.wait(mutex_);
}

void CommitWorker::Run() {
  mutex_.Lock();
  while (true) {
    while (!stopping_ && waiting_.empty()) changed_.wait(mutex_);
    if (stopping_) break;
    const auto [repository, commit] = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    mutex_.Unlock();
    work_(repository, commit);
    mutex_.Lock();
    busy_ = false;
    changed_.notify_all();
  }
  mutex_.Unlock();
}

}  // namespace testselect
