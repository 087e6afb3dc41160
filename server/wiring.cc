#include "server/wiring.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/git/open_repository.h"
#include "server/ingest/report_parser.h"
#include "server/ops/auth.h"
#include "server/ops/logging.h"
#include "server/ops/metrics.h"
#include "server/ops/version.h"
#include "server/rpc/decision_recorder.h"
#include "server/rpc/index_retention.h"
#include "server/rpc/rpc_server.h"
#include "server/rpc/service_environment.h"
#include "server/rpc/status.h"
#include "server/rpc/upload_spool.h"
#include "server/selection/evaluator.h"
#include "server/selection/selector.h"
#include "server/selection/test_history.h"
#include "storage/model/mutex.h"
#include "storage/model/status_macros.h"
#include "storage/object_store.h"
#include "storage/rocksdb_index_store.h"
#include "storage/shared_index_store.h"

namespace testselect {
namespace {

constexpr absl::Duration kCareInterval = absl::Minutes(1);

// As often as something may have to be done.
absl::Duration CareInterval(const ServerConfig& config) {
  absl::Duration interval = kCareInterval;
  if (RetentionOf(config).HasLimits()) interval = std::min(interval, config.retain_every);
  if (config.building_timeout > absl::ZeroDuration()) {
    interval = std::min(interval, std::max(config.building_timeout, absl::Seconds(1)));
  }
  return interval;
}

ObjectStoreOptions ObjectStoreOf(const ServerConfig& config) {
  ObjectStoreOptions options;
  options.url = config.object_store;
  options.endpoint = config.object_store_endpoint;
  options.region = config.object_store_region;
  options.path_style = config.object_store_path_style;
  options.credentials_file = config.object_store_credentials;
  options.ca_file = config.object_store_ca;
  options.encryption = config.object_store_encryption;
  options.kms_key = config.object_store_kms_key;
  options.timeout = config.object_store_timeout;
  return options;
}

std::vector<std::string> FormatNames() {
  std::vector<std::string> names;
  for (const ReportParser* parser : AllReportParsers()) names.emplace_back(parser->name());
  return names;
}

// The folders of this machine, and what clients read in their place.
std::vector<std::pair<std::string, std::string>> PrivateTexts(const ServerConfig& config) {
  std::error_code error;
  std::vector<std::pair<std::string, std::string>> texts;
  for (const std::string& dir :
       {config.data_dir, std::filesystem::absolute(config.data_dir, error).string()}) {
    texts.emplace_back(dir, "(data-dir)");
  }
  if (!config.object_store.empty()) texts.emplace_back(config.object_store, "(object-store)");
  for (const auto& [name, place] : config.repositories) {
    texts.emplace_back(place, absl::StrCat("(repository ", name, ")"));
  }
  return texts;
}

absl::Status CreateDataDir(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(), absl::StrCat("data-dir='", dir, "' cannot be created"));
}

}  // namespace

// In the order in which they are made; destroyed in the reverse one.
struct Server::Parts {
  Parts(const ServerConfig& c, std::shared_ptr<SourceShelf> from)
      : config(c),
        sources(std::move(from)),
        log(c.ParsedLogFormat(), c.ParsedLogLevel()),
        statuses(PrivateTexts(c)),
        metrics(FormatNames()) {}

  absl::Status Open();
  absl::Status OpenStore();
  SelectorOptions OptionsOfSelector();
  void SourcesNotShared(absl::string_view repository, const absl::Status& why);
  void StartCare();
  void StopCare();
  void Care();
  void KeepWithinCache(const StoreStats& stats);

  const ServerConfig config;
  const std::shared_ptr<SourceShelf> sources;
  Logger log;
  const StatusMapper statuses;
  Metrics metrics;
  TokenSet tokens;
  std::atomic<bool> stop_work{false};  // what takes long in the background
  std::unique_ptr<IndexStore> store;
  std::unique_ptr<RepositorySource> repositories;
  std::unique_ptr<TestHistory> history;
  std::unique_ptr<Selector> selector;
  std::unique_ptr<DecisionRecorder> decisions;
  std::unique_ptr<Evaluator> evaluator;
  std::unique_ptr<UploadSpool> spool;
  CallGate gate;
  ServiceEnvironment environment;
  IndexRetention retention{environment};
  std::string metrics_address;
  std::unique_ptr<RpcServer> rpc;

