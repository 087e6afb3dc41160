// The recorders' own format, written with the code generated from evidence.proto.
#include <google/protobuf/util/delimited_message_util.h>

#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ingest/formats.h"
#include "server/ingest/upload_builder.h"
#include "storage/file_record.h"
#include "storage/model/status_macros.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/memory_report.h"
#include "testselect/v1/evidence.pb.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class TestselectEvidenceTest : public testing::Test {
 protected:
  TestselectEvidenceTest() {
    v1::EvidenceStart* start = Add()->mutable_start();
    start->set_format("testselect-evidence");
    start->set_version(1);
  }
  v1::EvidenceRecord* Add() { return &records_.emplace_back(); }
  void AddFile(const std::string& path) { Add()->mutable_file()->set_path(path); }
  v1::EvidenceTest* AddTest(const std::string& label) {
    ++tests_;
    v1::EvidenceTest* test = Add()->mutable_test();
    test->set_label(label);
    return test;
  }
  static void Lines(v1::Observation* seen, uint32_t file, const std::vector<uint32_t>& lines) {
    seen->set_file(file);
    seen->mutable_lines()->Add(lines.begin(), lines.end());
  }
  std::string Bytes(bool with_end = true) {
    std::ostringstream out;
    std::vector<v1::EvidenceRecord> records = records_;
    if (with_end) records.emplace_back().mutable_end()->set_tests(tests_);
    for (const v1::EvidenceRecord& record : records) {
      google::protobuf::util::SerializeDelimitedToOstream(record, &out);
    }
    return out.str();
  }
  static absl::StatusOr<SegmentContent> ParseBytes(const std::string& bytes,
                                                   size_t piece = SIZE_MAX) {
    MemoryReport report(bytes, piece);
    UploadBuilder builder(PathMapper::Create({}, {}).value(), nullptr, false, {});
    TS_RETURN_IF_ERROR(TestselectEvidenceParser()->Parse(report, {}, builder));
    return builder.Finish();
  }
  std::string ErrorOf(const std::string& bytes) {
    return std::string(ParseBytes(bytes).status().message());
  }
  // The labels of a kind in a file, by range.
  static std::vector<std::pair<LineRange, std::vector<std::string>>> Of(
      const SegmentContent& content, const std::string& path, EvidenceKind kind) {
    std::vector<std::pair<LineRange, std::vector<std::string>>> found;
    for (const EncodedFile& file : content.files) {
      if (file.path != path) continue;
      const auto evidence = DecodeFileRecord(path, file.record);
      for (const EvidenceSection& section : evidence->sections) {
        if (section.kind != kind) continue;
        for (const EvidenceRun& run : section.runs) {
          DenseLabelSet set(content.labels.size());
          EXPECT_TRUE(UnionLabelSet(evidence->sets[run.set], content.labels.size(), &set).ok());
          std::vector<std::string> names;
          set.ForEach([&](LabelNumber n) { names.push_back(content.labels[n]); });
          found.emplace_back(LineRange{run.first, run.last}, names);
        }
      }
    }
    return found;
  }

  std::vector<v1::EvidenceRecord> records_;
  uint64_t tests_ = 0;
};

TEST_F(TestselectEvidenceTest, ReadsAllThatItCanSay) {
  AddFile("lib.py");
  AddFile("data.json");
  Lines(Add()->mutable_outside()->add_observed(), 0, {1, 2});
  v1::EvidenceTest* test = AddTest("t.py::test_a");
  Lines(test->add_observed(), 0, {4, 6, 9, 9});
  test->mutable_observed(0)->set_imported(true);
  test->mutable_observed(0)->add_functions(3);
  test->mutable_observed(0)->add_functions(6);
  test->add_observed()->set_file(1);
  test->mutable_observed(1)->set_opened(true);
  test->set_outcome(v1::RECORDED_OUTCOME_FAILED);
  test->set_seconds(0.25);
  AddTest("t.py::test_b")->set_opaque(true);
  for (const size_t piece : {size_t{1}, size_t{7}, SIZE_MAX}) {
    ASSERT_OK_AND_ASSIGN(const SegmentContent content, ParseBytes(Bytes(), piece));
    ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Decode(content));
    EXPECT_THAT(map.global, ElementsAre(Pair("lib.py", ElementsAre(1, 2))));
    EXPECT_THAT(content.labels, ElementsAre("t.py::test_a", "t.py::test_b"));
    EXPECT_THAT(Of(content, "lib.py", EvidenceKind::kLine),
                ElementsAre(Pair(LineRange{4, 6}, ElementsAre("t.py::test_a")),
                            Pair(LineRange{9, 9}, ElementsAre("t.py::test_a"))));
    EXPECT_THAT(Of(content, "lib.py", EvidenceKind::kFunction),
                ElementsAre(Pair(LineRange{3, 6}, ElementsAre("t.py::test_a"))));
    EXPECT_EQ(Of(content, "lib.py", EvidenceKind::kImportedFile).size(), 1u);
    EXPECT_EQ(Of(content, "data.json", EvidenceKind::kOpenedFile).size(), 1u);
    EXPECT_EQ(content.outcomes[0], (LabelOutcome{Outcome::kFailed, 0.25, false, false}));
    EXPECT_TRUE(content.outcomes[1].opaque);
    EXPECT_THAT(content.empty_evidence.ToVector(), ElementsAre(1));
  }
}

