// Reports that real tools wrote, and what the parsers make of them: tests/golden/ingest/README.md.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/ingest/ingestor.h"
#include "server/ingest/report_archive.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/ingest/evidence_map.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

// {1, 2, 3, 7} -> "1-3,7"
std::string Ranges(const EvidenceMap::Lines& lines) {
  std::string out;
  for (auto at = lines.begin(); at != lines.end();) {
    const uint32_t first = *at;
    uint32_t last = first;
    while (++at != lines.end() && *at == last + 1) last = *at;
    absl::StrAppend(&out, out.empty() ? "" : ",", first);
    if (last > first) absl::StrAppend(&out, "-", last);
  }
  return out;
}

std::string Show(const IngestResult& result, const EvidenceMap& map) {
  std::string out = "order\n";
  for (const std::string& label : result.content.labels) absl::StrAppend(&out, "  ", label, "\n");
  absl::StrAppend(&out, "evidence\n");
  for (const auto& [label, files] : map.labels) {
    absl::StrAppend(&out, "  ", label, "\n");
    for (const auto& [file, lines] : files) {
      absl::StrAppend(&out, "    ", file, " ", Ranges(lines), "\n");
    }
  }
  absl::StrAppend(&out, "global\n");
  for (const auto& [file, lines] : map.global) {
    absl::StrAppend(&out, "  ", file, " ", Ranges(lines), "\n");
  }
  absl::StrAppend(&out, "outcomes\n");
  for (const auto& [label, outcome] : map.outcomes) {
    absl::StrAppend(&out, "  ", label, " ", std::string(OutcomeName(outcome.outcome)),
                    outcome.flaky ? " flaky" : "", " ", outcome.seconds, "\n");
  }
  for (const std::string& warning : result.summary.warnings) {
    absl::StrAppend(&out, "warning ", warning, "\n");
  }
  return out;
}

absl::StatusOr<IngestResult> Parse(const fs::path& folder, const std::string& spool_dir) {
  std::vector<ReportFile> reports;
  const fs::path archive = fs::path(spool_dir) / (folder.filename().string() + ".tar");
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string stem = entry.path().stem().string();
    if (stem != "input" && stem != "outcomes") continue;
    fs::path file = entry.path();
    if (entry.is_directory()) {  // as the client sends it
      const int fd = open(archive.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      EXPECT_THAT(PackFolder(file.string(), fd), IsOk());
      close(fd);
      file = archive;
    }
    reports.push_back({file.string(), entry.path().filename().string(), "",
                       stem == "input" ? Read(folder / "label.txt") : "", stem == "outcomes"});
  }
  IngestOptions options;
  options.spool_dir = spool_dir;
  options.paths.root = fs::exists(folder / "root.txt") ? Read(folder / "root.txt") : "/build/tiny";
  options.source_texts = [folder](const std::string& path) -> std::optional<std::string> {
    const fs::path file = folder / "sources" / path;
    if (!fs::exists(file)) return std::nullopt;
    return Read(file);
  };
  return ParseUpload(reports, options);
}

TEST(IngestGoldenTest, ReportsAreReadAsBefore) {
  const char* const source = std::getenv("TESTSELECT_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "run through ctest, or set TESTSELECT_SOURCE_DIR";
  const TemporaryFolder spool;
  size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(source) / "tests/golden/ingest")) {
    if (!entry.is_directory()) continue;
    SCOPED_TRACE(entry.path().filename().string());
    ++cases;
    ASSERT_OK_AND_ASSIGN(const IngestResult result, Parse(entry.path(), spool.path()));
    ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Decode(result.content));
    const std::string got = Show(result, map);
    if (std::getenv("TESTSELECT_UPDATE_GOLDEN") != nullptr) {
      std::ofstream(entry.path() / "want.txt", std::ios::binary) << got;
    }
    EXPECT_EQ(got, Read(entry.path() / "want.txt"));
  }
  EXPECT_GE(cases, 10u);
}

}  // namespace
}  // namespace testselect
