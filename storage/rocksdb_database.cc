#include "storage/rocksdb_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"
#include "storage/segment_row.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;

constexpr char kBlobFamily[] = "blobs";
constexpr char kDerivedFamily[] = "derived";
constexpr char kFormatKey[] = "v";
constexpr char kFormatMagic[] = "testselect";
constexpr uint64_t kFormatVersion = 1;
// A full disk must leave the engine room to close its files.
constexpr uint64_t kSpareBytes = 4 << 20;

// RocksDB's text log would outweigh a small store; what matters of it comes back as statuses.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// By itself RocksDB looks every few seconds whether a full disk has space again, and refuses to be
// resumed meanwhile. Our next write resumes it instead (see Write), so that it works at once.
class NoAutomaticRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* automatic) override {
    *automatic = false;
  }
};

rocksdb::Slice ToSlice(absl::string_view s) { return rocksdb::Slice(s.data(), s.size()); }

rocksdb::DBOptions DatabaseOptions() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // A torn record at the end of the log was never acknowledged. Damage anywhere else is refused.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.max_open_files = 512;
  // The tables are few: they are not worth 15 threads for each family at every start.
  options.max_file_opening_threads = 1;
  options.max_total_wal_size = 64 << 20;
  options.allow_fallocate = false;
  options.manifest_preallocation_size = 4096;
  options.max_background_jobs = 2;
  options.info_log = std::make_shared<NoLog>();
  options.listeners = {std::make_shared<NoAutomaticRecovery>()};
  options.max_bgerror_resume_count = 0;
  options.statistics = rocksdb::CreateDBStatistics();
  options.statistics->set_stats_level(rocksdb::StatsLevel::kExceptTimers);
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Families(const RocksDbOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(std::max<uint64_t>(1 << 20, options.cache_bytes / 8));
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions rows;
  rows.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rows.write_buffer_size = 4 << 20;
  rows.compression = rocksdb::kZSTD;
  table.block_size = 64 << 10;
  rocksdb::ColumnFamilyOptions blobs;
  blobs.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  blobs.write_buffer_size = 32 << 20;
  blobs.compression = rocksdb::kNoCompression;  // blobs are compressed already
  rocksdb::ColumnFamilyOptions derived = rows;
  derived.write_buffer_size = 16 << 20;
  return {
      {rocksdb::kDefaultColumnFamilyName, rows}, {kBlobFamily, blobs}, {kDerivedFamily, derived}};
}

bool IsLockError(const rocksdb::Status& s) {
  const std::string text = s.ToString();
  return s.IsIOError() && (absl::StrContains(text, "While lock file") ||
                           absl::StrContains(text, "lock hold by current process"));
}

// Files that RocksDB leaves behind if it dies while it creates a database.
bool IsEngineFile(const std::string& name) {
  return name == "LOCK" || name == "IDENTITY" || absl::StartsWith(name, "MANIFEST-") ||
         absl::StartsWith(name, "OPTIONS-") || absl::EndsWith(name, ".log") ||
         absl::EndsWith(name, ".dbtmp") || absl::StartsWith(name, "LOG");
}

absl::Status NotOurs(const std::string& path, absl::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat("store ", path, ": ", why, "; it is not a TestSelect store"));
}

absl::Status FromErrorCode(const std::string& path, const std::error_code& error) {
  const std::string text = absl::StrCat("store ", path, ": ", error.message());
  if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted ||
      error == std::errc::read_only_file_system) {
    return absl::PermissionDeniedError(text);
  }
  if (error == std::errc::no_space_on_device) return absl::ResourceExhaustedError(text);
  if (error == std::errc::not_a_directory || error == std::errc::file_exists) {
    return NotOurs(path, "is not a directory");
  }
  return absl::UnavailableError(text);
}