TEST_F(TestselectEvidenceTest, WhatAFixtureDidCountsForEachTestThatUsedIt) {
  AddFile("conftest.py");
  v1::EvidenceFixture* inner = Add()->mutable_fixture();
  inner->set_first_line(3);
  inner->set_last_line(5);
  inner->set_opaque(true);
  Lines(inner->add_observed(), 0, {4, 5});
  v1::EvidenceFixture* outer = Add()->mutable_fixture();
  outer->set_first_line(7);
  outer->set_last_line(9);
  outer->add_fixtures(0);
  Lines(outer->add_observed(), 0, {8, 9});
  AddTest("a")->add_fixtures(1);
  AddTest("b")->add_fixtures(0);
  AddTest("c");
  ASSERT_OK_AND_ASSIGN(const SegmentContent content, ParseBytes(Bytes()));
  EXPECT_THAT(Of(content, "conftest.py", EvidenceKind::kLine),
              ElementsAre(Pair(LineRange{4, 5}, ElementsAre("a", "b")),
                          Pair(LineRange{8, 9}, ElementsAre("a"))));
  EXPECT_THAT(Of(content, "conftest.py", EvidenceKind::kUsedFixture),
              ElementsAre(Pair(LineRange{3, 5}, ElementsAre("a", "b")),
                          Pair(LineRange{7, 9}, ElementsAre("a"))));
  EXPECT_TRUE(content.outcomes[0].opaque && content.outcomes[1].opaque);
  EXPECT_FALSE(content.outcomes[2].opaque);
}

TEST_F(TestselectEvidenceTest, ATestThatPassedOnlyWhenItWasTriedAgainIsFlaky) {
  for (const auto outcome : {v1::RECORDED_OUTCOME_PASSED, v1::RECORDED_OUTCOME_FAILED}) {
    v1::EvidenceTest* test = AddTest(v1::RecordedOutcome_Name(outcome));
    test->set_outcome(outcome);
    test->set_flaky(true);
  }
  AddTest("steady")->set_outcome(v1::RECORDED_OUTCOME_PASSED);
  ASSERT_OK_AND_ASSIGN(const SegmentContent content, ParseBytes(Bytes()));
  ASSERT_EQ(content.labels.size(), 3u);
  for (size_t i = 0; i < content.labels.size(); ++i) {
    EXPECT_EQ(content.outcomes[i].flaky, content.labels[i] == "RECORDED_OUTCOME_PASSED")
        << content.labels[i];
  }
}

TEST_F(TestselectEvidenceTest, IsRecognised) {
  MemoryReport report(Bytes());
  ASSERT_OK_AND_ASSIGN(const ReportParser* parser, DetectReportParser(report));
  EXPECT_EQ(parser->name(), "testselect-evidence");
}

TEST_F(TestselectEvidenceTest, AReportThatIsCutOffIsRefusedWhereverItIs) {
  AddFile("lib.py");
  Lines(AddTest("a")->add_observed(), 0, {1, 300});
  const std::string whole = Bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(ParseBytes(whole.substr(0, size)).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("testselect-evidence")))
        << size;
  }
  EXPECT_THAT(ErrorOf(whole + whole), HasSubstr("follows the end record"));
}

TEST_F(TestselectEvidenceTest, ARecordIsOneThing) {
  AddTest("a");
  const std::string whole = Bytes();
  EXPECT_TRUE(ParseBytes(whole).ok());
  EXPECT_THAT(ErrorOf(std::string("\0", 1) + whole), HasSubstr("record 1: the record is empty"));
  // A start and a file in one.
  std::string both = records_[0].SerializeAsString();
  v1::EvidenceRecord file;
  file.mutable_file()->set_path("lib.py");
  both += file.SerializeAsString();
  both.insert(both.begin(), static_cast<char>(both.size()));
  EXPECT_THAT(ErrorOf(both), HasSubstr("record 1: the record is more than one"));
}

TEST_F(TestselectEvidenceTest, BadValuesAreNamed) {
  AddFile("lib.py");
  v1::EvidenceTest* test = AddTest("a");
  v1::Observation* seen = test->add_observed();
  Lines(seen, 7, {1, 2});
  EXPECT_THAT(ErrorOf(Bytes()), HasSubstr("record 3: file: 7; 1 were named so far"));
  Lines(seen, 0, {3});
  EXPECT_THAT(ErrorOf(Bytes()), HasSubstr("record 3: lines: a range has no end"));
  seen->set_lines(0, 9);
  seen->set_lines(1, 3);
  seen->mutable_lines()->Truncate(2);
  EXPECT_THAT(ErrorOf(Bytes()), HasSubstr("lines: 9 to 3 is no range"));
  seen->set_lines(1, 4'000'000'000);
  EXPECT_THAT(ErrorOf(Bytes()), HasSubstr("lines: 9 to 4000000000 is no range"));
  test->clear_observed();
  test->add_fixtures(2);
  EXPECT_THAT(ErrorOf(Bytes()), HasSubstr("fixtures: 2; 0 were named so far"));
  test->clear_fixtures();
  records_[0].mutable_start()->set_version(2);
  EXPECT_THAT(ParseBytes(Bytes()).status(),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("version: 2 is not known")));
  records_[0].mutable_start()->set_version(1);
  tests_ = 5;
  EXPECT_THAT(ErrorOf(Bytes()), HasSubstr("record 4: tests: 5; the report has 1"));
  EXPECT_THAT(ErrorOf(Bytes(/*with_end=*/false)), HasSubstr("ends without an end record"));
}

}  // namespace
}  // namespace testselect
