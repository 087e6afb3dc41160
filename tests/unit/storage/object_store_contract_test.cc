// What every object store must do: the folder, and a bucket where the tests have a radosgw.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <optional>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "storage/object_store.h"
#include "tests/support/radosgw.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> KeysOf(const absl::StatusOr<std::vector<ObjectInfo>>& listed) {
  EXPECT_THAT(listed, IsOk());
  std::vector<std::string> keys;
  if (!listed.ok()) return keys;
  for (const ObjectInfo& info : *listed) keys.push_back(info.key);
  return keys;
}

class ObjectStoreContractTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    options_.url = "file://" + folder_.path();
    if (std::string(GetParam()) == "S3") {
      const std::optional<Radosgw> radosgw = Radosgw::Find();
      if (!radosgw) GTEST_SKIP() << kNoRadosgw;
      radosgw->MakeBucket("contract");
      // A prefix of its own is a store of its own.
      options_ =
          radosgw->Options(folder_.Path("credentials"),
                           absl::StrCat("contract/", getpid(), "/", absl::GetCurrentTimeNanos()));
    }
    options_.parallel = 8;
    Open();
  }
  void Open() { ASSERT_OK_AND_ASSIGN(store_, OpenObjectStore(options_)); }

  TemporaryFolder folder_;
  ObjectStoreOptions options_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_P(ObjectStoreContractTest, ReadsBackWhatWasCreated) {
  std::string every_byte(256, '\0');
  for (int i = 0; i < 256; ++i) every_byte[static_cast<size_t>(i)] = static_cast<char>(i);
  std::string large;
  while (large.size() < 3 << 20) large += every_byte;
  for (const std::string& bytes : {std::string(), std::string("x"), every_byte, large}) {
    const std::string key = absl::StrCat("a/b.c_d-E/", bytes.size());
    ASSERT_THAT(store_->Create(key, bytes), IsOk());
    const auto got = store_->Get(key);
    ASSERT_THAT(got, IsOk());
    EXPECT_TRUE(*got == bytes) << bytes.size();
  }
}

TEST_P(ObjectStoreContractTest, AnObjectThatIsNotThereIsNotFound) {
  EXPECT_THAT(store_->Get("a/missing"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("a/missing")));
  EXPECT_THAT(store_->Delete("a/missing"), IsOk());
}

TEST_P(ObjectStoreContractTest, NothingIsOverwritten) {
  ASSERT_THAT(store_->Create("key", "first"), IsOk());
  EXPECT_THAT(store_->Create("key", "second"),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("key")));
  EXPECT_THAT(store_->Get("key"), IsOkAndHolds("first"));
}

TEST_P(ObjectStoreContractTest, WhatWasDeletedCanBeCreatedAgain) {
  ASSERT_THAT(store_->Create("key", "first"), IsOk());
  ASSERT_THAT(store_->Delete("key"), IsOk());
  EXPECT_THAT(store_->Get("key"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(KeysOf(store_->List("", "", 10)), IsEmpty());
  ASSERT_THAT(store_->Create("key", "second"), IsOk());
  EXPECT_THAT(store_->Get("key"), IsOkAndHolds("second"));
}

TEST_P(ObjectStoreContractTest, AKeyMayBeTheBeginningOfAnother) {
  ASSERT_THAT(store_->Create("a/b/c", "1"), IsOk());
  ASSERT_THAT(store_->Create("a/b", "2"), IsOk());
  ASSERT_THAT(store_->Create("a", "3"), IsOk());
  EXPECT_THAT(store_->Get("a/b"), IsOkAndHolds("2"));
  EXPECT_THAT(store_->Get("a/b/c"), IsOkAndHolds("1"));
  ASSERT_THAT(store_->Delete("a"), IsOk());
  EXPECT_THAT(KeysOf(store_->List("", "", 10)), ElementsAre("a/b", "a/b/c"));
}

TEST_P(ObjectStoreContractTest, KeysThatAreNoneAreRefusedByName) {
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("../a"), std::string("a/./b"), std::string("a b"), std::string("a@"),
        std::string("a\0b", 3), std::string("\xC3\xA4"), std::string(201, 'a'),
        std::string(513, 'a')}) {
    const auto refused = StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("object key"));
    EXPECT_THAT(store_->Get(key), refused) << key;
    EXPECT_THAT(store_->Create(key, "x"), refused) << key;
    EXPECT_THAT(store_->Delete(key), refused) << key;
  }
  const std::string longest =
      absl::StrCat(std::string(200, 'a'), "/", std::string(200, 'b'), "/", std::string(110, 'c'));
  ASSERT_EQ(longest.size(), 512u);
  EXPECT_THAT(store_->Create(longest, "x"), IsOk());
  EXPECT_THAT(KeysOf(store_->List("", "", 10)), ElementsAre(longest));
}

TEST_P(ObjectStoreContractTest, ListsByKeyFromAKeyOnUpToALimit) {
  // Bytes sort '-' '.' '/' digits: a folder's content comes between the names beside it.
  const std::vector<std::string> keys = {"a",     "a-b", "a.b", "a/x",   "a/y/z",  "a0",
                                         "b/c/d", "b/e", "c",   "seg/1", "seg/10", "seg/2"};
  std::vector<std::string> shuffled = keys;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(7));
  for (const std::string& key : shuffled) ASSERT_THAT(store_->Create(key, key), IsOk());
  EXPECT_EQ(KeysOf(store_->List("", "", 100)), keys);
  for (const std::string prefix :
       {"", "a", "a/", "a/y", "b/c/d", "seg", "seg/", "seg/1", "seg/10", "z", "a/y/z/0"}) {
    for (const std::string after :
         {"", "a", "a-", "a/", "a/x", "a/y/z", "a0", "b", "seg/1", "zz"}) {
      for (const size_t limit : {1, 2, 5, 100}) {
        std::vector<std::string> want;
        for (const std::string& key : keys) {
          const bool wanted = key.substr(0, prefix.size()) == prefix && key > after;
          if (wanted && want.size() < limit) want.push_back(key);
        }
        EXPECT_EQ(KeysOf(store_->List(prefix, after, limit)), want)
            << prefix << " after " << after << " limit " << limit;
      }
    }
  }
  EXPECT_THAT(KeysOf(store_->List("", "", 0)), IsEmpty());
}

