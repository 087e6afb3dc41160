#include "server/rpc/rpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// How often a client may ask for a sign of life without being sent away.
constexpr int kMinPingIntervalMs = 5000;
// How long answers may take to leave when the server stops and no call is being served.
constexpr absl::Duration kFlushTime = absl::Seconds(1);

// `what`: "CERTIFICATE" or "PRIVATE KEY".
absl::StatusOr<std::string> ReadPem(absl::string_view field, const std::string& path,
                                    absl::string_view what) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    return absl::ErrnoToStatus(errno == 0 ? EIO : errno,
                               absl::StrCat(field, "='", path, "' cannot be read"));
  }
  if (!absl::StrContains(text.str(), absl::StrCat(what, "-----"))) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, "='", path, "' is no PEM file with a ", what));
  }
  return text.str();
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsFor(
    const ServerConfig& config) {
  if (config.tls_cert.empty()) return grpc::InsecureServerCredentials();
  TS_ASSIGN_OR_RETURN(std::string certificate, ReadPem("tls-cert", config.tls_cert, "CERTIFICATE"));
  TS_ASSIGN_OR_RETURN(std::string key, ReadPem("tls-key", config.tls_key, "PRIVATE KEY"));
  grpc::SslServerCredentialsOptions options;
  if (!config.tls_client_ca.empty()) {
    TS_ASSIGN_OR_RETURN(options.pem_root_certs,
                        ReadPem("tls-client-ca", config.tls_client_ca, "CERTIFICATE"));
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  options.pem_key_cert_pairs.push_back({std::move(key), std::move(certificate)});
  return grpc::SslServerCredentials(options);
}

void Configure(const ServerConfig& config, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(static_cast<int>(config.max_request_bytes));
  builder->SetMaxSendMessageSize(-1);
  // A few compressed kilobytes may unfold to gigabytes before gRPC looks at the limit.
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  // Two servers on one port would share its clients by chance.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kMinPingIntervalMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
}

}  // namespace

RpcServer::RpcServer(const ServiceEnvironment& environment, UploadSpool* spool)
    : environment_(environment),
      index_(environment),
      rules_(environment),
      structure_(environment),
      evaluation_(environment) {
  const std::string& role = environment.config->role;
  if (role != "indexer") selection_ = std::make_unique<SelectionService>(environment);
  if (role != "frontend") ingest_ = std::make_unique<IngestService>(environment, spool);
}

RpcServer::~RpcServer() {
  if (server_ != nullptr) Stop(absl::ZeroDuration());
}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const ServiceEnvironment& environment,
                                                            UploadSpool* spool) {
  std::unique_ptr<RpcServer> server(new RpcServer(environment, spool));
  TS_RETURN_IF_ERROR(server->Listen());
  return server;
}

absl::Status RpcServer::Listen() {
  const ServerConfig& config = *environment_.config;
  const bool network = !config.listen.empty();
  // Both are switches of the process and must be set before the builder is made.
  grpc::EnableDefaultHealthCheckService(network);
  if (network && config.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  Configure(config, &builder);
  int port = -1;
  if (network) {
    TS_ASSIGN_OR_RETURN(std::shared_ptr<grpc::ServerCredentials> credentials,
                        CredentialsFor(config));
    builder.AddListeningPort(config.listen, std::move(credentials), &port);
  }
  if (selection_ != nullptr) builder.RegisterService(selection_.get());
  if (ingest_ != nullptr) builder.RegisterService(ingest_.get());
  builder.RegisterService(&index_);
  builder.RegisterService(&rules_);
  builder.RegisterService(&structure_);
  builder.RegisterService(&evaluation_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || (network && port <= 0 && !absl::StartsWith(config.listen, "unix:"))) {
    return absl::UnavailableError(
        absl::StrCat("listen='", config.listen, "' cannot be bound: it is in use or not allowed",
                     config.tls_cert.empty() ? "" : ", or tls-key does not belong to tls-cert"));
  }
  if (absl::StartsWith(config.listen, "unix:")) {
    address_ = config.listen;
  } else if (network) {
    address_ = absl::StrCat(config.listen.substr(0, config.listen.rfind(':')), ":", port);
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> RpcServer::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  return server_->InProcessChannel(arguments);
}

void RpcServer::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  if (health == nullptr) return;
  health->SetServingStatus(serving);
  if (selection_ != nullptr) {
    health->SetServingStatus(v1::TestSelectionService::service_full_name(), serving);
  }
  if (ingest_ != nullptr) {
    health->SetServingStatus(v1::CoverageIngestService::service_full_name(), serving);
  }
  health->SetServingStatus(v1::IndexService::service_full_name(), serving);
  health->SetServingStatus(v1::RuleService::service_full_name(), serving);
  health->SetServingStatus(v1::StructureService::service_full_name(), serving);
  health->SetServingStatus(v1::EvaluationService::service_full_name(), serving);
}

bool RpcServer::Stop(absl::Duration grace) {
  SetServing(false);
  const absl::Time deadline = absl::Now() + grace;
  environment_.gate->Close();
  environment_.gate->WaitEmpty(deadline);
  // What is left are answers on their way, idle connections and health watches.
  const absl::Time flushed = std::min(deadline, absl::Now() + kFlushTime);
  server_->Shutdown(absl::ToChronoTime(flushed));
  // Calls are over; what cancelled ones began on workers may go on a little, as uploads that were
  // received are worth storing.
  const bool idle = (selection_ == nullptr || selection_->WaitIdle(deadline)) &&
                    (ingest_ == nullptr || ingest_->WaitIdle(deadline)) &&
                    index_.WaitIdle(deadline) && rules_.WaitIdle(deadline) &&
                    structure_.WaitIdle(deadline) && evaluation_.WaitIdle(deadline);
  server_.reset();
  return idle;
}

}  // namespace testselect