  Mutex mutex;
  std::condition_variable_any stop_care;
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  std::optional<std::thread> care;
  absl::Time next_retention = absl::InfinitePast();  // used by the thread `care` alone
};

absl::Status Server::Parts::Open() {
  if (!config.token_file.empty()) {
    TS_ASSIGN_OR_RETURN(tokens, TokenSet::Load(config.token_file));
  }
  TS_RETURN_IF_ERROR(CreateDataDir(config.data_dir));
  TS_RETURN_IF_ERROR(OpenStore());
  TS_ASSIGN_OR_RETURN(repositories,
                      NewRepositorySet({.repositories = config.repositories,
                                        .mirror_dir = config.data_dir + "/mirrors",
                                        .snapshot_dir = config.data_dir + "/snapshots",
                                        .snapshot_max_bytes = config.snapshots_max_bytes}));
  SelectorOptions selector_options = OptionsOfSelector();
  history = std::make_unique<TestHistory>(store.get(), selector_options.trust);
  selector_options.history = history.get();
  selector = NewSelector(store.get(), repositories.get(), selector_options);
  decisions =
      std::make_unique<DecisionRecorder>(store.get(), &log, &metrics, config.decisions_kept);
  evaluator = std::make_unique<Evaluator>(
      store.get(), repositories.get(),
      [this](absl::string_view repository, const JobKey& job, absl::string_view label) {
        return history->IsKnownFlaky(repository, job, label);
      });
  if (config.role != "frontend") {
    TS_ASSIGN_OR_RETURN(spool,
                        UploadSpool::Open(config.data_dir + "/spool", config.spool_max_bytes,
                                          config.spool_max_age, metrics.upload.spool_bytes, &log));
  }
  environment = {.config = &config,
                 .tokens = &tokens,
                 .statuses = &statuses,
                 .log = &log,
                 .metrics = &metrics,
                 .store = store.get(),
                 .repositories = repositories.get(),
                 .selector = selector.get(),
                 .decisions = decisions.get(),
                 .evaluator = evaluator.get(),
                 .history = history.get(),
                 .retention = &retention,
                 .gate = &gate};
  if (!config.metrics_listen.empty()) {
    metrics.SetStoreStats([this] { return store->Stats(); });
    TS_ASSIGN_OR_RETURN(metrics_address, metrics.Listen(config.metrics_listen));
  }
  TS_ASSIGN_OR_RETURN(rpc, RpcServer::Start(environment, spool.get()));
  rpc->SetServing(true);
  return absl::OkStatus();
}

SelectorOptions Server::Parts::OptionsOfSelector() {
  SelectorOptions options;
  options.answer_cache_bytes = config.answer_cache_bytes;
  options.trust = TrustOf(config);
  options.keep_sources = config.keep_sources;
  options.shelf = sources.get();
  options.on_fetched = [this](absl::string_view repository, const absl::StatusOr<uint64_t>& had) {
    if (!had.ok()) return SourcesNotShared(repository, had.status());
    metrics.sharing.sources_fetched.Add(static_cast<double>(*had));
    log.Debug("cut sources fetched", {{"repository", repository}, {"files", *had}});
  };
  options.on_shared = [this](absl::string_view repository, const absl::StatusOr<bool>& packed) {
    if (!packed.ok()) return SourcesNotShared(repository, packed.status());
    if (*packed) metrics.sharing.sources_packed.Add();
  };
  // Moving evidence needs to know all of it, which one of several machines does not.
  options.consolidate_after =
      store->IsShared() ? 0 : static_cast<uint32_t>(config.consolidate_after);
  options.on_consolidated = [this](const std::string& repository, const ObjectId& commit,
                                   const absl::StatusOr<ConsolidationReport>& done) {
    if (!done.ok()) {
      metrics.upload.consolidation_failed.Add();
      log.Warning(
          "a chain of evidence could not be shortened",
          {{"repository", repository}, {"commit", commit.ToHex()}, {"error", done.status()}});
      return;
    }
    metrics.upload.consolidated_labels.Add(static_cast<double>(done->labels));
    metrics.upload.consolidated_segments.Add(static_cast<double>(done->segments));
  };
  return options;
}

void Server::Parts::SourcesNotShared(absl::string_view repository, const absl::Status& why) {
  metrics.sharing.sources_failed.Add();
  log.Warning("cut sources could not be shared, and are cut here",
              {{"repository", repository}, {"error", why}});
}

