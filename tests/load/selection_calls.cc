#include "tests/load/selection_calls.h"

#include <grpcpp/grpcpp.h>

#include <bit>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/model/digest.h"

namespace testselect::load {
namespace {

v1::SelectTestsRequest Common(const SelectionCase& c, v1::ListForm form) {
  v1::SelectTestsRequest request;
  request.set_repository(c.repository);
  request.set_base(c.base);
  request.set_head(c.head);
  request.set_list_form(form);
  // Four bit sets over the labels, as the peers' measurements have it; the order to run in is four
  // bytes more for every selected label.
  request.set_omit_order(true);
  return request;
}

size_t CountBits(const v1::LabelSet& set) {
  size_t count = 0;
  for (const char byte : set.bits()) count += std::popcount(static_cast<unsigned char>(byte));
  return count;
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string FirstLines(const std::string& packed, size_t count) {
  size_t end = 0;
  while (count-- > 0 && end < packed.size()) end = packed.find('\n', end) + 1;
  return packed.substr(0, end);
}

std::unique_ptr<v1::TestSelectionService::Stub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return v1::TestSelectionService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

v1::SelectTestsRequest PackedRequest(const SelectionCase& c, v1::ListForm form) {
  v1::SelectTestsRequest request = Common(c, form);
  request.mutable_requested()->set_packed(c.packed_labels);
  return request;
}

v1::SelectTestsRequest DigestRequest(const SelectionCase& c, v1::ListForm form) {
  v1::SelectTestsRequest request = Common(c, form);
  request.mutable_requested()->set_digest(std::string(Digest::Of(c.packed_labels).bytes()));
  return request;
}

v1::SelectTestsRequest StringsRequest(const SelectionCase& c) {
  v1::SelectTestsRequest request = Common(c, v1::LIST_FORM_STRINGS);
  for (const absl::string_view label : absl::StrSplit(c.packed_labels, '\n', absl::SkipEmpty())) {
    request.mutable_requested()->add_labels(std::string(label));
  }
  return request;
}

absl::StatusOr<v1::SelectTestsResponse> Ask(v1::TestSelectionService::Stub* stub,
                                            const v1::SelectTestsRequest& request) {
  grpc::ClientContext context;
  v1::SelectTestsResponse response;
  const grpc::Status status = stub->SelectTests(&context, request, &response);
  if (!status.ok()) {
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                        absl::StrCat("SelectTests: ", status.error_message()));
  }
  return response;
}

absl::Status CheckIsRealSelection(const v1::SelectTestsResponse& answer, size_t labels) {
  if (answer.has_fallback()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the answer is a fallback: ", answer.fallback().message()));
  }
  const size_t known = CountBits(answer.present_report_labels());
  const size_t diff = CountBits(answer.present_diff_labels());
  const size_t wider = CountBits(answer.global_level_labels());
  if (known != labels || diff == 0 || diff == labels || wider == labels) {
    return absl::FailedPreconditionError(
        absl::StrCat("the answer is no ordinary selection: of ", labels, " labels ", known,
                     " are known, ", diff, " executed the change, ", wider, " for wider reasons"));
  }
  return absl::OkStatus();
}

}  // namespace testselect::load
