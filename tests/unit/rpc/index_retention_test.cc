#include "server/rpc/index_retention.h"

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/decision_recorder.h"
#include "server/rpc/upload_spec.h"
#include "server/selection/carried_note.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/selection/selection_fixture.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kNotCancelled = [] { return false; };

class IndexRetentionTest : public SelectionTest {
 protected:
  IndexRetentionTest() : log_(LogFormat::kText, LogLevel::kError, devnull_) {
    SelectorOptions options;
    options.consolidate_after = 2;
    selector_ = NewSelector(store_.get(), repositories_.get(), options);
    environment_.config = &config_;
    environment_.log = &log_;
    environment_.metrics = &metrics_;
    environment_.store = store_.get();
    environment_.repositories = repositories_.get();
    environment_.selector = selector_.get();
    environment_.decisions = &decisions_;
    for (const char* file : {"lib.f90", "other.f90"}) git_.Write(file, "1\n2\n3\n");
    commits_.push_back(git_.Commit("first"));
  }
  ~IndexRetentionTest() override { close(devnull_); }

  // A commit that changes what label w executes.
  ObjectId Step() {
    git_.Write("other.f90", absl::StrCat("step ", commits_.size(), "\n2\n3\n"));
    commits_.push_back(git_.Commit("step"));
    return commits_.back();
  }
  // Runs everything, or w alone, at the newest commit; with the note that an upload leaves.
  SegmentInfo Run(bool full) {
    UploadSpec spec;
    spec.commit = commits_.back();
    spec.executed = {{"w", "other.f90", {1}}};
    if (full) spec.executed.push_back({"t", "lib.f90", {2}});
    spec.completeness = full ? Completeness::kFull : Completeness::kSubset;
    const SegmentInfo info = UploadAndKeep(spec);
    v1::UploadCoverageResponse response;
    response.set_segment_id(info.id.ToHex());
    EXPECT_THAT(store_->PutNote(absl::StrCat(UploadNotePrefix("app", spec.commit), "upload"),
                                response.SerializeAsString()),
                IsOk());
    return info;
  }
  std::vector<std::string> SelectedFor(const std::string& lib) {
    git_.Git("checkout -q -B work " + commits_.back().ToHex());
    git_.Write("lib.f90", lib);
    const ObjectId head = git_.Commit("head");
    git_.Git("checkout -q main");
    const auto selection = Select(Request(commits_.back(), head, {"t", "w"}));
    layers_ = selection->index.empty() ? 0 : selection->index[0].segments;
    return SelectionTest::Run(*selection);
  }
  std::vector<std::string> NotesBelow(const std::string& prefix) const {
    std::vector<std::string> keys;
    const auto notes = store_->NotesWithPrefix(prefix);
    EXPECT_THAT(notes, IsOk());
    for (const auto& [key, value] : *notes) keys.push_back(key);
    return keys;
  }
  size_t Segments() const {
    size_t count = 0;
    const auto commits = store_->ListCommits("app");
    EXPECT_THAT(commits, IsOk());
    for (const IndexedCommit& commit : *commits) {
      count += commit.segments.size();
    }
    return count;
  }

  const int devnull_ = open("/dev/null", O_WRONLY);
  ServerConfig config_;
  Logger log_;
  Metrics metrics_{{"a-format"}};
  DecisionRecorder decisions_{store_.get(), &log_, &metrics_, /*keep=*/100};
  ServiceEnvironment environment_;
  std::vector<ObjectId> commits_;
  uint32_t layers_ = 0;  // segments that the last selection used
};

TEST_F(IndexRetentionTest, ADryRunSaysWhatGoesAndDeletesNothing) {
  Run(true);
  Step();
  Run(true);
  IndexRetention retention(environment_);
  const auto report =
      retention.Apply("app", {.commits_in_all = 1}, /*dry_run=*/true, kNotCancelled);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->kept, 1u);
  EXPECT_EQ(report->dropped, 1u);
  EXPECT_EQ(report->notes, 0u);
  EXPECT_EQ(Segments(), 2u);
  EXPECT_THAT(NotesBelow("upload/"), SizeIs(2));
  EXPECT_EQ(metrics_.retention.dropped_segments.Value(), 0);
}

