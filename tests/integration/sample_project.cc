#include "tests/integration/sample_project.h"

#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/integration/server_process.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;

void WriteFile(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

[[noreturn]] void Die(const std::string& what) {
  std::cerr << what << std::endl;
  std::abort();
}

// A SQLite database in memory, for writing a coverage file.
class Database {
 public:
  Database() {
    if (sqlite3_open(":memory:", &db_) != SQLITE_OK) Die("sqlite3_open");
  }
  ~Database() { sqlite3_close(db_); }

  void Run(const std::string& sql, const std::vector<std::string>& texts = {},
           const std::string* blob = nullptr) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) Die(sql);
    int position = 0;
    for (const std::string& text : texts) {
      sqlite3_bind_text(statement, ++position, text.data(), static_cast<int>(text.size()),
                        SQLITE_STATIC);
    }
    if (blob != nullptr) {
      sqlite3_bind_blob(statement, ++position, blob->data(), static_cast<int>(blob->size()),
                        SQLITE_STATIC);
    }
    if (sqlite3_step(statement) != SQLITE_DONE) Die(sql);
    sqlite3_finalize(statement);
  }

  std::string Bytes() {
    sqlite3_int64 size = 0;
    unsigned char* bytes = sqlite3_serialize(db_, "main", &size, 0);
    if (bytes == nullptr) Die("sqlite3_serialize");
    std::string copy(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
    sqlite3_free(bytes);
    return copy;
  }

 private:
  sqlite3* db_ = nullptr;
};

std::string Numbits(const std::vector<int>& lines) {
  std::string bits;
  for (const int line : lines) {
    const auto byte = static_cast<size_t>(line / 8);
    if (bits.size() <= byte) bits.resize(byte + 1);
    bits[byte] = static_cast<char>(bits[byte] | (1 << line % 8));
  }
  return bits;
}

}  // namespace

std::string CoverageDatabase(const std::vector<CoverageRow>& rows) {
  Database db;
  db.Run("CREATE TABLE coverage_schema (version integer)");
  db.Run("INSERT INTO coverage_schema VALUES (7)");
  db.Run("CREATE TABLE meta (key text, value text, unique (key))");
  db.Run("INSERT INTO meta VALUES ('version', '7.5.4'), ('has_arcs', '0')");
  db.Run("CREATE TABLE file (id integer primary key, path text, unique (path))");
  db.Run("CREATE TABLE context (id integer primary key, context text, unique (context))");
  db.Run(
      "CREATE TABLE line_bits (file_id integer, context_id integer, numbits blob,"
      " foreign key (file_id) references file (id),"
      " foreign key (context_id) references context (id), unique (file_id, context_id))");
  db.Run(
      "CREATE TABLE arc (file_id integer, context_id integer, fromno integer, tono integer,"
      " unique (file_id, context_id, fromno, tono))");
  db.Run("CREATE TABLE tracer (file_id integer primary key, tracer text)");
  db.Run("BEGIN");
  for (const CoverageRow& row : rows) {
    db.Run("INSERT OR IGNORE INTO file (path) VALUES (?)", {row.file});
    db.Run("INSERT OR IGNORE INTO context (context) VALUES (?)", {row.context});
    const std::string bits = Numbits(row.lines);
    db.Run(
        "INSERT INTO line_bits SELECT file.id, context.id, ?3 FROM file, context"
        " WHERE path = ?1 AND context = ?2",
        {row.file, row.context}, &bits);
  }
  db.Run("COMMIT");
  return db.Bytes();
}

SampleProject::SampleProject(const std::string& dir) : path_(dir + "/project") {
  fs::create_directories(path_);
  const ProcessEnd init = RunProgram({"git", "init", "-q", "-b", "main", path_});
  if (init.exit_status != 0) Die("git init: " + init.log);
  WriteFile(path_ + "/calc.py",
            "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n");
  WriteFile(path_ + "/tests/test_calc.py",
            "from calc import add, sub\n\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\n"
            "def test_sub():\n    assert sub(3, 2) == 1\n");
  WriteFile(path_ + "/table.dat", "Calculates.\n");
  base_ = Commit("base");
  WriteFile(path_ + "/calc.py",
            "def add(a, b):\n    return b + a\n\n\ndef sub(a, b):\n    return a - b\n");
  head_ = Commit("head");
  WriteFile(path_ + "/table.dat", "Calculates well.\n");
  table_ = Commit("table");
}

std::string SampleProject::Commit(const std::string& message) {
  const std::vector<std::string> git = {"git",
                                        "-C",
                                        path_,
                                        "-c",
                                        "user.name=t",
                                        "-c",
                                        "user.email=t@example.org",
                                        "-c",
                                        "commit.gpgsign=false"};
  const auto run = [&](const std::vector<std::string>& words) {
    std::vector<std::string> command = git;
    command.insert(command.end(), words.begin(), words.end());
    const ProcessEnd end = RunProgram(command);
    if (end.exit_status != 0) Die("git: " + end.log);
    return std::string(absl::StripAsciiWhitespace(end.output));
  };
  run({"add", "-A"});
  run({"commit", "-q", "-m", message});
  return run({"rev-parse", "HEAD"});
}

std::string SampleProject::Coverage(int extra_labels) const {
  const std::string calc = path_ + "/calc.py";
  const std::string tests = path_ + "/tests/test_calc.py";
  std::vector<CoverageRow> rows = {{calc, "", {1, 5}},
                                   {tests, "", {1, 4, 8}},
                                   {calc, absl::StrCat(kTestAdd, "|run"), {2}},
                                   {tests, absl::StrCat(kTestAdd, "|run"), {5}},
                                   {calc, absl::StrCat(kTestSub, "|run"), {6}},
                                   {tests, absl::StrCat(kTestSub, "|run"), {9}}};
  for (int i = 0; i < extra_labels; ++i) {
    rows.push_back({calc, absl::StrCat("tests/test_calc.py::test_more[", i, "]|run"), {6}});
  }
  return CoverageDatabase(rows);
}

std::string SampleProject::Junit(bool sub_fails) const {
  return absl::StrCat(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><testsuites><testsuite name=\"pytest\" "
      "tests=\"2\">"
      "<testcase classname=\"tests.test_calc\" name=\"test_add\" time=\"0.25\"/>"
      "<testcase classname=\"tests.test_calc\" name=\"test_sub\" time=\"0.5\">",
      sub_fails ? "<failure message=\"no\">no</failure>" : "",
      "</testcase></testsuite></testsuites>\n");
}

}  // namespace testselect
