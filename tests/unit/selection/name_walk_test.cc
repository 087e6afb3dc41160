// One test a rule of the walk along names; each fails without its rule.
#include "server/selection/name_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selection/name_walk_fixture.h"

namespace testselect {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Two functions, each with its test.
class TwoFunctionsTest : public NameWalkTest {
 protected:
  TwoFunctionsTest() {
    File("lib.py",
         "LIMIT = 3\n"
         "\n"
         "def one(x):\n"
         "    \"\"\"Gives one.\"\"\"\n"
         "    return x + LIMIT\n"
         "\n"
         "def two(x):\n"
         "    return x * 2\n");
    File("test_one.py", "from lib import one\n\ndef test_one():\n    assert one(1) == 4\n");
    File("test_two.py", "from lib import two\n\ndef test_two():\n    assert two(1) == 2\n");
    Imported("lib.py", {"LIMIT = 3", "def one", "def two"});
    Imported("test_one.py", {"from lib", "def test_one"});
    Imported("test_two.py", {"from lib", "def test_two"});
    Ran(kOne, "lib.py", {"return x + LIMIT"});
    Ran(kOne, "test_one.py", {"assert"});
    Ran(kTwo, "lib.py", {"return x * 2"});
    Ran(kTwo, "test_two.py", {"assert"});
  }
  const std::string kOne = "test_one.py::test_one", kTwo = "test_two.py::test_two";
};

TEST_F(TwoFunctionsTest, AChangedBodySelectsWhoExecutedIt) {
  Edit("lib.py", "x * 2", "x * 3");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kTwo));
  EXPECT_EQ(Count(ReasonCode::kCoveredChange), 1u);
  EXPECT_THAT(Names(*selection_, selection_->present_diff), UnorderedElementsAre(kTwo));
}

TEST_F(TwoFunctionsTest, CommentsLayoutAndQuotesSelectNothing) {
  Edit("lib.py", "    return x * 2", "    # twice\n    return (x *\n            2)");
  EXPECT_THAT(Selected(), IsEmpty());
}

TEST_F(TwoFunctionsTest, ADocstringThatNobodyReadsSelectsNothing) {
  Edit("lib.py", "Gives one.", "Gives one, and a limit.");
  EXPECT_THAT(Selected(), IsEmpty());
}

TEST_F(TwoFunctionsTest, AConstantSelectsWhoExecutedABodyThatNamesIt) {
  Edit("lib.py", "LIMIT = 3", "LIMIT = 4");
  const auto run = Selected();
  EXPECT_THAT(run, testing::Contains(kOne));
  EXPECT_EQ(Count(ReasonCode::kNameChange), 1u);
}

TEST_F(TwoFunctionsTest, CodeThatRunsAtImportGetsACanaryOfEachTestFile) {
  Edit("lib.py", "LIMIT = 3", "LIMIT = 4");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kOne, kTwo));
  EXPECT_EQ(Count(ReasonCode::kCanary), 1u);  // test_one.py has one that runs anyway
}

TEST_F(TwoFunctionsTest, ANewFunctionSelectsCanariesOnly) {
  Edit("lib.py", "def two", "def three(x):\n    return x * 3\n\ndef two");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kOne, kTwo));
  EXPECT_EQ(Count(ReasonCode::kCanary), 2u);
}

TEST_F(TwoFunctionsTest, AFileThatNoLongerParsesSelectsWhoReachesIt) {
  Edit("lib.py", "return x * 2", "return x * (2");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kOne, kTwo));
  EXPECT_GE(Count(ReasonCode::kReach), 2u);
}

TEST_F(TwoFunctionsTest, AChangedTestSelectsItself) {
  Edit("test_two.py", "== 2", "== 3");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kTwo));
}

TEST_F(TwoFunctionsTest, AFileThatIsNoCodeAndUnknownRunsAll) {
  File("data.bin", "x");
  Edit("data.bin", "x", "y");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kOne, kTwo));
  EXPECT_EQ(Count(ReasonCode::kUnknownFile), 2u);
}

