// Which file imports which, who executed lines, and whose test files reach them.
#include "server/selection/structure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kAlpha[] = "tests/test_a.py::test_alpha";
constexpr char kBeta[] = "tests/test_b.py::test_beta";

// core <- middle <- test_a, core <- test_b; lone stands apart.
class StructureTest : public SelectionTest {
 protected:
  StructureTest() {
    git_.Write("core.py", "def one():\n    return 1\n\n\ndef two():\n    return 2\n");
    git_.Write("middle.py", "import core\n\n\ndef both():\n    return core.one()\n");
    git_.Write("lone.py", "x = 1\n");
    git_.Write("data.txt", "text\n");
    git_.Write("tests/test_a.py", "import middle\n\n\ndef test_alpha():\n    middle.both()\n");
    git_.Write("tests/test_b.py", "import core\n\n\ndef test_beta():\n    core.two()\n");
    first_ = git_.Commit("first");
  }

  SegmentInfo UploadFirst() {
    return Upload({.commit = first_,
                   .executed = {{kAlpha, "core.py", {2}},
                                {kAlpha, "middle.py", {5}},
                                {kAlpha, "tests/test_a.py", {5}},
                                {kBeta, "core.py", {6}},
                                {kBeta, "tests/test_b.py", {5}}},
                   .global = {{"core.py", {1, 5}}},
                   .opened = {{kBeta, "data.txt"}}});
  }

  // "path: import, import" by line.
  std::vector<std::string> Graph(const std::vector<std::string>& paths) {
    const auto graph = selector_->ReadGraph({"app", first_, paths});
    EXPECT_TRUE(graph.ok()) << graph.status();
    std::vector<std::string> lines;
    for (const GraphFile& file : graph.ok() ? graph->files : std::vector<GraphFile>()) {
      lines.push_back(absl::StrCat(file.path, ": ", absl::StrJoin(file.imports, ", ")));
    }
    return lines;
  }
  static LabelQuestion About(const ObjectId& commit, const std::string& path, LineRange lines = {},
                             const std::vector<JobKey>& jobs = {}) {
    LabelQuestion question;
    question.repository = "app";
    question.commit = commit;
    question.path = path;
    question.lines = lines;
    question.jobs = jobs;
    return question;
  }
  LabelAnswer Ask(const ObjectId& commit, const std::string& path, LineRange lines = {}) {
    auto answer = selector_->FindLabels(About(commit, path, lines));
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *std::move(answer) : LabelAnswer();
  }
  // "label: path > path" by reaching label.
  static std::vector<std::string> Ways(const LabelAnswer& answer) {
    std::vector<std::string> ways;
    for (const ReachingLabel& reaching : answer.reached) {
      ways.push_back(absl::StrCat(reaching.label, ": ", absl::StrJoin(reaching.via, " > ")));
    }
    return ways;
  }

  ObjectId first_;
};

TEST_F(StructureTest, TheGraphHoldsAllCodeOrWhatIsNextToTheGivenFiles) {
  EXPECT_THAT(Graph({}), ElementsAre("core.py: ", "lone.py: ", "middle.py: core.py",
                                     "tests/test_a.py: middle.py", "tests/test_b.py: core.py"));
  EXPECT_THAT(Graph({"middle.py"}),
              ElementsAre("core.py: ", "middle.py: core.py", "tests/test_a.py: middle.py"));
  EXPECT_THAT(Graph({"lone.py", "data.txt"}), ElementsAre("data.txt: ", "lone.py: "));
  ASSERT_OK_AND_ASSIGN(const FileGraph graph,
                       selector_->ReadGraph({"app", first_, {"data.txt", "lone.py"}}));
  EXPECT_EQ(graph.files[0].language, "");
  EXPECT_EQ(graph.files[1].language, "python");
}

TEST_F(StructureTest, OfAFileThatWasNotAskedForOnlyImportsOfThoseThatWereAreShown) {
  git_.Write("tests/test_a.py", "import lone\nimport middle\n");
  first_ = git_.Commit("two imports");
  EXPECT_THAT(Graph({"lone.py"}), ElementsAre("lone.py: ", "tests/test_a.py: lone.py"));
}

TEST_F(StructureTest, APathThatIsNotInTheCommitIsNamed) {
  EXPECT_THAT(selector_->ReadGraph({"app", first_, {"core.py", "gone.py"}}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("paths: 'gone.py'")));
  UploadFirst();
  EXPECT_THAT(selector_->FindLabels(About(first_, "gone.py")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("path: 'gone.py'")));
}

TEST_F(StructureTest, LinesNameTheirOwnLabelsAndFilesAllOfTheirs) {
  UploadFirst();
  const LabelAnswer one = Ask(first_, "core.py", {2, 2});
  EXPECT_THAT(one.executed, ElementsAre(kAlpha));
  EXPECT_FALSE(one.outside_tests);
  EXPECT_THAT(Ask(first_, "core.py", {2, 6}).executed, ElementsAre(kAlpha, kBeta));
  const LabelAnswer head = Ask(first_, "core.py", {1, 1});
  EXPECT_THAT(head.executed, IsEmpty());
  EXPECT_TRUE(head.outside_tests);
  const LabelAnswer file = Ask(first_, "core.py");
  EXPECT_THAT(file.executed, ElementsAre(kAlpha, kBeta));
  ASSERT_EQ(file.index.size(), 1u);
  EXPECT_EQ(file.index[0].commit, first_);
  EXPECT_THAT(Ask(first_, "data.txt").opened, ElementsAre(kBeta));
}

