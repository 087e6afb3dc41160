#include "server/ingest/sqlite_reader.h"

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/sqlite_log.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr int kOpsPerTick = 10'000;
// A scan takes a few dozen virtual machine steps per row, and a row at least a few bytes.
constexpr uint64_t kOpsPerByte = 40;
constexpr uint64_t kMinOps = 20'000'000;

// "file:///a%20b?immutable=1": the only way to tell SQLite that nobody else has the file.
std::string ImmutableUri(const std::string& file) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(file, error).string();
  std::string uri = "file://";
  for (const char c : absolute) {
    if (c == '%' || c == '?' || c == '#') {
      absl::StrAppend(&uri, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    } else {
      uri.push_back(c);
    }
  }
  return uri + "?immutable=1";
}

std::string HeadOf(const std::string& file) {
  std::string head(32, '\0');
  std::ifstream in(file, std::ios::binary);
  if (!in.read(head.data(), static_cast<std::streamsize>(head.size()))) head.clear();
  return head;
}

// The size of the database according to its own header; 0 if the header does not tell.
uint64_t HeaderBytes(absl::string_view head) {
  if (head.empty()) return 0;
  const auto* const h = reinterpret_cast<const unsigned char*>(head.data());
  const uint64_t page = h[16] << 8 | h[17];
  const uint64_t pages = uint64_t{h[28]} << 24 | uint64_t{h[29]} << 16 | h[30] << 8 | h[31];
  return (page == 1 ? 65536 : page) * pages;
}

constexpr char kSettings[] =
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA query_only=ON; "
    "PRAGMA mmap_size=0; PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY;";

}  // namespace

bool SqliteRow::IsInteger(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_INTEGER;
}
bool SqliteRow::IsText(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_TEXT;
}
bool SqliteRow::IsBlob(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_BLOB;
}
int64_t SqliteRow::Integer(int column) const { return sqlite3_column_int64(statement_, column); }
absl::string_view SqliteRow::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return absl::string_view(text == nullptr ? "" : text,
                           static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}
absl::string_view SqliteRow::Blob(int column) const {
  const auto* blob = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return absl::string_view(blob == nullptr ? "" : blob,
                           static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

SqliteReader::SqliteReader(sqlite3* db, uint64_t file_bytes, absl::string_view report,
                           absl::string_view format)
    : db_(db),
      report_(report),
      format_(format),
      max_ticks_((kMinOps + file_bytes * kOpsPerByte) / kOpsPerTick) {}

SqliteReader::~SqliteReader() { sqlite3_close(db_); }

int SqliteReader::OnProgress(void* self) {
  auto* const reader = static_cast<SqliteReader*>(self);
  return ++reader->ticks_ > reader->max_ticks_ ? 1 : 0;
}

absl::Status SqliteReader::Error(absl::string_view place, absl::string_view what) const {
  return ReportError(
      report_, format_, place,
      absl::StrCat(what, with_log_
                             ? absl::StrCat("; the database is kept with a write-ahead log, "
                                            "which may hold the rest: upload it from where ",
                                            "the log lies beside it (", report_, kSqliteLogSuffix,
                                            "), or after the program that "
                                            "writes it has ended")
                             : ""));
}

absl::Status SqliteReader::LastError(absl::string_view what) const {
  const int code = sqlite3_errcode(db_);
  if (code == SQLITE_INTERRUPT) {
    return Error(what, "the query takes more steps than a database of this size needs");
  }
  if (code == SQLITE_NOMEM) return absl::ResourceExhaustedError("sqlite: no memory");
  if (code == SQLITE_CANTOPEN || code == SQLITE_IOERR) {
    return absl::UnavailableError(absl::StrCat(report_, ": ", sqlite3_errmsg(db_)));
  }
  return Error(what, sqlite3_errmsg(db_));
}

absl::StatusOr<std::unique_ptr<SqliteReader>> SqliteReader::Open(const std::string& file,
                                                                 absl::string_view report,
                                                                 absl::string_view format) {
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(file, error);
  if (error) return absl::UnavailableError(absl::StrCat(report, ": ", error.message()));
  sqlite3* db = nullptr;
  const int code =
      sqlite3_open_v2(ImmutableUri(file).c_str(), &db,
                      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  if (db == nullptr) return absl::ResourceExhaustedError("sqlite: no memory");
  std::unique_ptr<SqliteReader> reader(new SqliteReader(db, bytes, report, format));
  if (code != SQLITE_OK) return reader->LastError("opening");
  const std::string head = HeadOf(file);
  reader->with_log_ = IsSqliteWithLog(head);
  if (const uint64_t wanted = HeaderBytes(head); bytes < wanted) {
    return reader->Error(
        absl::StrCat("byte ", bytes),
        absl::StrCat("the database is cut off; its header says ", wanted, " bytes"));
  }
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_progress_handler(db, kOpsPerTick, &SqliteReader::OnProgress, reader.get());
  if (sqlite3_exec(db, kSettings, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return reader->LastError("opening");
  }
  return reader;
}

absl::StatusOr<bool> SqliteReader::HasTable(absl::string_view table) {
  bool found = false;
  TS_RETURN_IF_ERROR(
      Query("SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')",
            [&](SqliteRow row) -> absl::Status {
              if (row.Text(1) != table) return absl::OkStatus();
              found = true;
              if (row.Text(0) != "table" || row.Text(2).substr(0, 14) == "CREATE VIRTUAL") {
                return Error(absl::StrCat("table ", table), "is no plain table");
              }
              return absl::OkStatus();
            }));
  return found;
}

absl::Status SqliteReader::Query(const std::string& sql,
                                 const std::function<absl::Status(SqliteRow)>& row) {
  ticks_ = 0;
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(db_, sql.c_str(), -1, &raw, nullptr);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
  if (code != SQLITE_OK) return LastError("reading");
  for (;;) {
    const int step = sqlite3_step(raw);
    if (step == SQLITE_DONE) return absl::OkStatus();
    if (step != SQLITE_ROW) return LastError("reading");
    TS_RETURN_IF_ERROR(row(SqliteRow(raw)));
  }
}

}  // namespace testselect
