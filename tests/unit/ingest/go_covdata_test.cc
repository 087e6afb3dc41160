// Go's binary coverage data, built byte by byte, and compared with what `go tool covdata` makes of
// it.
#include <cstdlib>
#include <filesystem>

#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/report_files.h"
#include "tests/unit/ingest/shared_corpus.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

const std::string kHash = "0123456789abcdef";

std::string Little(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> 8 * i & 0xFF));
  return out;
}

std::string Big(uint64_t value, int bytes) {
  const std::string little = Little(value, bytes);
  return {little.rbegin(), little.rend()};
}

std::string Uleb(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}

std::string Text(const std::string& text) { return Uleb(text.size()) + text; }

struct Block {
  uint64_t first, last;
};
struct Function {
  uint64_t file;  // in the strings
  std::vector<Block> blocks;
};

std::string Package(const std::vector<std::string>& strings,
                    const std::vector<Function>& functions) {
  std::string table = Uleb(strings.size()), bodies, offsets;
  for (const std::string& text : strings) table += Text(text);
  const size_t begin = 44 + 4 * functions.size() + table.size();
  for (const Function& function : functions) {
    offsets += Little(begin + bodies.size(), 4);
    bodies += Uleb(function.blocks.size()) + Uleb(0) + Uleb(function.file);
    for (const Block& block : function.blocks) {
      bodies += Uleb(block.first) + Uleb(2) + Uleb(block.last) + Uleb(3) + Uleb(1);
    }
    bodies += Uleb(0);
  }
  const std::string rest = Little(0, 12) + std::string(16, 'p') + Little(0, 4) + Little(1, 4) +
                           Little(functions.size(), 4) + offsets + table + bodies;
  return Little(rest.size() + 4, 4) + rest;
}

struct MetaOptions {
  uint64_t version = 1;
  uint8_t granularity = 1;
};

std::string Meta(const std::vector<std::string>& packages, MetaOptions options = {}) {
  const std::string strings = Uleb(0);
  uint64_t at = 56 + 16 * packages.size() + strings.size();
  std::string offsets, lengths, bodies;
  for (const std::string& package : packages) {
    offsets += Little(at, 8);
    lengths += Little(package.size(), 8);
    bodies += package;
    at += package.size();
  }
  return std::string("\0cvm", 4) + Little(options.version, 4) + Little(at, 8) +
         Little(packages.size(), 8) + kHash + Little(56 + 16 * packages.size(), 4) +
         Little(strings.size(), 4) + Little(1, 1) + Little(options.granularity, 1) + Little(0, 6) +
         offsets + lengths + strings + bodies;
}

struct Ran {
  uint64_t package, function;
  std::vector<uint64_t> counters;
};

std::string Segment(const std::vector<Ran>& functions, uint64_t number, uint8_t flavor, bool big) {
  const auto value = [&](uint64_t v) {
    return flavor == 2 ? Uleb(v) : big ? Big(v, 4) : Little(v, 4);
  };
  const std::string strings = Uleb(1) + Text("argv0"), arguments = Uleb(0);
  std::string out = Little(functions.size(), 8) + Little(strings.size(), 4) +
                    Little(arguments.size(), 4) + strings + arguments;
  while (out.size() % 4 != 0) out.push_back('\0');
  for (const Ran& ran : functions) {
    out += value(ran.counters.size()) + value(ran.package) + value(ran.function);
    for (const uint64_t counter : ran.counters) out += value(counter);
  }
  return out + std::string("\0cwm", 4) + Little(0, 4) + Little(number, 4) + Little(0, 4);
}

std::string CounterHeader(uint8_t flavor = 2, bool big = false, uint64_t version = 1) {
  return std::string("\0cwm", 4) + Little(version, 4) + kHash + Little(flavor, 1) +
         Little(big ? 1 : 0, 1) + Little(0, 6);
}

std::string Counters(const std::vector<Ran>& functions, uint8_t flavor = 2, bool big = false) {
  return CounterHeader(flavor, big) + Segment(functions, 1, flavor, big);
}

const std::string kTwoFunctions =
    Package({"Put", "m/a.go", "m/b.go"}, {{1, {{3, 5}, {7, 7}}}, {2, {{10, 12}}}});

class GoCovdataTest : public ReportFilesTest {
 protected:
  absl::StatusOr<EvidenceMap> Parse(const std::vector<std::string>& files,
                                    const std::string& label = "t") {
    std::vector<ReportFile> reports;
    for (const std::string& file : files) reports.push_back(Report(file, "go-covdata", label));
    IngestOptions options = Options();
    options.paths.root = "m";
    auto result = ParseUpload(reports, options);
    if (!result.ok()) return result.status();
    warnings_ = result->summary.warnings;
    return Decode(result->content);
  }
  std::vector<std::string> warnings_;
};

TEST_F(GoCovdataTest, BlocksWithACountAboveZeroCoverTheirLines) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map,
                       Parse({Meta({kTwoFunctions}), Counters({{0, 0, {1, 0}}})}));
  EXPECT_THAT(map.labels, ElementsAre(Pair("t", ElementsAre(Pair("a.go", ElementsAre(3, 4, 5))))));
}

TEST_F(GoCovdataTest, EveryWayToWriteNumbersIsRead) {
  const std::vector<Ran> ran = {{0, 0, {0, 70000}}, {0, 1, {1}}};
  for (const auto& [flavor, big] : {std::pair<uint8_t, bool>{1, false}, {1, true}, {2, false}}) {
    ASSERT_OK_AND_ASSIGN(const EvidenceMap map,
                         Parse({Counters(ran, flavor, big), Meta({kTwoFunctions})}));
    EXPECT_THAT(map.labels.at("t"),
                ElementsAre(Pair("a.go", ElementsAre(7)), Pair("b.go", ElementsAre(10, 11, 12))));
  }
}