TEST_F(StructureTest, ReachingLabelsComeNearestFirstByTheShortestChain) {
  UploadFirst();
  EXPECT_THAT(Ways(Ask(first_, "core.py")),
              ElementsAre(absl::StrCat(kBeta, ": tests/test_b.py > core.py"),
                          absl::StrCat(kAlpha, ": tests/test_a.py > middle.py > core.py")));
  EXPECT_THAT(Ways(Ask(first_, "tests/test_a.py")),
              ElementsAre(absl::StrCat(kAlpha, ": tests/test_a.py")));
  EXPECT_THAT(Ask(first_, "lone.py").reached, IsEmpty());
}

TEST_F(StructureTest, LabelsWithoutAKnownFileAreCounted) {
  Upload({.commit = first_, .executed = {{"a name of no file", "core.py", {2}}}});
  const LabelAnswer answer = Ask(first_, "core.py");
  EXPECT_EQ(answer.homeless, 1u);
  EXPECT_THAT(answer.reached, IsEmpty());
}

TEST_F(StructureTest, ManyReachingLabelsAreAllNamedAndTheFirstHundredHaveChains) {
  UploadSpec spec{.commit = first_};
  for (int i = 0; i < 150; ++i) {
    spec.executed.push_back({absl::StrCat(kBeta, "[", i, "]"), "tests/test_b.py", {5}});
  }
  Upload(spec);
  const LabelAnswer answer = Ask(first_, "core.py");
  ASSERT_EQ(answer.reached.size(), 150u);
  EXPECT_THAT(answer.reached[99].via, ElementsAre("tests/test_b.py", "core.py"));
  EXPECT_THAT(answer.reached[100].via, IsEmpty());
}

TEST_F(StructureTest, LinesAreFollowedBackToTheCommitOfTheEvidence) {
  UploadFirst();
  git_.Git("mv core.py kernel.py");
  git_.Write("kernel.py", "# new\n# new\ndef one():\n    return 1\n\n\ndef two():\n    return 3\n");
  const ObjectId later = git_.Commit("later");
  EXPECT_THAT(Ask(later, "kernel.py", {4, 4}).executed, ElementsAre(kAlpha));
  EXPECT_THAT(Ask(later, "kernel.py", {8, 8}).executed, ElementsAre(kBeta));
  EXPECT_THAT(Ask(later, "kernel.py", {1, 2}).executed, IsEmpty());
  EXPECT_THAT(Ask(later, "kernel.py").executed, ElementsAre(kAlpha, kBeta));
  EXPECT_EQ(Ask(later, "kernel.py").index[0].distance, 1u);
  // Nobody can have executed what a later commit added.
  git_.Write("new.py", "y = 1\n");
  EXPECT_THAT(Ask(git_.Commit("new"), "new.py").executed, IsEmpty());
}

TEST_F(StructureTest, OfEachLabelTheNewestEvidenceCounts) {
  UploadFirst();
  git_.Write("note", "x");
  const ObjectId later = git_.Commit("later");
  Upload({.commit = later,
          .executed = {{kAlpha, "core.py", {6}}},
          .completeness = Completeness::kSubset});
  EXPECT_THAT(Ask(later, "core.py", {2, 2}).executed, IsEmpty());
  EXPECT_THAT(Ask(later, "core.py", {6, 6}).executed, ElementsAre(kAlpha, kBeta));
}

TEST_F(StructureTest, WithoutEvidenceThereIsNoAnswer) {
  EXPECT_THAT(selector_->FindLabels(About(first_, "core.py")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(first_.ToHex())));
  UploadFirst();
  EXPECT_THAT(selector_->FindLabels(About(first_, "core.py", {}, {{"e2e", {}}})),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("of job 'e2e'")));
}

TEST(LinesBeforeTest, FollowsLinesThroughHunks) {
  struct Case {
    const char* name;
    std::vector<Hunk> hunks;
    LineRange lines, want;
  };
  const Case cases[] = {
      {"no hunk", {}, {3, 4}, {3, 4}},
      {"before a hunk", {{5, 1, 5, 2}}, {3, 4}, {3, 4}},
      {"after one that grew", {{2, 1, 2, 3}}, {5, 6}, {3, 4}},
      {"after a deletion", {{2, 2, 1, 0}}, {2, 3}, {4, 5}},
      {"around a deletion", {{2, 2, 1, 0}}, {1, 2}, {1, 4}},
      {"inside a replacement", {{2, 3, 2, 5}}, {4, 4}, {2, 4}},
      {"half inside", {{2, 3, 2, 5}}, {6, 8}, {2, 6}},
      {"inside an insertion", {{4, 0, 5, 2}}, {5, 6}, {0, 0}},
      {"inside one at the top", {{0, 0, 1, 2}}, {1, 1}, {0, 0}},
      {"into an insertion", {{4, 0, 5, 2}}, {4, 5}, {4, 4}},
      {"out of an insertion", {{4, 0, 5, 2}}, {6, 7}, {5, 5}},
      {"after two", {{1, 0, 2, 1}, {5, 2, 7, 1}}, {8, 8}, {7, 7}},
  };
  for (const Case& c : cases) {
    const LineRange got = LinesBefore(c.hunks, c.lines);
    EXPECT_EQ(got.first, c.want.first) << c.name;
    EXPECT_EQ(got.last, c.want.last) << c.name;
  }
}

}  // namespace
}  // namespace testselect
