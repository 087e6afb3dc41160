#include "client/cli/branch_name.h"

#include <cstdlib>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/cli/target.h"
#include "server/git/open_repository.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// Source branches of pull requests first: where both are set, the other is the target or a name
// made up for the request. In the order: GitHub, GitLab, Azure, Bitbucket, Buildkite, CircleCI,
// Travis, Drone, Semaphore, Jenkins.
constexpr const char* kVariables[] = {
    "GITHUB_HEAD_REF",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH",
    "TRAVIS_PULL_REQUEST_BRANCH",
    "DRONE_SOURCE_BRANCH",
    "SEMAPHORE_GIT_PR_BRANCH",
    "CHANGE_BRANCH",
    "CI_COMMIT_BRANCH",
    "BITBUCKET_BRANCH",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "TRAVIS_BRANCH",
    "DRONE_BRANCH",
    "SEMAPHORE_GIT_BRANCH",
    "BRANCH_NAME",
};

std::string WithoutPrefix(const char* ref) {
  absl::string_view name = ref;
  absl::ConsumePrefix(&name, "refs/heads/");
  return std::string(name);
}

}  // namespace

std::string BranchOfEnvironment(const std::function<const char*(const char*)>& variable) {
  for (const char* name : kVariables) {
    const char* value = variable(name);
    if (value != nullptr && *value != '\0') return WithoutPrefix(value);
  }
  // These may name a tag, and say so.
  for (const auto& [name, kind, branch] :
       {std::tuple("GITHUB_REF_NAME", "GITHUB_REF_TYPE", "branch"),
        std::tuple("BUILD_SOURCEBRANCH", "", "")}) {
    const char* value = variable(name);
    if (value == nullptr || *value == '\0') continue;
    const char* type = *kind == '\0' ? "" : variable(kind);
    if (type != nullptr && absl::string_view(type) == branch &&
        !absl::StartsWith(value, "refs/tags/") && !absl::StartsWith(value, "refs/pull/")) {
      return WithoutPrefix(value);
    }
  }
  return "";
}

absl::StatusOr<std::string> BranchOf(const CommonOptions& common, const std::string& given) {
  if (!given.empty()) return given;
  const std::string found =
      BranchOfEnvironment([](const char* name) -> const char* { return std::getenv(name); });
  if (!found.empty() || !common.remote.server.empty()) return found;
  TS_ASSIGN_OR_RETURN(const std::string top, LocalTop(common));
  return HeadBranch(top);
}

}  // namespace testselect::client
