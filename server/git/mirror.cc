#include "server/git/mirror.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "server/git/git_handle.h"
#include "server/git/libgit2_repository.h"
#include "server/git/mirror_fetch.h"
#include "storage/model/mutex.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::Duration kPatienceAtEnd = absl::Seconds(2);
// libgit2 writes to sockets without MSG_NOSIGNAL, also to say goodbye to a server that has hung up.
// Blocked, the signal is the error of that write, and not the end of the process.
void BlockBrokenPipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

constexpr const char* kSchemes[] = {"file", "git", "http", "https", "ssh"};

}  // namespace

bool IsRemoteLocation(absl::string_view location) {
  if (absl::StrContains(location, "://")) return true;
  const size_t colon = location.find(':'), slash = location.find('/');
  return location.find('@') < colon && colon < slash;  // user@host:path
}

absl::Status CheckRemoteScheme(absl::string_view name, absl::string_view url) {
  const size_t end = url.find("://");
  if (end == absl::string_view::npos) return absl::OkStatus();  // scp-like: ssh
  for (const char* scheme : kSchemes) {
    if (url.substr(0, end) == scheme) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("repository '", name, "': scheme '",
                                                 url.substr(0, end), "' is not one of ",
                                                 absl::StrJoin(kSchemes, ", ")));
}

std::string RedactUrl(absl::string_view text, absl::string_view url) {
  const size_t start = url.find("://");
  if (start == absl::string_view::npos) return std::string(text);
  const size_t end = std::min(url.find('/', start + 3), url.size());
  const size_t at = url.substr(0, end).rfind('@');
  if (at == absl::string_view::npos || at < start) return std::string(text);
  return absl::StrReplaceAll(text, {{url.substr(start + 3, at + 1 - start - 3), ""}});
}

// Shared by the mirror and the thread that fetches for it, which may outlive the mirror.
struct Mirror::State {
  std::string name, url, directory;
  std::atomic<bool> cancelled{false};

  Mutex mutex;
  std::condition_variable_any changed;
  std::multiset<ObjectId> wanted ABSL_GUARDED_BY(mutex);  // by the callers that wait
  // Fetches are numbered from 1. At most one runs: started is finished or one more.
  uint64_t started ABSL_GUARDED_BY(mutex) = 0;
  uint64_t finished ABSL_GUARDED_BY(mutex) = 0;
  absl::Status last ABSL_GUARDED_BY(mutex);  // how fetch number `finished` ended

  static void StartFetch(const std::shared_ptr<State>& state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state->mutex);
  absl::Status WaitFor(uint64_t fetch, absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  absl::Status Describe(const absl::Status& failure) const;
};

void Mirror::State::StartFetch(const std::shared_ptr<State>& state) {
  ++state->started;
  MirrorFetch fetch{state->url, state->directory, {}, &state->cancelled};
  fetch.wanted.assign(state->wanted.begin(), state->wanted.end());
  std::thread([state, fetch] {
    BlockBrokenPipe();
    absl::Status result = RunMirrorFetch(fetch);
    MutexLock lock(&state->mutex);
    state->last = std::move(result);
    state->finished = state->started;
    state->changed.notify_all();
  }).detach();
}

// Returns how the fetch ended, or kDeadlineExceeded.
absl::Status Mirror::State::WaitFor(uint64_t fetch, absl::Time deadline) {
  while (finished < fetch) {
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("repository '", name, "': a fetch did not end in time; it goes on"));
    }
    // A deadline in the far future would overflow the clock; an hour at a time does not.
    const absl::Time until = std::min(deadline, absl::Now() + absl::Hours(1));
    changed.wait_until(mutex, absl::ToChronoTime(until));
  }
  return last;
}

absl::Status Mirror::State::Describe(const absl::Status& failure) const {
  const bool refused = absl::IsPermissionDenied(failure);
  return absl::Status(
      refused ? absl::StatusCode::kPermissionDenied : absl::StatusCode::kUnavailable,
      absl::StrCat("repository '", name, "': cannot fetch from ", RedactUrl(url, url), ": ",
                   RedactUrl(failure.message(), url)));
}

absl::StatusOr<std::unique_ptr<Mirror>> Mirror::Open(const std::string& name,
                                                     const std::string& url,
                                                     const std::string& directory,
                                                     const std::string& more_objects) {
  StartLibgit2();
  if (absl::Status prepared = PrepareMirror(directory); !prepared.ok()) {
    return absl::Status(
        prepared.code(),
        absl::StrCat("repository '", name,
                     "': ", absl::StrReplaceAll(prepared.message(), {{directory, "its mirror"}})));
  }
  TS_ASSIGN_OR_RETURN(
      auto repository,
      Libgit2Repository::Open(directory, name, Libgit2Repository::Search::kExact, more_objects));
  auto state = std::make_shared<State>();
  state->name = name;
  state->url = url;
  state->directory = directory;
  return std::unique_ptr<Mirror>(new Mirror(std::move(state), std::move(repository)));
}

Mirror::Mirror(std::shared_ptr<State> state, std::shared_ptr<GitRepository> repository)
    : state_(std::move(state)), repository_(std::move(repository)) {}

Mirror::~Mirror() {
  state_->cancelled = true;
  MutexLock lock(&state_->mutex);
  // What the fetch came to no longer matters; only that its thread is done with our directory.
  state_->WaitFor(state_->started, absl::Now() + kPatienceAtEnd).IgnoreError();
}

absl::Status Mirror::EnsureCommit(const ObjectId& commit, absl::Time deadline) {
  absl::Status found = repository_->Commit(commit).status();
  if (!absl::IsNotFound(found)) return found;
  state_->mutex.Lock();
  const auto want = state_->wanted.insert(commit);
  // A fetch that runs already may have begun too early to see the commit: it does not count.
  uint64_t enough = state_->started + 1;
  absl::Status fetched;
  while (true) {
    if (state_->started == state_->finished) State::StartFetch(state_);
    const uint64_t current = state_->started;
    fetched = state_->WaitFor(current, deadline);
    if (absl::IsDeadlineExceeded(fetched)) break;
    state_->mutex.Unlock();
    found = repository_->Commit(commit).status();
    state_->mutex.Lock();
    if (!absl::IsNotFound(found) || current >= enough) break;
  }
  state_->wanted.erase(want);
  state_->mutex.Unlock();
  if (!absl::IsNotFound(found)) return found;
  if (absl::IsDeadlineExceeded(fetched)) return fetched;
  if (!fetched.ok()) return state_->Describe(fetched);
  return absl::NotFoundError(absl::StrCat(
      "repository '", state_->name, "': there is no commit ", commit.ToHex(), " in ",
      RedactUrl(state_->url, state_->url), "; it was just fetched: push the commit first"));
}

}  // namespace testselect
