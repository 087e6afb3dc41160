#include "client/cli/spool_upload.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/agent/spool.h"
#include "client/cli/json_writer.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// The name in the entry: the source's own, as far as it is plain, behind a number.
std::string FileName(size_t number, absl::string_view path) {
  constexpr size_t kLongest = 100;
  std::string name(path.substr(path.rfind('/') + 1));
  if (name.size() > kLongest) name.erase(0, name.size() - kLongest);
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
    if (!plain) c = '_';
  }
  return absl::StrCat(number, "-", name);
}

}  // namespace

absl::StatusOr<std::string> PutReportsInSpool(const std::string& dir, v1::UploadHeader header,
                                              const std::string& format,
                                              const std::vector<ReportArgument>& reports,
                                              const std::vector<std::string>& outcomes) {
  Manifest manifest;
  manifest.header = std::move(header);
  std::vector<std::string> sources;
  for (const ReportArgument& report : reports) {
    sources.push_back(report.path);
    manifest.reports.push_back({FileName(sources.size(), report.path), report.label, format});
  }
  for (const std::string& file : outcomes) {
    sources.push_back(file);
    manifest.outcomes.push_back({FileName(sources.size(), file), "", ""});
  }
  // Told here and now rather than in refused/.
  TS_RETURN_IF_ERROR(ParseManifest(ManifestJson(manifest)).status());
  TS_ASSIGN_OR_RETURN(const Spool spool, Spool::Open(dir));
  return spool.Put(manifest, sources);
}

std::string SpoolEntryJson(const std::string& entry) {
  JsonWriter json;
  json.BeginObject().Key("spool_entry").String(entry).EndObject();
  return std::move(json).Finish();
}

}  // namespace testselect::client
