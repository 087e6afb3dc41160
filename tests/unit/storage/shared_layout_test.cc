#include "storage/shared_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

TEST(SharedLayoutTest, KeysOfEventsAscendWithTimeAndAreReadBack) {
  const Digest id = Digest::Of("x");
  const auto key = [&](int64_t micros, SharedEventKind kind) {
    return SharedEventKey("any name/with ünusual bytes", {kind, absl::FromUnixMicros(micros), id});
  };
  EXPECT_LT(key(9, SharedEventKind::kSegment), key(10, SharedEventKind::kNotes));
  EXPECT_LT(key(0xffff, SharedEventKind::kSegment), key(0x10000, SharedEventKind::kNotes));
  for (const auto kind :
       {SharedEventKind::kSegment, SharedEventKind::kSeal, SharedEventKind::kNotes}) {
    const std::string text = key(1'700'000'000'123'456, kind);
    EXPECT_THAT(text, StartsWith(SharedEventPrefix("any name/with ünusual bytes")));
    const auto name = ParseSharedEventKey(text);
    ASSERT_TRUE(name.ok()) << name.status();
    EXPECT_EQ(name->kind, kind);
    EXPECT_EQ(name->id, id);
    EXPECT_EQ(absl::ToUnixMicros(name->time), 1'700'000'000'123'456);
  }
  // Before the beginning of time is the beginning.
  EXPECT_EQ(key(-5, SharedEventKind::kSeal), key(0, SharedEventKind::kSeal));
}

TEST(SharedLayoutTest, StrangeKeysAreNoEvents) {
  for (const char* key : {"", "index/", "index/00/x.segment", "index/00/readme.txt",
                          "index/00/0000000000000001-zz.seal"}) {
    EXPECT_THAT(ParseSharedEventKey(key).status(),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(key)));
  }
}

TEST(SharedLayoutTest, AnotherFormatIsRefusedByItsName) {
  EXPECT_EQ(*DecodeSharedFormat(EncodeSharedFormat(Digest::Of("s"))), Digest::Of("s"));
  EXPECT_THAT(DecodeSharedFormat("testselect objects 2\nwhatever").status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("testselect objects 2")));
  EXPECT_THAT(DecodeSharedFormat("").status(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(SharedLayoutTest, DamageOfValuesIsSeen) {
  SharedSegment segment;
  segment.entry.info.id = Digest::Of("id");
  segment.entry.info.header = Header(1);
  segment.entry.info.state = SegmentState::kBuilding;
  segment.content = Digest::Of("content");
  const std::string bytes = EncodeSharedSegment("key", segment);
  const auto read = DecodeSharedSegment("key", bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->entry.info.header, Header(1));
  EXPECT_EQ(read->content, Digest::Of("content"));
  EXPECT_THAT(DecodeSharedSegment("other key", bytes).status(),
              StatusIs(absl::StatusCode::kDataLoss));
  const std::string digests = EncodeDigests({Digest::Of("a"), Digest::Of("b")});
  EXPECT_THAT(*DecodeDigests(digests), ElementsAre(Digest::Of("a"), Digest::Of("b")));
  const std::string notes = EncodeNotes({.puts = {{"k", "v"}, {"l", ""}}, .deletes = {"m"}});
  EXPECT_THAT(DecodeNotes(notes)->puts, ElementsAre(Pair("k", "v"), Pair("l", "")));
  EXPECT_THAT(DecodeNotes(notes)->deletes, ElementsAre("m"));
  for (const std::string& whole : {bytes, digests, notes}) {
    for (size_t i = 0; i < whole.size(); ++i) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ 1);
      EXPECT_FALSE(DecodeSharedSegment("key", damaged).ok() || DecodeDigests(damaged).ok() ||
                   DecodeNotes(damaged).ok())
          << i;
      EXPECT_FALSE(DecodeDigests(whole.substr(0, i)).ok());
    }
  }
}

}  // namespace
}  // namespace testselect
