// V8's coverage: offsets into lines, by texts and by source maps.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ingest/formats.h"
#include "server/ingest/script_url.h"
#include "server/ingest/source_map.h"
#include "server/ingest/text_lines.h"
#include "server/ingest/upload_builder.h"
#include "storage/model/status_macros.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/memory_report.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

using Lines = EvidenceMap::Lines;
using Files = std::map<std::string, Lines>;

Lines Set(const LineBits& bits) {
  Lines out;
  const absl::string_view text = bits.bits();
  for (uint32_t line = 0; line < text.size() * 8; ++line) {
    if ((static_cast<unsigned char>(text[line / 8]) >> line % 8 & 1) != 0) out.insert(line);
  }
  return out;
}

TEST(TextLinesTest, CountsInUtf16Units) {
  const TextLines lines = TextLines::OfText("aé\r\n💶b\n\nc  \n\n");
  EXPECT_EQ(lines.units(), 14u);
  ASSERT_EQ(lines.size(), 4u);  // what is blank at the end is none
  EXPECT_EQ(lines.EndOf(0), 2u);
  EXPECT_EQ(lines.OffsetOf(1, 2), 6u);
  EXPECT_EQ(lines.EndOf(1), 7u);
  EXPECT_EQ(lines.OffsetOf(2, 9), 8u);
  EXPECT_EQ(TextLines::OfText("").size(), 0u);
  EXPECT_EQ(TextLines::OfText("\n\n").size(), 0u);
  EXPECT_EQ(TextLines::OfText("\n\nx").size(), 3u);
  EXPECT_EQ(TextLines::OfText("x").units(), 1u);
  const TextLines lengths = TextLines::OfLengths({2, 3, 0, 4, 0, 0});
  EXPECT_EQ(lengths.size(), 4u);
  EXPECT_EQ(lengths.OffsetOf(3, 1), 9u);
}

TEST(TextLinesTest, ALineIsExecutedUnlessItLiesInARangeThatWasNot) {
  // 0: "aaaa", 5: "", 6: "bbbb", 11: "cccc"
  const TextLines lines = TextLines::OfText("aaaa\n\nbbbb\ncccc");
  EXPECT_EQ(Set(lines.Executed({})), (Lines{1, 2, 3, 4}));
  EXPECT_EQ(Set(lines.Executed({{0, 15, true}, {7, 15, false}})), (Lines{1, 2, 3}));
  EXPECT_EQ(Set(lines.Executed({{0, 15, true}, {6, 10, false}})), (Lines{1, 2, 4}));
  // An empty line counts with what stands before it.
  EXPECT_EQ(Set(lines.Executed({{0, 15, true}, {5, 10, false}})), (Lines{1, 2, 4}));
  EXPECT_EQ(Set(lines.Executed({{0, 15, true}, {0, 10, false}})), (Lines{4}));
  // The later range is the inner one.
  EXPECT_EQ(Set(lines.Executed({{0, 15, false}, {6, 10, true}})), (Lines{3}));
  EXPECT_EQ(Set(lines.Executed({{6, 10, true}, {0, 15, false}})), (Lines{}));
  EXPECT_EQ(Set(lines.Executed({{99, 7, false}})), (Lines{1, 2, 3, 4}));
}

TEST(ExecutedPartsTest, AreFoundForAnyOffsets) {
  const TextRange ranges[] = {{0, 20, true}, {5, 15, false}, {8, 10, true}, {12, 12, true}};
  const ExecutedParts parts(ranges);
  EXPECT_TRUE(parts.AnyIn(0, 1));
  EXPECT_TRUE(parts.AnyIn(4, 6));
  EXPECT_FALSE(parts.AnyIn(5, 8));
  EXPECT_TRUE(parts.AnyIn(5, 9));
  EXPECT_TRUE(parts.AnyIn(9, 12));
  EXPECT_FALSE(parts.AnyIn(10, 15));
  EXPECT_TRUE(parts.AnyIn(15, 16));
  EXPECT_TRUE(parts.AnyIn(30, 40));  // nothing is said of it
  EXPECT_FALSE(parts.AnyIn(3, 3));
}

TEST(SourceMapTest, ReadsPieces) {
  std::vector<std::string> pieces;
  const auto read = [&](absl::string_view mappings) {
    pieces.clear();
    return ForEachPiece(mappings, [&](const MappedPiece& p) {
      pieces.push_back(absl::StrCat(p.line, ":", p.column));
      if (p.has_source) absl::StrAppend(&pieces.back(), " ", p.source, ":", p.source_line);
    });
  };
  EXPECT_THAT(read("AAAA,IACA;;E,CCDMA;"), IsOk());
  EXPECT_THAT(pieces, ElementsAre("0:0 0:0", "0:4 0:1", "2:2", "2:3 1:0"));
}

