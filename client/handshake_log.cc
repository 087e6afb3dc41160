#include "client/handshake_log.h"

#include <grpc/support/log.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

std::mutex last_mutex;
std::string* last_failure = nullptr;  // guarded by last_mutex; outlives gRPC's threads

void Print(const gpr_log_func_args* line) {
  std::fprintf(stderr, "testselect: gRPC: %s\n", line->message);
}

void TakeLog(gpr_log_func_args* line) {
  std::string failure = ExplainHandshakeLog(line->message);
  // What follows from a failure that is explained is no news.
  const bool of_tls = !failure.empty() || absl::StrContains(line->file, "/security/") ||
                      absl::StrContains(line->file, "/tsi/") ||
                      absl::StrContains(line->message, "secure subchannel");
  if (!of_tls || std::getenv("GRPC_VERBOSITY") != nullptr) Print(line);
  if (failure.empty()) return;
  const std::lock_guard<std::mutex> lock(last_mutex);
  *last_failure = std::move(failure);
}

}  // namespace

void WatchHandshakes() {
  static const bool watching = [] {
    last_failure = new std::string;
    gpr_set_log_function(TakeLog);
    return true;
  }();
  (void)watching;
}

std::string HandshakeFailure() {
  const std::lock_guard<std::mutex> lock(last_mutex);
  return last_failure == nullptr ? "" : *last_failure;
}

std::string ExplainHandshakeLog(absl::string_view message) {
  if (absl::StrContains(message, "Invalid private key")) {
    return "the key of --tls-key does not belong to the certificate of --tls-cert";
  }
  if (absl::StrContains(message, "Invalid cert chain")) {
    return "--tls-cert holds no usable certificate";
  }
  if (absl::StrContains(message, "Could not load any root certificate")) {
    return "--tls-ca holds no usable certificate";
  }
  if (!absl::StrContains(message, "andshake failed")) return "";
  if (absl::StrContains(message, "certificate verify failed")) {
    return "the server's certificate is not accepted: it has expired, or --tls-ca (without it, the "
           "system) does not trust who signed it";
  }
  if (absl::StrContains(message, "wrong version number")) {
    return "the server does not speak TLS: leave --tls and its like out, or ask another port";
  }
  const size_t reason = message.find("error:");
  return absl::StrCat(
      "the TLS handshake failed: ",
      Shorten(reason == absl::string_view::npos ? message : message.substr(reason)));
}

std::string ExplainUnavailable(absl::string_view message, absl::string_view handshake_failure) {
  const bool given_up = absl::StrContains(message, "handshaker shutdown");
  std::string reason = ExplainHandshakeLog(message);
  // A channel whose credentials are useless has no address that it could try.
  if (reason.empty() && (given_up || absl::StrContains(message, "empty address list"))) {
    reason = std::string(handshake_failure);
  }
  // The words of gRPC's two ways to choose among addresses (connection.h).
  const bool not_connected = absl::StrContains(message, "failed to connect") ||
                             absl::StrContains(message, "all backends failing");
  const bool hung_up = not_connected && absl::StrContains(message, "Socket closed");
  if (reason.empty() && (given_up || hung_up)) {
    reason =
        "the server hung up before anything was said, as one does that wants TLS (--tls, or "
        "--tls-ca FILE) or a client certificate that it trusts (--tls-cert, --tls-key)";
  }
  return reason.empty() ? std::string(message) : absl::StrCat(reason, " (", message, ")");
}

}  // namespace testselect::client
