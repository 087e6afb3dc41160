#include "server/rpc/unary_call.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace testselect {
namespace {

// Errors that say something of the server rather than of the request.
bool IsOurs(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss || code == absl::StatusCode::kUnavailable ||
         code == absl::StatusCode::kResourceExhausted;
}

}  // namespace

absl::Status Authorize(const grpc::CallbackServerContext& context, const TokenSet& tokens) {
  if (!tokens.required()) return absl::OkStatus();
  const auto& metadata = context.client_metadata();
  const auto range = metadata.equal_range("authorization");
  for (auto it = range.first; it != range.second; ++it) {
    const absl::string_view value(it->second.data(), it->second.size());
    if (!absl::StartsWithIgnoreCase(value, "bearer ")) continue;
    if (tokens.Allows(absl::StripAsciiWhitespace(value.substr(7)))) return absl::OkStatus();
    return absl::UnauthenticatedError("the token in the 'authorization' header is not known");
  }
  return absl::UnauthenticatedError(
      "this call needs the header 'authorization: Bearer TOKEN' with one of the server's tokens");
}

absl::Time DeadlineOf(const grpc::CallbackServerContext& context) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

CallRecord::CallRecord(const ServiceEnvironment& environment, absl::string_view method,
                       const RpcMethodMetrics* metrics)
    : environment_(&environment),
      method_(method),
      metrics_(metrics),
      start_(absl::Now()),
      entered_(environment.gate->Enter()) {
  metrics_->in_flight.Add(1);
}

absl::Status CallRecord::admitted() const {
  return entered_ ? absl::OkStatus()
                  : absl::UnavailableError("the server is stopping; retry elsewhere or later");
}

grpc::Status CallRecord::End(const absl::Status& status) const {
  const absl::Duration took = absl::Now() - start_;
  metrics_->in_flight.Add(-1);
  metrics_->seconds.Observe(took);
  const size_t code = static_cast<size_t>(status.code());
  metrics_->by_code[code < metrics_->by_code.size() ? code : 2].Add();  // 2: UNKNOWN
  if (!status.ok()) {
    environment_->log->Log(IsOurs(status.code()) ? LogLevel::kWarning : LogLevel::kInfo,
                           "call failed",
                           {{"method", method_}, {"error", status}, {"seconds", took}});
  }
  if (entered_) environment_->gate->Leave();
  return environment_->statuses->ToGrpc(status);
}

grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* context,
                                   const ServiceEnvironment& environment, const UnaryMethod& method,
                                   std::function<absl::Status()> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const CallRecord record(environment, method.name, method.metrics);
  absl::Status allowed = record.admitted();
  if (allowed.ok() && method.needs_token) allowed = Authorize(*context, *environment.tokens);
  if (!allowed.ok()) {
    reactor->Finish(record.End(allowed));
    return reactor;
  }
  // The context lives until the reactor is finished, which the work does last.
  const bool taken = method.pool->Submit([context, reactor, record, work = std::move(work)] {
    const absl::Status status =
        context->IsCancelled() ? absl::CancelledError("the client does not wait any more") : work();
    reactor->Finish(record.End(status));
  });
  if (!taken) {
    reactor->Finish(record.End(absl::ResourceExhaustedError(
        absl::StrCat(method.name, ": the server is at its load limit; retry later"))));
  }
  return reactor;
}

}  // namespace testselect