TEST_F(TwoFunctionsTest, ADeletedModuleSelectsWhoReachesIt) {
  File("extra.py", "X = 1\n");
  File("test_two.py",
       "import extra\nfrom lib import two\n\ndef test_two():\n    assert two(1) == 2\n");
  spec_.executed.clear();
  Ran(kOne, "lib.py", {"return x + LIMIT"});
  Ran(kTwo, "test_two.py", {"assert"});
  spec_.commit = git_.Commit("base");
  Upload(spec_);
  git_.Git("rm -q extra.py");
  const auto s = Select(Request(spec_.commit, git_.Commit("head"), {kOne, kTwo}));
  EXPECT_THAT(Run(*s), UnorderedElementsAre(kTwo));
  EXPECT_EQ(Reason(*s, ReasonCode::kDeletedFile), 1u);
}

TEST_F(TwoFunctionsTest, ANewModuleThatShadowsAnotherSelectsWhoReachesIt) {
  git_.Write("test_two.py",
             "import json\nfrom lib import two\n\ndef test_two():\n    assert two(1) == 2\n");
  spec_.commit = git_.Commit("base");
  Upload(spec_);
  git_.Write("json.py", "def dumps(x):\n    return ''\n");
  const auto s = Select(Request(spec_.commit, git_.Commit("head"), {kOne, kTwo}));
  EXPECT_THAT(Run(*s), UnorderedElementsAre(kTwo));
}

TEST_F(TwoFunctionsTest, ExplainPrintsTheChainOfNames) {
  Edit("lib.py", "LIMIT = 3", "LIMIT = 4");
  Selected();
  const auto explanation = selector_->Explain(Request(spec_.commit, head_), kOne);
  ASSERT_TRUE(explanation.ok()) << explanation.status();
  ASSERT_FALSE(explanation->evidence.empty());
  EXPECT_EQ(explanation->evidence[0].message,
            "changed statement LIMIT in lib.py > name LIMIT of lib.py > used in one of lib.py");
}

TEST_F(NameWalkTest, AnOverridingMethodSelectsWhoCallsTheMember) {
  File("shapes.py",
       "class Shape:\n"
       "    def area(self):\n"
       "        return 0\n"
       "\n"
       "class Square(Shape):\n"
       "    side = 2\n");
  File("test_shapes.py",
       "from shapes import Shape, Square\n"
       "\n"
       "def test_square():\n"
       "    assert Square().area() == 0\n"
       "\n"
       "def test_side():\n"
       "    assert Square.side == 2\n");
  Ran("test_shapes.py::test_square", "test_shapes.py", {"area() == 0"});
  Ran("test_shapes.py::test_square", "shapes.py", {"return 0"});
  Ran("test_shapes.py::test_side", "test_shapes.py", {"side == 2"});
  Edit("shapes.py", "    side = 2\n", "    side = 2\n    def area(self):\n        return 4\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_shapes.py::test_square"));
}

TEST_F(NameWalkTest, AConstantReadThroughAnotherModuleIsFollowed) {
  File("a.py", "X = 1\n");
  File("b.py", "from a import *\n");
  File("c.py", "from b import X as Y\n\ndef get():\n    return Y\n");
  File("test_c.py",
       "import c\n\ndef test_get():\n    assert c.get() == 1\n\ndef test_other():\n    pass\n");
  Ran("test_c.py::test_get", "c.py", {"return Y"});
  Ran("test_c.py::test_get", "test_c.py", {"c.get()"});
  Ran("test_c.py::test_other", "test_c.py", {"pass"});
  Edit("a.py", "X = 1", "X = 2");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_c.py::test_get"));
}

TEST_F(NameWalkTest, ARemovedNameThatIsStillImportedSelectsWhoReachesTheImporter) {
  File("lib.py", "A = 1\nB = 2\n");
  File("mid.py", "from lib import B\n");
  File("test_m.py", "import mid\n\ndef test_one():\n    pass\n\ndef test_two():\n    pass\n");
  File("test_l.py", "import lib\n\ndef test_lib():\n    pass\n");
  Ran("test_m.py::test_one", "test_m.py", {"pass"});
  Ran("test_m.py::test_two", "test_m.py", {"pass"});
  Ran("test_l.py::test_lib", "test_l.py", {"pass"});
  Edit("lib.py", "B = 2\n", "");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_m.py::test_one", "test_m.py::test_two",
                                               "test_l.py::test_lib"));
  EXPECT_EQ(Count(ReasonCode::kReach), 2u);
  EXPECT_EQ(Count(ReasonCode::kCanary), 1u);
}

