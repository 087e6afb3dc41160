#include "storage/file_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/escaping.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

std::string Set(const std::vector<LabelNumber>& members) {
  return EncodeLabelSet(absl::MakeConstSpan(members));
}

FileEvidence Example() {
  FileEvidence file;
  file.path = "src/a.py";
  file.sections = {
      {EvidenceKind::kLine, Phase::kRun, {{1, 1, 0}, {3, 6, 1}, {7, 7, 0}, {200, 200, 2}}},
      {EvidenceKind::kLine, Phase::kSetup, {{1, 2, 2}}},
      {EvidenceKind::kFunction, Phase::kRun, {{10, 30, 3}, {10, 40, 1}, {12, 12, 3}}},
      {EvidenceKind::kOpenedFile, Phase::kTeardown, {{0, 0, 1}}}};
  file.sets = {Set({0, 1, 2}), Set({5}), Set({1, 300}), Set({7, 9})};
  file.global_lines = {{1, 4}, {10, 10}};
  return file;
}

TEST(FileRecordTest, RoundTrip) {
  const FileEvidence file = Example();
  const auto decoded = DecodeFileRecord(file.path, EncodeFileRecord(file));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(*decoded == file);
}

TEST(FileRecordTest, ImportsAndFixturesRoundTrip) {
  FileEvidence file;
  file.path = "conftest.py";
  file.sections = {{EvidenceKind::kImportedFile, Phase::kRun, {{0, 0, 0}}},
                   {EvidenceKind::kUsedFixture, Phase::kRun, {{3, 9, 1}, {4, 5, 0}}}};
  file.sets = {Set({1}), Set({2, 3})};
  const auto decoded = DecodeFileRecord(file.path, EncodeFileRecord(file));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(*decoded == file);
}

TEST(FileRecordTest, EmptyRoundTrip) {
  const auto decoded = DecodeFileRecord("a", EncodeFileRecord(FileEvidence()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(decoded->sections.empty());
}

// Persisted bytes: a change here is a new format version (KEYS.md).
TEST(FileRecordTest, GoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeFileRecord(Example())),
            "04"
            "0504"
            "0000"
            "070000"
            "0002"
            "01bf0100"
            "060102"
            "01"
            "0903"
            "290800"
            "3c03"
            "010101"
            "0f01"
            "0003"
            "02"
            "06"
            "0104"
            "04"
            "020101"
            "010a"
            "0302d404"
            "020e02");
}

TEST(FileRecordTest, EveryTruncationIsRefused) {
  const std::string record = EncodeFileRecord(Example());
  for (size_t n = 0; n < record.size(); ++n) {
    EXPECT_THAT(DecodeFileRecord("src/a.py", record.substr(0, n)).status(),
                StatusIs(absl::StatusCode::kDataLoss, testing::HasSubstr("src/a.py")))
        << n;
  }
  EXPECT_THAT(DecodeFileRecord("src/a.py", record + "x").status(),
              StatusIs(absl::StatusCode::kDataLoss, testing::HasSubstr("1 bytes are left")));
}

// What decodes obeys the contract of FileEvidence, and encodes again.
void CheckDecoded(const std::string& record) {
  const auto file = DecodeFileRecord("p", record);
  if (!file.ok()) {
    EXPECT_TRUE(absl::IsDataLoss(file.status())) << file.status();
    return;
  }
  std::vector<bool> used(file->sets.size(), false);
  for (const EvidenceSection& section : file->sections) {
    EXPECT_FALSE(section.runs.empty());
    for (const EvidenceRun& run : section.runs) {
      EXPECT_LE(run.first, run.last);
      EXPECT_LE(run.last, kMaxLine);
      ASSERT_LT(run.set, file->sets.size());
      used[run.set] = true;
    }
  }
  for (bool u : used) EXPECT_TRUE(u);
  const auto again = DecodeFileRecord("p", EncodeFileRecord(*file));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(*again == *file);
}

TEST(FileRecordTest, AnyBytesDecodeOrAreRefused) {
  std::mt19937 random(1);
  const std::string good = EncodeFileRecord(Example());
  for (int i = 0; i < 20'000; ++i) {
    std::string record = good;
    for (uint32_t flips = 1 + random() % 3; flips > 0; --flips) {
      record[random() % record.size()] = static_cast<char>(random());
    }
    CheckDecoded(record);
  }
  for (int i = 0; i < 20'000; ++i) {
    std::string record(random() % 40, '\0');
    for (char& c : record) c = static_cast<char>(random() % 16);
    CheckDecoded(record);
  }
}

}  // namespace
}  // namespace testselect
