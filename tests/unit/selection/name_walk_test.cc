// One test a rule of the walk along names; each fails without its rule.
#include "server/selection/name_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A project, its evidence by lines that hold a text, an edit, and who runs.
class NameWalkTest : public SelectionTest {
 protected:
  void File(const std::string& path, const std::string& text) {
    files_[path] = text;
    git_.Write(path, text);
  }
  // `label` executed every line of `path` that holds one of `marks`.
  void Ran(const std::string& label, const std::string& path, const std::vector<std::string>& marks,
           Phase phase = Phase::kRun) {
    spec_.executed.push_back({label, path, LinesWith(path, marks), phase});
  }
  void Imported(const std::string& path, const std::vector<std::string>& marks) {
    for (uint32_t line : LinesWith(path, marks)) spec_.global[path].push_back(line);
  }
  void Edit(const std::string& path, const std::string& from, const std::string& to) {
    ASSERT_TRUE(absl::StrContains(files_[path], from)) << path << ": " << from;
    edits_.emplace_back(path, absl::StrReplaceAll(files_[path], {{from, to}}));
  }
  std::vector<std::string> Selected() {
    spec_.commit = git_.Commit("base");
    Upload(spec_);
    for (const auto& [path, text] : edits_) git_.Write(path, text);
    head_ = git_.Commit("head");
    selection_ = Select(Request(spec_.commit, head_, Labels()));
    EXPECT_FALSE(selection_->fallback.has_value()) << selection_->fallback->message;
    return Run(*selection_);
  }
  uint64_t Count(ReasonCode code) const { return Reason(*selection_, code); }

  std::vector<std::string> Labels() const {
    std::vector<std::string> labels;
    for (const Executed& e : spec_.executed) {
      if (std::find(labels.begin(), labels.end(), e.label) == labels.end()) {
        labels.push_back(e.label);
      }
    }
    return labels;
  }
  std::vector<uint32_t> LinesWith(const std::string& path, const std::vector<std::string>& marks) {
    std::vector<uint32_t> lines;
    uint32_t number = 0;
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(files_[path], '\n'))) {
      ++number;
      for (const std::string& mark : marks) {
        if (absl::StrContains(line, mark)) lines.push_back(number);
      }
    }
    EXPECT_GE(lines.size(), marks.size()) << path;
    return lines;
  }

  std::map<std::string, std::string> files_;
  std::vector<std::pair<std::string, std::string>> edits_;
  UploadSpec spec_;
  ObjectId head_;
  std::shared_ptr<const Selection> selection_;
};

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

TEST_F(NameWalkTest, AWideFixtureServesMoreThanItsFirstTest) {
  File("conftest.py",
       "import pytest\n"
       "\n"
       "@pytest.fixture(scope=\"session\")\n"
       "def server():\n"
       "    return 1\n");
  File("test_s.py",
       "def test_first(server):\n    assert server == 1\n\n"
       "def test_second(server):\n    assert server < 9\n\n"
       "def test_alone():\n    assert True\n");
  Ran("test_s.py::test_first", "conftest.py", {"return 1"}, Phase::kSetup);
  Ran("test_s.py::test_first", "test_s.py", {"server == 1"});
  Ran("test_s.py::test_second", "test_s.py", {"server < 9"});
  Ran("test_s.py::test_alone", "test_s.py", {"assert True"});
  Edit("conftest.py", "return 1", "return 2");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_s.py::test_first", "test_s.py::test_second"));
  EXPECT_EQ(Count(ReasonCode::kSharedFixture), 2u);
}

// Two tests name the fixture, one of them was seen to use it; both call what it called.
TEST_F(NameWalkTest, RecordedFixturesServeThoseThatUsedThem) {
  File("made.py", "def make():\n    return 1\n");
  File("conftest.py",
       "import pytest, made\n"
       "\n"
       "@pytest.fixture(scope=\"session\")\n"
       "def server():\n"
       "    return made.make()\n");
  File("test_s.py",
       "def test_first(server):\n    assert server == 1\n\n"
       "def test_second(server):\n    assert server < 9\n");
  const std::string first = "test_s.py::test_first", second = "test_s.py::test_second";
  Ran(first, "test_s.py", {"server == 1"});
  Ran(second, "test_s.py", {"server < 9"});
  Ran(first, "conftest.py", {"return made"});
  Ran(first, "made.py", {"return 1"});
  spec_.fixtures = {{first, "conftest.py", {3, 5}}};
  Edit("made.py", "return 1", "return 2");
  EXPECT_THAT(Selected(), UnorderedElementsAre(first));
  Edit("conftest.py", "made.make()", "made.make() + 1");
  spec_.fixtures.push_back({second, "conftest.py", {3, 5}});
  EXPECT_THAT(Selected(), UnorderedElementsAre(first, second));
  EXPECT_EQ(Count(ReasonCode::kSharedFixture), 2u);
}

