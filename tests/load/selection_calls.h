// Requests that the RPC benchmarks send, and checks that their answers are worth measuring.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect::load {

// What is asked.
struct SelectionCase {
  std::string repository, base, head;
  std::string packed_labels;  // each ended by a line feed
};

// The content of `path`. kNotFound if it cannot be read.
absl::StatusOr<std::string> ReadFile(const std::string& path);
// The first `count` lines of `packed`.
std::string FirstLines(const std::string& packed, size_t count);

// A stub without limits on message sizes. Its channel connects when first used.
std::unique_ptr<v1::TestSelectionService::Stub> Connect(const std::string& address);

v1::SelectTestsRequest PackedRequest(const SelectionCase& c, v1::ListForm form);
v1::SelectTestsRequest DigestRequest(const SelectionCase& c, v1::ListForm form);
v1::SelectTestsRequest StringsRequest(const SelectionCase& c);

// Calls once. The status of the call, with the server's message.
absl::StatusOr<v1::SelectTestsResponse> Ask(v1::TestSelectionService::Stub* stub,
                                            const v1::SelectTestsRequest& request);
// A fallback, or a change that selects nothing or everything, would make a benchmark measure a
// shortcut: kFailedPrecondition saying which. `labels` were asked about.
absl::Status CheckIsRealSelection(const v1::SelectTestsResponse& bits_answer, size_t labels);

}  // namespace testselect::load
