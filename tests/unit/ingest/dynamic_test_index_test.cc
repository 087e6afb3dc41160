// datadog-agent's dynamic test index as evidence: keys, every test, and what is no index.
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ingest/formats.h"
#include "server/ingest/upload_builder.h"
#include "storage/file_record.h"
#include "storage/model/status_macros.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/memory_report.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

struct ReadIndex {
  std::map<std::string, std::vector<std::string>> keys;
  std::vector<std::string> labels, warnings;
  bool has_empty_evidence = false;
};

absl::StatusOr<ReadIndex> Parse(std::string text, size_t piece = SIZE_MAX) {
  MemoryReport report(std::move(text), piece);
  UploadBuilder builder(PathMapper::Create({}, {"pkg/a/x.go"}).value(), nullptr, false, {});
  TS_RETURN_IF_ERROR(DynamicTestIndexParser()->Parse(report, {}, builder));
  ReadIndex out;
  out.warnings = builder.warnings();
  TS_ASSIGN_OR_RETURN(const SegmentContent content, builder.Finish());
  out.labels.assign(content.labels.begin(), content.labels.end());
  out.has_empty_evidence = !content.empty_evidence.Empty();
  EXPECT_EQ(content.kinds, 1u << static_cast<int>(EvidenceKind::kIndexKey));
  for (const auto& file : content.files) {
    TS_ASSIGN_OR_RETURN(const FileEvidence record, DecodeFileRecord(file.path, file.record));
    DenseLabelSet labels(content.labels.size());
    TS_RETURN_IF_ERROR(LabelsOfFile(record, content.labels.size(), &labels));
    labels.ForEach([&](LabelNumber n) { out.keys[file.path].push_back(out.labels[n]); });
  }
  return out;
}

std::string ErrorOf(std::string text) {
  return std::string(Parse(std::move(text)).status().message());
}

TEST(DynamicTestIndexTest, KeepsItsKeysAsTheyAre) {
  const std::string text =
      R"({"job": {"pkg/a": ["TestB", "TestA", "TestB"], "pkg/[id]/x.go": ["TestA"],
                  "not/in/the/tree/*": ["Test\u00fc"]}})";
  for (const size_t piece : {size_t{SIZE_MAX}, size_t{1}, size_t{7}}) {
    ASSERT_OK_AND_ASSIGN(const ReadIndex index, Parse(text, piece));
    EXPECT_THAT(index.keys, ElementsAre(Pair("not/in/the/tree/*", ElementsAre("Testü")),
                                        Pair("pkg/[id]/x.go", ElementsAre("TestA")),
                                        Pair("pkg/a", ElementsAre("TestA", "TestB"))));
    EXPECT_THAT(index.warnings, IsEmpty());
    EXPECT_FALSE(index.has_empty_evidence);
  }
}

TEST(DynamicTestIndexTest, AStarIsEveryTestOfTheJob) {
  ASSERT_OK_AND_ASSIGN(
      const ReadIndex index,
      Parse(
          R"({"job": {"go.mod": ["*"], "a": ["TestA"], "x/*": ["*", "TestC"], "b": ["TestB"]}})"));
  EXPECT_THAT(index.keys,
              ElementsAre(Pair("a", ElementsAre("TestA")), Pair("b", ElementsAre("TestB")),
                          Pair("go.mod", ElementsAre("TestA", "TestB", "TestC")),
                          Pair("x/*", ElementsAre("TestA", "TestB", "TestC"))));
}

TEST(DynamicTestIndexTest, AKeyWithoutTestsIsNoEvidence) {
  ASSERT_OK_AND_ASSIGN(const ReadIndex index,
                       Parse(R"({"job": {"a": null, "b": [], "c": ["TestC"]}})"));
  EXPECT_THAT(index.keys, ElementsAre(Pair("c", ElementsAre("TestC"))));
  EXPECT_THAT(index.warnings, ElementsAre(HasSubstr("2 keys of ")));
}

TEST(DynamicTestIndexTest, AFolderMayEndInASlash) {
  ASSERT_OK_AND_ASSIGN(const ReadIndex index, Parse(R"({"job": {"./pkg/a/": ["T"]}})"));
  EXPECT_THAT(index.keys, ElementsAre(Pair("pkg/a", ElementsAre("T"))));
}

TEST(DynamicTestIndexTest, SaysWhatIsNoIndexOfOneJob) {
  EXPECT_THAT(ErrorOf(R"({"a": {"k": ["t"]}, "b": {}})"), HasSubstr("second job"));
  EXPECT_THAT(ErrorOf(R"({"a": {"k": "t"}})"), HasSubstr("dynamic-test-index: byte "));
  EXPECT_THAT(ErrorOf(R"({"a": {"k": [1]}})"), HasSubstr("dynamic-test-index: byte "));
  EXPECT_THAT(ErrorOf(R"({"a": {"": ["t"]}})"), HasSubstr("the key "));
  EXPECT_THAT(ErrorOf(R"({"a": {"k": ["t"]})"), HasSubstr("byte "));
  EXPECT_THAT(ErrorOf(R"({"a": {"go.mod": ["*"]}})"), HasSubstr("no report names a test"));
}

}  // namespace
}  // namespace testselect