TEST_F(NameWalkTest, AnOpaqueTestRunsOnAnyChangeOfCode) {
  File("lib.py", "def f():\n    return 1\n");
  File("test_l.py",
       "import lib\n\ndef test_f():\n    assert lib.f()\n\ndef test_browser():\n    pass\n\n"
       "def test_alone():\n    assert 1\n");
  Ran("test_l.py::test_f", "test_l.py", {"lib.f()"});
  Ran("test_l.py::test_f", "lib.py", {"return 1"});
  Ran("test_l.py::test_browser", "test_l.py", {"pass"});
  Ran("test_l.py::test_alone", "test_l.py", {"assert 1"});
  LabelOutcome opaque;
  opaque.opaque = true;
  spec_.outcomes["test_l.py::test_browser"] = opaque;
  Edit("lib.py", "return 1", "return 1  # note");
  EXPECT_THAT(Selected(), IsEmpty());
  Edit("lib.py", "return 1", "return 2");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_l.py::test_f", "test_l.py::test_browser"));
  EXPECT_EQ(Count(ReasonCode::kOpaque), 1u);
}

// importlib.import_module(name): no import says so.
TEST_F(NameWalkTest, AnObservedImportIsFollowed) {
  File("base.py", "LIMIT = 1\nif LIMIT:\n    print(LIMIT)\n");
  File("plugin.py", "import base\n");
  File("test_p.py", "def test_plugin():\n    assert load()\n\ndef test_alone():\n    assert 1\n");
  Ran("test_p.py::test_plugin", "test_p.py", {"load()"});
  Ran("test_p.py::test_alone", "test_p.py", {"assert 1"});
  spec_.imported = {{"test_p.py::test_plugin", "plugin.py"}};
  Edit("base.py", "if LIMIT:", "if not LIMIT:");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_p.py::test_plugin"));
}

TEST_F(NameWalkTest, WhatACacheCalledFirstConcernsEveryUserOfTheCache) {
  File("lib.py",
       "import functools\n"
       "\n"
       "def load():\n"
       "    return 7\n"
       "\n"
       "@functools.lru_cache\n"
       "def table():\n"
       "    return load()\n");
  File("test_t.py",
       "import lib\n\n"
       "def test_first():\n    assert lib.table() == 7\n\n"
       "def test_second():\n    assert lib.table() > 0\n\n"
       "def test_alone():\n    assert True\n");
  Ran("test_t.py::test_first", "lib.py", {"return load()", "return 7"});
  Ran("test_t.py::test_first", "test_t.py", {"== 7"});
  Ran("test_t.py::test_second", "test_t.py", {"> 0"});
  Ran("test_t.py::test_alone", "test_t.py", {"assert True"});
  Edit("lib.py", "return 7", "return 8");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_t.py::test_first", "test_t.py::test_second"));
  EXPECT_EQ(Count(ReasonCode::kMemo), 2u);
}

TEST_F(NameWalkTest, WhatImportingMadeConcernsTheUsersOfItsName) {
  File("lib.py", "def make():\n    return 5\n\nVALUE = make()\n");
  File("test_v.py",
       "import lib\n\ndef test_value():\n    assert lib.VALUE == 5\n\ndef test_alone():\n    "
       "pass\n");
  Imported("lib.py", {"def make", "return 5", "VALUE ="});
  Ran("test_v.py::test_value", "test_v.py", {"VALUE == 5"});
  Ran("test_v.py::test_alone", "test_v.py", {"pass"});
  Edit("lib.py", "return 5", "return 6");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_v.py::test_value"));
  EXPECT_EQ(Count(ReasonCode::kImportTime), 1u);
}

