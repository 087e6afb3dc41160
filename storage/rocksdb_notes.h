// RocksDbNotes: the named values beside the index (IndexStore's notes and derived values).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/index_store.h"
#include "storage/rocksdb_database.h"

namespace testselect {

// Thread-safe. The contract of each member is that of IndexStore's.
class RocksDbNotes {
 public:
  // `database` must outlive this.
  explicit RocksDbNotes(RocksDbDatabase* database) : database_(*database) {}

  absl::Status Put(absl::string_view name, absl::string_view value);
  absl::StatusOr<std::string> Get(absl::string_view name) const;
  absl::Status Delete(absl::string_view name);
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> WithPrefix(
      absl::string_view prefix) const;
  absl::Status Change(absl::Span<const NoteChange> changes);
  absl::Status PutDerived(absl::string_view key, absl::string_view value);
  absl::StatusOr<std::string> GetDerived(absl::string_view key) const;

 private:
  RocksDbDatabase& database_;
};

}  // namespace testselect
