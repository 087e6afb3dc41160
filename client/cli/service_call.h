// One call of a service, with retries, for commands that ask one question.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/target.h"
#include "client/retry.h"
#include "client/status_mapping.h"
#include "storage/model/status_macros.h"

namespace testselect::client {

// Sets the request's repository and calls. `method` is a member of `Service`'s stub. Errors: the
// service's.
template <typename Service, typename Response, typename Request, typename Method>
absl::StatusOr<Response> CallService(const CommonOptions& common, Console& console,
                                     absl::string_view doing, Request request, Method method) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  const absl::Time deadline = DeadlineOf(common, absl::Minutes(2));
  TS_ASSIGN_OR_RETURN(const Target target, OpenTarget(common, deadline, console));
  request.set_repository(target.repository);
  const auto stub = Service::NewStub(target.connection->channel());
  Response response;
  TS_RETURN_IF_ERROR(CallWithRetry(target.connection->retry(), deadline, [&] {
    response.Clear();
    auto context = target.connection->NewContext(deadline);
    return FromGrpcStatus(doing, ((*stub).*method)(context.get(), request, &response));
  }));
  return response;
}

}  // namespace testselect::client
