// Connection: the way to the services, whether they run elsewhere or in this process.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/retry.h"

namespace testselect::client {

// The name under which the in-process service knows its only repository.
inline constexpr char kLocalRepository[] = "local";

struct RemoteOptions {
  std::string server;        // HOST:PORT, or unix:PATH
  bool tls = false;          // implied by the files below
  std::string tls_ca{};      // PEM file; empty: the system's
  std::string tls_cert{};    // PEM file, for servers that ask for a client certificate
  std::string tls_key{};     // PEM file
  std::string token_file{};  // file with a bearer token; empty: none
};

// Thread-safe once made. The channels connect on first use.
class Connection {
 public:
  virtual ~Connection() = default;

  // Where several machines stand behind the server's name, calls take turns among them, so that
  // what one turns away may be taken by the next.
  std::shared_ptr<grpc::Channel> channel() const { return channel_; }
  // For calls that rest on what an earlier one left on the machine: all go to the same one while it
  // lives.
  std::shared_ptr<grpc::Channel> one_machine() const { return one_machine_; }
  bool in_process() const { return in_process_; }
  const RetryPolicy& retry() const { return retry_; }
  // A context for one call, with credentials; `deadline` may be InfiniteFuture.
  std::unique_ptr<grpc::ClientContext> NewContext(absl::Time deadline) const;

 protected:
  // `one_machine` may be null: then `channel` leads to one machine.
  Connection(std::shared_ptr<grpc::Channel> channel, bool in_process, std::string token,
             std::shared_ptr<grpc::Channel> one_machine = nullptr);

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::shared_ptr<grpc::Channel> one_machine_;
  const bool in_process_;
  const std::string token_;
  const RetryPolicy retry_;
};

// Errors: kInvalidArgument (a malformed address; a token that would travel unprotected to another
// machine), kNotFound and kPermissionDenied for the files. Does not wait for the server.
absl::StatusOr<std::unique_ptr<Connection>> ConnectRemote(const RemoteOptions& options);

// Whether `server` names this machine: then plain text may carry a token.
bool IsLoopback(absl::string_view server);

}  // namespace testselect::client
