#include "client/agent/agent.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/agent/agent_health.h"
#include "client/agent/entry_upload.h"
#include "client/agent/folder_watch.h"
#include "client/agent/upload_queue.h"
#include "client/files.h"
#include "server/ops/agent_metrics.h"
#include "server/ops/http_pages.h"
#include "server/rpc/health_probe.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// Trims done/, and looks through the spool: some file systems tell nothing of other machines.
constexpr absl::Duration kHousekeeping = absl::Minutes(10);
// done/ is trimmed after so many too, lest a busy hour fills it.
constexpr uint64_t kDoneBetweenTrims = 100;
constexpr absl::Duration kProbeTimeout = absl::Seconds(2);
constexpr RetryPolicy kProbing = {.initial = absl::Milliseconds(250), .longest = absl::Seconds(2)};

}  // namespace

struct Agent::Parts {
  Parts(const AgentOptions& given, Logger* logger, Spool opened, FolderWatch watching)
      : options(given),
        log(logger),
        spool(std::move(opened)),
        watch(std::move(watching)),
        queue(given.retry) {}
  ~Parts();

  absl::Status Start();
  void Wake() const;
  std::string Scrape();

  void Watch();  // the watching thread
  absl::Status Look();
  void Report(const SpoolScan& scan);
  void Probe();
  void KeepHouse();
  absl::Time NextTurn() const;
  void WaitForNews();

  void Work();  // a working thread
  void Note(const UploadQueue::Task& task, const EntryResult& result);
  void NoteServer(const absl::Status& status);
  void NoteSpool(const absl::Status& status);

  const AgentOptions options;
  Logger* const log;
  const Spool spool;
  AgentMetrics metrics;
  AgentHealth health;
  FolderWatch watch;
  UploadQueue queue;
  std::unique_ptr<Connection> connection;
  int lock_fd = -1, wake_fd = -1;
  std::atomic<bool> stopping = false;
  std::atomic<bool> server_down = true;  // until it was asked
  std::atomic<size_t> unfinished = 0;
  std::atomic<uint64_t> done_since_trim = 0;
  // Of the watching thread.
  std::optional<Backoff> probing{kProbing};
  bool probe_failed = false;
  absl::Time probe_due = absl::InfinitePast(), housekeeping_due = absl::InfinitePast();
  std::set<std::string> told;  // strays that the log knows of
  std::vector<std::thread> threads;
  std::unique_ptr<HttpPages> pages;
};

Agent::Parts::~Parts() {
  pages.reset();
  stopping = true;
  queue.Stop();
  if (wake_fd >= 0) Wake();
  for (std::thread& thread : threads) thread.join();
  if (wake_fd >= 0) close(wake_fd);
  if (lock_fd >= 0) close(lock_fd);
}

absl::Status Agent::Parts::Start() {
  TS_ASSIGN_OR_RETURN(connection, ConnectRemote(options.remote));
  TS_ASSIGN_OR_RETURN(lock_fd, spool.Lock());
  wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) return ErrnoStatus("cannot create an event", errno);
  // Before the first look: what comes between the two is seen.
  TS_RETURN_IF_ERROR(watch.Add(spool.incoming()));
  if (!options.http_listen.empty()) {
    TS_ASSIGN_OR_RETURN(pages, HttpPages::Listen("--http-listen", options.http_listen,
                                                 {{"/metrics",
                                                   [this] {
                                                     return HttpPage{200, Scrape()};
                                                   }},
                                                  {"/healthz", [this] { return health.Alive(); }},
                                                  {"/readyz", [this] { return health.Ready(); }}}));
  }
  queue.Pause();  // until the server answered
  threads.emplace_back([this] { Watch(); });
  for (int i = 0; i < options.parallel; ++i) threads.emplace_back([this] { Work(); });
  return absl::OkStatus();
}

void Agent::Parts::Wake() const {
  // Full only if it is awake already.
  [[maybe_unused]] const int woken = eventfd_write(wake_fd, 1);
}

