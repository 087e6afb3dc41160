// Machines that have what another one cut: through an object store, or any other shelf.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "server/git/open_repository.h"
#include "server/selection/selector.h"
#include "server/selection/source_forest.h"
#include "server/selection/source_pack.h"
#include "storage/memory_index_store.h"
#include "storage/shared_index_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/git/git_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kFiles = 40;

// Files of another machine's store. Thread-safe as it is.
class StoreShelf final : public SourceShelf {
 public:
  explicit StoreShelf(IndexStore* store) : store_(*store) {}
  absl::StatusOr<std::vector<CutSource>> Fetch(absl::string_view,
                                               absl::Span<const std::string> keys,
                                               absl::Time) override {
    asked_.push_back(keys.size());
    if (!away_.ok()) return away_;
    std::vector<CutSource> had;
    for (const std::string& key : keys) {
      const auto record = store_.GetDerived(key);
      if (record.ok()) had.push_back({key, damaged_ ? "no record" : *record});
    }
    return had;
  }
  std::vector<size_t> asked_;  // keys, by call
  absl::Status away_;
  bool damaged_ = false;

 private:
  IndexStore& store_;
};

class SourceSharingTest : public GitTest {
 protected:
  SourceSharingTest() {
    for (size_t i = 0; i < kFiles; ++i) Write(i, "");
    git_.Commit("base");
    repository_ = Open(git_.path());
    Cut(first_.get());
  }
  void Write(size_t i, absl::string_view more) {
    git_.Write(absl::StrCat("m", i, ".py"), absl::StrCat("import m0\nA", i, " = 1\n", more));
  }
  ObjectId Tree() { return git_.Tree(git_.Commit("more").ToHex()); }
  // A machine whose store is `store` cuts the work tree's files; the names of what it cut.
  std::vector<std::string> Cut(IndexStore* store) {
    SourceForest forest(store, {});
    const auto tree = forest.Tree("app", repository_, Tree());
    EXPECT_THAT(tree, IsOk());
    return SourceForest::KeysOf(**tree);
  }
  SourceForest::Options With(SourceShelf* shelf) {
    SourceForest::Options options;
    options.shelf = shelf;
    options.now = [this] { return now_; };
    options.on_fetched = [this](absl::string_view, const absl::StatusOr<uint64_t>& had) {
      heard_.push_back(had.ok() ? absl::StrCat(*had) : std::string(had.status().message()));
    };
    return options;
  }
  size_t Kept(IndexStore& store, const std::vector<std::string>& keys) {
    size_t kept = 0;
    for (const std::string& key : keys) kept += store.GetDerived(key).ok();
    return kept;
  }

  Repo git_{Path("app")};
  std::shared_ptr<const GitRepository> repository_;
  const std::unique_ptr<IndexStore> first_ = NewMemoryIndexStore(), second_ = NewMemoryIndexStore();
  absl::Time now_ = absl::UnixEpoch();
  std::vector<std::string> heard_;
};

TEST_F(SourceSharingTest, WhatTheShelfHasIsNotCutAndTheRestIs) {
  Write(kFiles, "def new(): pass\n");
  StoreShelf shelf(first_.get());
  SourceForest forest(second_.get(), With(&shelf));
  const auto tree = forest.Tree("app", repository_, Tree());
  ASSERT_THAT(tree, IsOk());
  EXPECT_THAT(shelf.asked_, ElementsAre(kFiles + 1));
  EXPECT_THAT(heard_, ElementsAre(absl::StrCat(kFiles)));
  EXPECT_EQ(Kept(*second_, SourceForest::KeysOf(**tree)), kFiles + 1);
  const FileId m1 = (*tree)->Find("m1.py");
  EXPECT_THAT((*tree)->Imports(m1), ElementsAre((*tree)->Find("m0.py")));
}

