// Server: the whole service, wired. Used by testselectd and, in process, by the client.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/ops/config.h"
#include "server/selection/source_shelf.h"

namespace testselect {

// Opens the store, the repositories and the spool of a configuration and serves them. The only
// place that names concrete engines. Thread-safe but for Stop.
class Server {
 public:
  // Returns when the server answers. Without `config.listen` nothing but InProcessChannel leads to
  // it, and no thread runs while no call does. Errors: those of the store (kUnavailable: another
  // process has data-dir open for longer than store-lock-wait), of the configuration
  // (kInvalidArgument), of the listeners (kUnavailable); each names the setting.
  //
  // `sources`: where cut sources are had that the index lacks; may be null.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerConfig& config, std::shared_ptr<SourceShelf> sources = nullptr);
  ~Server();  // as Stop without grace
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, HOST:PORT with the port that was bound; empty: nowhere.
  const std::string& grpc_address() const;
  const std::string& metrics_address() const;

  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Health NOT_SERVING, no new calls; those it has may finish for the configured grace. False if
  // work was left after that: then the process should end without destroying this, which would wait
  // for it. What was acknowledged is durable either way.
  bool Stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace testselect