std::string Agent::Parts::Scrape() {
  const UploadQueue::Sizes sizes = queue.sizes();
  metrics.waiting.Set(static_cast<double>(sizes.waiting));
  metrics.uploading.Set(static_cast<double>(sizes.uploading));
  metrics.unfinished.Set(static_cast<double>(unfinished));
  metrics.oldest_timestamp.Set(sizes.oldest == absl::InfiniteFuture()
                                   ? 0
                                   : absl::ToDoubleSeconds(sizes.oldest - absl::UnixEpoch()));
  metrics.server_up.Set(server_down ? 0 : 1);
  if (const absl::StatusOr<SpoolCounts> counts = spool.Count(); counts.ok()) {
    metrics.done_kept.Set(static_cast<double>(counts->done));
    metrics.refused_kept.Set(static_cast<double>(counts->refused));
  }
  return metrics.Scrape();
}

void Agent::Parts::Watch() {
  while (!stopping) {
    NoteSpool(Look());
    if (server_down && absl::Now() >= probe_due) Probe();
    if (absl::Now() >= housekeeping_due || done_since_trim >= kDoneBetweenTrims) KeepHouse();
    WaitForNews();
  }
}

absl::Status Agent::Parts::Look() {
  if (health.Alive().status != 200) {  // somebody may have removed it
    TS_RETURN_IF_ERROR(Spool::Open(options.spool).status());
    TS_RETURN_IF_ERROR(watch.Add(spool.incoming()));
  }
  for (bool again = true; again;) {
    TS_ASSIGN_OR_RETURN(const SpoolScan scan, spool.Scan());
    queue.Update(scan.finished);
    unfinished = scan.unfinished.size();
    Report(scan);
    std::set<std::string> folders;
    for (const std::string& name : scan.unfinished) {
      // Of those with a dot the new name is the sign, not the manifest.
      if (name[0] != '.') folders.insert(spool.EntryPath(name));
    }
    TS_RETURN_IF_ERROR(watch.Follow(folders, &again));
  }
  return absl::OkStatus();
}

void Agent::Parts::Report(const SpoolScan& scan) {
  for (const std::string& stray : scan.strays) {
    if (!told.insert(stray).second) continue;
    log->Warning("not an entry: entries are folders with a manifest", {{"file", stray}});
  }
}

void Agent::Parts::Probe() {
  const absl::Status status =
      ProbeChannel(connection->channel(), options.remote.server, absl::Now() + kProbeTimeout);
  if (status.ok()) {
    NoteServer(status);
    queue.Resume(/*all_due=*/probe_failed);
    probe_failed = false;
    probing.emplace(kProbing);
    probe_due = absl::InfinitePast();
    return;
  }
  NoteServer(status);
  probe_failed = true;
  probe_due = absl::Now() + probing->Next();
}

void Agent::Parts::KeepHouse() {
  housekeeping_due = absl::Now() + kHousekeeping;
  done_since_trim = 0;
  const absl::Status trimmed = spool.Trim(options.done, absl::Now());
  if (trimmed.ok()) return;
  metrics.errors.Add();
  log->Warning("the spool cannot be trimmed", {{"error", trimmed}});
}

absl::Time Agent::Parts::NextTurn() const {
  // A spool that cannot be read tells nothing when that changes.
  if (health.Alive().status != 200) return absl::Now() + kProbing.longest;
  return std::min(housekeeping_due, server_down ? probe_due : absl::InfiniteFuture());
}

void Agent::Parts::WaitForNews() {
  const absl::Duration wait = std::max(NextTurn() - absl::Now(), absl::ZeroDuration());
  pollfd news[] = {{.fd = watch.fd(), .events = POLLIN, .revents = 0},
                   {.fd = wake_fd, .events = POLLIN, .revents = 0}};
  poll(news, 2,
       static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1)))));
  eventfd_t taken = 0;
  [[maybe_unused]] const int emptied = eventfd_read(wake_fd, &taken);
  const absl::StatusOr<bool> complete = watch.Drain();
  if (!complete.ok()) {
    metrics.errors.Add();
    log->Error("the spool is not watched", {{"error", complete.status()}});
  } else if (!*complete) {
    metrics.overflows.Add();  // the look that follows finds everything
  }
}

