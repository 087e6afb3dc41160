#include "tests/integration/cli/cli_fixture.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

namespace testselect {
namespace {

constexpr char kSchema[] =
    "CREATE TABLE coverage_schema (version integer);"
    "INSERT INTO coverage_schema VALUES (7);"
    "CREATE TABLE meta (key text, value text, unique (key));"
    "INSERT INTO meta VALUES ('version', '7.6.1'), ('has_arcs', '0');"
    "CREATE TABLE file (id integer primary key, path text, unique (path));"
    "CREATE TABLE context (id integer primary key, context text, unique (context));"
    "CREATE TABLE line_bits (file_id integer, context_id integer, numbits blob,"
    " unique (file_id, context_id));"
    "CREATE TABLE arc (file_id integer, context_id integer, fromno integer, tono integer,"
    " unique (file_id, context_id, fromno, tono));"
    "CREATE TABLE tracer (file_id integer primary key, tracer text);";

std::string Bits(const std::set<int>& lines) {
  std::string bits(static_cast<size_t>(*lines.rbegin() / 8 + 1), '\0');
  for (int line : lines) {
    bits[static_cast<size_t>(line / 8)] =
        static_cast<char>(bits[static_cast<size_t>(line / 8)] | 1 << (line % 8));
  }
  return bits;
}

void Insert(sqlite3* db, const char* sql, const std::vector<std::string>& values, bool blob) {
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(db, sql, -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  for (int i = 0; i < static_cast<int>(values.size()); ++i) {
    const std::string& value = values[static_cast<size_t>(i)];
    const int size = static_cast<int>(value.size());
    if (blob && i + 1 == static_cast<int>(values.size())) {
      sqlite3_bind_blob(statement, i + 1, value.data(), size, SQLITE_TRANSIENT);
    } else {
      sqlite3_bind_text(statement, i + 1, value.data(), size, SQLITE_TRANSIENT);
    }
  }
  EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE) << sqlite3_errmsg(db);
  sqlite3_finalize(statement);
}

}  // namespace

void WriteCoverageFile(const std::string& path, const Coverage& coverage) {
  std::filesystem::remove(path);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, kSchema, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_exec(db, "BEGIN", nullptr, nullptr, nullptr);
  for (const auto& [context, files] : coverage) {
    Insert(db, "INSERT INTO context (context) VALUES (?)", {context}, false);
    for (const auto& [file, lines] : files) {
      Insert(db, "INSERT OR IGNORE INTO file (path) VALUES (?)", {file}, false);
      Insert(db,
             "INSERT INTO line_bits SELECT f.id, c.id, ?3 FROM file f, context c "
             "WHERE f.path = ?1 AND c.context = ?2",
             {file, context, Bits(lines)}, true);
    }
  }
  sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
  sqlite3_close(db);
}

void CliTest::SetUp() {
  // All programs are built into one folder.
  bin_ = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  unsetenv("TESTSELECT_SERVER");
  std::string folder = ::testing::TempDir() + "cli-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  folder_ = std::filesystem::canonical(folder).string();
  repo_ = folder_ + "/repo";
  std::filesystem::create_directory(repo_);
  Shell(
      "git init -q . && git config user.email t@example.com && git config user.name t && "
      "git config commit.gpgsign false");
  WriteFile("calc.py", "def add(a, b):\n    return a + b\n\n\ndef mul(a, b):\n    return a * b\n");
  WriteFile("tests/test_calc.py",
            "import calc\n\n\ndef test_add():\n    assert calc.add(1, 2) == 3\n\n\n"
            "def test_mul():\n    assert calc.mul(2, 3) == 6\n");
  base_ = Commit("first");
  WriteFile("calc.py", "def add(a, b):\n    return b + a\n\n\ndef mul(a, b):\n    return a * b\n");
  head_ = Commit("second");
  labels_ = folder_ + "/labels";
  std::ofstream(labels_) << kMul << "\n" << kAdd << "\n";
  coverage_ = folder_ + "/.coverage";
  WriteCoverageFile(
      coverage_, {{"", {{"calc.py", {1, 5}}, {"tests/test_calc.py", {1, 4, 8}}}},
                  {std::string(kAdd) + "|run", {{"calc.py", {2}}, {"tests/test_calc.py", {5}}}},
                  {std::string(kMul) + "|run", {{"calc.py", {6}}, {"tests/test_calc.py", {9}}}}});
}

void CliTest::TearDown() {
  if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

std::unique_ptr<Process> CliTest::Start(const std::vector<std::string>& arguments,
                                        const Process::Options& options) {
  std::vector<std::string> words = {bin_ + "/testselect"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Process::Options here = options;
  if (here.cwd.empty()) here.cwd = repo_;
  return Process::Start(words, folder_, here);
}

Finished CliTest::Run(const std::vector<std::string>& arguments, const Process::Options& options) {
  return Start(arguments, options)->Wait();
}

std::string CliTest::Shell(const std::string& command) {
  Finished done = Process::Start({"sh", "-c", command}, folder_, {.cwd = repo_})->Wait();
  EXPECT_EQ(done.exit_code, 0) << command << ": " << done.err;
  while (!done.out.empty() && done.out.back() == '\n') done.out.pop_back();
  return done.out;
}

void CliTest::WriteFile(const std::string& path, const std::string& content) {
  const std::filesystem::path file = std::filesystem::path(repo_) / path;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

std::string CliTest::Commit(const std::string& message) {
  return Shell("git add -A && git commit -q -m '" + message + "' && git rev-parse HEAD");
}

Finished CliTest::UploadFirst(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"upload", "--commit", base_, "--job", "unit"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  arguments.push_back(coverage_);
  return Run(arguments);
}

std::vector<std::string> CliTest::SelectArguments(const std::vector<std::string>& more) const {
  std::vector<std::string> arguments = {"select", "--base",        base_,  "--head",
                                        head_,    "--labels-file", labels_};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

simdjson::dom::element CliTest::Json(const std::string& text) {
  simdjson::dom::element element;
  EXPECT_EQ(parser_.parse(text).get(element), simdjson::SUCCESS) << text.substr(0, 400);
  return element;
}

std::vector<std::string> CliTest::Strings(simdjson::dom::element array) {
  std::vector<std::string> strings;
  for (simdjson::dom::element element : array.get_array()) {
    strings.emplace_back(std::string(std::string_view(element)));
  }
  return strings;
}

}  // namespace testselect
