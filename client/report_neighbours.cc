#include "client/report_neighbours.h"

#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/report_archive.h"
#include "server/ingest/sqlite_log.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// Who names so many has named them all; each is compared with each.
constexpr size_t kMostReports = 1000;

// The begin of a file's content, decompressed; "" where it cannot be read.
std::string HeadOf(const std::string& path) {
  const auto source = OpenReportFile(path, path, "", UINT64_MAX);
  if (!source.ok()) return "";
  const auto head = (*source)->Peek();
  return head.ok() ? std::string(*head) : "";
}

bool IsRegular(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

std::string FolderOfReport(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Neighbours FindNeighbours(const std::string& path, absl::string_view format,
                          absl::Span<const std::string> reports) {
  if (path == "-" || !IsRegular(path)) return {};
  const std::string log = absl::StrCat(path, kSqliteLogSuffix);
  if (IsRegular(log) && IsSqlite(HeadOf(path))) return {.log = true};
  if (reports.size() > kMostReports) return {};
  const std::string folder = FolderOfReport(path);
  const std::string below = folder == "." ? "" : absl::StrCat(folder, "/");
  const bool others = std::any_of(reports.begin(), reports.end(), [&](const std::string& other) {
    return other != path && absl::StartsWith(other, below);
  });
  if (others) return {};
  const std::string head = HeadOf(path);
  for (const ReportParser* const parser : AllReportParsers()) {
    const FolderParser* const several = parser->folder_parser();
    if (several == nullptr || (!format.empty() && format != parser->name())) continue;
    if (several->Recognises(head) && several->NeedsItsFolder(path)) return {.format = several};
  }
  return {};
}

absl::Status PackNeighbours(const std::string& path, const Neighbours& neighbours, int fd) {
  const std::string folder = FolderOfReport(path);
  if (neighbours.log) {
    const std::string name = path.substr(path.rfind('/') + 1);
    return PackFiles(folder, {name, absl::StrCat(name, kSqliteLogSuffix)}, fd);
  }
  return PackFolder(folder, fd, [&](const std::string& file) {
    return neighbours.format->Takes(file, HeadOf(file));
  });
}

}  // namespace testselect::client
