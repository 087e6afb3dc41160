// Which format a report's content is taken for.
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ingest/formats.h"
#include "tests/unit/ingest/shared_corpus.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;

// The format of a golden report by its folder's name, which begins with it.
std::string FormatOf(const std::string& folder) {
  std::string best;
  for (const ReportParser* const parser : AllReportParsers()) {
    const std::string name(parser->name());
    if (absl::StartsWith(folder, name) && name.size() > best.size()) best = name;
  }
  return best;
}

// Detection asks the parsers in their order, but no format may rely on being asked later than
// another: then a new one between them would break both.
TEST(DetectionTest, NoGoldenReportIsTakenForAnotherFormat) {
  const char* const source = std::getenv("TESTSELECT_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "run through ctest, or set TESTSELECT_SOURCE_DIR";
  size_t checked = 0;
  for (const auto& folder : fs::directory_iterator(fs::path(source) / "tests/golden/ingest")) {
    const std::string name = folder.path().filename().string();
    const std::string format = FormatOf(name);
    if (format.empty()) continue;
    for (const auto& file : fs::recursive_directory_iterator(folder)) {
      const fs::path first = *file.path().lexically_relative(folder.path()).begin();
      if (first.stem() != "input" || !file.is_regular_file()) continue;
      const std::string head = FileContent(file.path()).substr(0, ReportSource::kPeekBytes);
      if (absl::StartsWith(head, "\x1f\x8b")) continue;  // recognised once it is unpacked
      for (const ReportParser* const parser : AllReportParsers()) {
        EXPECT_EQ(parser->Recognises(head), parser->name() == format)
            << name << " by " << parser->name();
      }
      ++checked;
    }
  }
  EXPECT_GT(checked, 10u);
}

}  // namespace
}  // namespace testselect
