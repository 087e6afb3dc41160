#include "server/rpc/index_view.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/memory_index_store.h"
#include "storage/segment_builder.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr auto kNotCancelled = [] { return false; };

ObjectId Commit(char c) { return *ObjectId::FromHex("commit", std::string(40, c)); }

class IndexViewTest : public ::testing::Test {
 protected:
  struct Line {
    std::string label, file;
    uint32_t first, last;
    Phase phase = Phase::kRun;
  };
  // Stores an upload of these lines; an empty label makes them global.
  SegmentInfo Store(uint32_t shard, uint32_t shards, const std::vector<Line>& lines,
                    Outcome outcome = Outcome::kPassed) {
    SegmentBuilder builder(nullptr);
    for (const Line& line : lines) {
      const ContextId context =
          line.label.empty() ? kGlobalContext : builder.Context(line.label, line.phase);
      for (uint32_t n = line.first; n <= line.last; ++n) {
        builder.AddLine(builder.File(line.file), n, {context});
      }
      if (!line.label.empty()) {
        builder.AddOutcome(line.label, {.outcome = outcome, .seconds = 0.5});
      }
    }
    UploadHeader header;
    header.repository = "r";
    header.commit = Commit('c');
    header.job.name = "unit";
    header.shard_index = shard;
    header.shard_count = shards;
    IndexStore::CommitOptions options;
    options.now = absl::FromUnixSeconds(1000 + shard);
    return *store_->Commit(header, *std::move(builder).Finish(), options);
  }
  std::vector<SegmentInfo> Usable() {
    return UsableSegments(*store_->SegmentsAt("r", Commit('c')));
  }

  std::unique_ptr<IndexStore> store_ = NewMemoryIndexStore();
};

TEST_F(IndexViewTest, OneSegmentIsItsOwnFigures) {
  Store(0, 1, {{"a", "x.py", 1, 3}, {"b", "x.py", 2, 2}, {"", "y.py", 1, 4}});
  ASSERT_OK_AND_ASSIGN(const IndexFigures figures, CountEvidence(*store_, Usable(), kNotCancelled));
  EXPECT_EQ(figures.labels, 2u);
  EXPECT_EQ(figures.files, 2u);
  EXPECT_EQ(figures.pairs, 4u);
  EXPECT_EQ(figures.global_lines, 4u);
}

TEST_F(IndexViewTest, SeveralSegmentsCountEachPairOnce) {
  Store(0, 2, {{"a", "x.py", 1, 5}, {"b", "x.py", 4, 8}, {"", "y.py", 1, 4}});
  Store(1, 2,
        {{"a", "x.py", 3, 6, Phase::kSetup},
         {"c", "x.py", 1, 1},
         {"c", "z.py", 7, 9},
         {"", "y.py", 3, 6}});
  ASSERT_EQ(Usable().size(), 2u);
  ASSERT_OK_AND_ASSIGN(const IndexFigures figures, CountEvidence(*store_, Usable(), kNotCancelled));
  EXPECT_EQ(figures.labels, 3u);
  EXPECT_EQ(figures.files, 3u);
  EXPECT_EQ(figures.pairs, 6u + 5u + 1u + 3u);  // a: 1-6, b: 4-8, c: 1 and 7-9
  EXPECT_EQ(figures.global_lines, 6u);
}

TEST_F(IndexViewTest, EvidenceOfALabelIsMerged) {
  Store(0, 2, {{"a", "x.py", 1, 2}, {"a", "x.py", 9, 9}, {"b", "x.py", 1, 9}});
  Store(1, 2, {{"a", "x.py", 3, 4, Phase::kTeardown}, {"a", "z.py", 7, 7}}, Outcome::kFailed);
  ASSERT_OK_AND_ASSIGN(const LabelFigures figures,
                       EvidenceOfLabel(*store_, Usable(), "a", kNotCancelled));
  EXPECT_THAT(figures.files,
              ElementsAre(Pair("x.py", ElementsAre(LineRange{1, 4}, LineRange{9, 9})),
                          Pair("z.py", ElementsAre(LineRange{7, 7}))));
  EXPECT_EQ(figures.outcome.outcome, Outcome::kFailed) << "the newest segment's";
  EXPECT_THAT(EvidenceOfLabel(*store_, Usable(), "nobody", kNotCancelled),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("label='nobody'")));
}

TEST_F(IndexViewTest, ShardsThatAreBuiltAreShownOnlyWhileNothingIsSealed) {
  Store(0, 3, {{"a", "x.py", 1, 2}});
  ASSERT_EQ(Usable().size(), 1u);
  EXPECT_EQ(Usable()[0].state, SegmentState::kBuilding);
  ASSERT_THAT(store_->Seal("r", Commit('c'), JobKey{.name = "unit", .flavor = {}}, false), IsOk());
  ASSERT_EQ(Usable().size(), 1u);
  EXPECT_EQ(Usable()[0].state, SegmentState::kSealed);
}

TEST_F(IndexViewTest, CancellationStopsTheCount) {
  Store(0, 2, {{"a", "x.py", 1, 5}});
  Store(1, 2, {{"b", "x.py", 1, 5}});
  const auto cancelled = [] { return true; };
  EXPECT_THAT(CountEvidence(*store_, Usable(), cancelled), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(EvidenceOfLabel(*store_, Usable(), "a", cancelled),
              StatusIs(absl::StatusCode::kCancelled));
}

IndexedCommit At(char name, int64_t seconds) {
  IndexedCommit commit;
  commit.commit = Commit(name);
  commit.segments.emplace_back();
  commit.segments.back().created = absl::FromUnixSeconds(seconds);
  return commit;
}

std::string Names(const CommitPage& page) {
  std::string names;
  for (const IndexedCommit& commit : page.commits) names += commit.commit.ToHex()[0];
  return names;
}

TEST(PageTest, PagesAreNewestFirstAndComplete) {
  const std::vector<IndexedCommit> all = {At('a', 5), At('b', 9), At('c', 5), At('d', 7),
                                          At('e', 1)};
  std::string names, token;
  do {
    ASSERT_OK_AND_ASSIGN(const CommitPage page, PageOf(all, 2, token));
    names += Names(page);
    token = page.next_token;
  } while (!token.empty());
  EXPECT_EQ(names, "bdace");
}

TEST(PageTest, UploadsAndDeletionsBetweenPagesRepeatAndHideNothing) {
  ASSERT_OK_AND_ASSIGN(const CommitPage first, PageOf({At('a', 5), At('b', 4), At('c', 3)}, 2, ""));
  EXPECT_EQ(Names(first), "ab");
  ASSERT_OK_AND_ASSIGN(const CommitPage second,
                       PageOf({At('d', 9), At('a', 5), At('c', 3)}, 2, first.next_token));
  EXPECT_EQ(Names(second), "c");
  EXPECT_TRUE(second.next_token.empty());
}

TEST(PageTest, ForeignTokensAreRefused) {
  for (const char* token :
       {"x", "12", "12.", "12.zz", ".", "1e5.cccccccccccccccccccccccccccccccccccccccc"}) {
    EXPECT_THAT(PageOf({At('a', 5)}, 2, token),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("page_token='", token, "'"))));
  }
}

}  // namespace
}  // namespace testselect
