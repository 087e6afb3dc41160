// Datadog's payloads, built byte by byte.
#include "gmock/gmock.h"
#include "server/ingest/formats.h"
#include "server/ingest/msgpack_reader.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/memory_report.h"
#include "tests/unit/ingest/report_files.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// MessagePack, in the shortest form that fits.
std::string Head(uint8_t small, uint8_t large, size_t size) {
  if (size < 16) return std::string(1, static_cast<char>(small | size));
  return {static_cast<char>(large), static_cast<char>(size >> 8), static_cast<char>(size & 0xFF)};
}
std::string Str(const std::string& text) {
  return std::string("\xDA", 1) + static_cast<char>(text.size() >> 8) +
         static_cast<char>(text.size() & 0xFF) + text;
}
std::string Bin(const std::string& bytes) {
  return std::string("\xC4", 1) + static_cast<char>(bytes.size()) + bytes;
}
std::string Num(uint64_t value) {
  std::string out = "\xCF";
  for (int i = 7; i >= 0; --i) out.push_back(static_cast<char>(value >> 8 * i & 0xFF));
  return out;
}
std::string Array(const std::vector<std::string>& elements) {
  std::string out = Head(0x90, 0xDC, elements.size());
  for (const std::string& element : elements) out += element;
  return out;
}
using Members = std::vector<std::pair<std::string, std::string>>;
std::string Map(const Members& members) {
  std::string out = Head(0x80, 0xDE, members.size());
  for (const auto& [key, value] : members) {
    out += std::string(1, static_cast<char>(0xA0 | key.size())) + key + value;
  }
  return out;
}

struct Event {
  uint64_t span = 0, suite = 0, start = 0;
  std::string name;
  std::string status = "pass";
  bool retry = false;
};

std::string Cycle(const std::vector<Event>& events, const std::string& language = "python") {
  std::vector<std::string> list;
  for (const Event& event : events) {
    Members meta = {{"test.name", Str(event.name)},
                    {"test.suite", Str("com.Shop")},
                    {"test.source.file", Str("tests/t.py")},
                    {"test.status", Str(event.status)}};
    if (event.retry) meta.push_back({"test.is_retry", Str("true")});
    list.push_back(Map({{"type", Str("test")},
                        {"content", Map({{"span_id", Num(event.span)},
                                         {"test_suite_id", Num(event.suite)},
                                         {"start", Num(event.start)},
                                         {"duration", Num(1500000000)},
                                         {"meta", Map(meta)}})}}));
  }
  list.push_back(Map({{"type", Str("test_suite_end")}, {"content", Map({{"meta", Map({})}})}}));
  return Map({{"version", Num(1)},
              {"metadata", Map({{"*", Map({{"language", Str(language)}})}})},
              {"events", Array(list)}});
}

std::string File(const std::string& name, const std::string& bitmap) {
  return Map({{"filename", Str(name)}, {"bitmap", Bin(bitmap)}});
}
std::string Record(uint64_t span, const std::vector<std::string>& files) {
  return Map({{"test_session_id", Num(1)}, {"span_id", Num(span)}, {"files", Array(files)}});
}
std::string Cov(const std::vector<std::string>& records) {
  return Map({{"version", "\x02"}, {"coverages", Array(records)}});
}

class DatadogCitestcovTest : public ReportFilesTest {
 protected:
  absl::StatusOr<EvidenceMap> Parse(const std::vector<std::string>& payloads) {
    std::vector<ReportFile> reports;
    for (const std::string& payload : payloads) reports.push_back(Report(payload));
    result_ = ParseUpload(reports, Options());
    if (!result_.ok()) return result_.status();
    return Decode(result_->content);
  }
  absl::StatusOr<IngestResult> result_;
};

TEST_F(DatadogCitestcovTest, BitIIsLineIMostSignificantFirst) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map,
                       Parse({Cov({Record(7, {File("/app/a.py", std::string("\x41\x80\x01", 3))})}),
                              Cycle({{.span = 7, .name = "test_a[x::y]"}})}));
  EXPECT_THAT(map.labels,
              ElementsAre(Pair("tests/t.py::test_a[x::y]",
                               ElementsAre(Pair("app/a.py", ElementsAre(1, 7, 8, 23))))));
  EXPECT_EQ(map.outcomes.at("tests/t.py::test_a[x::y]").outcome, Outcome::kPassed);
  EXPECT_EQ(map.outcomes.at("tests/t.py::test_a[x::y]").seconds, 1.5);
}

TEST_F(DatadogCitestcovTest, OtherLanguagesNameTestsAsJUnitDoes) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse({Cov({Record(7, {File("/A.java", "\x40")})}),
                                                     Cycle({{.span = 7, .name = "put"}}, "java")}));
  EXPECT_THAT(map.labels, ElementsAre(Pair("com.Shop.put", testing::_)));
}