absl::Status Server::Parts::OpenStore() {
  const RocksDbOptions local{.path = config.data_dir + "/index",
                             .cache_bytes = config.store_cache_bytes,
                             .lock_wait = config.store_lock_wait,
                             .stop_compaction = &stop_work};
  if (config.object_store.empty()) {
    TS_ASSIGN_OR_RETURN(store, OpenRocksDbIndexStore(local));
    return CheckNotShared(*store);
  }
  const ObjectStoreOptions options = ObjectStoreOf(config);
  if (IsSentInClear(options)) {
    log.Warning("what is put into the object store crosses the network unencrypted",
                {{"endpoint", options.endpoint}});
  }
  TS_ASSIGN_OR_RETURN(std::unique_ptr<ObjectStore> objects, OpenObjectStore(options));
  TS_ASSIGN_OR_RETURN(store, OpenSharedIndexStore(
                                 std::move(objects),
                                 {.local = local, .cache_bytes = config.object_store_cache_bytes}));
  return absl::OkStatus();
}

// Looks after the store, the spool and the index while the server runs.
void Server::Parts::StartCare() {
  care.emplace([this] {
    MutexLock lock(&mutex);
    while (!stopping) {
      stop_care.wait_for(mutex, absl::ToChronoMilliseconds(CareInterval(config)));
      if (stopping) return;
      mutex.Unlock();
      Care();
      mutex.Lock();
    }
  });
}

void Server::Parts::Care() {
  if (spool != nullptr) spool->RemoveStale(absl::Now());
  const auto stats = store->Stats();
  if (!stats.ok()) log.Error("the store does not answer", {{"error", stats.status()}});
  rpc->SetServing(stats.ok());
  if (!stats.ok()) return;
  const auto stopped = [this] { return stop_work.load(); };
  KeepWithinCache(*stats);
  if (config.role == "frontend" && store->IsShared()) return;  // indexers look after the index
  retention.SealOverdue(absl::Now(), stopped);
  if (absl::Now() < next_retention || stopped()) return;
  retention.ApplyToAll(stopped);
  next_retention = absl::Now() + config.retain_every;
}

// The disk is a cache of the object store.
void Server::Parts::KeepWithinCache(const StoreStats& stats) {
  const uint64_t limit = config.object_store_cache_bytes;
  if (!store->IsShared() || limit == 0 || stats.bytes_on_disk <= limit) return;
  const absl::Status compacted = store->Compact();
  if (compacted.ok() || absl::IsCancelled(compacted)) return;
  log.Warning("the cache of the object store cannot be made smaller", {{"error", compacted}});
}

void Server::Parts::StopCare() {
  stop_work = true;
  if (!care.has_value()) return;
  {
    MutexLock lock(&mutex);
    stopping = true;
  }
  stop_care.notify_all();
  care->join();
  care.reset();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerConfig& config,
                                                      std::shared_ptr<SourceShelf> sources) {
  TS_RETURN_IF_ERROR(ValidateConfig(config));
  auto parts = std::make_unique<Parts>(config, std::move(sources));
  TS_RETURN_IF_ERROR(parts->Open());
  if (!config.listen.empty()) {
    parts->StartCare();
    parts->log.Info("serving", {{"version", kVersion},
                                {"grpc", parts->rpc->address()},
                                {"metrics", parts->metrics_address},
                                {"role", config.role},
                                {"repositories", uint64_t{config.repositories.size()}}});
  }
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() {
  parts_->StopCare();
  parts_->rpc.reset();
  parts_->metrics.SetStoreStats(nullptr);
  parts_->metrics.Stop();
}

const std::string& Server::grpc_address() const { return parts_->rpc->address(); }
const std::string& Server::metrics_address() const { return parts_->metrics_address; }
std::shared_ptr<grpc::Channel> Server::InProcessChannel() {
  return parts_->rpc->InProcessChannel();
}

bool Server::Stop() {
  parts_->log.Info("stopping", {{"grace_seconds", parts_->config.shutdown_grace}});
  parts_->StopCare();
  const absl::Time deadline = absl::Now() + parts_->config.shutdown_grace;
  bool idle = parts_->rpc->Stop(parts_->config.shutdown_grace);
  idle = parts_->decisions->WaitIdle(deadline) && idle;
  parts_->log.Info("stopped", {{"idle", idle}});
  return idle;
}

}  // namespace testselect
