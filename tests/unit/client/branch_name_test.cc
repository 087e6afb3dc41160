#include "client/cli/branch_name.h"

#include <map>
#include <string>

#include "gtest/gtest.h"

namespace testselect::client {
namespace {

std::string BranchIn(const std::map<std::string, std::string>& variables) {
  return BranchOfEnvironment([&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(BranchNameTest, WhatCiSystemsSay) {
  EXPECT_EQ(BranchIn({}), "");
  EXPECT_EQ(BranchIn({{"CI_COMMIT_BRANCH", "topic/x"}}), "topic/x");
  EXPECT_EQ(BranchIn({{"BUILD_SOURCEBRANCH", "refs/heads/topic/x"}}), "topic/x");
  EXPECT_EQ(BranchIn({{"CIRCLE_BRANCH", ""}, {"BUILDKITE_BRANCH", "b"}}), "b");
  EXPECT_EQ(BranchIn({{"GITHUB_REF_NAME", "main"}, {"GITHUB_REF_TYPE", "branch"}}), "main");
}

TEST(BranchNameTest, OfAPullRequestItsSourceBranch) {
  EXPECT_EQ(BranchIn({{"GITHUB_HEAD_REF", "topic"},
                      {"GITHUB_REF_NAME", "7/merge"},
                      {"GITHUB_REF_TYPE", "branch"}}),
            "topic");
  EXPECT_EQ(BranchIn({{"TRAVIS_BRANCH", "main"}, {"TRAVIS_PULL_REQUEST_BRANCH", "topic"}}),
            "topic");
}

TEST(BranchNameTest, ATagIsNoBranch) {
  EXPECT_EQ(BranchIn({{"GITHUB_REF_NAME", "v1"}, {"GITHUB_REF_TYPE", "tag"}}), "");
  EXPECT_EQ(BranchIn({{"BUILD_SOURCEBRANCH", "refs/tags/v1"}}), "");
  EXPECT_EQ(BranchIn({{"BUILD_SOURCEBRANCH", "refs/pull/7/merge"}}), "");
}

}  // namespace
}  // namespace testselect::client