TEST_F(SourceSharingTest, FewFilesAreCutWithoutAsking) {
  StoreShelf shelf(first_.get());
  SourceForest forest(second_.get(), With(&shelf));
  ASSERT_THAT(forest.Tree("app", repository_, Tree()), IsOk());
  for (size_t i = 0; i < 5; ++i) Write(i, "B = 2\n");
  ASSERT_THAT(forest.Tree("app", repository_, Tree()), IsOk());
  EXPECT_THAT(shelf.asked_, SizeIs(1));
}

TEST_F(SourceSharingTest, AShelfThatIsAwayCostsNothingButTimeAndIsLeftAloneForAMinute) {
  StoreShelf shelf(first_.get());
  shelf.away_ = absl::UnavailableError("nobody there");
  SourceForest forest(second_.get(), With(&shelf));
  EXPECT_THAT(forest.Tree("app", repository_, Tree()), IsOk());
  EXPECT_THAT(heard_, ElementsAre("nobody there"));
  for (size_t i = 0; i < kFiles; ++i) Write(i, "B = 2\n");
  EXPECT_THAT(forest.Tree("app", repository_, Tree()), IsOk());
  EXPECT_THAT(shelf.asked_, SizeIs(1));
  now_ += absl::Minutes(2);
  for (size_t i = 0; i < kFiles; ++i) Write(i, "B = 3\n");
  EXPECT_THAT(forest.Tree("app", repository_, Tree()), IsOk());
  EXPECT_THAT(shelf.asked_, SizeIs(2));
}

TEST_F(SourceSharingTest, ARecordThatCannotBeReadIsCut) {
  StoreShelf shelf(first_.get());
  shelf.damaged_ = true;
  SourceForest forest(second_.get(), With(&shelf));
  const auto tree = forest.Tree("app", repository_, Tree());
  ASSERT_THAT(tree, IsOk());
  EXPECT_TRUE((*tree)->Module(0).parsed);
  EXPECT_THAT(second_->GetDerived(SourceForest::KeysOf(**tree)[0]),
              IsOkAndHolds(*first_->GetDerived(SourceForest::KeysOf(**tree)[0])));
}

TEST_F(SourceSharingTest, NamesOfOtherDerivedValuesAreNoneOfCutSources) {
  StoreShelf shelf(first_.get());
  SourceForest forest(second_.get(), With(&shelf));
  const auto tree = forest.Tree("app", repository_, Tree());
  ASSERT_THAT(tree, IsOk());
  for (const std::string& key : SourceForest::KeysOf(**tree)) EXPECT_TRUE(SourceForest::IsKey(key));
  EXPECT_FALSE(SourceForest::IsKey("content:0123456789abcdef0123456789abcdef"));
  EXPECT_FALSE(SourceForest::IsKey(""));
  EXPECT_FALSE(SourceForest::IsKey("python.py.1.1:short"));
}

// Two machines and a folder that they share.
class SourcePackTest : public SourceSharingTest {
 protected:
  std::unique_ptr<IndexStore> Machine(const std::string& name) {
    const std::string objects = folder_.path() + "/objects";
    std::filesystem::create_directories(objects);
    auto shared = OpenObjectStore({.url = "file://" + objects});
    EXPECT_THAT(shared, IsOk());
    auto store =
        OpenSharedIndexStore(*std::move(shared), {.local = {.path = folder_.path() + "/" + name}});
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }
  TemporaryFolder folder_;
};

TEST_F(SourcePackTest, AMachineThatBeginsHasWhatAnotherCut) {
  const auto one = Machine("one"), two = Machine("two");
  PackShelf packs(one.get()), others(two.get());
  EXPECT_THAT(*others.Fetch("app", {"python.py.1.1:x"}, absl::InfiniteFuture()), IsEmpty());
  const std::vector<std::string> keys = Cut(one.get());
  EXPECT_THAT(packs.Offer("app", keys), IsOkAndHolds(true));
  SourceForest forest(two.get(), With(&others));
  ASSERT_THAT(forest.Tree("app", repository_, Tree()), IsOk());
  EXPECT_THAT(heard_, ElementsAre(absl::StrCat(kFiles)));
  EXPECT_EQ(Kept(*two, keys), kFiles);
  EXPECT_THAT(*others.Fetch("lib", keys, absl::InfiniteFuture()), IsEmpty());
}

