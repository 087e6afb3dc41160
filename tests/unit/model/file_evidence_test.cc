#include "storage/model/file_evidence.h"

#include <gtest/gtest.h>

namespace testselect {
namespace {

FileEvidence Example() {
  FileEvidence file;
  file.path = "a.py";
  file.sets = {EncodeLabelSet(std::vector<LabelNumber>{1}),
               EncodeLabelSet(std::vector<LabelNumber>{2, 3}),
               EncodeLabelSet(std::vector<LabelNumber>{4})};
  file.sections = {{EvidenceKind::kLine, Phase::kRun, {{5, 6, 0}, {9, 9, 1}}},
                   {EvidenceKind::kFunction, Phase::kRun, {{1, 20, 2}}}};
  file.global_lines = {{1, 2}, {8, 8}};
  return file;
}

std::vector<LabelNumber> Touching(const FileEvidence& file, LineRange range) {
  DenseLabelSet set;
  EXPECT_TRUE(LabelsTouching(file, range, 10, &set).ok());
  return set.ToVector();
}

TEST(FileEvidenceTest, FindsWhoTouchedARange) {
  const FileEvidence file = Example();
  EXPECT_EQ(Touching(file, {5, 5}), (std::vector<LabelNumber>{1, 4}));
  EXPECT_EQ(Touching(file, {6, 9}), (std::vector<LabelNumber>{1, 2, 3, 4}));
  EXPECT_EQ(Touching(file, {7, 8}), (std::vector<LabelNumber>{4}));
  EXPECT_EQ(Touching(file, {21, 30}), (std::vector<LabelNumber>{}));
  DenseLabelSet all;
  ASSERT_TRUE(LabelsOfFile(file, 10, &all).ok());
  EXPECT_EQ(all.Count(), 4u);
}

TEST(FileEvidenceTest, KnowsGlobalLines) {
  EXPECT_TRUE(HasGlobalLine(Example(), {2, 5}));
  EXPECT_FALSE(HasGlobalLine(Example(), {3, 7}));
  EXPECT_FALSE(HasGlobalLine(Example(), {9, 99}));
}

TEST(FileEvidenceTest, AForeignSetNumberIsDataLoss) {
  FileEvidence file = Example();
  file.sections[0].runs[0].set = 7;
  DenseLabelSet out;
  EXPECT_EQ(LabelsTouching(file, {5, 5}, 10, &out).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace testselect
