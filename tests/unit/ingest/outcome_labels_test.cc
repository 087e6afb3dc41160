#include "server/ingest/outcome_labels.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect {
namespace {

struct Case {
  std::string name;
  std::vector<std::string> known;
  std::string suite, test, file, want;
  bool matched = true;
};

TEST(OutcomeLabelsTest, FindsTheLabelThatIsMeant) {
  const std::vector<std::string> files = {"src/pkg/mod.py", "tests/test_c.py"};
  const std::string two_names = "tests/test_a.py::test_x[a::b]";
  const std::vector<Case> cases = {
      {"pytest",
       {"tests/test_a.py::test_x"},
       "tests.test_a",
       "test_x",
       "",
       "tests/test_a.py::test_x"},
      {"pytest class",
       {"tests/test_a.py::TestX::test_y[1]"},
       "tests.test_a.TestX",
       "test_y[1]",
       "",
       "tests/test_a.py::TestX::test_y[1]"},
      {"parameter with separators", {two_names}, "tests.test_a", "test_x[a::b]", "", two_names},
      {"xunit1 file",
       {"tests/test_a.py::test_x"},
       "elsewhere",
       "test_x",
       "tests/test_a.py",
       "tests/test_a.py::test_x"},
      {"junit_prefix",
       {"tests/test_a.py::test_x"},
       "py311.tests.test_a",
       "test_x",
       "",
       "tests/test_a.py::test_x"},
      {"exact first", {"a.b", "b"}, "", "b", "", "b"},
      {"GoogleTest", {"Suite.Case/0"}, "Suite", "Case/0", "", "Suite.Case/0"},
      {"CTest repeats the name", {"Suite.Case"}, "Suite.Case", "Suite.Case", "", "Suite.Case"},
      {"lcov's name", {"Suite_Case_0"}, "Suite", "Case/0", "", "Suite_Case_0"},
      {"Go",
       {"example.com/m/pkg.TestX"},
       "example.com/m/pkg",
       "TestX",
       "",
       "example.com/m/pkg.TestX"},
      {"Go subtest",
       {"example.com/m/pkg.TestX"},
       "example.com/m/pkg",
       "TestX/sub/deep",
       "",
       "example.com/m/pkg.TestX"},
      {"Java",
       {"com.example.ATest#runs(String)[1] [1] a/b"},
       "com.example.ATest",
       "runs(String)[1]",
       "",
       "com.example.ATest#runs(String)[1] [1] a/b"},
      {"Java without arguments",
       {"com.example.ATest#empty() is empty"},
       "com.example.ATest",
       "empty",
       "",
       "com.example.ATest#empty() is empty"},
      {"PHPUnit", {"CartTest::testSum"}, "CartTest", "testSum", "", "CartTest::testSum"},
      {"nextest", {"tally tests::adds"}, "tally", "tests::adds", "", "tally tests::adds"},
      {"Vitest", {"a.test.ts > adds"}, "a.test.ts", "adds", "", "a.test.ts > adds"},
      {"qualified names",
       {"py=3.11|test_a.TestX.test_y"},
       "tests.test_a.TestX",
       "test_y[3]",
       "",
       "py=3.11|test_a.TestX.test_y"},
      {"new test of a known file",
       {"tests/test_a.py::test_x"},
       "tests.test_a.TestNew",
       "test_n",
       "",
       "tests/test_a.py::TestNew::test_n",
       false},
      {"new test of a file of the tree",
       {},
       "tests.test_c",
       "test_n",
       "",
       "tests/test_c.py::test_n",
       false},
      {"file that cannot be collected", {}, "", "tests.test_c", "", "tests/test_c.py", false},
      {"file attribute alone",
       {},
       "tests.test_z.TestK",
       "test_n",
       "tests/test_z.py",
       "tests/test_z.py::TestK::test_n",
       false},
      {"nothing known", {}, "com.example.ATest", "runs", "", "com.example.ATest.runs", false},
      {"namesakes stay apart",
       {"tests/test_a.py::test_x"},
       "tests.test_b",
       "test_x",
       "",
       "tests.test_b.test_x",
       false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const OutcomeMatch match = OutcomeLabels(c.known, files).Find({c.suite, c.test, c.file});
    EXPECT_EQ(match.label, c.want);
    EXPECT_EQ(match.known, c.matched);
  }
}

TEST(OutcomeLabelsTest, ASuiteIsItsLabels) {
  const OutcomeLabels labels(
      std::vector<std::string>{"com.example.ATest#a", "com.example.ATest2#b",
                               "tests/test_a.py::T::x", "tests/test_a.py::Tx::y"},
      std::vector<std::string>{});
  EXPECT_THAT(labels.OfSuite("com.example.ATest"), ::testing::ElementsAre("com.example.ATest#a"));
  EXPECT_THAT(labels.OfSuite("tests.test_a.T"), ::testing::ElementsAre("tests/test_a.py::T::x"));
  EXPECT_THAT(labels.OfSuite("absent"), ::testing::IsEmpty());
}

}  // namespace
}  // namespace testselect
