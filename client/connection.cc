#include "client/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "client/handshake_log.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

class RemoteConnection final : public Connection {
 public:
  RemoteConnection(std::shared_ptr<grpc::Channel> channel, std::shared_ptr<grpc::Channel> one,
                   std::string token)
      : Connection(std::move(channel), /*in_process=*/false, std::move(token), std::move(one)) {}
};

absl::Status CheckAddress(const std::string& server) {
  if (absl::StartsWith(server, "unix:") && server.size() > 5) return absl::OkStatus();
  const size_t colon = server.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(server.substr(colon + 1), &port) || port < 1 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--server: '", Shorten(server), "' is not HOST:PORT (port 1 to 65535) or unix:PATH"));
  }
  return absl::OkStatus();
}

// The file's content, or "" where no file is named.
absl::StatusOr<std::string> OptionalFile(absl::string_view flag, const std::string& file) {
  if (file.empty()) return std::string();
  auto content = ReadFile(file);
  if (content.ok()) return content;
  return absl::Status(content.status().code(),
                      absl::StrCat(flag, ": ", content.status().message()));
}

// The same for a PEM file that must hold a `what`, "CERTIFICATE" or "PRIVATE KEY".
absl::StatusOr<std::string> OptionalPem(absl::string_view flag, const std::string& file,
                                        absl::string_view what) {
  TS_ASSIGN_OR_RETURN(std::string content, OptionalFile(flag, file));
  if (!file.empty() && !absl::StrContains(content, absl::StrCat(what, "-----"))) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": ", file, " is no PEM file with a ", what));
  }
  return content;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const RemoteOptions& options, bool tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  WatchHandshakes();
  grpc::SslCredentialsOptions ssl;
  TS_ASSIGN_OR_RETURN(ssl.pem_root_certs, OptionalPem("--tls-ca", options.tls_ca, "CERTIFICATE"));
  TS_ASSIGN_OR_RETURN(ssl.pem_cert_chain,
                      OptionalPem("--tls-cert", options.tls_cert, "CERTIFICATE"));
  TS_ASSIGN_OR_RETURN(ssl.pem_private_key,
                      OptionalPem("--tls-key", options.tls_key, "PRIVATE KEY"));
  if (ssl.pem_cert_chain.empty() != ssl.pem_private_key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key go together: one is missing");
  }
  return grpc::SslCredentials(ssl);
}

// `policy`: gRPC's name of a way to choose among the addresses of `server`.
grpc::ChannelArguments MakeArguments(const std::string& server, const std::string& policy) {
  grpc::ChannelArguments arguments;
  arguments.SetLoadBalancingPolicyName(policy);
  // Answers carry label lists; the server has its own limit on requests.
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // CallWithRetry decides when to try again: the channel must not hold back for longer.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // In truth how long an attempt to connect may take, TLS included.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10'000);
  if (IsLoopback(server)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

}  // namespace

bool IsLoopback(absl::string_view server) {
  if (absl::StartsWith(server, "unix:")) return true;
  const absl::string_view host = server.substr(0, server.rfind(':'));
  if (host == "localhost" || host == "[::1]") return true;
  // A name such as 127.evil.example is no address.
  return absl::StartsWith(host, "127.") &&
         host.find_first_not_of("0123456789.") == absl::string_view::npos;
}

Connection::Connection(std::shared_ptr<grpc::Channel> channel, bool in_process, std::string token,
                       std::shared_ptr<grpc::Channel> one_machine)
    : channel_(std::move(channel)),
      one_machine_(one_machine == nullptr ? channel_ : std::move(one_machine)),
      in_process_(in_process),
      token_(std::move(token)),
      retry_(in_process ? RetryPolicy{.max_attempts = 1} : RetryPolicy{}) {}

std::unique_ptr<grpc::ClientContext> Connection::NewContext(absl::Time deadline) const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (deadline != absl::InfiniteFuture()) context->set_deadline(absl::ToChronoTime(deadline));
  // As metadata: call credentials are refused on channels without TLS, loopback included.
  if (!token_.empty()) context->AddMetadata("authorization", absl::StrCat("Bearer ", token_));
  return context;
}

absl::StatusOr<std::unique_ptr<Connection>> ConnectRemote(const RemoteOptions& options) {
  TS_RETURN_IF_ERROR(CheckAddress(options.server));
  const bool tls = options.tls || !options.tls_ca.empty() || !options.tls_cert.empty() ||
                   !options.tls_key.empty();
  TS_ASSIGN_OR_RETURN(std::string token, OptionalFile("--token-file", options.token_file));
  token = std::string(absl::StripAsciiWhitespace(token));
  if (!options.token_file.empty() && token.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--token-file: ", options.token_file, " is empty"));
  }
  if (!token.empty() && !tls && !IsLoopback(options.server)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--token-file: the token would travel unprotected to ", options.server,
                     "; add --tls or --tls-ca FILE"));
  }
  TS_ASSIGN_OR_RETURN(auto credentials, MakeCredentials(options, tls));
  const auto channel = [&](const char* policy) {
    return grpc::CreateCustomChannel(options.server, credentials,
                                     MakeArguments(options.server, policy));
  };
  return std::make_unique<RemoteConnection>(channel("round_robin"), channel("pick_first"),
                                            std::move(token));
}

}  // namespace testselect::client
