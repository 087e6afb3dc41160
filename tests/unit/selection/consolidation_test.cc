// Evidence moved to newer commits: selections stay what they were, chains become short.
#include "server/selection/consolidation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/git/open_repository.h"
#include "storage/memory_index_store.h"
#include "tests/unit/selection/name_walk_fixture.h"

namespace testselect {
namespace {

using ::testing::UnorderedElementsAre;

TEST(CarriedNoteTest, RoundTripsAndRefusesDamage) {
  CarriedNote note;
  note.complete = true;
  note.rest = {Digest::Of("a")};
  note.moved = {Digest::Of("b"), Digest::Of("c")};
  const std::string bytes = EncodeCarriedNote(note);
  EXPECT_EQ(*DecodeCarriedNote(bytes), note);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeCarriedNote(bytes.substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss);
  }
  EXPECT_FALSE(DecodeCarriedNote(bytes + "x").ok());
}

// Ten functions, each with two tests; commits that change functions and comments.
class ConsolidationTest : public NameWalkTest {
 protected:
  static constexpr int kFunctions = 10;

  ConsolidationTest() {
    WriteAll();
    commit_ = git_.Commit("base");
    selector_ = NewSelector(store_.get(), repositories_.get(), Options(3));
    exact_ = NewSelector(plain_.get(), repositories_.get(), Options(0));
  }

  static SelectorOptions Options(uint32_t layers) {
    SelectorOptions options;
    options.consolidate_after = layers;
    return options;
  }

  void WriteAll() {
    std::string lib, tests = "import lib\n\n";
    for (int i = 0; i < kFunctions; ++i) {
      for (int line = 0; line < comments_[i]; ++line) absl::StrAppend(&lib, "# about f", i, "\n");
      absl::StrAppend(&lib, "def f", i, "():\n    return ", values_[i], "  # f", i, "\n\n");
      for (const char* name : {"x", "y"}) {
        absl::StrAppend(&tests, "def test_", i, name, "():\n    assert lib.f", i, "()  # ", i, name,
                        "\n\n");
      }
    }
    File("lib.py", lib);
    File("test_lib.py", tests);
  }

  static std::vector<std::string> AllLabels() {
    std::vector<std::string> labels;
    for (int i = 0; i < kFunctions; ++i) {
      for (const char* name : {"x", "y"}) {
        labels.push_back(absl::StrCat("test_lib.py::test_", i, name));
      }
    }
    return labels;
  }

  UploadSpec EvidenceOf(const std::vector<std::string>& labels, Completeness completeness) {
    spec_ = UploadSpec{};
    for (const std::string& label : labels) {
      const std::string name = label.substr(label.rfind('_') + 1);
      Ran(label, "test_lib.py", {absl::StrCat("# ", name)});
      Ran(label, "lib.py", {absl::StrCat("  # f", name.substr(0, 1))});
      spec_.outcomes[label] = {Outcome::kPassed, 0.5};
    }
    Imported("lib.py", {"def f"});
    Imported("test_lib.py", {"import lib", "def test_"});
    spec_.commit = commit_;
    spec_.completeness = completeness;
    return spec_;
  }

  // Stores the same in the index that is consolidated and in one that is not.
  void UploadBoth(const UploadSpec& spec) {
    UploadAndKeep(spec);
    std::swap(store_, plain_);
    std::swap(selector_, exact_);
    UploadAndKeep(spec);
    std::swap(store_, plain_);
    std::swap(selector_, exact_);
  }

  // Compares the answers of both for a change of function `i` from the newest commit.
  void ExpectSameAnswers(int i) {
    git_.Git("checkout -q -B work " + commit_.ToHex());
    git_.Write("lib.py",
               absl::StrReplaceAll(files_["lib.py"], {{absl::StrCat("  # f", i, "\n"),
                                                       absl::StrCat(" + 1  # f", i, "\n")}}));
    const ObjectId head = git_.Commit("head");
    git_.Git("checkout -q main");
    const auto ours = Select(Request(commit_, head, AllLabels()));
    std::swap(selector_, exact_);
    const auto exact = Select(Request(commit_, head, AllLabels()));
    EXPECT_EQ(Run(*ours), Run(*exact));
    EXPECT_EQ(Names(*ours, ours->present_diff), Names(*exact, exact->present_diff));
    EXPECT_EQ(Names(*ours, ours->absent), Names(*exact, exact->absent));
    std::swap(selector_, exact_);
    EXPECT_EQ(ours->index[0].commit, exact->index[0].commit);
    EXPECT_EQ(ours->total_seconds, exact->total_seconds);
    segments_ = ours->index[0].segments;
  }

