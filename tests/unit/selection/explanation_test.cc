#include "server/selection/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

class ExplanationTest : public SelectionTest {
 protected:
  ExplanationTest() {
    git_.Write("lib.f90", "1\n2\n3\n");
    base_ = git_.Commit("base");
    git_.Write("lib.f90", "1\nx\n3\n");
    head_ = git_.Commit("head");
    Upload({.commit = base_, .executed = {{"hit", "lib.f90", {2}}, {"other", "lib.f90", {3}}}});
  }
  Explanation Explain(const std::string& label) {
    auto e = selector_->Explain(Request(base_, head_), label);
    EXPECT_TRUE(e.ok()) << e.status();
    return *e;
  }
  ObjectId base_, head_;
};

TEST_F(ExplanationTest, NamesFileLinesAndCommitOfTheEvidence) {
  const Explanation e = Explain("hit");
  EXPECT_TRUE(e.selected);
  ASSERT_EQ(e.evidence.size(), 1u);
  EXPECT_EQ(e.evidence[0].code, ReasonCode::kCoveredChange);
  EXPECT_EQ(e.evidence[0].path, "lib.f90");
  EXPECT_EQ(e.evidence[0].lines, (LineRange{2, 2}));
  EXPECT_EQ(e.evidence[0].commit, base_);
}

TEST_F(ExplanationTest, SaysWhyALabelIsNotSelected) {
  const Explanation e = Explain("other");
  EXPECT_FALSE(e.selected);
  ASSERT_EQ(e.evidence.size(), 1u);
  EXPECT_EQ(e.evidence[0].code, std::nullopt);
  EXPECT_THAT(e.evidence[0].message, HasSubstr("unit at " + base_.ToHex()));
}

TEST_F(ExplanationTest, AnUnknownLabelRuns) {
  const Explanation e = Explain("never seen");
  EXPECT_TRUE(e.selected);
  ASSERT_EQ(e.evidence.size(), 1u);
  EXPECT_EQ(e.evidence[0].code, ReasonCode::kAbsent);
}

// Lines that no test executed concern the labels of the file, and with global lines in it every
// label: one reason, though it hits a label twice. So do the shards that both saw the label.
TEST_F(ExplanationTest, SaysEachReasonOnce) {
  for (const uint32_t shard : {0u, 1u}) {
    Upload({.commit = base_,
            .executed = {{"both", "lib.f90", {1}}, {"other", "other.f90", {1}}},
            .global = {{"lib.f90", {3}}},
            .job = "shards",
            .shard = shard,
            .shards = 2});
  }
  SelectionRequest request = Request(base_, head_);
  request.jobs = {{"shards", {}}};
  for (const char* const label : {"both", "other"}) {
    SCOPED_TRACE(label);
    const auto e = selector_->Explain(request, label);
    ASSERT_TRUE(e.ok()) << e.status();
    ASSERT_EQ(e->evidence.size(), 1u);
    EXPECT_EQ(e->evidence[0].code, ReasonCode::kUncoveredChange);
    EXPECT_EQ(e->evidence[0].lines, (LineRange{2, 2}));
  }
}

}  // namespace
}  // namespace testselect