TEST(SourceMapTest, RefusesWhatIsNoMapping) {
  const auto read = [](absl::string_view mappings) {
    return std::string(ForEachPiece(mappings, [](const MappedPiece&) {}).message());
  };
  EXPECT_THAT(read("A!"), HasSubstr("a broken number"));
  EXPECT_THAT(read("g"), HasSubstr("a broken number"));
  EXPECT_THAT(read("gggggggggggggggggA"), HasSubstr("a broken number"));
  EXPECT_THAT(read("AA"), HasSubstr("a broken number"));
  EXPECT_THAT(read("AADA"), HasSubstr("lead to -1"));
  EXPECT_THAT(read("AAAAAA"), HasSubstr("six numbers"));
}

TEST(ScriptUrlTest, NamesFiles) {
  EXPECT_EQ(PathOfScript("file:///a/gr%C3%B6%20%zz.js?t=1#x"), "/a/grö %zz.js");
  EXPECT_EQ(PathOfScript("file:///C:/a/b.js"), "C:/a/b.js");
  EXPECT_EQ(PathOfScript("/a/b.js"), "/a/b.js");
  for (const char* const none : {"node:fs", "", "evalmachine.<anonymous>", "file://host/a.js"}) {
    EXPECT_EQ(PathOfScript(none), "") << none;
  }
  EXPECT_EQ(PathOfSource("file:///a/b.ts", "", "/a/dist/b.js"), "/a/b.ts");
  EXPECT_EQ(PathOfSource("../b.ts", "", "/a/dist/b.js"), "/a/dist/../b.ts");
  EXPECT_EQ(PathOfSource("b.ts", "../src/", "/a/dist/b.js"), "/a/dist/../src/b.ts");
  EXPECT_EQ(PathOfSource("b.ts", "file:///a/src", "/a/dist/b.js"), "/a/src/b.ts");
  EXPECT_EQ(PathOfSource("webpack://app/./src/b.ts?1f2e", "", "/a/dist/b.js"), "src/b.ts");
  EXPECT_EQ(PathOfSource("webpack:///src/b.ts", "", "/a/dist/b.js"), "src/b.ts");
  EXPECT_EQ(PathOfSource("https://x/b.ts", "", "/a/dist/b.js"), "");
  EXPECT_EQ(PathOfSource("", "", "/a/dist/b.js"), "");
}

struct Parsed {
  Files files;
  std::vector<std::string> warnings;
};

// The evidence of the label "T". `texts` are the commit's files, below /w.
absl::StatusOr<Parsed> Parse(std::string content,
                             const std::map<std::string, std::string>& texts = {},
                             size_t piece = SIZE_MAX) {
  MemoryReport report(std::move(content), piece);
  UploadBuilder builder(PathMapper::Create({"/w", ""}, {}).value(), nullptr, false, {});
  builder.set_source_texts([&](const std::string& path) -> std::optional<std::string> {
    const auto found = texts.find(path);
    if (found == texts.end()) return std::nullopt;
    return found->second;
  });
  ParseOptions options;
  options.label = "T";
  TS_RETURN_IF_ERROR(V8JsonParser()->Parse(report, options, builder));
  TS_ASSIGN_OR_RETURN(const SegmentContent segment, builder.Finish());
  TS_ASSIGN_OR_RETURN(const EvidenceMap map, Decode(segment));
  return Parsed{map.labels.at("T"), builder.warnings()};
}

std::string ErrorOf(std::string content) {
  return std::string(Parse(std::move(content)).status().message());
}

