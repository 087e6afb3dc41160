// What labels execute in one run and not in another, though nothing changed.
#include "server/selection/unstable_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "storage/memory_index_store.h"
#include "tests/unit/selection/name_walk_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A pool that the first test fills for all of them, in a way that no text shows.
class UnstableTest : public NameWalkTest {
 protected:
  UnstableTest() {
    File("pool.py",
         "class Pool:\n"
         "    made = None\n"
         "    def get(self):\n"
         "        if self.made is None:\n"
         "            build(self)\n"
         "        return self.made\n"
         "\n"
         "def build(pool):\n"
         "    pool.made = price()\n"
         "\n"
         "def price():\n"
         "    return 7\n"
         "\n"
         "POOL = Pool()\n");
    std::string tests = "from pool import POOL\n\n";
    for (const char* name : {"a", "b", "c"}) {
      tests += std::string("def test_") + name + "():\n    assert POOL.get()  # " + name + "\n\n";
    }
    File("test_pool.py", tests + "def test_alone():\n    assert True\n");
    File("test_other.py", "def test_other():\n    assert True\n");
    commit_ = git_.Commit("base");
  }

  // The evidence of a run in which `filler` came first.
  UploadSpec RunWith(const std::string& filler) {
    spec_ = UploadSpec{};
    for (const char* name : {"a", "b", "c"}) {
      const std::string label = std::string("test_pool.py::test_") + name;
      Ran(label, "test_pool.py", {std::string("# ") + name});
      Ran(label, "pool.py", {"if self.made", "return self.made"});
      if (name == filler) Ran(label, "pool.py", {"build(self)", "pool.made = ", "return 7"});
    }
    Ran("test_pool.py::test_alone", "test_pool.py", {"assert True"});
    Ran("test_other.py::test_other", "test_other.py", {"assert True"});
    Imported("test_pool.py", {"from pool"});
    Imported("pool.py", {"class Pool", "POOL = "});
    spec_.commit = commit_;
    return spec_;
  }

  std::vector<std::string> RunFor(const std::string& from, const std::string& to) {
    git_.Git("checkout -q -B work " + commit_.ToHex());
    git_.Write("pool.py", absl::StrReplaceAll(files_["pool.py"], {{from, to}}));
    const ObjectId head = git_.Commit("head");
    selection_ = Select(Request(commit_, head, Labels()));
    EXPECT_FALSE(selection_->fallback.has_value());
    return Run(*selection_);
  }

  ObjectId commit_;
};

TEST_F(UnstableTest, WhatCameOrWentIsSharedByAllWhoUseIt) {
  UploadAndKeep(RunWith("a"));
  EXPECT_THAT(RunFor("return 7", "return 8"), ElementsAre("test_pool.py::test_a"));
  UploadAndKeep(RunWith("b"));
  EXPECT_EQ(unstable_.labels, 2u);
  EXPECT_EQ(unstable_.functions, 2u);
  const auto everybody =
      UnorderedElementsAre("test_pool.py::test_a", "test_pool.py::test_b", "test_pool.py::test_c");
  EXPECT_THAT(RunFor("return 7", "return 8"), everybody);
  EXPECT_GT(Count(ReasonCode::kUnstable), 0u);
  EXPECT_THAT(RunFor("pool.made = price()", "pool.made = price() + 1"), everybody);
}

TEST_F(UnstableTest, TheSameRunAgainIsStable) {
  UploadAndKeep(RunWith("a"));
  UploadSpec again = RunWith("a");
  again.attempt = 2;
  UploadAndKeep(again);
  EXPECT_EQ(unstable_.labels, 0u);
  EXPECT_THAT(RunFor("return 7", "return 8"), ElementsAre("test_pool.py::test_a"));
}

TEST_F(UnstableTest, ALaterAttemptKeepsWhatIsKnown) {
  UploadAndKeep(RunWith("a"));
  UploadAndKeep(RunWith("b"));
  UploadSpec retry = RunWith("b");
  retry.attempt = 2;
  UploadAndKeep(retry);
  EXPECT_THAT(RunFor("return 7", "return 8").size(), 3u);
}

// The marks go with the code when a full run ends the chain at a newer commit.
TEST_F(UnstableTest, AFullRunOfALaterCommitKeepsTheMarks) {
  UploadAndKeep(RunWith("a"));
  UploadAndKeep(RunWith("b"));
  File("pool.py", "# a comment\n" + files_["pool.py"]);
  commit_ = git_.Commit("later");
  UploadAndKeep(RunWith("b"));
  const auto s = Select(Request(commit_, git_.Commit("empty"), Labels()));
  EXPECT_EQ(s->index[0].segments, 2u);  // the chain ends here
  EXPECT_THAT(RunFor("return 7", "return 8").size(), 3u);
  EXPECT_THAT(RunFor("# a comment", "# another"), IsEmpty());
}

TEST_F(UnstableTest, ASubsetOfAChangedTestKeepsWhatWasAdded) {
  UploadAndKeep(RunWith("a"));
  UploadAndKeep(RunWith("b"));
  File("test_pool.py",
       absl::StrReplaceAll(files_["test_pool.py"],
                           {{"assert POOL.get()  # a", "assert POOL.get() > 1  # a"}}));
  commit_ = git_.Commit("changed test");
  spec_ = UploadSpec{};
  Ran("test_pool.py::test_a", "test_pool.py", {"# a"});
  Ran("test_pool.py::test_a", "pool.py", {"if self.made", "return self.made"});
  spec_.commit = commit_;
  spec_.completeness = Completeness::kSubset;
  UploadAndKeep(spec_);
  RunWith("b");  // for the names of all labels
  EXPECT_THAT(RunFor("return 7", "return 8").size(), 3u);
}

TEST_F(UnstableTest, ALabelThatAChangeAffectsIsNotCompared) {
  UploadAndKeep(RunWith("a"));
  File("pool.py",
       absl::StrReplaceAll(files_["pool.py"], {{"if self.made is None", "if self.made == None"}}));
  commit_ = git_.Commit("other condition");
  UploadAndKeep(RunWith("b"));
  EXPECT_EQ(unstable_.labels, 0u);
}

TEST_F(UnstableTest, AFailedTestIsNotCompared) {
  UploadAndKeep(RunWith("a"));
  UploadSpec failed = RunWith("none");
  failed.attempt = 2;
  failed.outcomes = {{"test_pool.py::test_a", {Outcome::kFailed, 1}}};
  UploadAndKeep(failed);
  EXPECT_EQ(unstable_.labels, 0u);
}

// A suite in three random orders, with a cache that its tests share: every mutant of what the cache
// calls concerns all tests that take from the cache.
TEST_F(UnstableTest, AfterThreeRandomOrdersNoMutantOfWhatTheCacheCallsIsMissed) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    std::mt19937 random(seed);
    StartAnew({});
    bool differed = false;
    std::string first;
    for (uint32_t run = 1; run <= 3; ++run) {
      const std::string filler(1, "abc"[random() % 3]);
      if (run == 1) first = filler;
      differed |= filler != first;
      UploadSpec spec = RunWith(filler);
      spec.attempt = run;
      UploadAndKeep(spec);
    }
    if (!differed) continue;  // nothing could be seen
    EXPECT_THAT(RunFor("return 7", "return 8").size(), 3u) << seed;
    EXPECT_THAT(RunFor("= price()", "= price() * 2").size(), 3u) << seed;
  }
}

}  // namespace
}  // namespace testselect
