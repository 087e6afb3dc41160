#include "server/rpc/decision_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "storage/memory_index_store.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

class DecisionRecorderTest : public ::testing::Test {
 protected:
  DecisionRecorderTest() {
    request_.repository = "app";
    request_.head = *ObjectId::FromHex("head", std::string(40, 'c'));
    request_.requested = *LabelList::FromPacked("labels", "a\nb\n");
  }

  SelectionResult Answer(int number) const {
    auto selection = std::make_shared<Selection>();
    selection->id = absl::StrFormat("ff%030d", number);
    selection->basis = std::make_shared<const SelectionBasis>();
    for (std::string* bits : {&selection->absent, &selection->present_diff,
                              &selection->global_level, &selection->present_report}) {
      *bits = std::string(1, '\1');
    }
    SelectionResult result;
    result.selection = selection;
    result.labels = request_.requested;
    return result;
  }
  uint64_t Kept() const {
    const auto rows = DecisionLog(store_.get()).List("app");
    EXPECT_THAT(rows, IsOk());
    return rows.ok() ? rows->size() : 0;
  }

  const std::unique_ptr<IndexStore> store_ = NewMemoryIndexStore();
  Logger log_{LogFormat::kText, LogLevel::kError};
  Metrics metrics_{{}};
  SelectionRequest request_;
};

TEST_F(DecisionRecorderTest, RecordsOnceForEachId) {
  DecisionRecorder recorder(store_.get(), &log_, &metrics_, 100);
  for (int i = 0; i < 3; ++i) recorder.Record(request_, Answer(1));
  recorder.Record(request_, Answer(2));
  EXPECT_TRUE(recorder.Flush(absl::Now() + absl::Minutes(1)));
  EXPECT_EQ(Kept(), 2u);
  EXPECT_EQ(metrics_.decision.recorded.Value(), 2);
  EXPECT_EQ(metrics_.decision.known.Value(), 2);
}

TEST_F(DecisionRecorderTest, WhatAnEarlierProcessRecordedIsKnown) {
  for (int i = 0; i < 2; ++i) {
    DecisionRecorder(store_.get(), &log_, &metrics_, 100).Record(request_, Answer(1));
  }
  EXPECT_EQ(metrics_.decision.recorded.Value(), 1);
  EXPECT_EQ(metrics_.decision.known.Value(), 1);
}

TEST_F(DecisionRecorderTest, EachDecisionIsRecordedOrCountedAsDropped) {
  constexpr int kDecisions = 2000;
  {
    DecisionRecorder recorder(store_.get(), &log_, &metrics_, 10'000, /*max_waiting=*/0);
    for (int i = 0; i < kDecisions; ++i) recorder.Record(request_, Answer(i));
  }  // writes what waits
  const auto recorded = static_cast<uint64_t>(metrics_.decision.recorded.Value());
  EXPECT_EQ(recorded + static_cast<uint64_t>(metrics_.decision.dropped.Value()), kDecisions);
  EXPECT_EQ(Kept(), recorded);
}

TEST_F(DecisionRecorderTest, OldDecisionsGo) {
  {
    DecisionRecorder recorder(store_.get(), &log_, &metrics_, /*keep=*/2);
    for (int i = 0; i < 5; ++i) recorder.Record(request_, Answer(i));
    SelectionResult last = Answer(9);
    auto selection = std::make_shared<Selection>(*last.selection);
    selection->id.replace(0, 2, "00");  // one in 256 looks after the others
    last.selection = selection;
    recorder.Record(request_, last);
  }
  EXPECT_EQ(Kept(), 2u);
}

}  // namespace
}  // namespace testselect