// Creates the directory, and refuses one that holds something else.
absl::Status CheckDirectory(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return FromErrorCode(path, error);
  fs::directory_iterator entries(path, error);
  if (error) return FromErrorCode(path, error);
  bool engine = false, foreign = false;
  for (const fs::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string();
    engine |= name == "CURRENT";
    foreign |= !IsEngineFile(name);
  }
  if (!engine && foreign) return NotOurs(path, "the directory holds other files");
  if (!engine) return absl::OkStatus();
  std::vector<std::string> families;
  const rocksdb::Status listed =
      rocksdb::DB::ListColumnFamilies(DatabaseOptions(), path, &families);
  // Another process may be replacing the list right now: then opening, which waits for its lock,
  // has the last word.
  if (!listed.ok() && !listed.IsCorruption()) return absl::OkStatus();
  if (!listed.ok()) return FromRocksDb(listed, absl::StrCat("store ", path));
  for (const std::string& family : families) {
    if (family != rocksdb::kDefaultColumnFamilyName && family != kBlobFamily &&
        family != kDerivedFamily) {
      return NotOurs(path, absl::StrCat("it has a column family '", family, "'"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(what, ": ", status.ToString());
  if (status.IsNotFound()) return absl::NotFoundError(text);
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsNoSpace() || absl::StrContains(text, "No space left on device") ||
      absl::StrContains(text, "Disk quota exceeded")) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": the disk is full"));
  }
  if (absl::StrContains(text, "Permission denied")) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

absl::StatusOr<std::unique_ptr<RocksDbDatabase>> RocksDbDatabase::Open(
    const RocksDbOptions& options) {
  TS_RETURN_IF_ERROR(CheckDirectory(options.path));
  std::unique_ptr<RocksDbDatabase> database(new RocksDbDatabase());
  database->path_ = options.path;
  database->stop_compaction_ = options.stop_compaction;
  const absl::Time deadline = absl::Now() + options.lock_wait;
  // The lock is another process's: there is nothing to be told by, so ask again, ever more rarely.
  absl::Duration pause = absl::Milliseconds(5);
  while (true) {
    rocksdb::DB* db = nullptr;
    const rocksdb::Status s = rocksdb::DB::Open(DatabaseOptions(), options.path, Families(options),
                                                &database->handles_, &db);
    if (s.ok()) {
      database->db_.reset(db);
      break;
    }
    if (!IsLockError(s)) return FromRocksDb(s, absl::StrCat("store ", options.path));
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      return absl::UnavailableError(absl::StrCat("store ", options.path,
                                                 ": another process has it open; waited ",
                                                 absl::FormatDuration(options.lock_wait)));
    }
    absl::SleepFor(std::min(pause, left));
    pause = std::min(pause * 2, absl::Milliseconds(250));
  }
  TS_RETURN_IF_ERROR(database->CheckFormat());
  return database;
}

RocksDbDatabase::~RocksDbDatabase() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  // Not waited for: everything acknowledged is in the synced log.
  const rocksdb::Status closed = db_->Close();
  closed.PermitUncheckedError();
}

rocksdb::ColumnFamilyHandle* RocksDbDatabase::Handle(Family family) const {
  return handles_[static_cast<size_t>(family)];
}

absl::Status RocksDbDatabase::CheckFormat() {
  absl::StatusOr<std::string> row = Get(Family::kRows, kFormatKey);
  if (absl::IsNotFound(row.status())) {
    TS_ASSIGN_OR_RETURN(const auto rows, Scan(""));
    if (!rows.empty()) return NotOurs(path_, "it has rows but no format version");
    std::string body(kFormatMagic);
    PutVarint(&body, kFormatVersion);
    rocksdb::WriteBatch batch;
    Put(&batch, Family::kRows, kFormatKey, SealRow(kFormatKey, body));
    return Write(&batch);
  }
  TS_RETURN_IF_ERROR(row.status());
  const absl::StatusOr<absl::string_view> body = OpenRow(kFormatKey, *row);
  if (!body.ok()) return NotOurs(path_, "its format version is unreadable");
  if (!absl::StartsWith(*body, kFormatMagic)) return NotOurs(path_, "its format is unknown");
  RecordReader in(body->substr(sizeof(kFormatMagic) - 1));
  const uint64_t version = in.Varint();
  if (!in.ok() || version != kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("store ", path_, ": written in format version ", version,
                     ", but this program knows version ", kFormatVersion, " only"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RocksDbDatabase::Get(Family family, absl::string_view key) const {
  std::string value;
  const rocksdb::Status s = db_->Get(rocksdb::ReadOptions(), Handle(family), ToSlice(key), &value);
  TS_RETURN_IF_ERROR(FromRocksDb(s, "reading the store"));
  return value;
}

absl::StatusOr<bool> RocksDbDatabase::Contains(Family family, absl::string_view key) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status s = db_->Get(rocksdb::ReadOptions(), Handle(family), ToSlice(key), &value);
  if (s.IsNotFound()) return false;
  TS_RETURN_IF_ERROR(FromRocksDb(s, "reading the store"));
  return true;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> RocksDbDatabase::Scan(
    absl::string_view prefix) const {
  std::vector<std::pair<std::string, std::string>> out;
  std::unique_ptr<rocksdb::Iterator> it(
      db_->NewIterator(rocksdb::ReadOptions(), Handle(Family::kRows)));
  for (it->Seek(ToSlice(prefix)); it->Valid() && it->key().starts_with(ToSlice(prefix));
       it->Next()) {
    out.emplace_back(it->key().ToString(), it->value().ToString());
  }
  TS_RETURN_IF_ERROR(FromRocksDb(it->status(), "scanning the store"));
  return out;
}

absl::Status RocksDbDatabase::ForEachBlob(
    const std::function<void(absl::string_view, size_t)>& f) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, Handle(Family::kBlobs)));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    f(absl::string_view(it->key().data(), it->key().size()), it->value().size());
  }
  return FromRocksDb(it->status(), "scanning the store");
}

