// grpc::Status -> absl::Status, for everything above the channel.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

// The same code and message, with `doing` (what the client was about to do) in front; where TLS
// kept the server from being reached, the message says what of it.
absl::Status FromGrpcStatus(absl::string_view doing, const grpc::Status& status);

// Puts `doing` in front of a status that is not ok; its code stays.
absl::Status WithContext(absl::string_view doing, const absl::Status& status);

}  // namespace testselect::client
