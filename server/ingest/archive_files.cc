#include "server/ingest/archive_files.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/sqlite_log.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr int kMaxDepth = 5;
using File = UnpackedArchive::File;

bool IsJavaArchive(absl::string_view name) {
  for (const absl::string_view end : {".jar", ".war", ".ear", ".aar"}) {
    if (absl::EndsWithIgnoreCase(name, end)) return true;
  }
  return false;
}

class Unpacking {
 public:
  Unpacking(const std::string& spool_dir, uint64_t max_bytes)
      : spool_dir_(spool_dir), left_(max_bytes) {}

  // `prefix` stands before the paths of the files.
  absl::Status Add(ReportSource& source, const std::string& prefix, bool is_java, int depth) {
    if (depth > kMaxDepth) {
      return absl::InvalidArgumentError(
          absl::StrCat(source.name(), ": archives are nested deeper than ", kMaxDepth));
    }
    TS_ASSIGN_OR_RETURN(auto archive, UnpackedArchive::Unpack(source, spool_dir_, left_));
    TS_RETURN_IF_ERROR(Spend(*archive));
    for (const File& file : archive->files()) {
      if (IsJavaArchive(file.path)) {
        TS_RETURN_IF_ERROR(AddNested(file, source.name(), prefix, depth));
      } else if (!is_java || absl::EndsWith(file.path, ".class")) {
        reports_.files.push_back({absl::StrCat(prefix, file.path), file.file});
      }
    }
    reports_.archives.push_back(std::move(archive));
    return absl::OkStatus();
  }

  // The files without those that SQLite keeps beside a database, whose log is carried over first.
  absl::StatusOr<UnpackedReports> Finish(const std::string& report, uint64_t max_bytes) {
    std::map<std::string, std::string> by_path;
    for (const File& file : reports_.files) by_path.emplace(file.path, file.file);
    std::set<std::string> beside;
    for (const auto& [path, file] : by_path) {
      const std::string log_path = absl::StrCat(path, kSqliteLogSuffix);
      const auto log = by_path.find(log_path);
      if (log == by_path.end() || !IsSqliteFile(file)) continue;
      TS_RETURN_IF_ERROR(
          FoldSqliteLog(file, log->second, max_bytes, absl::StrCat(report, "/", path)));
      beside.insert({log_path, absl::StrCat(path, "-shm")});
    }
    reports_.files.clear();
    for (const auto& [path, file] : by_path) {
      if (beside.count(path) == 0) reports_.files.push_back({path, file});
    }
    return std::move(reports_);
  }

 private:
  absl::Status AddNested(const File& file, const std::string& outer, const std::string& prefix,
                         int depth) {
    const std::string path = absl::StrCat(prefix, file.path);
    TS_ASSIGN_OR_RETURN(
        const auto source,
        OpenReportFile(file.file, absl::StrCat(outer, "/", file.path), spool_dir_, left_));
    TS_ASSIGN_OR_RETURN(const absl::string_view head, source->Peek());
    if (IsArchive(head)) return Add(*source, absl::StrCat(path, "/"), true, depth + 1);
    reports_.files.push_back({path, file.file});
    return absl::OkStatus();
  }

  absl::Status Spend(const UnpackedArchive& archive) {
    for (const File& file : archive.files()) {
      std::error_code error;
      const uint64_t bytes = std::filesystem::file_size(file.file, error);
      if (error) return absl::UnavailableError(error.message());
      left_ -= std::min(left_, bytes);
    }
    return absl::OkStatus();
  }

  const std::string& spool_dir_;
  uint64_t left_;  // bytes that may still be unpacked
  UnpackedReports reports_;
};

}  // namespace

absl::StatusOr<UnpackedReports> UnpackReports(ReportSource& source, const std::string& spool_dir,
                                              uint64_t max_bytes) {
  Unpacking unpacking(spool_dir, max_bytes);
  TS_RETURN_IF_ERROR(unpacking.Add(source, "", IsJavaArchive(source.name()), 1));
  return unpacking.Finish(std::string(absl::StripSuffix(source.name(), "/")), max_bytes);
}

}  // namespace testselect
