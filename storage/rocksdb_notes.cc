#include "storage/rocksdb_notes.h"

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"
#include "storage/segment_row.h"

namespace testselect {
namespace {

constexpr char kNotePrefix = 'n';

std::string KeyOf(absl::string_view name) {
  return absl::StrCat(std::string(1, kNotePrefix), name);
}

using Family = RocksDbDatabase::Family;

}  // namespace

absl::Status RocksDbNotes::Put(absl::string_view name, absl::string_view value) {
  const std::string key = KeyOf(name);
  rocksdb::WriteBatch batch;
  database_.Put(&batch, Family::kRows, key, SealRow(key, value));
  return database_.Write(&batch);
}

absl::StatusOr<std::string> RocksDbNotes::Get(absl::string_view name) const {
  const std::string key = KeyOf(name);
  const absl::StatusOr<std::string> row = database_.Get(Family::kRows, key);
  if (absl::IsNotFound(row.status())) return absl::NotFoundError(absl::StrCat("no note ", name));
  TS_RETURN_IF_ERROR(row.status());
  TS_ASSIGN_OR_RETURN(const absl::string_view value, OpenRow(key, *row));
  return std::string(value);
}

absl::Status RocksDbNotes::Delete(absl::string_view name) {
  rocksdb::WriteBatch batch;
  database_.Delete(&batch, Family::kRows, KeyOf(name));
  return database_.Write(&batch);
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> RocksDbNotes::WithPrefix(
    absl::string_view prefix) const {
  TS_ASSIGN_OR_RETURN(const auto rows, database_.Scan(KeyOf(prefix)));
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [key, row] : rows) {
    TS_ASSIGN_OR_RETURN(const absl::string_view value, OpenRow(key, row));
    out.emplace_back(key.substr(1), value);
  }
  return out;
}

absl::Status RocksDbNotes::Change(absl::Span<const NoteChange> changes) {
  rocksdb::WriteBatch batch;
  for (const NoteChange& change : changes) {
    const std::string key = KeyOf(change.key);
    if (change.value.has_value()) {
      database_.Put(&batch, Family::kRows, key, SealRow(key, *change.value));
    } else {
      database_.Delete(&batch, Family::kRows, key);
    }
  }
  return database_.Write(&batch);
}

absl::Status RocksDbNotes::PutDerived(absl::string_view key, absl::string_view value) {
  return database_.PutDerived(key, SealRow(key, value));
}

absl::StatusOr<std::string> RocksDbNotes::GetDerived(absl::string_view key) const {
  TS_ASSIGN_OR_RETURN(const std::string row, database_.Get(Family::kDerived, key));
  TS_ASSIGN_OR_RETURN(const absl::string_view value, OpenRow(key, row));
  return std::string(value);
}

}  // namespace testselect
