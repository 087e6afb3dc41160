// What all calls have in common: admission, tokens, deadlines, metrics, logs, and their end.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/rpc/service_environment.h"
#include "server/rpc/worker_pool.h"

namespace testselect {

// Ok if no tokens are configured or the call's 'authorization: Bearer TOKEN' is one of them;
// kUnauthenticated otherwise. Handlers call it themselves: interceptors cannot stop a handler.
absl::Status Authorize(const grpc::CallbackServerContext& context, const TokenSet& tokens);

// The call's deadline; InfiniteFuture where it has none.
absl::Time DeadlineOf(const grpc::CallbackServerContext& context);

// One call from its admission to its end: the gate, metrics and the log. End is called once.
class CallRecord {
 public:
  // `method` is a constant. Both `metrics` and `environment` outlive the call.
  CallRecord(const ServiceEnvironment& environment, absl::string_view method,
             const RpcMethodMetrics* metrics);

  // kUnavailable if the server is stopping and takes no new calls.
  absl::Status admitted() const;
  // Records the end, and logs errors. Returns what the client gets.
  grpc::Status End(const absl::Status& status) const;

 private:
  const ServiceEnvironment* environment_;
  absl::string_view method_;
  const RpcMethodMetrics* metrics_;
  absl::Time start_;
  bool entered_;
};

// One unary method, as its service declares it.
struct UnaryMethod {
  absl::string_view name;
  const RpcMethodMetrics* metrics;
  WorkerPool* pool;
  bool needs_token = false;
};

// Runs `work` on the method's pool and ends the call with what it returns; kResourceExhausted if
// the pool is full. `work` may use the call's request and response until it returns.
grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* context,
                                   const ServiceEnvironment& environment, const UnaryMethod& method,
                                   std::function<absl::Status()> work);

}  // namespace testselect