// A script of `length` units of which [first, last) was not executed.
std::string Script(absl::string_view url, int length, int first, int last) {
  return absl::StrCat(R"({"scriptId": "9", "url": ")", url, R"(", "functions": [{"functionName": "",
      "ranges": [{"startOffset": 0, "endOffset": )",
                      length, R"(, "count": 1}], "isBlockCoverage": true},
      {"functionName": "f", "ranges": [{"startOffset": )",
                      first, R"(, "endOffset": )", last,
                      R"(, "count": 0}], "isBlockCoverage": false}]})");
}

std::string V8(absl::string_view scripts, absl::string_view cache = "") {
  return absl::StrCat(R"({"result": [)", scripts, R"(], "timestamp": 1.5, "source-map-cache": {)",
                      cache, "}}");
}

TEST(V8JsonTest, LinesComeOfTheTextAtTheCommit) {
  const std::string text = "💶();\nfunction f() {\n}\ng();";  // f: 6 to 22
  const std::string report =
      V8(absl::StrCat(Script("node:fs", 9, 0, 9), ",", Script("file:///w/a%20b.js", 27, 6, 22), ",",
                      Script("file:///w/node_modules/m/a.js", 27, 6, 22)));
  for (size_t piece = 1; piece < 30; ++piece) {
    ASSERT_OK_AND_ASSIGN(const Parsed parsed, Parse(report, {{"a b.js", text}}, piece));
    EXPECT_THAT(parsed.files, ElementsAre(Pair("a b.js", ElementsAre(1, 4))));
    EXPECT_THAT(parsed.warnings, IsEmpty());
  }
  // Node takes a byte order mark off.
  ASSERT_OK_AND_ASSIGN(const Parsed marked, Parse(report, {{"a b.js", "\xEF\xBB\xBF" + text}}));
  EXPECT_THAT(marked.files, ElementsAre(Pair("a b.js", ElementsAre(1, 4))));
}

TEST(V8JsonTest, AScriptWhoseTextIsNotKnownCountsAsAWhole) {
  const std::string report = V8(Script("file:///w/a.js", 27, 6, 22));
  for (const std::map<std::string, std::string>& texts :
       {std::map<std::string, std::string>{}, {{"a.js", "another text"}}}) {
    ASSERT_OK_AND_ASSIGN(const Parsed parsed, Parse(report, texts));
    EXPECT_THAT(parsed.files, ElementsAre(Pair("a.js", SizeIs(28))));
    EXPECT_THAT(parsed.warnings,
                ElementsAre(HasSubstr("report: 1 scripts count as executed as a whole, such as "
                                      "'/w/a.js'")));
  }
}

TEST(V8JsonTest, LinesComeOfTheReportsOwnLengths) {
  const std::string report = V8(Script("file:///w/a.js", 27, 6, 22),
                                R"("file:///w/a.js": {"lineLengths": [5, 14, 1, 4, 0], "data": null,
                                   "url": "a.js.map"}, "file:///w/other.js": null)");
  ASSERT_OK_AND_ASSIGN(const Parsed parsed, Parse(report));
  EXPECT_THAT(parsed.files, ElementsAre(Pair("a.js", ElementsAre(1, 4))));
}

// Two lines were made of three of a.ts and one of b.ts: 0:0 a:1, 0:6 a:3 | 1:0 b:5, 1:4 a:7.
constexpr absl::string_view kMap =
    R"("lineLengths": [10, 10], "data": {"version": 3, "sources": ["../a.ts", "file:///w/b.ts", null],
       "sourcesContent": ["x"], "mappings": "AAAA,MAEA;ACEA,IDEA"})";

TEST(V8JsonTest, LinesComeOfTheSourceMap) {
  // Not executed: from the second piece to the end of the third.
  const std::string report = V8(Script("file:///w/dist/a.js", 22, 6, 15),
                                absl::StrCat(R"("file:///w/dist/a.js": {)", kMap, "}"));
  ASSERT_OK_AND_ASSIGN(const Parsed parsed, Parse(report));
  EXPECT_THAT(parsed.files, ElementsAre(Pair("a.ts", ElementsAre(1, 7))));
  // Any part of a piece is enough.
  ASSERT_OK_AND_ASSIGN(const Parsed wider,
                       Parse(V8(Script("file:///w/dist/a.js", 22, 7, 14),
                                absl::StrCat(R"("file:///w/dist/a.js": {)", kMap, "}"))));
  EXPECT_THAT(wider.files,
              ElementsAre(Pair("a.ts", ElementsAre(1, 3, 7)), Pair("b.ts", ElementsAre(5))));
}

TEST(V8JsonTest, AMapThatCannotBeReadMakesItsSourcesCountAsAWhole) {
  const std::string report =
      V8(Script("file:///w/dist/a.js", 4, 0, 4),
         R"("file:///w/dist/a.js": {"lineLengths": [4], "data": {"sources": ["../a.ts"],
            "mappings": "!"}})");
  ASSERT_OK_AND_ASSIGN(const Parsed parsed, Parse(report));
  EXPECT_THAT(parsed.files, ElementsAre(Pair("a.ts", SizeIs(5))));
  EXPECT_THAT(parsed.warnings, SizeIs(1));
}

TEST(V8JsonTest, NamesTheByteOfWhatIsWrong) {
  EXPECT_EQ(ErrorOf("{}"), "report: v8-json: byte 2: the object has no 'result'");
  EXPECT_EQ(ErrorOf(R"({"result": null})"), "report: v8-json: byte 11: expected '[', found 'n'");
  EXPECT_THAT(ErrorOf(V8(Script("file:///w/a.js", 5, -1, 3))),
              HasSubstr("'-1' is no number from 0 to 2147483647"));
  EXPECT_THAT(
      ErrorOf(
          V8(R"({"url": "/w/a.js", "functions": [{"ranges": [{"endOffset": 1099511627776}]}]})")),
      HasSubstr("'1099511627776' is no number"));
  EXPECT_THAT(ErrorOf(V8(R"({"url": "/w/a.js", "functions": [{"ranges": [{"count": NaN}]}]})")),
              HasSubstr("is no JSON value"));
}

}  // namespace
}  // namespace testselect
