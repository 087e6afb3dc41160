// pytest-testmon's data file (.testmondata), version 14.
//
//   test_execution(id, test_name, duration, failed) -> test_execution_file_fp -> file_fp(filename)
//
// testmon keeps no lines: a file's blocks of code that a test executed are there as checksums of 4
// bytes. So a label is said to have entered a function that spans the whole file: whatever changes
// there, and whatever a body there uses, selects it. A test that testmon has in several
// environments has the evidence of all. Only `failed` is told of outcomes; a skipped test counts as
// passed. What runs while importing is told of nobody, which the sink is warned of. Memory: the
// names and ids.
// https://github.com/tarpas/pytest-testmon (testmon/db.py)
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/ingest/formats.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/sqlite_log.h"
#include "server/ingest/sqlite_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "testmon-sqlite";
constexpr int64_t kVersion = 14;
constexpr LineRange kWholeFile{1, kMaxLine};

std::string Row(absl::string_view table, int64_t rowid) {
  return absl::StrCat("table ", table, ", row ", rowid);
}

class DataFile {
 public:
  DataFile(SqliteReader* db, EvidenceSink* sink) : db_(db), sink_(sink) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(CheckVersion());
    TS_RETURN_IF_ERROR(ReadTests());
    TS_RETURN_IF_ERROR(ReadFiles());
    sink_->Warn(
        "testmon does not record what runs while importing: a changed function that only such code "
        "calls selects the tests that ran code of its file, and nobody else (testselect run pytest "
        "and coverage.py's contexts do record it)");
    return ReadDependencies();
  }

 private:
  absl::Status CheckVersion() {
    TS_RETURN_IF_ERROR(CheckNotEmpty());
    int64_t version = -1;
    TS_RETURN_IF_ERROR(db_->Query("PRAGMA user_version", [&](SqliteRow row) {
      version = row.Integer(0);
      return absl::OkStatus();
    }));
    if (version != kVersion) {
      return absl::UnimplementedError(
          db_->Error("user_version",
                     absl::StrCat("version ", version, " is not known (", kVersion, " is)"))
              .message());
    }
    for (const char* table : {"test_execution", "test_execution_file_fp", "file_fp"}) {
      TS_ASSIGN_OR_RETURN(const bool found, db_->HasTable(table));
      if (!found) return db_->Error(absl::StrCat("table ", table), "is missing");
    }
    return absl::OkStatus();
  }

  // testmon writes by way of a second file, which belongs to the database until it is closed.
  absl::Status CheckNotEmpty() {
    bool empty = true;
    TS_RETURN_IF_ERROR(db_->Query("SELECT 1 FROM sqlite_master LIMIT 1", [&](SqliteRow) {
      empty = false;
      return absl::OkStatus();
    }));
    if (!empty) return absl::OkStatus();
    return db_->Error("byte 0", "the database has no tables");
  }

  absl::Status ReadTests() {
    std::vector<std::string> order;
    TS_RETURN_IF_ERROR(
        db_->Query("SELECT id, test_name, CAST(duration AS TEXT), failed FROM test_execution "
                   "ORDER BY id",
                   [&](SqliteRow row) -> absl::Status {
                     const absl::Status status = ReadTest(row, &order);
                     if (status.ok()) return status;
                     return db_->Error(Row("test_execution", row.Integer(0)), status.message());
                   }));
    sink_->SuiteOrder(order);
    return absl::OkStatus();
  }

  absl::Status ReadTest(SqliteRow row, std::vector<std::string>* order) {
    if (!row.IsText(1)) return absl::InvalidArgumentError("the name is no text");
    const absl::string_view label = row.Text(1);
    TS_ASSIGN_OR_RETURN(contexts_[row.Integer(0)], sink_->Context(label, Phase::kRun));
    LabelOutcome outcome;
    outcome.outcome = row.Integer(3) != 0 ? Outcome::kFailed : Outcome::kPassed;
    if (!row.Text(2).empty()) {
      TS_ASSIGN_OR_RETURN(outcome.seconds, ParseSeconds(row.Text(2)));
    }
    order->emplace_back(label);
    return sink_->AddOutcome({"", label, ""}, outcome);
  }

  absl::Status ReadFiles() {
    return db_->Query("SELECT id, filename FROM file_fp", [&](SqliteRow row) -> absl::Status {
      const int64_t id = row.Integer(0);
      if (!row.IsText(1)) return db_->Error(Row("file_fp", id), "the file name is no text");
      const absl::StatusOr<FileId> file = sink_->File(row.Text(1));
      if (!file.ok()) return db_->Error(Row("file_fp", id), file.status().message());
      files_[id] = *file;
      return absl::OkStatus();
    });
  }

  absl::Status ReadDependencies() {
    return db_->Query("SELECT test_execution_id, fingerprint_id, rowid FROM test_execution_file_fp",
                      [&](SqliteRow row) -> absl::Status {
                        const auto context = contexts_.find(row.Integer(0));
                        const auto file = files_.find(row.Integer(1));
                        if (context == contexts_.end() || file == files_.end()) {
                          return db_->Error(
                              Row("test_execution_file_fp", row.Integer(2)),
                              absl::StrCat("test ", row.Integer(0), " or file ", row.Integer(1),
                                           " is in no row of its table"));
                        }
                        sink_->AddFunction(file->second, context->second, kWholeFile);
                        return absl::OkStatus();
                      });
  }

  SqliteReader* const db_;
  EvidenceSink* const sink_;
  absl::flat_hash_map<int64_t, ContextId> contexts_;
  absl::flat_hash_map<int64_t, FileId> files_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "pytest-testmon: its data file, .testmondata";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  // A database in which nothing was written yet is taken as well: testmon is the one tool read here
  // whose rows may still be in a file beside it, which it then says.
  bool Recognises(absl::string_view head) const override {
    return IsSqlite(head) && (absl::StrContains(head, "test_execution_file_fp") ||
                              (head.size() == 4096 && IsSqliteWithLog(head)));
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    TS_ASSIGN_OR_RETURN(const std::string path, source.path());
    TS_ASSIGN_OR_RETURN(auto db, SqliteReader::Open(path, source.name(), kName));
    return DataFile(db.get(), &sink).Parse();
  }
};

}  // namespace

const ReportParser* TestmonSqliteParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