TEST_F(IndexRetentionTest, NotesGoWithTheirSegments) {
  Run(true);
  Step();
  const SegmentInfo kept = Run(true);
  IndexRetention retention(environment_);
  const auto report =
      retention.Apply("app", {.commits_in_all = 1}, /*dry_run=*/false, kNotCancelled);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->notes, 1u);
  EXPECT_EQ(Segments(), 1u);
  EXPECT_THAT(NotesBelow("upload/"), testing::ElementsAre(absl::StrCat(
                                         UploadNotePrefix("app", kept.header.commit), "upload")));
  EXPECT_EQ(metrics_.retention.dropped_segments.Value(), 1);
  EXPECT_EQ(metrics_.retention.dropped_notes.Value(), 1);
}

TEST_F(IndexRetentionTest, MovedEvidenceLetsItsOriginGoAndGoesItselfWhenUnused) {
  Run(true);
  for (int i = 0; i < 3; ++i) {
    Step();
    Run(false);
  }
  ASSERT_THAT(NotesBelow("carried/app/"), SizeIs(1));
  const auto before = SelectedFor("1\nx\n3\n");
  IndexRetention retention(environment_);
  ASSERT_THAT(retention.Apply("app", {.commits_in_all = 1}, /*dry_run=*/false, kNotCancelled),
              IsOk());
  EXPECT_EQ(Segments(), 3u);  // the newest upload, the one before, and what was moved there
  EXPECT_EQ(SelectedFor("1\nx\n3\n"), before);
  Step();
  Run(true);
  ASSERT_THAT(retention.Apply("app", {.commits_in_all = 1}, /*dry_run=*/false, kNotCancelled),
              IsOk());
  EXPECT_EQ(Segments(), 1u);
  EXPECT_THAT(NotesBelow("carried/app/"), IsEmpty());
}

TEST_F(IndexRetentionTest, DecisionsGoByTheirAge) {
  Run(true);
  git_.Write("lib.f90", "x\n");
  const SelectionRequest request = Request(commits_.back(), git_.Commit("head"), {"t", "w"});
  const auto result = selector_->Select(request);
  ASSERT_THAT(result, IsOk());
  DecisionLog log(store_.get());
  Decision decision = MakeDecision(request, *result, absl::Now(), "1");
  for (const int hours : {1, 3, 5}) {
    decision.answer.id = absl::StrFormat("%032d", hours);
    decision.created = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now())) - absl::Hours(hours);
    ASSERT_THAT(log.Put(decision, result->labels), IsOk());
  }
  IndexRetention retention(environment_);
  for (const bool dry_run : {true, false}) {
    const auto report = retention.Apply("app", {.max_age = absl::Hours(2)}, dry_run, kNotCancelled);
    ASSERT_THAT(report, IsOk());
    EXPECT_EQ(report->decisions, 2u);
    EXPECT_THAT(NotesBelow("decision/"), SizeIs(dry_run ? 3 : 1));
  }
}

TEST_F(IndexRetentionTest, OneAtATime) {
  Run(true);
  IndexRetention retention(environment_);
  absl::Status second;
  const auto ask = [&] {
    second = retention.Apply("app", {.commits_in_all = 1}, true, kNotCancelled).status();
    return false;
  };
  EXPECT_THAT(retention.Apply("app", {.commits_in_all = 1}, true, ask), IsOk());
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("at work")));
  EXPECT_THAT(retention.Apply("app", {.commits_in_all = 1}, true, kNotCancelled), IsOk());
}

