// What the commands about a repository's own files (rules, suites) share: the commit they read, and
// the call.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/target.h"
#include "client/retry.h"
#include "client/status_mapping.h"
#include "storage/model/status_macros.h"
#include "testselect/v1/rules.grpc.pb.h"

namespace testselect::client {

// `head` checked; in process and without one, a commit of the files as they are. Errors:
// kInvalidArgument naming --head, and those of git.
absl::StatusOr<std::string> HeadToRead(const CommonOptions& common, const std::string& head);

// Sets the request's repository and calls. `method` is a member of the stub. Errors: the service's.
template <typename Response, typename Request, typename Method>
absl::StatusOr<Response> CallRules(const CommonOptions& common, Console& console,
                                   absl::string_view doing, Request request, Method method) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  const absl::Time deadline = DeadlineOf(common, absl::Minutes(2));
  TS_ASSIGN_OR_RETURN(const Target target, OpenTarget(common, deadline, console));
  request.set_repository(target.repository);
  const auto stub = v1::RuleService::NewStub(target.connection->channel());
  Response response;
  TS_RETURN_IF_ERROR(CallWithRetry(target.connection->retry(), deadline, [&] {
    response.Clear();
    auto context = target.connection->NewContext(deadline);
    return FromGrpcStatus(doing, ((*stub).*method)(context.get(), request, &response));
  }));
  return response;
}

}  // namespace testselect::client
