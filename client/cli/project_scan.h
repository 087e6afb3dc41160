// ProjectScan: what a repository's files say of its languages, runners and CI.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace testselect::client {

// One test runner of the repository.
struct FoundRunner {
  std::string name;             // "pytest"
  std::string sign;             // the file that says so, from the top
  std::string folder;           // where it is started, from the top; empty: there
  std::string run_name;         // what `testselect run` calls it; empty: it does not know it
  std::string run_arguments{};  // behind it, with a space before each
  std::string before{};         // lines to print before it: what it needs
  // Shell commands; empty where nothing short does it.
  std::string labels_command{};  // prints the labels
  std::string record_command{};  // runs the tests with coverage per test, or leaves outcomes
  std::string upload_reports{};  // what `testselect upload` is given then
  std::string run_command{};     // runs the labels in run.txt
};

struct ProjectScan {
  std::vector<std::string> languages;  // "Python", ... by number of files, most first
  std::vector<FoundRunner> runners;    // by folder, then name
  std::vector<std::string> suitespecs;
  std::vector<std::string> ci_files;
  std::string codecov_file;                  // codecov.yml or the like; empty: none
  std::vector<std::string> codecov_runners;  // its cli.runners
  // Of files and folders that rules may be about.
  std::vector<std::string> paths;
};

// Looks at the files below `top` as they are: folders that begin with a dot (but .github and the
// like), and those of dependencies and builds are left out, and what lies more than six folders
// deep. Errors: kNotFound, kPermissionDenied for `top`. Cost: reads folders of at most 50,000
// files, and the small files that name runners.
absl::StatusOr<ProjectScan> ScanProject(const std::string& top);

}  // namespace testselect::client
