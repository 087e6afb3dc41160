// Every supported format over the corpus of real reports: the truth of whole ones, and what is owed
// for broken ones.
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ingest/ingestor.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/shared_corpus.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;

class CorpusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / absl::StrCat("corpus-", getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  absl::StatusOr<IngestResult> Parse(const std::vector<ReportFile>& files, const std::string& root,
                                     bool keep_foreign = false) {
    IngestOptions options;
    options.paths.root = root;
    options.paths.keep_foreign = keep_foreign;
    options.spool_dir = folder_.string();
    options.static_context_is_global = false;  // the truth is the report's own words
    const fs::path sample = SharedCorpus("corpus/formats/samples/js");
    options.source_texts = [sample](const std::string& path) -> std::optional<std::string> {
      if (!fs::exists(sample / path)) return std::nullopt;
      return FileContent(sample / path);
    };
    return ParseUpload(files, options);
  }

  // A report, and what it says nothing without.
  std::vector<ReportFile> WithCompanions(const ReportFile& report, const std::string& format) {
    if (format != "jacoco-exec") return {report};
    const fs::path classes = SharedCorpus("corpus/formats/reports/jacoco-exec/classes");
    return {report, AsUploaded({classes.string(), "classes", "", "", false}, folder_)};
  }

  // Whether `result`, read of a variant of `report`, is what one of its originals says.
  bool SaysWhatAnOriginalSays(const BrokenReport& report, const IngestResult& result) {
    const auto got = Decode(result.content);
    EXPECT_THAT(got, IsOk());
    for (const fs::path& original : report.originals) {
      const ReportFile file{original.string(), "report", report.format, "(run)", false};
      const auto whole = Parse(WithCompanions(file, report.format), report.root);
      if (!whole.ok()) continue;
      const auto want = Decode(whole->content);
      if (want.ok() && got->labels == want->labels && got->global == want->global &&
          got->outcomes == want->outcomes) {
        return true;
      }
    }
    return false;
  }

  fs::path folder_;
};

// Reports of the corpus that nobody can read, with what is said of them.
const std::map<std::string, std::string> kUnreadable = {
    {"testmon-sqlite", "write-ahead log"},  // the log, which has all of it, is missing
};

void ExpectTruth(const CorpusReport& report, const IngestResult& result) {
  ASSERT_OK_AND_ASSIGN(EvidenceMap map, Decode(result.content, DecodeWhat::kLines));
  if (report.format == "v8-json") {  // it tells of the test files as well, the truth does not
    for (auto& [label, files] : map.labels) files.erase("test/mocha.spec.js");
    EXPECT_EQ(map.PairsSha256(), report.pairs_sha256);
    return;
  }
  if (report.labels >= 0) {
    EXPECT_EQ(result.summary.labels, static_cast<uint64_t>(report.labels));
  }
  if (report.pairs >= 0) {
    EXPECT_EQ(result.summary.pairs, static_cast<uint64_t>(report.pairs));
    EXPECT_EQ(result.summary.global_lines, static_cast<uint64_t>(report.global_pairs));
    EXPECT_EQ(map.pairs(), static_cast<uint64_t>(report.pairs));
    EXPECT_EQ(map.global_pairs(), static_cast<uint64_t>(report.global_pairs));
    EXPECT_EQ(map.PairsSha256(), report.pairs_sha256);
    EXPECT_THAT(map.files, ::testing::UnorderedElementsAreArray(report.paths));
  }
  if (report.outcomes >= 0) {
    EXPECT_EQ(result.summary.outcomes, static_cast<uint64_t>(report.outcomes));
  }
}

TEST_F(CorpusTest, WholeReportsGiveTheTruth) {
  const fs::path reports = SharedCorpus("corpus/formats/reports");
  if (reports.empty()) GTEST_SKIP() << "no corpus beside the source tree";
  size_t checked = 0;
  for (const CorpusReport& report : CorpusReports(reports)) {
    for (const bool named : {true, false}) {
      SCOPED_TRACE(absl::StrCat(report.name, named ? ", format named" : ", format detected"));
      std::vector<ReportFile> files;
      for (const ReportFile& file : report.files) {
        files.push_back(AsUploaded(file, folder_));
        if (!named) files.back().format.clear();
      }
      const absl::StatusOr<IngestResult> result = Parse(files, report.root, true);
      if (const auto why = kUnreadable.find(report.name); why != kUnreadable.end()) {
        EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument,
                                     ::testing::HasSubstr(why->second)));
        continue;
      }
      ASSERT_THAT(result, IsOk());
      EXPECT_EQ(result->summary.formats[0], report.format);
      ExpectTruth(report, *result);
      ++checked;
    }
  }
  EXPECT_GT(checked, 40u);
}

// Whether a path could lead out of the repository.
bool Leaves(const std::string& path) {
  if (path.empty() || path[0] == '/' || path.find('\0') != std::string::npos) return true;
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    if (part == ".." || part == "." || part.empty()) return true;
  }
  return false;
}

TEST_F(CorpusTest, BrokenReportsAreRejectedOrReadRight) {
  const fs::path formats = SharedCorpus("corpus/formats");
  if (formats.empty()) GTEST_SKIP() << "no corpus beside the source tree";
  const auto broken = BrokenReports(formats / "broken.tar.xz", folder_);
  if (broken.empty()) GTEST_SKIP() << "tar or xz is missing";
  for (const BrokenReport& report : broken) {
    for (const bool named : {true, false}) {
      SCOPED_TRACE(absl::StrCat(report.name, named ? ", format named" : ", format detected"));
      const std::string format = named ? report.format : "";
      const ReportFile variant{report.file.string(), "report", format, "(run)", false};
      const auto result = Parse(WithCompanions(variant, report.format), report.root);
      if (report.expect == "reject") {
        ASSERT_FALSE(result.ok());
        EXPECT_THAT(std::string(result.status().message()), ::testing::HasSubstr("report"));
      }
      if (report.expect == "accept") {
        ASSERT_THAT(result, IsOk());
        EXPECT_TRUE(SaysWhatAnOriginalSays(report, *result));
      }
      if (result.ok()) {
        for (const EncodedFile& stored : result->content.files) {
          EXPECT_FALSE(Leaves(stored.path)) << stored.path;
        }
      }
    }
  }
}

}  // namespace
}  // namespace testselect
