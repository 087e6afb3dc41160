// What coverage does not see: one test a rule; each fails without its rule.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selection/name_walk_fixture.h"

namespace testselect {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

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

// A memo, a fixture of the session, and who uses them. In processes of their own everybody's
// evidence has what it called.
class IsolationTest : public NameWalkTest {
 protected:
  IsolationTest() {
    File("lib.py",
         "import functools\n\n"
         "def load():\n    return 7\n\n"
         "@functools.lru_cache\n"
         "def table(x):\n    if x:\n        return load()\n    return 0\n");
    File("conftest.py",
         "import pytest\n\n@pytest.fixture(scope=\"session\")\ndef server():\n    return 1\n");
    File("test_t.py",
         "import lib\n\n"
         "def test_first(server):\n    assert lib.table(1) == 7\n\n"
         "def test_second(server):\n    assert lib.table(1) > 0\n\n"
         "def test_alone():\n    assert lib.table(0) == 0\n");
    Imported("lib.py", {"import functools", "def load", "@functools", "def table"});
    Ran(kFirst, "lib.py", {"if x", "return load()", "return 7"});
    Ran(kFirst, "conftest.py", {"return 1"}, Phase::kSetup);
    Ran(kFirst, "test_t.py", {"== 7"});
    Ran(kSecond, "test_t.py", {"> 0"});
    Ran(kAlone, "test_t.py", {"== 0"});
    Ran(kAlone, "lib.py", {"if x", "return 0"});
  }
  // The same evidence of another job, in one process.
  void AlsoShared(const std::vector<std::string>& labels) {
    UploadSpec shared = spec_;
    shared.job = "shared";
    shared.isolation = Isolation::kSharedProcess;
    shared.executed.clear();
    for (const std::string& label : labels) shared.executed.push_back({label, "test_t.py", {1}});
    shared.commit = git_.Commit("base");
    Upload(shared);
  }
  const std::string kFirst = "test_t.py::test_first", kSecond = "test_t.py::test_second",
                    kAlone = "test_t.py::test_alone";
};

TEST_F(IsolationTest, WithoutAWordOthersMayHaveFilledTheMemo) {
  Edit("lib.py", "return 7", "return 8");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kFirst, kSecond, kAlone));
}

TEST_F(IsolationTest, InAProcessOfItsOwnNobodyElseFillsTheMemo) {
  spec_.isolation = Isolation::kProcessPerLabel;
  Edit("lib.py", "return 7", "return 8");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kFirst));
  EXPECT_EQ(Count(ReasonCode::kMemo), 0u);
}

TEST_F(IsolationTest, InAProcessOfItsOwnAFixtureServesWhoRanIt) {
  spec_.isolation = Isolation::kProcessPerLabel;
  Edit("conftest.py", "return 1", "return 2");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kFirst));
}

TEST_F(IsolationTest, OfALabelInBothKindsOfProcessesTheWeakerHolds) {
  spec_.isolation = Isolation::kProcessPerLabel;
  AlsoShared({kSecond});
  Edit("lib.py", "return 7", "return 8");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kFirst, kSecond));
  EXPECT_EQ(Count(ReasonCode::kMemo), 1u);
}