  std::vector<int> values_ = std::vector<int>(kFunctions, 1);
  std::vector<int> comments_ = std::vector<int>(kFunctions, 1);
  ObjectId commit_;
  std::unique_ptr<IndexStore> plain_ = NewMemoryIndexStore();
  std::unique_ptr<Selector> exact_;
  uint32_t segments_ = 0;  // of the last answer from the consolidated index
};

TEST_F(ConsolidationTest, AnswersBeforeAndAfterAreIdentical) {
  std::mt19937 random(7);
  UploadBoth(EvidenceOf(AllLabels(), Completeness::kFull));
  uint32_t longest = 0;
  for (int step = 0; step < 30; ++step) {
    const int i = static_cast<int>(random() % kFunctions);
    ++(step % 3 == 0 ? comments_ : values_)[i];
    WriteAll();
    const ObjectId before = commit_;
    commit_ = git_.Commit(absl::StrCat("step ", step));
    const std::vector<std::string> run = Run(*Select(Request(before, commit_, AllLabels())));
    if (step % 3 == 0) {
      EXPECT_TRUE(run.empty()) << absl::StrJoin(run, " ");
    } else {
      EXPECT_EQ(run.size(), 2u) << absl::StrJoin(run, " ");
    }
    if (!run.empty()) UploadBoth(EvidenceOf(run, Completeness::kSubset));
    for (int changed : {i, (i + 1) % kFunctions, (i + 5) % kFunctions}) ExpectSameAnswers(changed);
    longest = std::max(longest, segments_);
  }
  EXPECT_LE(longest, 5u);
}

TEST_F(ConsolidationTest, ALabelWhoseCodeChangedStaysWhereItWasSeen) {
  UploadBoth(EvidenceOf(AllLabels(), Completeness::kFull));
  for (int i = 0; i < 5; ++i) {
    ++values_[i];
    WriteAll();
    commit_ = git_.Commit("step");
    // One of the two tests runs; the other stays behind, and is selected from then on.
    UploadBoth(EvidenceOf({absl::StrCat("test_lib.py::test_", i, "x")}, Completeness::kSubset));
  }
  git_.Git("checkout -q -B work");
  const ObjectId head = git_.Commit("empty");
  git_.Git("checkout -q main");
  EXPECT_THAT(
      Run(*Select(Request(commit_, head, AllLabels()))),
      UnorderedElementsAre("test_lib.py::test_0y", "test_lib.py::test_1y", "test_lib.py::test_2y",
                           "test_lib.py::test_3y", "test_lib.py::test_4y"));
  ExpectSameAnswers(7);
}

TEST_F(ConsolidationTest, MovedEvidenceWithADamagedNoteIsNotUsed) {
  UploadBoth(EvidenceOf(AllLabels(), Completeness::kFull));
  for (int i = 0; i < 5; ++i) {
    ++values_[i];
    WriteAll();
    commit_ = git_.Commit("step");
    UploadBoth(EvidenceOf({absl::StrCat("test_lib.py::test_", i, "x")}, Completeness::kSubset));
  }
  const auto notes = store_->NotesWithPrefix(CarriedNotePrefix("app"));
  ASSERT_TRUE(notes.ok() && !notes->empty());
  for (const auto& [key, value] : *notes) ASSERT_TRUE(store_->PutNote(key, "damaged").ok());
  selector_ = NewSelector(store_.get(), repositories_.get(), Options(0));
  ExpectSameAnswers(2);
  ExpectSameAnswers(9);
  EXPECT_EQ(segments_, 6u) << "the whole chain";
}

TEST_F(ConsolidationTest, EvidenceMovedToACommitThatIsGoneDoesNotRefuseUploads) {
  const ObjectId first = commit_;
  UploadBoth(EvidenceOf(AllLabels(), Completeness::kFull));
  git_.Git("checkout -q -b topic");
  for (int i = 0; i < 5; ++i) {
    ++values_[i];
    WriteAll();
    commit_ = git_.Commit("step");
    UploadBoth(EvidenceOf({absl::StrCat("test_lib.py::test_", i, "x")}, Completeness::kSubset));
  }
  ASSERT_FALSE(store_->NotesWithPrefix(CarriedNotePrefix("app"))->empty());
  git_.Git(
      "checkout -q main && git branch -q -D topic && git reflog expire --expire=now --all && "
      "git gc -q --prune=now");
  RepositorySetOptions repositories;
  repositories.repositories["app"] = git_.path();
  auto opened = NewRepositorySet(repositories);
  ASSERT_TRUE(opened.ok());
  selector_.reset();
  repositories_ = *std::move(opened);
  selector_ = NewSelector(store_.get(), repositories_.get(), Options(3));
  commit_ = first;
  UploadSpec again = EvidenceOf({"test_lib.py::test_0x"}, Completeness::kSubset);
  again.attempt = 2;
  UploadAndKeep(again);  // fails the test where the upload would be refused
  const auto notes = store_->NotesWithPrefix(CarriedNotePrefix("app"));
  ASSERT_TRUE(notes.ok()) << notes.status();
  for (const auto& [key, value] : *notes) {
    EXPECT_TRUE(DecodeCarriedNote(value)->outdated);
  }
  exact_.reset();
}

TEST_F(ConsolidationTest, EvidenceThatComesLateForAnOlderCommitIsNotHidden) {
  UploadBoth(EvidenceOf(AllLabels(), Completeness::kFull));
  std::vector<ObjectId> commits;
  for (int i = 0; i < 6; ++i) {
    ++values_[i];
    WriteAll();
    commits.push_back(commit_ = git_.Commit("step"));
    UploadBoth(EvidenceOf(
        {absl::StrCat("test_lib.py::test_", i, "x"), absl::StrCat("test_lib.py::test_", i, "y")},
        Completeness::kSubset));
  }
  ExpectSameAnswers(9);
  ASSERT_LT(segments_, 6u);  // moved
  UploadSpec late = EvidenceOf({"test_lib.py::test_9x"}, Completeness::kSubset);
  late.commit = commits[1];
  late.executed = {{"test_lib.py::test_9x", "lib.py", LinesWith("lib.py", {"  # f8"})}};
  const ObjectId newest = commit_;
  UploadBoth(late);
  commit_ = newest;
  ExpectSameAnswers(8);
  ExpectSameAnswers(9);
}

// A subset that came by no function of a file does not make it a file that nobody was seen to run.
TEST_F(NameWalkTest, ASubsetIsSilentAboutFilesThatOthersRun) {
  File("a.py", "def fa():\n    return 1\n");
  File("b.py", "def fb():\n    return 1\n");
  File("test_ab.py",
       "import a, b\n\ndef test_a():\n    assert a.fa()\n\ndef test_b():\n    assert b.fb()\n");
  const std::string test_a = "test_ab.py::test_a", test_b = "test_ab.py::test_b";
  const auto add = [&](const std::string& label, const std::string& module) {
    Ran(label, "test_ab.py", {"assert " + module});
    Ran(label, module + ".py", {"return"});
    Imported("test_ab.py", {"import", "def test_a", "def test_b"});
    Imported("a.py", {"def"});
    Imported("b.py", {"def"});
  };
  add(test_a, "a");
  add(test_b, "b");
  spec_.commit = git_.Commit("base");
  Upload(spec_);
  git_.Write("a.py", "def fa():\n    return 2\n");
  const ObjectId next = git_.Commit("next");
  spec_ = UploadSpec{};
  add(test_a, "a");
  spec_.commit = next;
  spec_.completeness = Completeness::kSubset;
  Upload(spec_);
  git_.Write("b.py", "def fb():\n    return 2\n");
  const ObjectId head = git_.Commit("head");
  EXPECT_EQ(Run(*Select(Request(next, head, {test_a, test_b}))), std::vector<std::string>{test_b});
}

}  // namespace
}  // namespace testselect
