// AgentHealth: whether the agent can work, for probes and for the log.
#pragma once

#include "absl/status/status.h"
#include "server/ops/http_pages.h"
#include "storage/model/mutex.h"

namespace testselect::client {

// Thread-safe.
class AgentHealth {
 public:
  // Each returns whether that is a change from ok to not, or back.
  bool SetSpool(const absl::Status& status) { return Set(status, &spool_); }
  bool SetServer(const absl::Status& status) { return Set(status, &server_); }
  // Whether the server lets this agent upload at all.
  bool SetPermission(const absl::Status& status) { return Set(status, &permission_); }

  HttpPage Alive() const;  // /healthz: the spool can be read
  HttpPage Ready() const;  // /readyz: and the server answers and lets us upload

 private:
  bool Set(const absl::Status& status, absl::Status* kept);

  mutable Mutex mutex_;
  absl::Status spool_ ABSL_GUARDED_BY(mutex_);
  absl::Status permission_ ABSL_GUARDED_BY(mutex_);
  absl::Status server_ ABSL_GUARDED_BY(mutex_) =
      absl::UnavailableError("the server was not asked yet");
};

}  // namespace testselect::client
