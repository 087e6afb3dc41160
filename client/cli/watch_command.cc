#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/agent/folder_watch.h"
#include "client/cli/commands.h"
#include "client/cli/number_text.h"
#include "client/cli/run_once.h"
#include "client/cli/target.h"
#include "client/cli/watch_keys.h"
#include "server/git/open_repository.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// An editor that saves several files, or git that changes many, is one change.
constexpr absl::Duration kQuiet = absl::Milliseconds(150), kLongest = absl::Seconds(2);

enum class Wish { kAffected, kAll, kFailed, kQuit };

class Watching {
 public:
  Watching(const CommonOptions& common, const WatchOptions& options, Console& console)
      : common_(common), options_(options), console_(console) {}

  ExitCode Go() {
    if (absl::Status prepared = Prepare(); !prepared.ok()) return console_.Fail(prepared);
    Wish wish = Wish::kAffected;
    bool must_run = !options_.changed;
    while (wish != Wish::kQuit && (options_.rounds == 0 || ran_ < options_.rounds)) {
      const absl::Status done = Round(wish, must_run);
      if (!done.ok()) console_.Fail(done);  // the files may be in the midst of a change
      if (options_.rounds != 0 && ran_ >= options_.rounds) break;
      const absl::StatusOr<Wish> next = Wait();
      if (!next.ok()) return console_.Fail(next.status());
      wish = *next;
      must_run = wish != Wish::kAffected || asked_;
    }
    return code_;
  }

 private:
  absl::Status Prepare() {
    if (options_.run.select.staged) {
      return absl::InvalidArgumentError("--staged: `watch` runs the files as they are");
    }
    remote_ = !common_.remote.server.empty();
    CommonOptions here = common_;
    if (remote_) here.repo.clear();
    TS_ASSIGN_OR_RETURN(top_, LocalTop(here));
    TS_ASSIGN_OR_RETURN(FolderWatch folders, FolderWatch::Create());
    folders_.emplace(std::move(folders));
    return Follow();
  }

  // Watches the folders that there are now; what is written to a new one meanwhile is seen by the
  // snapshot that is made afterwards.
  absl::Status Follow() {
    TS_ASSIGN_OR_RETURN(const std::vector<std::string> folders, WorkTreeFolders(top_));
    bool added = false;
    return folders_->Follow(std::set<std::string>(folders.begin(), folders.end()), &added);
  }

  // Runs what is wished, unless nothing changed and nobody asked.
  absl::Status Round(Wish wish, bool must_run) {
    TS_RETURN_IF_ERROR(Follow());
    TS_ASSIGN_OR_RETURN(const ObjectId tree, SnapshotTree(top_, /*staged=*/false));
    const bool changed = tree != std::exchange(tree_, tree);
    if (!must_run && (!changed || !began_)) {  // --changed: what there is now is the beginning
      began_ = true;
      return absl::OkStatus();
    }
    began_ = true;
    if (wish == Wish::kFailed && failed_.empty()) {
      console_.Note("no test failed in the last run");
      return absl::OkStatus();
    }
    RunOptions run = options_.run;
    run.select.run_all = wish != Wish::kAffected || run.select.run_all;
    if (wish == Wish::kFailed) run.only = failed_;
    if (remote_) {
      run.select.working_tree = true;
    } else {
      TS_RETURN_IF_ERROR(UseSnapshot(tree, run));
    }
    RunSummary summary;
    code_ = RunOnce(common_, run, console_, &summary);
    ++ran_;
    failed_ = std::move(summary.failed);
    if (summary.upload.has_value()) TS_RETURN_IF_ERROR(Recorded(run));
    return absl::OkStatus();
  }

  // In process, each run's evidence is that of the files as they were: a commit of its own, on that
  // of the run before. The next run begins there, so that only what changed since runs again.
  absl::Status UseSnapshot(const ObjectId& tree, RunOptions& run) {
    TS_ASSIGN_OR_RETURN(const ObjectId head, ResolveRevision(top_, "HEAD"));
    if (head != std::exchange(head_, head)) recorded_ = head;
    TS_ASSIGN_OR_RETURN(const ObjectId snapshot, CommitSnapshot(top_, tree, recorded_));
    run.snapshot = snapshot.ToHex();
    run.select.base = recorded_.ToHex();
    run.select.head = run.snapshot;
    run.select.working_tree = false;
    return absl::OkStatus();
  }

  absl::Status Recorded(const RunOptions& run) {
    if (remote_) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(recorded_, ObjectId::FromHex("snapshot", run.snapshot));
    return absl::OkStatus();
  }

  // Waits for a change that is over, a key, or a signal.
  absl::StatusOr<Wish> Wait() {
    const WatchKeys keys;
    TS_RETURN_IF_ERROR(keys.status());
    asked_ = false;
    console_.Note(absl::StrCat("watching ", top_,
                               keys.has_keys() ? "; Enter: what is affected, a: all, f: failed, "
                                                 "q: quit"
                                               : ""));
    absl::Time changed = absl::InfiniteFuture();
    while (true) {
      pollfd events[] = {{folders_->fd(), POLLIN, 0},
                         {keys.signal_fd(), POLLIN, 0},
                         {keys.has_keys() ? 0 : -1, POLLIN, 0}};
      const int ready = poll(events, 3,
                             changed == absl::InfiniteFuture()
                                 ? -1
                                 : static_cast<int>(absl::ToInt64Milliseconds(kQuiet)));
      if (ready < 0 && errno != EINTR) return absl::InternalError("poll failed");
      if (ready == 0) return Wish::kAffected;
      if (events[1].revents != 0) return Wish::kQuit;
      if (events[2].revents != 0) {
        const auto wish = WishOf(WatchKeys::ReadKey());
        if (wish.has_value()) return *wish;
      }
      if (events[0].revents != 0) {
        TS_RETURN_IF_ERROR(folders_->Drain().status());
        changed = std::min(changed, absl::Now());
        if (absl::Now() - changed > kLongest) return Wish::kAffected;
      }
    }
  }

  std::optional<Wish> WishOf(char key) {
    asked_ = true;
    switch (key) {
      case '\n':
      case '\r':
        return Wish::kAffected;
      case 'a':
        return Wish::kAll;
      case 'f':
        return Wish::kFailed;
      case 'q':
      case '\0':
        return Wish::kQuit;
      default:
        asked_ = false;
        return std::nullopt;
    }
  }

  const CommonOptions& common_;
  const WatchOptions& options_;
  Console& console_;
  std::string top_;
  bool remote_ = false, asked_ = false, began_ = false;
  std::optional<FolderWatch> folders_;
  ObjectId tree_;      // that was run last
  ObjectId head_;      // HEAD then
  ObjectId recorded_;  // the newest commit of ours with evidence, else HEAD
  std::vector<std::string> failed_;
  uint32_t ran_ = 0;
  ExitCode code_ = ExitCode::kAnswered;
};

}  // namespace

ExitCode RunWatch(const CommonOptions& common, const WatchOptions& options, Console& console) {
  return Watching(common, options, console).Go();
}

}  // namespace testselect::client
