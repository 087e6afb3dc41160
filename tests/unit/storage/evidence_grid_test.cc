#include "storage/evidence_grid.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/file_record.h"
#include "storage/segment_builder.h"
#include "tests/support/allocation_count.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// The lines of each label set, as the grid sees them.
std::map<std::vector<LabelNumber>, std::vector<uint32_t>> LinesBySet(const EvidenceGrid& grid,
                                                                     size_t universe) {
  std::map<std::vector<LabelNumber>, std::vector<uint32_t>> out;
  for (size_t i = 0; i < grid.class_of().size(); ++i) {
    const uint32_t c = grid.class_of()[i];
    if (c == EvidenceGrid::kUncovered) continue;
    out[MembersOf(grid.classes()[c].set, universe)].push_back(grid.line(i));
  }
  return out;
}

// Labels 0 and 1 executed `far` - 1 and `far`, labels 1 and 2 executed 7 and `far`.
EvidenceBlocks Crossing(uint32_t far) {
  EvidenceBlocks blocks;
  blocks.lines = {far - 1, far, 7, far};
  blocks.labels = {0, 1, 1, 2};
  blocks.blocks = {{0, 2, 0, 2}, {2, 2, 2, 2}};
  return blocks;
}

TEST(EvidenceGridTest, LinesFarApartAreAsLinesNearby) {
  EvidenceGrid grid(3);
  for (const uint32_t far : {9u, 5'000'000u, 20u, kMaxLine}) {
    SCOPED_TRACE(far);
    grid.Build(Crossing(far), /*with_sets=*/true);
    EXPECT_THAT(LinesBySet(grid, 3), ElementsAre(Pair(ElementsAre(0, 1), ElementsAre(far - 1)),
                                                 Pair(ElementsAre(0, 1, 2), ElementsAre(far)),
                                                 Pair(ElementsAre(1, 2), ElementsAre(7))));
  }
}

TEST(EvidenceGridTest, MemoryFollowsTheLinesNotTheirNumbers) {
  EvidenceGrid grid(3);
  const EvidenceBlocks in = Crossing(kMaxLine);
  const size_t before = AllocatedBytes();
  grid.Build(in, /*with_sets=*/true);
  EXPECT_LT(AllocatedBytes() - before, size_t{64} << 10);
  EXPECT_LT(grid.class_of().size(), 5'000u);  // what is filled, and walked, for every file
}

// The same for the whole segment: a report of a few hundred bytes must not cost megabytes.
TEST(EvidenceGridTest, ASegmentOfFarLinesIsSmall) {
  SegmentBuilder builder(nullptr);
  const ContextId t = builder.Context("t", Phase::kRun), u = builder.Context("u", Phase::kSetup);
  for (uint32_t f = 0; f < 10; ++f) {
    const FileId file = builder.File(absl::StrCat(f, ".c"));
    builder.AddLine(file, 3, {t, u});
    builder.AddLine(file, kMaxLine - f, {t});
    builder.AddLine(file, kMaxLine - 20, {u});
  }
  const size_t before = AllocatedBytes();
  ASSERT_OK_AND_ASSIGN(const SegmentContent content, std::move(builder).Finish());
  EXPECT_LT(AllocatedBytes() - before, size_t{1} << 20);
  EXPECT_EQ(content.pairs, 40u);
  ASSERT_OK_AND_ASSIGN(const FileEvidence file,
                       DecodeFileRecord(content.files[4].path, content.files[4].record));
  ASSERT_EQ(file.sections.size(), 2u);
  EXPECT_THAT(file.sections[0].runs,
              ElementsAre(EvidenceRun{3, 3, 0}, EvidenceRun{kMaxLine - 4, kMaxLine - 4, 0}));
  EXPECT_THAT(file.sections[1].runs,
              ElementsAre(EvidenceRun{3, 3, 1}, EvidenceRun{kMaxLine - 20, kMaxLine - 20, 1}));
}

}  // namespace
}  // namespace testselect
