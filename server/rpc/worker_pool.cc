#include "server/rpc/worker_pool.h"

#include <utility>

namespace testselect {

WorkerPool::WorkerPool(size_t max_threads, size_t max_waiting, GaugeHandle waiting)
    : max_threads_(max_threads), max_waiting_(max_waiting), waiting_gauge_(waiting) {}

WorkerPool::~WorkerPool() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  work_or_stop_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

bool WorkerPool::Submit(std::function<void()> work) {
  {
    MutexLock lock(&mutex_);
    // Work for a free thread does not count as waiting.
    if (stopping_ || waiting_.size() >= max_waiting_ + free_threads_ + 1) return false;
    waiting_.push_back(std::move(work));
    waiting_gauge_.Set(static_cast<double>(waiting_.size()));
    if (free_threads_ < waiting_.size() && threads_.size() < max_threads_) {
      threads_.emplace_back([this] { Run(); });
    }
  }
  work_or_stop_.notify_one();
  return true;
}

bool WorkerPool::WaitIdle(absl::Time deadline) {
  MutexLock lock(&mutex_);
  while (!waiting_.empty() || busy_threads_ > 0) {
    if (idle_changed_.wait_until(mutex_, absl::ToChronoTime(deadline)) == std::cv_status::timeout) {
      return waiting_.empty() && busy_threads_ == 0;
    }
  }
  return true;
}

void WorkerPool::Run() {
  MutexLock lock(&mutex_);
  while (true) {
    ++free_threads_;
    while (waiting_.empty() && !stopping_) work_or_stop_.wait(mutex_);
    --free_threads_;
    if (waiting_.empty()) return;
    std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_gauge_.Set(static_cast<double>(waiting_.size()));
    ++busy_threads_;
    mutex_.Unlock();
    work();
    work = nullptr;  // what it holds goes before others are told that it is done
    mutex_.Lock();
    --busy_threads_;
    idle_changed_.notify_all();
  }
}

}  // namespace testselect
