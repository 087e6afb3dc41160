// datadog-agent's dynamic test index as a value, and where its programs keep it.
#include "client/cli/dynamic_index.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "client/cli/index_layout.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

DynamicIndex Parsed(const std::string& text) {
  absl::StatusOr<DynamicIndex> index = ParseDynamicIndex("index.json", text);
  EXPECT_TRUE(index.ok()) << index.status();
  return index.value_or(DynamicIndex());
}

TEST(DynamicIndexTest, KeepsTheOrderOfTestsAndEachOnce) {
  EXPECT_THAT(Parsed(R"({"job": {"pkg": ["t1", "t2", "t1", "t3", "t2"]}})"),
              ElementsAre(Pair("job", ElementsAre(Pair("pkg", ElementsAre("t1", "t2", "t3"))))));
}

TEST(DynamicIndexTest, NullIsAListOfNoTests) {
  EXPECT_THAT(
      Parsed(R"({"job": {"pkg": null}, "other": {}})"),
      ElementsAre(Pair("job", ElementsAre(Pair("pkg", IsEmpty()))), Pair("other", IsEmpty())));
}

TEST(DynamicIndexTest, MergingAddsWhatIsNew) {
  DynamicIndex a = Parsed(R"({"job": {"pkg1": ["a"], "pkg2": ["b"]}})");
  MergeDynamicIndex(Parsed(R"({"job": {"pkg1": ["c", "a"]}, "job2": {"pkgX": ["z"]}})"), &a);
  EXPECT_EQ(a, Parsed(R"({"job": {"pkg1": ["a", "c"], "pkg2": ["b"]}, "job2": {"pkgX": ["z"]}})"));
}

TEST(DynamicIndexTest, WhatIsWrittenIsReadAgain) {
  const DynamicIndex index =
      Parsed(R"({"j \"1\"": {"p/[a]": ["t\u00fc", "*"], "empty": []}, "none": {}})");
  EXPECT_EQ(Parsed(DynamicIndexJson(index)), index);
  EXPECT_EQ(DynamicIndexJson(Parsed(R"({"b": {"k": ["t"]}, "a": {}})")),
            "{\n  \"a\": {},\n  \"b\": {\n    \"k\": [\n      \"t\"\n    ]\n  }\n}\n");
  EXPECT_EQ(DynamicIndexJson({}), "{}\n");
}

TEST(DynamicIndexTest, TheTestsOfAJobAreThoseThatAreNamed) {
  EXPECT_THAT(TestsOf(Parsed(R"({"j": {"a": ["t2", "*"], "b": ["t1", "t2"]}})")["j"]),
              ElementsAre("t1", "t2"));
}

TEST(DynamicIndexTest, SaysWhatIsNoIndex) {
  const auto error = [](const std::string& text) {
    return std::string(ParseDynamicIndex("f", text).status().message());
  };
  EXPECT_THAT(error("[]"), HasSubstr("f: expected {job: {key: [tests]}}"));
  EXPECT_THAT(error(R"({"j": []})"), HasSubstr("f: job 'j' is no object of keys"));
  EXPECT_THAT(error(R"({"j": {"k": 1}})"), HasSubstr("key 'k' is no list of tests"));
  EXPECT_THAT(error(R"({"j": {"k": [""]}})"), HasSubstr("no test's name"));
}

class IndexLayoutTest : public testing::Test {
 protected:
  IndexLayoutTest() {
    std::string folder = testing::TempDir() + "layout-XXXXXX";
    folder_ = mkdtemp(folder.data());
  }
  ~IndexLayoutTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<IndexObjects> Open(const std::string& base) {
    auto objects = OpenIndexObjects(base);
    EXPECT_TRUE(objects.ok()) << objects.status();
    return *std::move(objects);
  }

  std::string folder_;
};