TEST_F(IndexRetentionTest, AnInterruptedOneCanBeTakenUpAgain) {
  for (int i = 0; i < 5; ++i) {
    Run(true);
    Step();
  }
  IndexRetention retention(environment_);
  // Before each of five commits while it plans, then before each while it deletes.
  int asked = 0;
  EXPECT_THAT(retention.Apply("app", {.commits_in_all = 1}, false, [&] { return ++asked > 8; }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(Segments(), 3u);
  EXPECT_EQ(metrics_.retention.failed.Value(), 1);
  EXPECT_THAT(retention.Apply("app", {.commits_in_all = 1}, false, kNotCancelled), IsOk());
  EXPECT_EQ(Segments(), 1u);
}

TEST_F(IndexRetentionTest, UnknownRepositoriesAreRefused) {
  IndexRetention retention(environment_);
  EXPECT_THAT(retention.Apply("elsewhere", {.commits_in_all = 1}, true, kNotCancelled),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("elsewhere")));
}

TEST_F(IndexRetentionTest, JobsWhoseShardsNeverComeAreUsedAfterAWhile) {
  UploadSpec half;
  half.commit = commits_.back();
  half.executed = {{"t", "lib.f90", {2}}};
  half.shards = 2;
  const SegmentInfo info = Upload(half);
  const IndexRetention retention(environment_);
  retention.SealOverdue(info.created + config_.building_timeout - absl::Seconds(1), kNotCancelled);
  EXPECT_EQ((*store_->SegmentsAt("app", half.commit))[0].state, SegmentState::kBuilding);
  config_.building_timeout = absl::ZeroDuration();
  retention.SealOverdue(info.created + absl::Hours(10000), kNotCancelled);
  EXPECT_EQ((*store_->SegmentsAt("app", half.commit))[0].state, SegmentState::kBuilding);
  config_.building_timeout = absl::Hours(6);
  retention.SealOverdue(info.created + config_.building_timeout, kNotCancelled);
  EXPECT_EQ((*store_->SegmentsAt("app", half.commit))[0].state, SegmentState::kSealed);
  EXPECT_EQ(metrics_.retention.overdue_sealed.Value(), 1);
}

TEST_F(IndexRetentionTest, LostShardsKeepTheOlderEvidenceOfTheirLabels) {
  Run(true);
  Step();
  UploadSpec half;
  half.commit = commits_.back();
  half.executed = {{"w", "other.f90", {1}}};
  half.shards = 2;
  const SegmentInfo info = Upload(half);
  IndexRetention(environment_).SealOverdue(info.created + absl::Hours(7), kNotCancelled);
  EXPECT_THAT(SelectedFor("1\nx\n3\n"), testing::Contains("t"));
  EXPECT_EQ(layers_, 2u);
}

TEST_F(IndexRetentionTest, WhatIsSealedLateIsNotHiddenByEvidenceThatWasMovedPastIt) {
  Run(true);
  Step();
  UploadSpec half;
  half.commit = commits_.back();
  half.executed = {{"t", "lib.f90", {3}}};
  half.completeness = Completeness::kSubset;
  half.shards = 2;
  const SegmentInfo info = Upload(half);
  for (int i = 0; i < 3; ++i) {
    Step();
    Run(false);
  }
  ASSERT_THAT(NotesBelow("carried/app/"), SizeIs(1));
  const auto outdated = [&] {
    const auto note = DecodeCarriedNote(*store_->GetNote(NotesBelow("carried/app/")[0]));
    EXPECT_THAT(note, IsOk());
    return note.ok() && note->outdated;
  };
  EXPECT_FALSE(outdated());
  ASSERT_THAT(SealShards(environment_, "app", half.commit, info.header.job, false), IsOk());
  EXPECT_TRUE(outdated());
  SelectedFor("1\n2\nx\n");
  EXPECT_EQ(layers_, 5u);  // the full run, what was sealed, and the three after it
}

}  // namespace
}  // namespace testselect
