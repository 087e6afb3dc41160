// Errors, fallbacks and the cache.
#include "server/selection/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/status_matchers.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SelectorTest : public SelectionTest {
 protected:
  SelectorTest() {
    git_.Write("lib.f90", "1\n2\n");
    base_ = git_.Commit("base");
    git_.Write("lib.f90", "1\nx\n");
    head_ = git_.Commit("head");
    spec_.commit = base_;
    spec_.executed = {{"one", "lib.f90", {1}}, {"two", "lib.f90", {2}}};
  }
  ObjectId base_, head_;
  UploadSpec spec_;
};

TEST_F(SelectorTest, BaseEqualToHeadIsAnError) {
  EXPECT_THAT(selector_->Select(Request(base_, base_)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("equals base")));
}

TEST_F(SelectorTest, AnUnknownHeadIsAnErrorThatNamesIt) {
  const ObjectId nowhere = *ObjectId::FromHex("head", std::string(40, 'd'));
  EXPECT_THAT(selector_->Select(Request(base_, nowhere)),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("head: '" + nowhere.ToHex())));
}

TEST_F(SelectorTest, AnUnknownRepositoryIsAnErrorThatNamesIt) {
  SelectionRequest request = Request(base_, head_);
  request.repository = "nowhere";
  EXPECT_THAT(selector_->Select(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nowhere")));
}

TEST_F(SelectorTest, AnUnknownBaseRunsEverything) {
  Upload(spec_);
  const ObjectId nowhere = *ObjectId::FromHex("base", std::string(40, 'd'));
  const auto s = Select(Request(nowhere, head_, {"one", "two"}));
  ASSERT_TRUE(s->fallback.has_value());
  EXPECT_EQ(s->fallback->code, FallbackCode::kUnknownBase);
  EXPECT_EQ(s->run_count, 2u);
}

TEST_F(SelectorTest, AnotherEnvironmentRunsEverything) {
  spec_.environment = "packages-1";
  Upload(spec_);
  SelectionRequest request = Request(base_, head_, {"one", "two"});
  request.environment_digest = "packages-1";
  EXPECT_FALSE(Select(request)->fallback.has_value());
  request.environment_digest = "packages-2";
  const auto s = Select(request);
  ASSERT_TRUE(s->fallback.has_value());
  EXPECT_EQ(s->fallback->code, FallbackCode::kEnvironment);
  EXPECT_EQ(s->run_count, 2u);
}

TEST_F(SelectorTest, WhatIsInstalledForAnotherLanguageIsNoOtherEnvironment) {
  spec_.environment = "python-packages:1";
  Upload(spec_);
  SelectionRequest request = Request(base_, head_, {"one", "two"});
  request.environment_digest = "node-packages:1";
  EXPECT_FALSE(Select(request)->fallback.has_value());
  request.environment_digest = "python-packages:2";
  EXPECT_TRUE(Select(request)->fallback.has_value());
}

TEST_F(SelectorTest, APassedDeadlineRunsEverythingAndIsNotRemembered) {
  Upload(spec_);
  SelectionRequest request = Request(base_, head_, {"one", "two"});
  request.deadline = absl::InfinitePast();
  const auto late = Select(request);
  ASSERT_TRUE(late->fallback.has_value());
  EXPECT_EQ(late->fallback->code, FallbackCode::kDeadline);
  EXPECT_EQ(late->run_count, 2u);
  // It passed before any source file was read.
  EXPECT_THAT(late->fallback->message, HasSubstr("while source files were read"));
  request.deadline = absl::InfiniteFuture();
  EXPECT_THAT(Run(*Select(request)), ElementsAre("two"));
}

TEST_F(SelectorTest, AMissingBlobRunsEverything) {
  Upload(spec_);
  const std::string blob = git_.Git("rev-parse " + head_.ToHex() + ":lib.f90");
  Shell("rm -f '" + git_.path() + "/.git/objects/" + blob.substr(0, 2) + "/" + blob.substr(2) +
        "'");
  const auto s = Select(Request(base_, head_, {"one", "two"}));
  ASSERT_TRUE(s->fallback.has_value());
  EXPECT_EQ(s->fallback->code, FallbackCode::kMissingObject);
  EXPECT_EQ(s->run_count, 2u);
}

TEST_F(SelectorTest, EqualRequestsShareOneAnswerUntilTheIndexChanges) {
  Upload(spec_);
  const auto request = Request(base_, head_, {"one", "two"});
  const auto first = selector_->Select(request);
  const auto second = selector_->Select(request);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(first->times.cached);
  EXPECT_TRUE(second->times.cached);
  EXPECT_EQ(first->selection, second->selection);
  Upload({.commit = base_,
          .executed = {{"one", "lib.f90", {2}}},
          .completeness = Completeness::kSubset,
          .attempt = 2});
  const auto third = Select(request);
  EXPECT_NE(third->id, first->selection->id);
  EXPECT_EQ(third->run_count, 2u);
}

TEST_F(SelectorTest, AnUploadElsewhereKeepsTheAnswer) {
  Upload(spec_);
  const auto request = Request(base_, head_, {"one", "two"});
  const auto before = Select(request);
  spec_.commit = head_;
  Upload(spec_);
  EXPECT_EQ(Select(request), before);
}

TEST_F(SelectorTest, TheIdDependsOnEveryInput) {
  Upload(spec_);
  std::set<std::string> ids;
  SelectionRequest request = Request(base_, head_, {"one", "two"});
  ids.insert(Select(request)->id);
  request.requested = *LabelList::FromStrings("requested", {"one"});
  ids.insert(Select(request)->id);
  request.granularity = Granularity::kFile;
  ids.insert(Select(request)->id);
  request.unknown_change_selects_all = false;
  ids.insert(Select(request)->id);
  request.run_all = true;
  ids.insert(Select(request)->id);
  request.force_labels = {"one"};
  ids.insert(Select(request)->id);
  request.omit_order = true;
  ids.insert(Select(request)->id);
  EXPECT_EQ(ids.size(), 7u);
}

TEST_F(SelectorTest, RemembersListsByDigest) {
  const auto list = *LabelList::FromPacked("requested", "one\ntwo\n");
  EXPECT_EQ(selector_->FindList(list->digest()), nullptr);
  selector_->RememberList(list);
  EXPECT_EQ(selector_->FindList(list->digest()), list);
}

// Answers are kept by their own size; the lists they are about, far larger, must not stay with
// them.
TEST_F(SelectorTest, AKeptAnswerDoesNotKeepTheList) {
  Upload(spec_);
  std::weak_ptr<const LabelList> list;
  {
    const auto request = Request(base_, head_, {"one", "two"});
    list = request.requested;
    const auto result = selector_->Select(request);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->labels, request.requested);
  }
  EXPECT_TRUE(list.expired());
}

TEST_F(SelectorTest, AnswersManyThreadsAlike) {
  Upload(spec_);
  const auto request = Request(base_, head_, {"one", "two"});
  std::vector<std::string> ids(8);
  std::vector<std::thread> threads;
  for (std::string& id : ids) {
    threads.emplace_back([&, this] {
      for (int i = 0; i < 50; ++i) id = Select(request)->id;
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), ElementsAre(ids[0]));
}

}  // namespace
}  // namespace testselect