TEST_F(GoCovdataTest, RunsAndSegmentsAndProgramsAddUp) {
  std::string other_meta = Meta({Package({"F", "m/c.go"}, {{1, {{1, 1}}}}), kTwoFunctions});
  std::string other = Counters({{0, 0, {4}}, {1, 1, {1}}});
  other_meta.replace(24, 16, std::string(16, 'z'));
  other.replace(8, 16, std::string(16, 'z'));
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse({Meta({kTwoFunctions}), Counters({{0, 0, {1, 0}}}),
             CounterHeader() + Segment({}, 1, 2, false) + Segment({{0, 0, {0, 1}}}, 2, 2, false),
             other_meta, other}));
  EXPECT_THAT(map.labels.at("t"),
              ElementsAre(Pair("a.go", ElementsAre(3, 4, 5, 7)),
                          Pair("b.go", ElementsAre(10, 11, 12)), Pair("c.go", ElementsAre(1))));
}

TEST_F(GoCovdataTest, OneCounterForAFunctionCoversAllItsBlocks) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map,
                       Parse({Meta({kTwoFunctions}, {.granularity = 2}), Counters({{0, 0, {1}}})}));
  EXPECT_THAT(map.labels.at("t"), ElementsAre(Pair("a.go", ElementsAre(3, 4, 5, 7))));
}

TEST_F(GoCovdataTest, CountersWithoutTheirMetaDataAreRefused) {
  EXPECT_THAT(Parse({Counters({{0, 0, {1, 0}}})}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "r1: go-covdata: file: its covmeta.30313233343536373839616263646566 is "
                       "missing: send the whole GOCOVERDIR"));
}

TEST_F(GoCovdataTest, MetaDataWithoutCountersIsATestOfWhichNothingIsKnown) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse({Meta({kTwoFunctions})}));
  EXPECT_THAT(map.labels, ElementsAre(Pair("t", ElementsAre())));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("there are no covcounters files")));
}

TEST_F(GoCovdataTest, TheLabelComesWithTheUpload) {
  EXPECT_THAT(Parse({Meta({kTwoFunctions}), Counters({})}, ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("names no test")));
}

TEST_F(GoCovdataTest, WhatDoesNotFitIsRefused) {
  const std::string good = Meta({kTwoFunctions});
  const struct {
    std::string meta, counters, want;
  } kCases[] = {
      {good, Counters({{0, 0, {1}}}), "function 0 has 2 counters, the counter files have 1"},
      {good, Counters({{0, 2, {1}}}), "the counter files have functions that this one lacks: 1"},
      {good, Counters({{7, 0, {1}}}), "the counter files have functions that this one lacks: 1"},
      {good, Counters({}, 3), "counter flavor 3 is not known"},
      {good, CounterHeader() + Segment({}, 2, 2, false), "segment 1 says that it is number 2"},
      {good, Counters({}) + "x", "the report is cut off"},
      {good + "x", Counters({}), "the file goes on behind its end"},
      {Meta({Package({"F", "m/a.go"}, {{1, {{9, 3}}}})}), Counters({{0, 0, {1}}}),
       "a block of the lines 9 to 3"},
      {Meta({Package({"F", "m/a.go"}, {{1, {{1, 1ull << 40}}}})}), Counters({{0, 0, {1}}}),
       "a block of the lines 1 to 1099511627776"},
      {Meta({Package({"F"}, {{1, {{1, 1}}}})}), Counters({{0, 0, {1}}}), "there is no string 1"},
      {Meta({Package({"F", ""}, {{1, {{1, 1}}}})}), Counters({{0, 0, {1}}}),
       "the package that ends here"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Parse({c.meta, c.counters}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.want)));
  }
}

TEST_F(GoCovdataTest, OtherVersionsAreNotGuessedAt) {
  EXPECT_THAT(Parse({Meta({kTwoFunctions}, {.version = 2}), Counters({})}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("version 2 is not known")));
  EXPECT_THAT(Parse({Meta({kTwoFunctions}), CounterHeader(2, false, 2) + Segment({}, 1, 2, false)}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("version 2 is not known")));
}

TEST_F(GoCovdataTest, AFileThatIsCutOffIsRefusedWhereverItIsCut) {
  const std::string meta = Meta({kTwoFunctions}), counters = Counters({{0, 0, {1, 300}}});
  ASSERT_THAT(Parse({meta, counters}), IsOk());
  for (size_t i = 0; i < meta.size(); ++i) {
    EXPECT_THAT(Parse({meta.substr(0, i), counters}), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  for (size_t i = 0; i < counters.size(); ++i) {
    EXPECT_THAT(Parse({meta, counters.substr(0, i)}), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST_F(GoCovdataTest, TheNativeReaderSaysWhatGoItselfSays) {
  const char* const source = std::getenv("TESTSELECT_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "run through ctest, or set TESTSELECT_SOURCE_DIR";
  const fs::path input = fs::path(source) / "tests/golden/ingest/go-covdata/input";
  const std::string text = (folder_ / "text").string();
  const std::string command =
      "go tool covdata textfmt -i='" + input.string() + "' -o='" + text + "' >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "no go tool covdata on this machine";
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(input))
    files.push_back(FileContent(entry.path()));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap native, Parse(files));
  ASSERT_OK_AND_ASSIGN(const IngestResult result,
                       ParseUpload({{Report(FileContent(text), "go-cover-text", "t")}}, [&] {
                         IngestOptions options = Options();
                         options.paths.root = "m";
                         return options;
                       }()));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap converted, Decode(result.content));
  EXPECT_EQ(native.labels, converted.labels);
  EXPECT_GT(native.pairs(), 0u);
}

}  // namespace
}  // namespace testselect
