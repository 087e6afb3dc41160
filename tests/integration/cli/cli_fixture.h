// A small real git repository with real coverage.py data, and the real testselect binary.
#pragma once

#include <simdjson.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/cli/process.h"

namespace testselect {

// {context: {file: lines}}; the empty context is outside of tests.
using Coverage = std::map<std::string, std::map<std::string, std::set<int>>>;

// Writes what coverage.py 7 writes (schema 7, line data).
void WriteCoverageFile(const std::string& path, const Coverage& coverage);

class CliTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // testselect in the repository's folder.
  std::unique_ptr<Process> Start(const std::vector<std::string>& arguments,
                                 const Process::Options& options = {});
  Finished Run(const std::vector<std::string>& arguments, const Process::Options& options = {});
  // Runs a shell command in the repository; its output without the last line feed.
  std::string Shell(const std::string& command);

  // Writes a file of the repository.
  void WriteFile(const std::string& path, const std::string& content);
  // Commits everything; the new commit's id.
  std::string Commit(const std::string& message);
  // Uploads the evidence of the first commit under `job`.
  Finished UploadFirst(const std::vector<std::string>& more = {});
  std::vector<std::string> SelectArguments(const std::vector<std::string>& more = {}) const;

  // Parses an answer; fails the test where it is none.
  simdjson::dom::element Json(const std::string& text);
  static std::vector<std::string> Strings(simdjson::dom::element array);

  static constexpr const char* kAdd = "tests/test_calc.py::test_add";
  static constexpr const char* kMul = "tests/test_calc.py::test_mul";

  std::string bin_;          // the folder of the programs
  std::string folder_;       // scratch
  std::string repo_;         // the repository
  std::string labels_;       // a file with both labels
  std::string coverage_;     // a .coverage file of `base_`
  std::string base_, head_;  // head changes what test_add executes

 private:
  simdjson::dom::parser parser_;
};

}  // namespace testselect
