// Asking for selections and explanations: deadline, retries, and the label list by its digest.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "client/requested_labels.h"
#include "client/selection_answer.h"
#include "testselect/v1/selection.pb.h"

namespace testselect::client {

// Sends `request` (its requested and list_form fields are set here) and decodes the answer.
//
// To a remote service, a list of more than kDigestThreshold labels goes by digest first and in full
// where the service does not know it. Without `requested`, all labels that the index knows are
// chosen from. Errors: the service's codes (selection.proto), kDeadlineExceeded at `deadline`,
// kDataLoss for an answer that contradicts itself.
inline constexpr size_t kDigestThreshold = 1000;
absl::StatusOr<SelectionAnswer> Select(const Connection& connection, v1::SelectTestsRequest request,
                                       const std::optional<RequestedLabels>& requested,
                                       absl::Time deadline);

// Why one label is selected, or is not. Errors: the service's codes, kDeadlineExceeded.
absl::StatusOr<v1::ExplainTestResponse> Explain(const Connection& connection,
                                                const v1::ExplainTestRequest& request,
                                                absl::Time deadline);

}  // namespace testselect::client
