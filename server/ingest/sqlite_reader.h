// SqliteReader: reads a database that came from outside, without trusting it.
//
// The file is opened read-only and immutable, so neither it nor any file beside it (-wal, -journal)
// is touched or consulted (sqlite_log.h carries a log over first); views and triggers cannot stand
// in for tables; every statement is bounded by the size of the file. Not thread-safe. RAII.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace testselect {

// One row of a result. Views are valid until the next row.
class SqliteRow {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool IsInteger(int column) const;
  bool IsText(int column) const;
  bool IsBlob(int column) const;
  int64_t Integer(int column) const;
  absl::string_view Text(int column) const;
  absl::string_view Blob(int column) const;

 private:
  sqlite3_stmt* const statement_;
};

class SqliteReader {
 public:
  // `report` and `format` are for messages. kInvalidArgument if `file` is no database.
  static absl::StatusOr<std::unique_ptr<SqliteReader>> Open(const std::string& file,
                                                            absl::string_view report,
                                                            absl::string_view format);
  ~SqliteReader();
  SqliteReader(const SqliteReader&) = delete;
  SqliteReader& operator=(const SqliteReader&) = delete;

  // Whether there is a table of that name; kInvalidArgument if it is a view or a virtual table.
  absl::StatusOr<bool> HasTable(absl::string_view table);
  // Calls `row` for every row of `sql` until it fails. kInvalidArgument for a corrupt database or
  // one that takes more steps than its size allows; what `row` returned.
  absl::Status Query(const std::string& sql, const std::function<absl::Status(SqliteRow)>& row);

  absl::Status Error(absl::string_view place, absl::string_view what) const;

 private:
  SqliteReader(sqlite3* db, uint64_t file_bytes, absl::string_view report,
               absl::string_view format);
  static int OnProgress(void* self);
  absl::Status LastError(absl::string_view what) const;

  sqlite3* const db_;
  const std::string report_, format_;
  const uint64_t max_ticks_;
  uint64_t ticks_ = 0;  // of the running statement
  bool with_log_ = false;
};

}  // namespace testselect