TEST_F(SourcePackTest, APackIsWrittenAgainOnceItLacksMuchOfACommit) {
  const auto one = Machine("one"), two = Machine("two");
  PackShelf packs(one.get()), others(two.get());
  EXPECT_THAT(packs.Offer("app", Cut(one.get())), IsOkAndHolds(true));
  EXPECT_THAT(packs.Offer("app", Cut(one.get())), IsOkAndHolds(false));
  // Another machine has the same, and need not pack it.
  EXPECT_THAT(others.Offer("app", Cut(two.get())), IsOkAndHolds(false));
  for (size_t i = 0; i < 5; ++i) Write(i, "B = 2\n");
  EXPECT_THAT(packs.Offer("app", Cut(one.get())), IsOkAndHolds(false));
  for (size_t i = 0; i < kFiles; ++i) Write(i, "B = 3\n");
  const std::vector<std::string> keys = Cut(one.get());
  EXPECT_THAT(packs.Offer("app", keys), IsOkAndHolds(true));
  EXPECT_THAT(*others.Fetch("app", keys, absl::InfiniteFuture()), SizeIs(kFiles));
}

TEST_F(SourcePackTest, WhatOneServerPreparesAnotherNeedNotCut) {
  RepositorySetOptions options;
  options.repositories["app"] = git_.path();
  const auto repositories = NewRepositorySet(options);
  ASSERT_THAT(repositories, IsOk());
  const auto one = Machine("one"), two = Machine("two");
  const ObjectId commit = git_.Commit("prepared");
  std::vector<bool> packed;
  SelectorOptions first;
  first.on_shared = [&](absl::string_view, const absl::StatusOr<bool>& done) {
    packed.push_back(done.ok() && *done);
  };
  const auto preparing = NewSelector(one.get(), repositories->get(), first);
  for (int i = 0; i < 2; ++i) {
    preparing->Prepare("app", commit);
    preparing->WaitPrepared();
  }
  EXPECT_THAT(packed, ElementsAre(true, false));
  SelectorOptions second;
  second.on_fetched = With(nullptr).on_fetched;
  const auto asking = NewSelector(two.get(), repositories->get(), second);
  const auto graph = asking->ReadGraph({.repository = "app", .commit = commit, .paths = {}});
  ASSERT_THAT(graph, IsOk());
  EXPECT_THAT(graph->files, SizeIs(kFiles));
  EXPECT_THAT(heard_, ElementsAre(absl::StrCat(kFiles)));
}

TEST_F(SourcePackTest, AStoreThatIsAwayIsNotWaitedFor) {
  const auto one = Machine("one");
  PackShelf packs(one.get());
  const std::vector<std::string> keys = Cut(one.get());
  EXPECT_THAT(packs.Offer("app", keys), IsOkAndHolds(true));
  std::filesystem::rename(folder_.path() + "/objects", folder_.path() + "/away");
  EXPECT_FALSE(packs.Fetch("app", keys, absl::InfiniteFuture()).ok());
  SourceForest forest(second_.get(), With(&packs));
  EXPECT_THAT(forest.Tree("app", repository_, Tree()), IsOk());
  EXPECT_THAT(heard_, SizeIs(1));
}

TEST_F(SourcePackTest, ADamagedPackIsReplaced) {
  const auto one = Machine("one");
  EXPECT_THAT(PackShelf(one.get()).Offer("app", Cut(one.get())), IsOkAndHolds(true));
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder_.path() + "/objects/history")) {
    if (entry.is_regular_file()) std::filesystem::resize_file(entry.path(), 100);
  }
  PackShelf packs(one.get());
  const std::vector<std::string> keys = Cut(one.get());
  EXPECT_EQ(packs.Fetch("app", keys, absl::InfiniteFuture()).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_THAT(packs.Offer("app", keys), IsOkAndHolds(true));
  EXPECT_THAT(*packs.Fetch("app", keys, absl::InfiniteFuture()), SizeIs(kFiles));
}

}  // namespace
}  // namespace testselect
