// Agent: sends what is put into a spool, beside the CI workers that put it there.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/agent/spool.h"
#include "client/connection.h"
#include "client/retry.h"
#include "server/ops/logging.h"

namespace testselect::client {

struct AgentOptions {
  RemoteOptions remote;
  std::string spool;        // a folder; made if missing
  std::string http_listen;  // HOST:PORT for /metrics, /healthz, /readyz; empty: nowhere
  int parallel = 2;         // uploads at once
  RetryPolicy retry = {.initial = absl::Seconds(1), .longest = absl::Seconds(60)};
  DoneLimits done;
  absl::Duration upload_timeout = absl::Hours(1);
};

// Uploads entries as they are finished, oldest first, until Stop. An entry leaves incoming/ only
// when the server has acknowledged or refused it, so the end of either side, at any time, loses
// and doubles nothing. Thread-safe but for Stop.
class Agent {
 public:
  // `log` must outlive this. Errors: those of ConnectRemote, of the spool, kUnavailable (another
  // agent has the spool; the address cannot be bound). Does not wait for the server.
  static absl::StatusOr<std::unique_ptr<Agent>> Start(const AgentOptions& options, Logger* log);
  ~Agent();  // Stop without grace; waits for uploads under way
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // HOST:PORT with the port that was bound; empty: nowhere.
  const std::string& http_address() const;

  // No new uploads; those under way may finish for `grace`. False if some were left: then the
  // process should end without destroying this, and they go on where they are at the next start.
  bool Stop(absl::Duration grace);

 private:
  struct Parts;
  explicit Agent(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace testselect::client