TEST_P(ObjectStoreContractTest, ListTellsSizesAndTimes) {
  ASSERT_THAT(store_->Create("key", "12345"), IsOk());
  ASSERT_OK_AND_ASSIGN(const std::vector<ObjectInfo> listed, store_->List("k", "", 10));
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].size, 5u);
  EXPECT_LT(absl::AbsDuration(listed[0].modified - absl::Now()), absl::Minutes(1));
}

TEST_P(ObjectStoreContractTest, RefusesBoundsThatNoKeyHas) {
  EXPECT_THAT(store_->List("a b", "", 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("prefix=\"a b\"")));
  EXPECT_THAT(store_->List("", std::string(513, 'x'), 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("after=")));
  ASSERT_THAT(store_->Create("a", "x"), IsOk());
  EXPECT_THAT(KeysOf(store_->List("../", "", 10)), IsEmpty());
  EXPECT_THAT(KeysOf(store_->List("/", "", 10)), IsEmpty());
}

TEST_P(ObjectStoreContractTest, ManyAreCreatedAndReadAtATimeByPlace) {
  std::vector<ObjectToPut> objects;
  std::vector<std::string> keys;
  for (int i = 0; i < 60; ++i) {
    objects.push_back({absl::StrCat("many/", i), absl::StrCat("bytes ", i)});
    keys.push_back(objects.back().key);
  }
  ASSERT_THAT(store_->Create("many/7", "bytes 7"), IsOk());
  const std::vector<absl::Status> created = store_->CreateAll(objects);
  ASSERT_THAT(created, SizeIs(60));
  for (size_t i = 0; i < 60; ++i) {
    EXPECT_EQ(created[i].code(), i == 7 ? absl::StatusCode::kAlreadyExists : absl::StatusCode::kOk);
  }
  keys[5] = "many/missing";
  const auto got = store_->GetAll(keys);
  ASSERT_THAT(got, SizeIs(60));
  for (size_t i = 0; i < 60; ++i) {
    if (i == 5) {
      EXPECT_THAT(got[i], StatusIs(absl::StatusCode::kNotFound));
    } else {
      EXPECT_THAT(got[i], IsOkAndHolds(objects[i].bytes));
    }
  }
  EXPECT_THAT(store_->CreateAll({{"x y", ""}, {"fine", ""}}),
              ElementsAre(StatusIs(absl::StatusCode::kInvalidArgument), IsOk()));
  EXPECT_THAT(store_->Get("fine"), IsOkAndHolds(""));
  EXPECT_THAT(store_->GetAll({}), IsEmpty());
  EXPECT_THAT(store_->CreateAll({}), IsEmpty());
}

TEST_P(ObjectStoreContractTest, OfThreadsThatCreateOneKeyExactlyOneWins) {
  constexpr int kThreads = 12;
  for (int round = 0; round < 6; ++round) {
    const std::string key = absl::StrCat("race/", round);
    std::latch start(kThreads);
    std::atomic<int> winners = 0;
    std::atomic<int> winner = -1;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        const absl::Status created = store_->Create(key, absl::StrCat("of ", i));
        if (created.ok()) {
          ++winners;
          winner = i;
        } else {
          EXPECT_THAT(created, StatusIs(absl::StatusCode::kAlreadyExists));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(winners, 1);
    EXPECT_THAT(store_->Get(key), IsOkAndHolds(absl::StrCat("of ", winner.load())));
  }
}

TEST_P(ObjectStoreContractTest, OfProcessesThatCreateOneKeyExactlyOneWins) {
  constexpr int kProcesses = 6;
  constexpr int kKeys = 8;
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(go[1]);
      char end;
      (void)!read(go[0], &end, 1);  // returns when the parent has started all
      Open();
      int won = 0;
      for (int key = 0; key < kKeys; ++key) {
        const absl::Status created =
            store_->Create(absl::StrCat("race/", key), absl::StrCat("of process ", i));
        if (!created.ok() && !absl::IsAlreadyExists(created)) _exit(100);
        won += created.ok() ? 1 : 0;
      }
      _exit(won);
    }
    children.push_back(child);
  }
  close(go[0]);
  close(go[1]);
  int won = 0;
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_LE(WEXITSTATUS(status), kKeys);
    won += WEXITSTATUS(status);
  }
  EXPECT_EQ(won, kKeys);
  EXPECT_THAT(KeysOf(store_->List("race/", "", 100)), SizeIs(kKeys));
}

TEST_P(ObjectStoreContractTest, AnotherOpenOfTheStoreSeesWhatWasAcknowledged) {
  ASSERT_THAT(store_->Create("a/key", "bytes"), IsOk());
  Open();
  EXPECT_THAT(store_->Get("a/key"), IsOkAndHolds("bytes"));
  EXPECT_THAT(KeysOf(store_->List("a/", "", 10)), ElementsAre("a/key"));
}

INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreContractTest, testing::Values("Folder", "S3"),
                         [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace testselect
