// The kinds of index that one body of evidence gives.
#include "server/selection/index_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// By key, the labels; "*" last where every label is meant.
using Keys = std::map<std::string, std::vector<std::string>>;

class IndexExportTest : public SelectionTest {
 protected:
  IndexExportTest() {
    git_.Write("pkg/a/code.py", "import x\n\ndef f():\n    return 1\n\n\ndef g():\n    return 2\n");
    git_.Write("pkg/a/b.go", "package a\n");
    git_.Write("main.go", "package main\n");
    spec_.commit = git_.Commit("base");
    spec_.executed = {{"one", "pkg/a/code.py", {4}},
                      {"two", "pkg/a/code.py", {8}},
                      {"two", "pkg/a/b.go", {1}},
                      {"base", "pkg/a/b.go", {1}},
                      {"one", "main.go", {1}}};
    spec_.global = {{"pkg/a/code.py", {1, 3, 7}}};
    spec_.ran_without_evidence = {"none"};
  }

  ExportedIndex Export(IndexKind kind, std::vector<std::string> baseline = {}) {
    ExportInputs inputs;
    inputs.store = store_.get();
    inputs.segments = store_->SegmentsAt("app", spec_.commit).value();
    inputs.of_all_jobs = inputs.segments;
    inputs.baseline = std::move(baseline);
    inputs.bodies = [&](const std::string& path) {
      return selector_->FindBodies("app", spec_.commit, path, absl::InfiniteFuture());
    };
    absl::StatusOr<ExportedIndex> index = ExportKeys(inputs, kind);
    EXPECT_TRUE(index.ok()) << index.status();
    return *std::move(index);
  }

  static Keys KeysOf(const ExportedIndex& index) {
    Keys keys;
    for (const ExportedKey& key : index.keys) {
      std::vector<std::string>& labels = keys[key.key];
      DenseLabelSet set(index.universe->size());
      EXPECT_TRUE(UnionLabelSet(key.labels, index.universe->size(), &set).ok());
      set.ForEach([&](LabelNumber n) { labels.emplace_back(index.universe->Name(n)); });
      std::sort(labels.begin(), labels.end());
      if (key.every_label) labels.emplace_back("*");
    }
    return keys;
  }

  UploadSpec spec_;
};

TEST_F(IndexExportTest, Files) {
  Upload(spec_);
  const ExportedIndex index = Export(IndexKind::kFile);
  EXPECT_THAT(KeysOf(index), ElementsAre(Pair("main.go", ElementsAre("one")),
                                         Pair("pkg/a/b.go", ElementsAre("base", "two")),
                                         Pair("pkg/a/code.py", ElementsAre("one", "two", "*"))));
  EXPECT_EQ(index.without_keys.Count(), 1u);
  EXPECT_THAT(index.warnings, IsEmpty());
}

TEST_F(IndexExportTest, PackagesAndAFileAtTheTop) {
  spec_.global.clear();
  Upload(spec_);
  EXPECT_THAT(KeysOf(Export(IndexKind::kPackage)),
              ElementsAre(Pair("main.go", ElementsAre("one")),
                          Pair("pkg/a", ElementsAre("base", "one", "two"))));
}

TEST_F(IndexExportTest, PackagesBeyondTheBaseline) {
  spec_.global.clear();
  spec_.executed.push_back({"same", "pkg/a/b.go", {1}});
  Upload(spec_);
  const ExportedIndex index = Export(IndexKind::kDiffedPackage, {"base"});
  EXPECT_THAT(KeysOf(index), ElementsAre(Pair("main.go", ElementsAre("one")),
                                         Pair("pkg/a", ElementsAre("base", "one", "two"))));
  EXPECT_EQ(index.without_keys.Count(), 2u);  // "none" and "same"
  EXPECT_THAT(Export(IndexKind::kDiffedPackage, {"nobody"}).warnings,
              ElementsAre(HasSubstr("nothing was taken off")));
}

TEST_F(IndexExportTest, Lines) {
  Upload(spec_);
  EXPECT_THAT(KeysOf(Export(IndexKind::kLine)),
              ElementsAre(Pair("main.go:1-1", ElementsAre("one")),
                          Pair("pkg/a/b.go:1-1", ElementsAre("base", "two")),
                          Pair("pkg/a/code.py:1-1", ElementsAre("*")),
                          Pair("pkg/a/code.py:3-3", ElementsAre("*")),
                          Pair("pkg/a/code.py:4-4", ElementsAre("one")),
                          Pair("pkg/a/code.py:7-7", ElementsAre("*")),
                          Pair("pkg/a/code.py:8-8", ElementsAre("two"))));
}

TEST_F(IndexExportTest, FunctionsAndWhatLiesOutsideOfThem) {
  Upload(spec_);
  EXPECT_THAT(KeysOf(Export(IndexKind::kFunction)),
              ElementsAre(Pair("main.go", ElementsAre("one")),
                          Pair("pkg/a/b.go", ElementsAre("base", "two")),
                          Pair("pkg/a/code.py", ElementsAre("*")),
                          Pair("pkg/a/code.py:f", ElementsAre("one")),
                          Pair("pkg/a/code.py:g", ElementsAre("two"))));
}

TEST_F(IndexExportTest, ShardsAreOneIndex) {
  spec_.global.clear();
  spec_.shards = 2;
  Upload(spec_);
  UploadSpec second;
  second.commit = spec_.commit;
  second.shard = 1;
  second.shards = 2;
  second.executed = {{"three", "main.go", {1}}};
  Upload(second);
  EXPECT_THAT(KeysOf(Export(IndexKind::kPackage)),
              ElementsAre(Pair("main.go", ElementsAre("one", "three")),
                          Pair("pkg/a", ElementsAre("base", "one", "two"))));
}

TEST_F(IndexExportTest, TheKeysOfAnImportedIndexStay) {
  UploadSpec imported;
  imported.commit = spec_.commit;
  imported.keys = {{"pkg/a/code.py", {"one"}}, {"pkg/*", {"one", "two"}}};
  Upload(imported);
  const ExportedIndex index = Export(IndexKind::kPackage);
  EXPECT_THAT(KeysOf(index), ElementsAre(Pair("pkg/*", ElementsAre("one", "two")),
                                         Pair("pkg/a/code.py", ElementsAre("one"))));
  EXPECT_THAT(index.warnings, ElementsAre(HasSubstr("imported index")));
}

}  // namespace
}  // namespace testselect
