#include "client/local_service.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/files.h"
#include "client/retry.h"
#include "server/wiring.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

class LocalConnection final : public Connection {
 public:
  explicit LocalConnection(std::unique_ptr<Server> server)
      : Connection(server->InProcessChannel(), /*in_process=*/true, /*token=*/""),
        server_(std::move(server)) {}

 private:
  const std::unique_ptr<Server> server_;
};

ServerConfig LocalConfig(const LocalOptions& options, const std::string& folder) {
  ServerConfig config;
  config.listen = "";
  config.metrics_listen = "";
  config.reflection = false;
  config.prepare_sources = false;  // the command would wait for it
  config.data_dir = folder;
  config.repositories = {{kLocalRepository, options.top}};
  config.log_level = options.verbose ? "debug" : "warning";
  return config;
}

// Starts the service once the index is free. The lock is another process's: the only way to learn
// that it is gone is to try again.
absl::StatusOr<std::unique_ptr<Server>> StartWhenFree(const LocalOptions& options,
                                                      const ServerConfig& config) {
  const absl::Time began = absl::Now();
  const absl::Time give_up = std::min(began + options.lock_wait, options.deadline);
  Backoff backoff({.initial = absl::Milliseconds(5), .longest = absl::Milliseconds(200)});
  bool told = false;
  while (true) {
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(config, options.sources);
    if (server.ok() || server.status().code() != absl::StatusCode::kUnavailable) return server;
    if (absl::Now() >= give_up) {
      return absl::UnavailableError(absl::StrCat(
          config.data_dir, " is in use by another command, or by testselectd, for longer than ",
          absl::FormatDuration(give_up - began), " (--lock-wait): ", server.status().message()));
    }
    if (!told && options.notice && absl::Now() - began >= absl::Seconds(1)) {
      options.notice(absl::StrCat("waiting for another command that uses ", config.data_dir,
                                  " (up to ", absl::FormatDuration(give_up - began), ")"));
      told = true;
    }
    absl::SleepFor(std::min(backoff.Next(), give_up - absl::Now()));
  }
}

}  // namespace

absl::StatusOr<std::string> PrepareLocalFolder(const std::string& top) {
  const std::string folder = absl::StrCat(top, "/", kLocalFolder);
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return ErrnoStatus(absl::StrCat("cannot create ", folder), errno);
  }
  const std::string ignore = absl::StrCat(folder, "/.gitignore");
  struct stat info = {};
  if (stat(ignore.c_str(), &info) != 0) TS_RETURN_IF_ERROR(WriteFileAtomically(ignore, "*\n"));
  return folder;
}

absl::StatusOr<std::unique_ptr<Connection>> ConnectLocal(const LocalOptions& options) {
  TS_ASSIGN_OR_RETURN(const std::string folder, PrepareLocalFolder(options.top));
  TS_ASSIGN_OR_RETURN(std::unique_ptr<Server> server,
                      StartWhenFree(options, LocalConfig(options, folder)));
  return std::make_unique<LocalConnection>(std::move(server));
}

}  // namespace testselect::client
