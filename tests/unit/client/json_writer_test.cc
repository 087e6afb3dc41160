#include "client/cli/json_writer.h"

#include <cmath>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace testselect::client {
namespace {

std::string Quoted(absl::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

TEST(JsonWriterTest, EscapesWhatJsonRequires) {
  const struct {
    std::string text, want;
  } kCases[] = {
      {"", R"("")"},
      {R"(a"b\c)", R"("a\"b\\c")"},
      {"\n\r\t\x01\x1f\x7f", R"("\n\r\t\u0001\u001f\u007f")"},
      {std::string("\0", 1), R"("\u0000")"},
      {"größe 日本 😀", R"("größe 日本 😀")"},
      {"</script>", R"("</script>")"},
  };
  for (const auto& c : kCases) EXPECT_EQ(Quoted(c.text), c.want);
}

TEST(JsonWriterTest, BytesThatAreNoUtf8BecomeReplacementCharacters) {
  EXPECT_EQ(Quoted("a\xFF"
                   "b"),
            R"("a\ufffdb")");
  EXPECT_EQ(Quoted("\xC3"), R"("\ufffd")");                                // cut short
  EXPECT_EQ(Quoted("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")");            // a surrogate
  EXPECT_EQ(Quoted("\xC0\x80"), R"("\ufffd\ufffd")");                      // overlong
  EXPECT_EQ(Quoted("\xF4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");  // beyond U+10FFFF
}

TEST(JsonWriterTest, NestsAndSetsCommas) {
  JsonWriter json;
  json.BeginObject().Key("a").BeginArray().EndArray();
  json.Key("b").BeginArray().Number(uint64_t{1}).BeginObject().EndObject().Null().EndArray();
  json.Key("c").Bool(true).Key("d").String("x").EndObject();
  EXPECT_EQ(std::move(json).Finish(),
            "{\"a\": [], \"b\": [1, {}, null], \"c\": true, \"d\": \"x\"}\n");
}

TEST(JsonWriterTest, NumbersAreJsonNumbers) {
  JsonWriter json;
  json.BeginArray().Number(0.5).Number(12.0).Number(1e-7).Number(1234567.25).Number(NAN);
  json.Number(UINT64_MAX).Number(-0.0).EndArray();
  EXPECT_EQ(std::move(json).Finish(), "[0.5, 12, 0, 1234567.25, null, 18446744073709551615, 0]\n");
}

}  // namespace
}  // namespace testselect::client