TEST_F(NameWalkTest, ARegistrationChangesWhatItRegistersWith) {
  File("show.py",
       "import functools\n"
       "\n"
       "@functools.singledispatch\n"
       "def show(x):\n"
       "    return 'any'\n");
  File("test_s.py",
       "from show import show\n\n"
       "def test_int():\n    assert show(1) == 'any'\n\n"
       "def test_str():\n    assert show('a') == 'any'\n\n"
       "def test_alone():\n    pass\n");
  Ran("test_s.py::test_int", "show.py", {"return 'any'"});
  Ran("test_s.py::test_int", "test_s.py", {"show(1)"});
  Ran("test_s.py::test_str", "show.py", {"return 'any'"});
  Ran("test_s.py::test_str", "test_s.py", {"show('a')"});
  Ran("test_s.py::test_alone", "test_s.py", {"pass"});
  edits_.emplace_back("show.py",
                      files_["show.py"] + "\n@show.register\ndef _(x: str):\n    return 'str'\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_s.py::test_int", "test_s.py::test_str"));
}

TEST_F(NameWalkTest, ADecoratorThatFillsATableChangesTheTable) {
  File("table.py",
       "ITEMS = []\n"
       "\n"
       "def register(f):\n"
       "    ITEMS.append(f)\n"
       "    return f\n"
       "\n"
       "def count():\n"
       "    return len(ITEMS)\n");
  File("uses.py", "from table import register\n\nX = 1\n");
  File("test_t.py",
       "import table, uses\n\n"
       "def test_count():\n    assert table.count() == 0\n\n"
       "def test_alone():\n    pass\n");
  Ran("test_t.py::test_count", "table.py", {"return len(ITEMS)"});
  Ran("test_t.py::test_count", "test_t.py", {"table.count()"});
  Ran("test_t.py::test_alone", "test_t.py", {"pass"});
  edits_.emplace_back("uses.py", files_["uses.py"] + "\n@register\ndef one():\n    return 1\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_t.py::test_count"));
}

TEST_F(NameWalkTest, AStatementThatReachesIntoAnotherModuleChangesItForItsUsers) {
  File("pack/__init__.py", "from .deep import scale\n");
  File("pack/deep.py", "def scale(x):\n    return x * 2\n");
  File("patch.py", "import pack.deep as deep\n");
  File("use.py", "from pack import scale\n\ndef twice(x):\n    return scale(x)\n");
  File("test_u.py",
       "import use\n\ndef test_twice():\n    assert use.twice(1)\n\n"
       "def test_alone():\n    pass\n");
  File("test_p.py", "import patch\n\ndef test_patch():\n    assert patch\n");
  Ran("test_u.py::test_twice", "use.py", {"return scale"});
  Ran("test_u.py::test_twice", "pack/deep.py", {"return x"});
  Ran("test_u.py::test_twice", "test_u.py", {"use.twice"});
  Ran("test_u.py::test_alone", "test_u.py", {"pass"});
  Ran("test_p.py::test_patch", "test_p.py", {"assert patch"});
  Edit("patch.py", "as deep\n", "as deep\ndeep.scale = None\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_u.py::test_twice", "test_p.py::test_patch"));
}

TEST_F(NameWalkTest, AStatementThatReachesIntoAClassThroughAPackageChangesTheClass) {
  File("pack/__init__.py", "from .deep import Base\n");
  File("pack/deep.py",
       "class Base:\n    def run(self):\n        return 1\n\ndef make():\n    return Base()\n");
  File("patch.py", "from pack import Base\nBase.run = lambda self: 1\n");
  File("test_u.py",
       "from pack.deep import make\n\ndef test_make():\n    assert make().run()\n\n"
       "def test_alone():\n    pass\n");
  File("test_p.py", "import patch\n\ndef test_patch():\n    assert patch\n");
  Ran("test_u.py::test_make", "pack/deep.py", {"return Base"});
  Ran("test_u.py::test_make", "test_u.py", {"make().run"});
  Ran("test_u.py::test_alone", "test_u.py", {"pass"});
  Ran("test_p.py::test_patch", "test_p.py", {"assert patch"});
  Edit("patch.py", "self: 1", "self: 2");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_u.py::test_make", "test_p.py::test_patch"));
}

