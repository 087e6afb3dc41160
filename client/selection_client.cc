#include "client/selection_client.h"

#include <memory>
#include <utility>

#include "client/retry.h"
#include "client/status_mapping.h"
#include "storage/model/digest.h"
#include "storage/model/status_macros.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect::client {
namespace {

class SelectCall {
 public:
  SelectCall(const Connection& connection, v1::SelectTestsRequest request, absl::Time deadline)
      : connection_(connection),
        deadline_(deadline),
        stub_(v1::TestSelectionService::NewStub(connection.channel())),
        request_(std::move(request)) {}

  absl::Status Run(const std::optional<RequestedLabels>& requested) {
    if (!requested.has_value()) {
      request_.clear_requested();
      return Retry();
    }
    // In process nothing is saved by a digest, and small lists are cheaper to send than to ask for
    // twice.
    if (!connection_.in_process() && requested->size() > kDigestThreshold) {
      const Digest digest = Digest::Of(requested->packed());
      request_.mutable_requested()->set_digest(digest.bytes().data(), digest.bytes().size());
      const absl::Status known = Retry();
      if (known.code() != absl::StatusCode::kFailedPrecondition) return known;
    }
    request_.mutable_requested()->Clear();
    request_.mutable_requested()->set_packed(requested->packed());
    return Retry();
  }

  const v1::SelectTestsResponse& response() const { return response_; }

 private:
  absl::Status Retry() {
    return CallWithRetry(connection_.retry(), deadline_, [this] {
      response_.Clear();
      auto context = connection_.NewContext(deadline_);
      return FromGrpcStatus("selecting", stub_->SelectTests(context.get(), request_, &response_));
    });
  }

  const Connection& connection_;
  const absl::Time deadline_;
  const std::unique_ptr<v1::TestSelectionService::Stub> stub_;
  v1::SelectTestsRequest request_;
  v1::SelectTestsResponse response_;
};

// What is left of an answer about all labels for a caller who has none: on the wire an empty list
// and no list are the same.
v1::SelectTestsResponse WithoutLabels(const v1::SelectTestsResponse& all) {
  v1::SelectTestsResponse none;
  none.set_selection_id(all.selection_id());
  *none.mutable_index() = all.index();
  if (all.has_fallback()) *none.mutable_fallback() = all.fallback();
  return none;
}

}  // namespace

absl::StatusOr<SelectionAnswer> Select(const Connection& connection, v1::SelectTestsRequest request,
                                       const std::optional<RequestedLabels>& requested,
                                       absl::Time deadline) {
  request.set_list_form(v1::LIST_FORM_BITS);
  SelectCall call(connection, request, deadline);
  TS_RETURN_IF_ERROR(call.Run(requested));
  const bool nothing_asked = requested.has_value() && requested->size() == 0;
  std::optional<RequestedLabels> labels;
  if (requested.has_value()) labels = RequestedLabels::FromPacked(requested->packed());
  TS_ASSIGN_OR_RETURN(SelectionAnswer answer,
                      DecodeAnswer(nothing_asked ? WithoutLabels(call.response()) : call.response(),
                                   std::move(labels)));
  answer.base = request.base();
  answer.head = request.head();
  return answer;
}

absl::StatusOr<v1::ExplainTestResponse> Explain(const Connection& connection,
                                                const v1::ExplainTestRequest& request,
                                                absl::Time deadline) {
  auto stub = v1::TestSelectionService::NewStub(connection.channel());
  v1::ExplainTestResponse response;
  TS_RETURN_IF_ERROR(CallWithRetry(connection.retry(), deadline, [&] {
    response.Clear();
    auto context = connection.NewContext(deadline);
    return FromGrpcStatus("explaining", stub->ExplainTest(context.get(), request, &response));
  }));
  return response;
}

}  // namespace testselect::client
