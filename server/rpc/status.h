// absl::Status -> grpc::Status. The only place that makes a grpc::Status from an error.
#pragma once

#include <grpcpp/support/status.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace testselect {

// kInvalidArgument that names the field, its value (shortened) and what is allowed, and carries the
// three for the error details.
absl::Status FieldError(absl::string_view field, absl::string_view value, absl::string_view limit);
// `status`, if it is an error, with the field and value it is about. The message must name them.
absl::Status WithField(absl::Status status, absl::string_view field, absl::string_view value = {});
// `status` with a reason for ErrorInfo other than the name of its code.
absl::Status WithReason(absl::Status status, absl::string_view reason);

// Immutable and thread-safe.
class StatusMapper {
 public:
  // Texts that must not leave the server (its folders, its URLs, which may hold passwords), and
  // what is said instead. Relative paths are not replaced: they could be part of anything.
  explicit StatusMapper(std::vector<std::pair<std::string, std::string>> private_texts = {});

  // Error codes and messages carry over, with google.rpc details. Of internal and unknown errors
  // only that there was one is told: the log has the rest.
  grpc::Status ToGrpc(const absl::Status& status) const;
  // A message as it may leave the server within an answer.
  std::string Public(absl::string_view message) const;

 private:
  std::vector<std::pair<std::string, std::string>> private_texts_;
};

}  // namespace testselect