TEST_F(NameWalkTest, AStatementThatReachesIntoALibrarySelectsWhoReachesIt) {
  File("settings.py", "import os\nos.environ['A'] = '1'\n");
  File("test_s.py",
       "import settings\nimport os\n\ndef test_a():\n    assert os.environ\n\ndef test_b():\n    "
       "pass\n");
  File("test_o.py", "def test_other():\n    pass\n");
  Ran("test_s.py::test_a", "test_s.py", {"assert os"});
  Ran("test_s.py::test_b", "test_s.py", {"pass"});
  Ran("test_o.py::test_other", "test_o.py", {"pass"});
  Edit("settings.py", "'1'", "'2'");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_s.py::test_a", "test_s.py::test_b"));
}

TEST_F(NameWalkTest, ANameThatIsImportedOrElseSetHereIsOfThisFileOnly) {
  File("fast.py", "def f():\n    return 1\n");
  File("here.py", "try:\n    from fast import f\nexcept ImportError:\n    f = None\n");
  File("test_f.py",
       "from fast import f\n\ndef test_f():\n    assert f()\n\ndef test_alone():\n    pass\n");
  File("test_h.py", "import here\n\ndef test_h():\n    assert here.f()\n");
  Ran("test_f.py::test_f", "fast.py", {"return 1"});
  Ran("test_f.py::test_f", "test_f.py", {"assert f"});
  Ran("test_f.py::test_alone", "test_f.py", {"pass"});
  Ran("test_h.py::test_h", "test_h.py", {"here.f"});
  Edit("here.py", "f = None", "f = len");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_h.py::test_h"));
}

TEST_F(NameWalkTest, WhoImportsAFileByALinkSeesItsChanges) {
  File("real/one.py", "V = 1\n");
  Shell("ln -s real/one.py " + git_.path() + "/link.py && ln -s real " + git_.path() + "/folder");
  File("test_l.py",
       "import link\n\ndef test_file():\n    assert link.V == 1\n\ndef test_alone():\n    pass\n");
  File("test_f.py", "import folder.one as one\n\ndef test_folder():\n    assert one.V == 1\n");
  Ran("test_l.py::test_file", "test_l.py", {"link.V"});
  Ran("test_l.py::test_alone", "test_l.py", {"pass"});
  Ran("test_f.py::test_folder", "test_f.py", {"one.V"});
  Edit("real/one.py", "V = 1", "V = 2");
  EXPECT_THAT(Selected(), testing::IsSupersetOf({std::string("test_l.py::test_file"),
                                                 std::string("test_f.py::test_folder")}));
}

TEST_F(NameWalkTest, AFileThatATestOpenedSelectsIt) {
  File("lib.py", "X = 1\n");
  File("test_l.py", "def test_reads():\n    assert 1\n\ndef test_alone():\n    pass\n");
  Ran("test_l.py::test_reads", "test_l.py", {"assert 1"});
  Ran("test_l.py::test_alone", "test_l.py", {"pass"});
  spec_.opened = {{"test_l.py::test_reads", "lib.py"}};
  Edit("lib.py", "X = 1", "X = 1  # note");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_l.py::test_reads"));
  EXPECT_EQ(Count(ReasonCode::kOpenedFile), 1u);
}

TEST_F(NameWalkTest, AParametrisedTestWithANewCaseSelectsAllItsCases) {
  File("test_p.py",
       "import pytest\n\n"
       "@pytest.mark.parametrize('x', [1, 2])\n"
       "def test_x(x):\n    assert x\n\n"
       "def test_alone():\n    pass\n");
  Ran("test_p.py::test_x[1]", "test_p.py", {"assert x"});
  Ran("test_p.py::test_x[2]", "test_p.py", {"assert x"});
  Ran("test_p.py::test_alone", "test_p.py", {"pass"});
  Edit("test_p.py", "[1, 2]", "[1, 2, 3]");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_p.py::test_x[1]", "test_p.py::test_x[2]"));
}

// Go's test files are followed by name, because coverage leaves them out.
TEST_F(NameWalkTest, ALabelWhoseFileNobodyKnowsRunsWhenAFileIsReached) {
  File("lib.py", "print('x')\n\ndef f():\n    return 1\n");
  Ran("smoke", "lib.py", {"return 1"});
  Edit("lib.py", "print('x')", "print('y')");
  EXPECT_THAT(Selected(), UnorderedElementsAre("smoke"));
}

}  // namespace
}  // namespace testselect
