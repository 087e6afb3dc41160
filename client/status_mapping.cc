#include "client/status_mapping.h"

#include "absl/strings/str_cat.h"
#include "client/handshake_log.h"

namespace testselect::client {

absl::Status FromGrpcStatus(absl::string_view doing, const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  // The numbers of the two enumerations are the same by contract.
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  const std::string message = code == absl::StatusCode::kUnavailable
                                  ? ExplainUnavailable(status.error_message(), HandshakeFailure())
                                  : status.error_message();
  return absl::Status(code, absl::StrCat(doing, ": ", message));
}

absl::Status WithContext(absl::string_view doing, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(doing, ": ", status.message()));
}

}  // namespace testselect::client
