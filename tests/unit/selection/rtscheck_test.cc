// Rules by which RTSCheck (Zhu, Legunsen, Shi, Gligoric, 2019) checks selectors, on drawn
// programs that change step by step. Its other tools are the truth here: what each test sees before
// and after is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/selection/evolving_programs.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

constexpr int kSteps = 4;

class RtsCheckTest : public SelectionTest, public ::testing::WithParamInterface<uint32_t> {
 protected:
  RtsCheckTest() : program_(EvolvingProgram::Draw(random_)) {}

  ObjectId Commit() {
    for (const auto& [path, text] : program_.Files()) git_.Write(path, text);
    return git_.Commit("step");
  }
  void Upload(const ObjectId& commit, const ProgramRun& run) {
    UploadSpec spec;
    spec.commit = commit;
    for (const auto& [label, files] : run.lines) {
      for (const auto& [path, lines] : files) {
        const std::vector<uint32_t> sorted(lines.begin(), lines.end());
        if (label.empty()) {
          spec.global[path] = sorted;
        } else {
          spec.executed.push_back({label, path, sorted});
        }
      }
    }
    SelectionTest::Upload(spec);
  }
  static std::vector<std::string> Labels(const ProgramRun& run) {
    std::vector<std::string> labels;
    for (const auto& [label, value] : run.values) labels.push_back(label);
    return labels;
  }
  // What failed, with the edited files.
  std::string Text(const std::map<std::string, std::string>& before) const {
    std::string text;
    for (const auto& [path, after] : program_.Files()) {
      const std::string& old = before.at(path);
      text +=
          "--- " + path + (old == after ? "\n" + old : " before\n" + old + "--- after\n" + after);
    }
    return text;
  }

  std::mt19937 random_{GetParam()};
  EvolvingProgram program_;
};

TEST_P(RtsCheckTest, EveryTestThatSeesAnotherValueRunsAtEveryStep) {  // R1, R2
  const auto first_files = program_.Files();
  const ProgramRun first = testselect::Run(program_);
  const ObjectId base = Commit();
  Upload(base, first);
  for (int step = 0; step < kSteps; ++step) {
    program_.Edit(random_);
    const ProgramRun now = testselect::Run(program_);
    SelectionRequest request = Request(base, Commit(), Labels(now));
    for (const Granularity granularity :
         {Granularity::kFunction, Granularity::kLine, Granularity::kFile, Granularity::kPackage}) {
      request.granularity = granularity;
      const std::vector<std::string> run = SelectionTest::Run(*Select(request));
      for (const auto& [label, value] : now.values) {
        if (first.values.at(label) == value) continue;
        ASSERT_NE(std::find(run.begin(), run.end(), label), run.end())
            << label << " at step " << step << " by " << static_cast<int>(granularity) << "\n"
            << Text(first_files);
      }
    }
  }
}

TEST_P(RtsCheckTest, NotEveryStepRunsEverythingAndRemarksRunNothing) {  // R3, R4
  size_t ran = 0, asked = 0;
  for (int step = 0; step < kSteps; ++step) {
    const auto files = program_.Files();
    const ProgramRun before = testselect::Run(program_);
    const ObjectId base = Commit();
    Upload(base, before);
    const bool matters = program_.Edit(random_);
    const auto selection = Select(Request(base, Commit(), Labels(before)));
    const std::vector<std::string> run = SelectionTest::Run(*selection);
    if (!matters) {
      EXPECT_THAT(run, IsEmpty()) << Text(files);
    }
    ran += run.size();
    asked += before.values.size();
  }
  EXPECT_LT(ran, asked);
}

TEST_P(RtsCheckTest, TheSameCodeRunsNothing) {  // R5
  const ProgramRun run = testselect::Run(program_);
  const ObjectId base = Commit();
  Upload(base, run);
  git_.Write("README.md", "more\n");
  const auto selection = Select(Request(base, Commit(), Labels(run)));
  EXPECT_THAT(SelectionTest::Run(*selection), IsEmpty());
}

TEST_P(RtsCheckTest, WithoutEvidenceEverythingRuns) {  // R6
  const ObjectId base = Commit();
  git_.Write("README.md", "more\n");
  const std::vector<std::string> labels = Labels(testselect::Run(program_));
  const auto selection = Select(Request(base, Commit(), labels));
  EXPECT_THAT(SelectionTest::Run(*selection), UnorderedElementsAreArray(labels));
}

TEST_P(RtsCheckTest, AStepIsAnsweredAlikeEachTimeAndFromTheEvidenceOfAnyStepBefore) {
  const ProgramRun first = testselect::Run(program_);
  const ObjectId base = Commit();
  Upload(base, first);
  program_.Edit(random_);
  const ObjectId middle = Commit();
  program_.Edit(random_);
  const ObjectId head = Commit();
  const std::vector<std::string> labels = Labels(testselect::Run(program_));
  const auto from_base = Select(Request(base, head, labels)),
             from_middle = Select(Request(middle, head, labels));
  EXPECT_EQ(SelectionTest::Run(*from_base), SelectionTest::Run(*from_middle));
  EXPECT_EQ(SelectionTest::Run(*from_base),
            SelectionTest::Run(*Select(Request(base, head, labels))));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RtsCheckTest, ::testing::Range(1u, 11u));

}  // namespace
}  // namespace testselect
