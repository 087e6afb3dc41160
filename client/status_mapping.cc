#include "client/status_mapping.h"

#include "absl/strings/str_cat.h"

namespace testselect::client {

absl::Status FromGrpcStatus(absl::string_view doing, const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  // The numbers of the two enumerations are the same by contract.
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  return absl::Status(code, absl::StrCat(doing, ": ", status.error_message()));
}

absl::Status WithContext(absl::string_view doing, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(doing, ": ", status.message()));
}

}  // namespace testselect::client
