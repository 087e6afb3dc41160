// What the commands about a repository's own files (rules, suites) share: the commit they read, and
// the call.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "client/cli/service_call.h"
#include "testselect/v1/rules.grpc.pb.h"

namespace testselect::client {

// `head` checked; in process and without one, a commit of the files as they are. Errors:
// kInvalidArgument naming --head, and those of git.
absl::StatusOr<std::string> HeadToRead(const CommonOptions& common, const std::string& head);

// Sets the request's repository and calls. `method` is a member of the stub. Errors: the service's.
template <typename Response, typename Request, typename Method>
absl::StatusOr<Response> CallRules(const CommonOptions& common, Console& console,
                                   absl::string_view doing, Request request, Method method) {
  return CallService<v1::RuleService, Response>(common, console, doing, std::move(request), method);
}

}  // namespace testselect::client
