// `granularity=LINE` in known languages: the changed statements of a body, and what runs just
// before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selection/name_walk_fixture.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class LineGranularityTest : public NameWalkTest {
 protected:
  LineGranularityTest() {
    granularity_ = Granularity::kLine;
    File("lib.py",
         "def pick(x):\n"
         "    y = x + 1\n"
         "    if x:\n"
         "        z = y * 2\n"
         "        return z\n"
         "    return y\n"
         "\n"
         "def other():\n"
         "    return 1\n");
    File("test_lib.py",
         "from lib import pick, other\n\n"
         "def test_yes():\n    assert pick(1) == 4\n\n"
         "def test_no():\n    assert pick(0) == 1\n\n"
         "def test_other():\n    assert other()\n");
    Imported("lib.py", {"def pick", "def other"});
    Imported("test_lib.py", {"from lib", "def test_yes", "def test_no", "def test_other"});
    Ran(kYes, "lib.py", {"y = x", "if x", "z = y", "return z"});
    Ran(kNo, "lib.py", {"y = x", "if x", "return y"});
    Ran(kOther, "lib.py", {"return 1"});
    Ran(kYes, "test_lib.py", {"pick(1)"});
    Ran(kNo, "test_lib.py", {"pick(0)"});
    Ran(kOther, "test_lib.py", {"other()"});
  }
  // What explains the first selection of a label.
  ReasonEvidence Why(const std::string& label) {
    SelectionRequest request = Request(spec_.commit, head_, Labels());
    request.granularity = granularity_;
    const auto e = selector_->Explain(request, label);
    EXPECT_TRUE(e.ok()) << e.status();
    EXPECT_FALSE(e->evidence.empty());
    return e->evidence.empty() ? ReasonEvidence() : e->evidence[0];
  }
  const std::string kYes = "test_lib.py::test_yes", kNo = "test_lib.py::test_no",
                    kOther = "test_lib.py::test_other";
};

TEST_F(LineGranularityTest, AChangedStatementSelectsWhoExecutedIt) {
  Edit("lib.py", "y * 2", "y * 3");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kYes));
  EXPECT_EQ(Count(ReasonCode::kCoveredChange), 1u);
  EXPECT_THAT(Names(*selection_, selection_->present_diff), UnorderedElementsAre(kYes));
  EXPECT_EQ(Why(kYes).lines, (LineRange{4, 4}));
  EXPECT_THAT(Why(kYes).message, HasSubstr("it executed a changed statement"));
}

TEST_F(LineGranularityTest, ADeletedStatementSelectsWhoExecutedIt) {
  Edit("lib.py", "    return y\n", "");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kNo));
}

TEST_F(LineGranularityTest, AnInsertedStatementSelectsWhoExecutedTheOneBefore) {
  Edit("lib.py", "        return z", "        z += 1\n        return z");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kYes));
  EXPECT_EQ(Count(ReasonCode::kInsertion), 1u);
  EXPECT_EQ(Why(kYes).lines, (LineRange{4, 4}));
  EXPECT_THAT(Why(kYes).message, HasSubstr("what runs just before a changed statement"));
}

TEST_F(LineGranularityTest, AfterABlockWhoCameToItRuns) {
  Edit("lib.py", "    return y", "    y += 1\n    return y");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kYes, kNo));
}

TEST_F(LineGranularityTest, BeforeTheFirstStatementWhoExecutedTheBodyRuns) {
  Edit("lib.py", "    y = x + 1", "    x = int(x)\n    y = x + 1");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kYes, kNo));
  EXPECT_EQ(Count(ReasonCode::kCoveredChange), 2u);
}

TEST_F(LineGranularityTest, CommentsAndLayoutSelectNothing) {
  Edit("lib.py", "        z = y * 2", "        # twice\n\n        z = (y *\n             2)");
  EXPECT_THAT(Selected(), IsEmpty());
}

TEST_F(LineGranularityTest, NamesAreFollowedAsEver) {
  Edit("lib.py", "def other():", "def other(more=1):");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kOther));
}

// The collector reports no `global`: nobody was seen there, and it may matter to all that came by.
TEST_F(LineGranularityTest, AStatementThatNobodyWasSeenToExecuteIsWhatRunsBefore) {
  Edit("lib.py", "        return z", "        global z\n        return z");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kYes));
}

// Who entered a function may have come anywhere in it.
TEST_F(LineGranularityTest, EvidenceByFunctionsKnowsTheBodyOnly) {
  spec_.executed.clear();
  for (const std::string& label : {kYes, kNo, kOther}) Ran(label, "test_lib.py", {"assert"});
  spec_.entered = {{kYes, "lib.py", {1, 6}}, {kNo, "lib.py", {1, 6}}};
  Edit("lib.py", "y * 2", "y * 3");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kYes, kNo));
}

// What one job does not report at all is none of its labels' signs.
TEST_F(LineGranularityTest, EachJobHasItsOwnSigns) {
  Edit("lib.py", "y * 2", "y * 3");
  spec_.commit = git_.Commit("base");
  UploadSpec coarse = spec_;
  coarse.job = "coarse";
  coarse.executed = {{"coarse::test", "lib.py", {2}}};
  Upload(coarse);
  Selected();
  SelectionRequest request = Request(spec_.commit, head_, {kYes, kNo, "coarse::test"});
  request.granularity = Granularity::kLine;
  EXPECT_THAT(Run(*Select(request)), UnorderedElementsAre(kYes, "coarse::test"));
}

TEST_F(LineGranularityTest, AMemoStillAnswersForWhatItCalled) {
  File("memo.py",
       "import functools\n\n\n@functools.cache\ndef keep(x):\n    a = x\n    return a + 1\n");
  File("test_memo.py",
       "from memo import keep\n\n\ndef test_first():\n    assert keep(1)\n\n\n"
       "def test_second():\n    assert keep(1)\n");
  Imported("memo.py", {"import functools", "@functools", "def keep"});
  Ran("test_memo.py::test_first", "memo.py", {"a = x", "return a"});
  Ran("test_memo.py::test_first", "test_memo.py", {"assert"});
  Ran("test_memo.py::test_second", "test_memo.py", {"assert"});
  Edit("memo.py", "a + 1", "a + 2");
  EXPECT_THAT(Selected(),
              UnorderedElementsAre("test_memo.py::test_first", "test_memo.py::test_second"));
}

}  // namespace
}  // namespace testselect