void RocksDbDatabase::Put(rocksdb::WriteBatch* batch, Family family, absl::string_view key,
                          absl::string_view value) const {
  batch->Put(Handle(family), ToSlice(key), ToSlice(value)).PermitUncheckedError();
}

void RocksDbDatabase::Delete(rocksdb::WriteBatch* batch, Family family,
                             absl::string_view key) const {
  batch->Delete(Handle(family), ToSlice(key)).PermitUncheckedError();
}

// Twice the bytes: the log now, the table when the memory table is written out.
absl::Status RocksDbDatabase::CheckSpace(uint64_t bytes) const {
  std::error_code error;
  const fs::space_info space = fs::space(path_, error);
  if (error) return FromErrorCode(path_, error);
  const uint64_t needed = 2 * bytes + kSpareBytes;
  if (space.available >= needed) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("store: the disk is full: ", space.available,
                                                   " bytes are free, ", needed, " are needed"));
}

absl::Status RocksDbDatabase::Write(rocksdb::WriteBatch* batch) {
  TS_RETURN_IF_ERROR(CheckSpace(batch->GetDataSize()));
  rocksdb::WriteOptions options;
  options.sync = true;
  rocksdb::Status s = db_->Write(options, batch);
  if (!s.ok()) {
    // After a failed write or flush the engine refuses all writes until it is told to go on. The
    // cause may be over by now (space was freed): try once more.
    MutexLock lock(&resume_mutex_);
    if (db_->Resume().ok()) s = db_->Write(options, batch);
  }
  return FromRocksDb(s, "writing the store");
}

absl::Status RocksDbDatabase::PutBlobs(absl::Span<const std::pair<Digest, std::string>> blobs) {
  rocksdb::WriteBatch batch;
  for (const auto& [name, value] : blobs) Put(&batch, Family::kBlobs, name.bytes(), value);
  TS_RETURN_IF_ERROR(CheckSpace(batch.GetDataSize()));
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return FromRocksDb(db_->Write(options, &batch), "writing the store");
}

absl::Status RocksDbDatabase::PutDerived(absl::string_view key, absl::string_view value) {
  TS_RETURN_IF_ERROR(CheckSpace(value.size()));
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return FromRocksDb(db_->Put(options, Handle(Family::kDerived), ToSlice(key), ToSlice(value)),
                     "writing the store");
}

absl::Status RocksDbDatabase::Compact() {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  options.canceled = stop_compaction_;
  const auto stopped = [&] { return stop_compaction_ != nullptr && stop_compaction_->load(); };
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    TS_RETURN_IF_ERROR(
        FromRocksDb(db_->Flush(rocksdb::FlushOptions(), handle), "compacting the store"));
    const rocksdb::Status done = stopped() ? rocksdb::Status::Incomplete()
                                           : db_->CompactRange(options, handle, nullptr, nullptr);
    if (!done.ok() && stopped()) {
      return absl::CancelledError("compacting the store was interrupted");
    }
    TS_RETURN_IF_ERROR(FromRocksDb(done, "compacting the store"));
  }
  return absl::OkStatus();
}

uint64_t RocksDbDatabase::BytesOnDisk() const {
  uint64_t bytes = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    const uintmax_t size = entry.file_size(error);  // a file may vanish meanwhile
    if (!error) bytes += size;
  }
  return bytes;
}

std::vector<std::pair<std::string, uint64_t>> RocksDbDatabase::Counters() const {
  std::vector<std::pair<std::string, uint64_t>> out;
  for (const char* name : {"rocksdb.estimate-live-data-size", "rocksdb.total-sst-files-size",
                           "rocksdb.cur-size-all-mem-tables", "rocksdb.estimate-table-readers-mem",
                           "rocksdb.block-cache-usage", "rocksdb.num-running-compactions",
                           "rocksdb.num-running-flushes", "rocksdb.background-errors"}) {
    uint64_t value = 0;
    if (db_->GetAggregatedIntProperty(name, &value)) out.emplace_back(name, value);
  }
  const auto statistics = db_->GetDBOptions().statistics;
  for (const auto& [ticker, name] :
       {std::pair(rocksdb::BYTES_WRITTEN, "rocksdb.bytes.written"),
        std::pair(rocksdb::BYTES_READ, "rocksdb.bytes.read"),
        std::pair(rocksdb::WAL_FILE_SYNCED, "rocksdb.wal.synced"),
        std::pair(rocksdb::WAL_FILE_BYTES, "rocksdb.wal.bytes"),
        std::pair(rocksdb::BLOCK_CACHE_HIT, "rocksdb.block.cache.hit"),
        std::pair(rocksdb::BLOCK_CACHE_MISS, "rocksdb.block.cache.miss"),
        std::pair(rocksdb::COMPACT_WRITE_BYTES, "rocksdb.compact.write.bytes"),
        std::pair(rocksdb::FLUSH_WRITE_BYTES, "rocksdb.flush.write.bytes")}) {
    out.emplace_back(name, statistics->getTickerCount(ticker));
  }
  return out;
}

}  // namespace testselect
