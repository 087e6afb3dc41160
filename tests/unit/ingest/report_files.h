// Reports for tests: files in a folder of their own that goes with the fixture.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/ingest/ingestor.h"

namespace testselect {

class ReportFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(::testing::TempDir()) /
              absl::StrCat(info->test_suite_name(), "-", info->name(), "-", getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Writes a report; the result names it "r<number>".
  ReportFile Report(absl::string_view content, std::string format = "", std::string label = "") {
    const std::string name = absl::StrCat("r", ++count_);
    const std::filesystem::path file = folder_ / name;
    std::ofstream(file, std::ios::binary) << std::string(content);
    return {file.string(), name, std::move(format), std::move(label), false};
  }
  IngestOptions Options() const {
    IngestOptions options;
    options.spool_dir = folder_.string();
    return options;
  }
  std::filesystem::path folder_;

 private:
  int count_ = 0;
};

}  // namespace testselect