void Agent::Parts::NoteSpool(const absl::Status& status) {
  if (!status.ok()) metrics.errors.Add();
  if (!health.SetSpool(status)) return;
  if (status.ok()) {
    log->Info("the spool can be read again");
  } else {
    log->Error("the spool cannot be read", {{"error", status}});
  }
}

void Agent::Parts::NoteServer(const absl::Status& status) {
  server_down = !status.ok();
  if (!health.SetServer(status) && (status.ok() || probe_failed)) return;
  if (status.ok()) {
    log->Info("the server answers", {{"server", options.remote.server}});
  } else {
    log->Warning("the server does not answer", {{"error", status}});
  }
}

void Agent::Parts::Work() {
  while (const std::optional<UploadQueue::Task> task = queue.Take()) {
    const absl::Time began = absl::Now();
    const EntryResult result =
        UploadEntry(spool, *connection, task->name, task->attempt, options.upload_timeout);
    metrics.seconds.Observe(absl::Now() - began);
    if (!result.server_answered) {
      queue.Pause();
      server_down = true;
      Wake();  // to ask whether it is there
    }
    Note(*task, result);
    if (result.fate == EntryFate::kRetry) {
      queue.Retry(task->name);
    } else {
      queue.Done(task->name);
    }
  }
}

void Agent::Parts::Note(const UploadQueue::Task& task, const EntryResult& result) {
  if (!result.moved) metrics.errors.Add();
  const bool forbidden = absl::IsUnauthenticated(result.status) ||
                         (result.moved && absl::IsPermissionDenied(result.status));
  // Only an answer about an upload tells: of a server that is not there nobody knows.
  if (forbidden) health.SetPermission(result.status);
  if (result.fate == EntryFate::kDone) health.SetPermission(absl::OkStatus());
  switch (result.fate) {
    case EntryFate::kDone:
      (result.stored.already_stored() ? metrics.repeated : metrics.stored).Add();
      metrics.bytes.Add(static_cast<double>(result.bytes));
      if (++done_since_trim == kDoneBetweenTrims) Wake();
      log->Info("uploaded", {{"entry", task.name},
                             {"segment", result.stored.segment_id()},
                             {"state", result.stored.state()},
                             {"already_stored", result.stored.already_stored()},
                             {"labels", result.stored.labels()}});
      break;
    case EntryFate::kRefused:
      metrics.refused.Add();
      log->Warning("refused", {{"entry", task.name}, {"error", result.status}});
      break;
    case EntryFate::kRetry:
      metrics.retried.Add();
      log->Warning("will be tried again",
                   {{"entry", task.name}, {"attempt", task.attempt}, {"error", result.status}});
      break;
    case EntryFate::kGone:
      log->Info("taken away by somebody", {{"entry", task.name}});
      break;
  }
}

Agent::Agent(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Agent::~Agent() = default;

absl::StatusOr<std::unique_ptr<Agent>> Agent::Start(const AgentOptions& options, Logger* log) {
  TS_ASSIGN_OR_RETURN(Spool spool, Spool::Open(options.spool));
  TS_ASSIGN_OR_RETURN(FolderWatch watch, FolderWatch::Create());
  auto parts = std::make_unique<Parts>(options, log, std::move(spool), std::move(watch));
  TS_RETURN_IF_ERROR(parts->Start());
  return std::unique_ptr<Agent>(new Agent(std::move(parts)));
}

const std::string& Agent::http_address() const {
  static const std::string* const kNowhere = new std::string;
  return parts_->pages == nullptr ? *kNowhere : parts_->pages->address();
}

bool Agent::Stop(absl::Duration grace) {
  parts_->queue.Stop();
  return parts_->queue.WaitUntilIdle(absl::Now() + grace);
}

}  // namespace testselect::client