// What was followed for those who share alone is followed again for everybody.
TEST_F(IsolationTest, WhatRanWhileImportingConcernsEverybodyInAnyProcess) {
  spec_.isolation = Isolation::kProcessPerLabel;
  Imported("lib.py", {"if x"});
  AlsoShared({kSecond});
  Edit("lib.py", "return 0", "return 1");
  EXPECT_THAT(Selected(), UnorderedElementsAre(kFirst, kSecond, kAlone));
  EXPECT_EQ(Count(ReasonCode::kImportTime), 3u);
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

// The collector began after the runner had imported the library.
class EarlyImportTest : public NameWalkTest {
 protected:
  EarlyImportTest() {
    File("lib.py",
         "def build():\n    return helper()\n\n"
         "def helper():\n    return [1, 2]\n\n"
         "TABLE = build()\n\n"
         "def other():\n    return 7\n");
    File("test_l.py",
         "import lib\n\ndef test_len():\n    assert len(lib.TABLE) == 2\n\n"
         "def test_other():\n    assert lib.other() == 7\n");
    Imported("test_l.py", {"import lib", "def test_len", "def test_other"});
    Ran("test_l.py::test_len", "test_l.py", {"lib.TABLE"});
    Ran("test_l.py::test_other", "test_l.py", {"lib.other"});
    Ran("test_l.py::test_other", "lib.py", {"return 7"});
  }
};

TEST_F(EarlyImportTest, WhatNobodyWasSeenToRunMayHaveRunInAnImportThatNobodySaw) {
  Edit("lib.py", "[1, 2]", "[1]");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_l.py::test_len"));
  EXPECT_EQ(Count(ReasonCode::kImportTime), 1u);
}

TEST_F(EarlyImportTest, WhereTheImportWasSeenNobodyRanIt) {
  Imported("lib.py", {"def build", "def helper", "TABLE =", "def other"});
  Edit("lib.py", "[1, 2]", "[1]");
  EXPECT_THAT(Selected(), IsEmpty());
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

// The child runs Worker.run: nobody was seen to.
TEST_F(NameWalkTest, AClassOfProcessesIsStartedByWhoUsesIt) {
  File("other.py", "def f():\n    return 1\n");
  File("work.py",
       "import multiprocessing, other\n\nclass Worker(multiprocessing.Process):\n"
       "    def run(self):\n        assert other.f() == 1\n\n"
       "def start():\n    w = Worker()\n    w.start()\n");
  File("test_w.py",
       "import work\n\ndef test_worker():\n    work.start()\n\n"
       "def test_count():\n    assert work.multiprocessing.cpu_count()\n");
  Ran("test_w.py::test_worker", "test_w.py", {"work.start()"});
  Ran("test_w.py::test_worker", "work.py", {"w = Worker()", "w.start()"});
  Ran("test_w.py::test_count", "test_w.py", {"cpu_count"});
  Edit("other.py", "return 1", "return 2");
  EXPECT_THAT(Selected(), Contains("test_w.py::test_worker"));
  EXPECT_EQ(Count(ReasonCode::kProcess), 1u);
}

TEST_F(NameWalkTest, AProcessThatAWideFixtureStartsIsThatOfAllItsUsers) {
  File("other.py", "def f():\n    return 1\n");
  File("app.py", "import other\n");
  File("conftest.py",
       "import pytest, subprocess\n\n@pytest.fixture(scope=\"session\")\n"
       "def server():\n    yield subprocess.Popen([\"app\"])\n");
  File("test_s.py",
       "def test_first(server):\n    assert server\n\n"
       "def test_second(server):\n    assert not server.x\n\n"
       "def test_alone():\n    assert True\n");
  Ran("test_s.py::test_first", "conftest.py", {"yield"}, Phase::kSetup);
  Ran("test_s.py::test_first", "test_s.py", {"assert server"});
  Ran("test_s.py::test_second", "test_s.py", {"server.x"});
  Ran("test_s.py::test_alone", "test_s.py", {"assert True"});
  File("test_o.py", "import other\n\ndef test_o():\n    assert other.f()\n");
  Ran("test_o.py::test_o", "other.py", {"return 1"});
  Ran("test_o.py::test_o", "test_o.py", {"other.f()"});
  Edit("other.py", "return 1", "return 2");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_s.py::test_first", "test_s.py::test_second",
                                               "test_o.py::test_o"));
  EXPECT_EQ(Count(ReasonCode::kProcess), 2u);
}

TEST_F(NameWalkTest, WhoAsksAboutProcessesStartsNone) {
  File("other.py", "def f():\n    return 1\n");
  File("name.py",
       "import sys\n\ndef process_name():\n    mp = sys.modules.get(\"multiprocessing\")\n"
       "    if mp:\n        return mp.current_process().name\n    return \"n/a\"\n");
  File("test_n.py", "import name\n\ndef test_n():\n    assert name.process_name()\n");
  Ran("test_n.py::test_n", "name.py", {"mp = ", "if mp", "n/a"});
  Ran("test_n.py::test_n", "test_n.py", {"name.process_name()"});
  File("test_o.py", "import other\n\ndef test_o():\n    assert other.f()\n");
  Ran("test_o.py::test_o", "other.py", {"return 1"});
  Ran("test_o.py::test_o", "test_o.py", {"other.f()"});
  Edit("other.py", "return 1", "return 2");
  EXPECT_THAT(Selected(), UnorderedElementsAre("test_o.py::test_o"));
}

TEST_F(NameWalkTest, WhoImportsWhileItRunsIsACanaryItself) {
  File("lib.py", "LIMIT = 1\n\ndef f():\n    return 1\n");
  File("test_a.py", "import lib\n\ndef test_a():\n    assert lib.f()\n");
  File("test_b.py",
       "import loader\n\ndef test_b():\n    assert loader.get('x').f()\n\n"
       "def test_c():\n    assert loader.get('y').f()\n\ndef test_alone():\n    pass\n");
  File("loader.py", "def get(name):\n    return made(name)\n");
  Ran("test_a.py::test_a", "test_a.py", {"lib.f()"});
  Ran("test_a.py::test_a", "lib.py", {"return 1"});
  for (const char* label : {"test_b.py::test_b", "test_b.py::test_c"}) {
    Ran(label, "lib.py", {"return 1"});
    Ran(label, "loader.py", {"return made"});
  }
  Ran("test_b.py::test_b", "test_b.py", {"get('x')"});
  Ran("test_b.py::test_c", "test_b.py", {"get('y')"});
  Ran("test_b.py::test_alone", "test_b.py", {"pass"});
  Edit("lib.py", "LIMIT = 1", "LIMIT = int('x')");
  EXPECT_THAT(Selected(),
              UnorderedElementsAre("test_a.py::test_a", "test_b.py::test_b", "test_b.py::test_c"));
}

}  // namespace
}  // namespace testselect