TEST_F(NameWalkTest, WhoListsFilesSeesANewOne) {
  File("plugins/__init__.py",
       "import pkgutil\n\ndef names():\n    return [m.name for m in pkgutil.iter_modules()]\n");
  File("test_p.py",
       "import plugins\n\ndef test_names():\n    assert plugins.names()\n\ndef test_alone():\n    "
       "pass\n");
  Ran("test_p.py::test_names", "plugins/__init__.py", {"iter_modules"});
  Ran("test_p.py::test_names", "test_p.py", {"plugins.names()"});
  Ran("test_p.py::test_alone", "test_p.py", {"pass"});
  edits_.emplace_back("plugins/extra.py", "X = 1\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_p.py::test_names"));
  EXPECT_EQ(Count(ReasonCode::kGuard), 1u);
}

TEST_F(NameWalkTest, WhoStartsAProcessRunsOnAnyChangeOfCode) {
  File("app.py", "def main():\n    return 0\n");
  File("other.py", "def f():\n    return 1\n");
  File("test_cli.py",
       "import subprocess\n\ndef test_cli():\n    subprocess.run(['true'])\n\n"
       "def test_alone():\n    pass\n");
  File("test_o.py", "import other\n\ndef test_o():\n    assert other.f()\n");
  Ran("test_cli.py::test_cli", "test_cli.py", {"subprocess.run"});
  Ran("test_cli.py::test_alone", "test_cli.py", {"pass"});
  Ran("test_o.py::test_o", "other.py", {"return 1"});
  Ran("test_o.py::test_o", "test_o.py", {"other.f()"});
  Edit("other.py", "return 1", "return 2");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_cli.py::test_cli", "test_o.py::test_o"));
  EXPECT_EQ(Count(ReasonCode::kProcess), 1u);
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

TEST_F(NameWalkTest, ALabelWhoseFileNobodyKnowsRunsWhenAFileIsReached) {
  File("lib.py", "print('x')\n\ndef f():\n    return 1\n");
  Ran("smoke", "lib.py", {"return 1"});
  Edit("lib.py", "print('x')", "print('y')");
  EXPECT_THAT(Selected(), UnorderedElementsAre("smoke"));
}

TEST_F(NameWalkTest, AClassChangesUnderEveryNameThatItIsExportedBy) {
  File("shape.mjs", "export class A { v() {\n    return 1;\n  } }\nexport class B { v() {} }\n");
  File("square.mjs", "import {A, B} from './shape.mjs';\nexport default class Q extends A {}\n");
  File("s.test.mjs",
       "import Square from './square.mjs';\n"
       "test('a', () => {\n  'nothing';\n});\ntest('v', () => {\n  new Square().v();\n});\n");
  Ran("s.test.mjs > a", "s.test.mjs", {"nothing"});
  Ran("s.test.mjs > v", "s.test.mjs", {"new Square"});
  Ran("s.test.mjs > v", "shape.mjs", {"return 1"});
  Edit("square.mjs", "extends A", "extends B");
  EXPECT_THAT(Selected(), testing::Contains("s.test.mjs > v"));
}

TEST_F(NameWalkTest, WhoUsesAModuleAsAWholeUsesAllThatItExports) {
  File("c.mjs", "export const A = 1;\nexport const B = 2;\n");
  File("index.mjs", "export * from './c.mjs';\n");
  File("sum.mjs",
       "import * as c from './index.mjs';\n"
       "export function sum() {\n  return Object.values(c);\n}\n"
       "export function first() {\n  return c.A;\n}\n");
  File("s.test.mjs",
       "import {first, sum} from './sum.mjs';\n"
       "test('a', () => {\n  first();\n});\ntest('sum', () => {\n  sum();\n});\n");
  Ran("s.test.mjs > a", "s.test.mjs", {"  first()"});
  Ran("s.test.mjs > a", "sum.mjs", {"c.A"});
  Ran("s.test.mjs > sum", "s.test.mjs", {"  sum()"});
  Ran("s.test.mjs > sum", "sum.mjs", {"Object.values"});
  Edit("c.mjs", "B = 2", "B = 3");
  EXPECT_THAT(Selected(), UnorderedElementsAre("s.test.mjs > sum"));
}

}  // namespace
}  // namespace testselect
