// Asks a server that runs elsewhere, with the same configuration, whether it serves.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/ops/config.h"

namespace testselect {

// OK if the server on `config.listen` answers SERVING to grpc.health.v1 within `timeout`; connects
// as the configuration says (TLS with its own certificate, whose names are not checked: it asks
// this machine). Blocks. kInvalidArgument: listen is empty or has port 0, so nobody can know where
// to ask; kUnavailable: no answer, or another one, which the message names.
absl::Status ProbeHealth(const ServerConfig& config, absl::Duration timeout);

// The same for a channel that leads to `address`; kUnavailable too if there is no answer until
// `deadline`. No token is shown: health is everybody's to know.
absl::Status ProbeChannel(const std::shared_ptr<grpc::Channel>& channel, absl::string_view address,
                          absl::Time deadline);

// Where to reach, on this machine, a server that listens on `listen` (HOST:PORT or unix:PATH):
// "every address" becomes loopback. kInvalidArgument as above.
absl::StatusOr<std::string> ProbeAddress(absl::string_view listen);

}  // namespace testselect
