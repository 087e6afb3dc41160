#include "client/cli/head_commit.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "client/cli/target.h"
#include "server/git/open_repository.h"
#include "storage/model/object_id.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// In Codecov's order of systems: CircleCI, GitHub, GitLab, Bitbucket, Bitrise, AppVeyor,
// Woodpecker, Harness and Drone, Heroku, Buildkite, Azure, Cirrus, TeamCity, Travis, CodeBuild,
// Cloud Build. A source commit stands before a merge that was made for the pipeline only where the
// pipeline checks it out.
constexpr const char* kVariables[] = {
    "CIRCLE_SHA1",          "GITHUB_SHA",          "CI_COMMIT_SHA",
    "CI_BUILD_REF",         "BITBUCKET_COMMIT",    "GIT_CLONE_COMMIT_HASH",
    "APPVEYOR_REPO_COMMIT", "DRONE_COMMIT_SHA",    "HEROKU_TEST_RUN_COMMIT_VERSION",
    "BUILDKITE_COMMIT",     "BUILD_SOURCEVERSION", "CIRRUS_CHANGE_IN_REPO",
    "BUILD_VCS_NUMBER",     "TRAVIS_COMMIT",       "CODEBUILD_RESOLVED_SOURCE_VERSION",
    "COMMIT_SHA",           "GIT_COMMIT",
};

// Some variables may hold a branch or a short id ("HEAD" of Buildkite).
bool IsFullId(absl::string_view text) { return ObjectId::FromHex("the commit", text).ok(); }

}  // namespace

std::string CommitOfEnvironment(const std::function<const char*(const char*)>& variable) {
  for (const char* name : kVariables) {
    const char* value = variable(name);
    if (value != nullptr && IsFullId(value)) return value;
  }
  return "";
}

absl::StatusOr<std::string> HeadCommit(const CommonOptions& common, const std::string& given) {
  if (!given.empty()) return given;
  const std::string found =
      CommitOfEnvironment([](const char* name) -> const char* { return std::getenv(name); });
  if (!found.empty()) return found;
  const std::string folder =
      common.remote.server.empty() && !common.repo.empty() ? common.repo : ".";
  const absl::StatusOr<ObjectId> head = ResolveRevision(folder, "HEAD");
  if (head.ok()) return head->ToHex();
  return absl::InvalidArgumentError(
      absl::StrCat("--head-sha is missing, and HEAD is not known: ", head.status().message()));
}

}  // namespace testselect::client
