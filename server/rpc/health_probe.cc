#include "server/rpc/health_probe.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/byte_buffer.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr char kMethod[] = "/grpc.health.v1.Health/Check";
// HealthCheckResponse{status: SERVING}; the request, {service: ""}, is empty. Two bytes do not
// deserve a generated message.
constexpr absl::string_view kServing = "\x08\x01";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(const ServerConfig& config) {
  if (config.tls_cert.empty()) return grpc::InsecureChannelCredentials();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
  if (!config.tls_client_ca.empty()) {
    const std::vector<grpc::experimental::IdentityKeyCertPair> identity = {
        {ReadFile(config.tls_key), ReadFile(config.tls_cert)}};
    options.set_certificate_provider(
        std::make_shared<grpc::experimental::StaticDataCertificateProvider>(identity));
    options.watch_identity_key_cert_pairs();
  }
  return grpc::experimental::TlsCredentials(options);
}

absl::StatusOr<std::string> Call(const std::shared_ptr<grpc::Channel>& channel,
                                 absl::Time deadline) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const grpc::Slice nothing;
  const auto call = stub.PrepareUnaryCall(&context, kMethod, grpc::ByteBuffer(&nothing, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, &queue);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return absl::UnavailableError(status.error_message());
  grpc::Slice bytes;
  if (!answer.DumpToSingleSlice(&bytes).ok()) return absl::UnavailableError("an empty answer");
  return std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
}

}  // namespace

absl::StatusOr<std::string> ProbeAddress(absl::string_view listen) {
  if (absl::StartsWith(listen, "unix:")) return std::string(listen);
  const size_t colon = listen.rfind(':');
  if (colon == absl::string_view::npos || listen.substr(colon) == ":0") {
    return absl::InvalidArgumentError(
        absl::StrCat("listen='", listen, "': a health check needs HOST:PORT with a fixed port"));
  }
  const absl::string_view host = listen.substr(0, colon);
  if (host == "0.0.0.0") return absl::StrCat("127.0.0.1", listen.substr(colon));
  if (host == "[::]") return absl::StrCat("[::1]", listen.substr(colon));
  return std::string(listen);
}

absl::Status ProbeHealth(const ServerConfig& config, absl::Duration timeout) {
  TS_ASSIGN_OR_RETURN(const std::string address, ProbeAddress(config.listen));
  return ProbeChannel(grpc::CreateChannel(address, CredentialsFor(config)), address,
                      absl::Now() + timeout);
}

absl::Status ProbeChannel(const std::shared_ptr<grpc::Channel>& channel, absl::string_view address,
                          absl::Time deadline) {
  const absl::StatusOr<std::string> answer = Call(channel, deadline);
  if (!answer.ok()) {
    return absl::UnavailableError(
        absl::StrCat("no server answers on ", address, ": ", answer.status().message()));
  }
  if (*answer != kServing) {
    return absl::UnavailableError(absl::StrCat("the server on ", address, " is not serving"));
  }
  return absl::OkStatus();
}

}  // namespace testselect
