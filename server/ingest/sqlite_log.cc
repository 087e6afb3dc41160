#include "server/ingest/sqlite_log.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

constexpr absl::string_view kMagic("SQLite format 3\0", 16);
constexpr size_t kWriteVersion = 18;  // 2: with a write-ahead log
constexpr char kFold[] =
    "PRAGMA trusted_schema=OFF; PRAGMA mmap_size=0; PRAGMA wal_checkpoint(TRUNCATE); "
    "PRAGMA journal_mode=DELETE;";

absl::Status SqliteStatus(sqlite3* db, int code, absl::string_view name) {
  const std::string message =
      absl::StrCat(name, ": its write-ahead log cannot be carried over: ", sqlite3_errmsg(db));
  switch (code) {
    case SQLITE_NOMEM:
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(message);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      return absl::UnavailableError(message);
    default:
      return absl::InvalidArgumentError(message);
  }
}

absl::Status Fold(const std::string& database, absl::string_view name) {
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(database.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> db(raw, sqlite3_close);
  if (db == nullptr) return absl::ResourceExhaustedError("sqlite: no memory");
  if (opened != SQLITE_OK) return SqliteStatus(raw, opened, name);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  const int code = sqlite3_exec(raw, kFold, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteStatus(raw, code, name);
}

}  // namespace

bool IsSqlite(absl::string_view head) { return absl::StartsWith(head, kMagic); }

bool IsSqliteFile(const std::string& file) {
  std::string head(kMagic.size(), '\0');
  std::ifstream in(file, std::ios::binary);
  return in.read(head.data(), static_cast<std::streamsize>(head.size())) && IsSqlite(head);
}

bool IsSqliteWithLog(absl::string_view head) {
  return IsSqlite(head) && head.size() > kWriteVersion && head[kWriteVersion] == 2;
}

absl::Status FoldSqliteLog(const std::string& database, const std::string& log, uint64_t max_bytes,
                           absl::string_view name) {
  const std::string beside = absl::StrCat(database, kSqliteLogSuffix);
  if (rename(log.c_str(), beside.c_str()) != 0) return absl::ErrnoToStatus(errno, beside);
  const absl::Cleanup remove = [&database] {
    for (const char* suffix : {"-wal", "-shm", "-journal"}) {
      unlink(absl::StrCat(database, suffix).c_str());
    }
  };
  absl::Status folded = Fold(database, name);
  if (!folded.ok()) return folded;
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(database, error);
  if (error) return absl::UnavailableError(absl::StrCat(name, ": ", error.message()));
  if (bytes <= max_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      name, ": with its write-ahead log it is longer than the limit of ", max_bytes, " bytes"));
}

}  // namespace testselect
