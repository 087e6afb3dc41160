// A small Python project in a real git repository, with the coverage that its tests leave.
#pragma once

#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace testselect {

// Two functions, calc.py's add and sub, with a test each (kTestAdd, kTestSub), and three commits:
// `base`; `head`, which changes the body of add; `table`, a child of head which changes table.dat.
class SampleProject {
 public:
  static constexpr char kTestAdd[] = "tests/test_calc.py::test_add";
  static constexpr char kTestSub[] = "tests/test_calc.py::test_sub";

  // Made below `dir`, which must exist. Dies if git fails.
  explicit SampleProject(const std::string& dir);

  const std::string& path() const { return path_; }
  const std::string& base() const { return base_; }
  const std::string& head() const { return head_; }
  const std::string& table() const { return table_; }

  // The .coverage file of a run at base, as coverage.py 7 writes it with one context for each test.
  // `extra_labels` further tests execute sub; every variant has its own bytes.
  std::string Coverage(int extra_labels = 0) const;
  // A JUnit report of the same run; test_sub fails if asked to.
  std::string Junit(bool sub_fails) const;

 private:
  std::string Commit(const std::string& message);

  const std::string path_;
  std::string base_, head_, table_;
};

// One row of coverage.py's database: the lines that a context executed of a file.
struct CoverageRow {
  std::string file, context;
  std::vector<int> lines;
};
// The bytes of a coverage.py 7 database with these rows. Dies if SQLite fails.
std::string CoverageDatabase(const std::vector<CoverageRow>& rows);

}  // namespace testselect
