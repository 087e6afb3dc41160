// A SQLite database's write-ahead log: rows that are in the file "x-wal" beside database "x" until
// they are carried over, which happens when the last program that has it open closes it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace testselect {

inline constexpr absl::string_view kSqliteLogSuffix = "-wal";

// Whether content that begins with `head` is a SQLite database.
bool IsSqlite(absl::string_view head);
// The same for a file; false where it cannot be read.
bool IsSqliteFile(const std::string& file);
// Whether it is one that is kept with a write-ahead log.
bool IsSqliteWithLog(absl::string_view head);

// Carries the log over: afterwards `database`, our own copy, holds everything and needs no other
// file; `log` is used up. Both must be on one file system. Neither is trusted: kInvalidArgument
// where they are broken, kResourceExhausted where the database gets longer than `max_bytes`,
// kUnavailable for I/O. `name` is for messages.
absl::Status FoldSqliteLog(const std::string& database, const std::string& log, uint64_t max_bytes,
                           absl::string_view name);

}  // namespace testselect