TEST_F(IndexLayoutTest, NamesAreTheirs) {
  for (const std::string& base : {folder_, folder_ + "/", "file://" + folder_}) {
    const auto objects = Open(base);
    EXPECT_THAT(WriteIndex(*objects, "package", "commit123", "", {}),
                IsOkAndHolds("dynamic_test/package/commit123/index.json"));
    EXPECT_THAT(WriteIndex(*objects, "diffed-package", "commit123", "7", {}),
                IsOkAndHolds("dynamic_test/diffed_package/commit123/7/index.json"));
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/dynamic_test/package/commit123/index.json"));
}

TEST_F(IndexLayoutTest, PartsArePutTogether) {
  for (const std::string& base : {folder_, "file://" + folder_}) {
    const auto objects = Open(base);
    ASSERT_TRUE(WriteIndex(*objects, "package", "commit123", "job1",
                           Parsed(R"({"job": {"pkg1": ["test1"]}})"))
                    .ok());
    ASSERT_TRUE(WriteIndex(*objects, "package", "commit123", "job2",
                           Parsed(R"({"job": {"pkg2": ["test2"]}})"))
                    .ok());
    EXPECT_THAT(ReadIndex(*objects, "package", "commit123"),
                IsOkAndHolds(Parsed(R"({"job": {"pkg1": ["test1"], "pkg2": ["test2"]}})")));
    // A consolidated index that came before a part does not hide it.
    ASSERT_TRUE(
        WriteIndex(*objects, "package", "commit123", "", Parsed(R"({"job": {"pkg1": ["test1"]}})"))
            .ok());
    EXPECT_THAT(ReadIndex(*objects, "package", "commit123"),
                IsOkAndHolds(Parsed(R"({"job": {"pkg1": ["test1"], "pkg2": ["test2"]}})")));
  }
}

TEST_F(IndexLayoutTest, WritingReplaces) {
  for (const std::string& base : {folder_, "file://" + folder_}) {
    const auto objects = Open(base);
    for (const char* text : {R"({"j": {"a": ["t"]}})", R"({"j": {"b": ["t"]}})"}) {
      ASSERT_TRUE(WriteIndex(*objects, "file", "commit123", "", Parsed(text)).ok());
      EXPECT_THAT(ReadIndex(*objects, "file", "commit123"), IsOkAndHolds(Parsed(text)));
    }
  }
}

TEST_F(IndexLayoutTest, AShortCommitIsFound) {
  const auto objects = Open(folder_);
  const DynamicIndex index = Parsed(R"({"j": {"a": ["t"]}})");
  ASSERT_TRUE(WriteIndex(*objects, "file", "0123456", "", index).ok());
  EXPECT_THAT(ReadIndex(*objects, "file", "0123456789"), IsOkAndHolds(index));
  EXPECT_THAT(ReadIndex(*objects, "file", "012345"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(IndexLayoutTest, KeysAreThoseWithAnIndexOrAPart) {
  const auto objects = Open(folder_);
  EXPECT_THAT(IndexedKeys(*objects, "package"), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(ReadIndex(*objects, "package", "commit000"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no index of this kind")));
  for (const char* key : {"commit123", "commit456"}) {
    ASSERT_TRUE(WriteIndex(*objects, "package", key, "", {}).ok());
  }
  ASSERT_TRUE(WriteIndex(*objects, "package", "commit789", "jobid3", {}).ok());
  ASSERT_TRUE(WriteIndex(*objects, "file", "elsewhere", "", {}).ok());
  EXPECT_THAT(IndexedKeys(*objects, "package"),
              IsOkAndHolds(ElementsAre("commit123", "commit456", "commit789")));
}

TEST_F(IndexLayoutTest, AKeyIsOneFolder) {
  const auto objects = Open(folder_);
  for (const char* key : {"", "..", "a/b"}) {
    EXPECT_THAT(WriteIndex(*objects, "file", key, "", {}),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << key;
  }
}

}  // namespace
}  // namespace testselect::client