TEST_F(DatadogCitestcovTest, CoverageWithoutItsEventsSaysWhatIsMissing) {
  EXPECT_THAT(Parse({Cov({Record(7, {})})}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no event names the test of span 7: send the citestcycle payloads "
                                 "of the same run too")));
  EXPECT_THAT(Parse({Cov({Record(7, {})}), Cycle({{.span = 8, .name = "b"}})}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("span 7")));
}

TEST_F(DatadogCitestcovTest, ARecordOfASuiteIsThatOfAllItsTests) {
  const std::string record =
      Map({{"test_suite_id", Num(5)}, {"files", Array({File("/a.py", "\x40")})}});
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map,
                       Parse({Cov({record}), Cycle({{.span = 1, .suite = 5, .name = "a"},
                                                    {.span = 2, .suite = 5, .name = "b"},
                                                    {.span = 3, .suite = 6, .name = "c"}})}));
  EXPECT_EQ(map.labels.at("tests/t.py::a").count("a.py"), 1u);
  EXPECT_EQ(map.labels.at("tests/t.py::b").count("a.py"), 1u);
  EXPECT_TRUE(map.labels.at("tests/t.py::c").empty());
}

TEST_F(DatadogCitestcovTest, AFileWithoutLinesIsOneThatTheTestUsed) {
  const std::string no_bitmap = Map({{"filename", Str("/b.js")}});
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse({Cov({Record(7, {File("/a.py", std::string("\x80\0", 2)), no_bitmap})}),
             Cycle({{.span = 7, .name = "a"}})}));
  EXPECT_EQ(result_->summary.pairs, 0u);
  std::vector<std::string> files;
  for (const EncodedFile& file : result_->content.files) files.push_back(file.path);
  EXPECT_THAT(files, testing::UnorderedElementsAre("a.py", "b.js"));
}

TEST_F(DatadogCitestcovTest, ATestThatPassesWhenItIsTriedAgainIsFlaky) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse({Cov({Record(1, {})}), Cycle({{.span = 1, .start = 10, .name = "a", .status = "fail"},
                                          {.span = 2, .start = 20, .name = "a", .retry = true},
                                          {.span = 3, .name = "b", .status = "fail"}})}));
  EXPECT_EQ(map.outcomes.at("tests/t.py::a").outcome, Outcome::kPassed);
  EXPECT_TRUE(map.outcomes.at("tests/t.py::a").flaky);
  EXPECT_EQ(map.outcomes.at("tests/t.py::b").outcome, Outcome::kFailed);
}

TEST_F(DatadogCitestcovTest, APayloadThatIsCutOffIsRefusedWhereverItIsCut) {
  const std::string cov = Cov({Record(7, {File("/a.py", "\x41")})});
  const std::string cycle = Cycle({{.span = 7, .name = "a"}});
  ASSERT_THAT(Parse({cov, cycle}), IsOk());
  for (size_t i = 0; i < cov.size(); ++i) {
    EXPECT_THAT(Parse({cov.substr(0, i), cycle}), StatusIs(absl::StatusCode::kInvalidArgument))
        << i;
  }
  for (size_t i = 0; i < cycle.size(); ++i) {
    EXPECT_THAT(Parse({cov, cycle.substr(0, i)}), StatusIs(absl::StatusCode::kInvalidArgument))
        << i;
  }
  EXPECT_THAT(Parse({cov + "x", cycle}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("goes on behind its end")));
}

TEST_F(DatadogCitestcovTest, OneSpanIsOneTest) {
  EXPECT_THAT(
      Parse({Cov({Record(7, {})}), Cycle({{.span = 7, .name = "a"}, {.span = 7, .name = "b"}})}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("span 7 is 'tests/t.py::b' here and 'tests/t.py::a' before")));
}

TEST(MsgpackReaderTest, EveryKindIsSkippedAsALumpAndAskedForByItsType) {
  const std::string everything =
      Array({std::string("\xC0"), "\xC3", "\x7F", "\xE0", Num(1),
             std::string("\xD3") + std::string(8, 'n'), std::string("\xCA") + std::string(4, 'f'),
             std::string("\xCB") + std::string(8, 'd'), Str("text"), Bin("bytes"),
             std::string("\xD4", 1) + "xy", std::string("\xC7\x02", 2) + "xyz",
             Map({{"k", Array({Str("v")})}})});
  for (size_t piece = 1; piece < 4; ++piece) {
    MemoryReport report(everything + "\x05", piece);
    MsgpackReader reader(&report, "test");
    ASSERT_THAT(reader.Skip(), IsOk());
    EXPECT_THAT(reader.Text(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("expected text, found a number")));
    EXPECT_THAT(reader.ExpectEnd(), IsOk());
  }
}

TEST(MsgpackReaderTest, AClaimOfManyElementsTakesNoMemory) {
  MemoryReport report(std::string("\xDD\xFF\xFF\xFF\xFF", 5) +
                      std::string("\xDB\xFF\xFF\xFF\xFF", 5));
  MsgpackReader reader(&report, "test");
  EXPECT_THAT(reader.Skip(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cut off")));
}

}  // namespace
}  // namespace testselect
