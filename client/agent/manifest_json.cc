#include <utility>

#include "absl/strings/str_cat.h"
#include "client/agent/manifest.h"
#include "client/cli/json_writer.h"

namespace testselect::client {
namespace {

void WriteFiles(const char* key, const std::vector<ManifestReport>& files, JsonWriter& json) {
  if (files.empty()) return;
  json.Key(key).BeginArray();
  for (const ManifestReport& file : files) {
    json.BeginObject().Key("file").String(file.file);
    if (!file.label.empty()) json.Key("label").String(file.label);
    if (!file.format.empty()) json.Key("format").String(file.format);
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

std::string ManifestJson(const Manifest& manifest) {
  const v1::UploadHeader& header = manifest.header;
  JsonWriter json;
  json.BeginObject().Key("version").Number(uint64_t{1});
  json.Key("repository").String(header.repository()).Key("commit").String(header.commit());
  json.Key("job").String(header.job().name());
  if (!header.job().flavor().empty()) {
    json.Key("flavor").BeginObject();
    for (const auto& [name, value] : header.job().flavor()) json.Key(name).String(value);
    json.EndObject();
  }
  json.Key("shard").String(
      absl::StrCat(header.shard_index() + 1, "/", std::max(header.shard_count(), 1u)));
  json.Key("attempt").Number(uint64_t{std::max(header.attempt(), 1u)});
  json.Key("run").String(header.subset() ? "subset" : "full");
  json.Key("isolation")
      .String(header.isolation() == v1::ISOLATION_PROCESS_PER_LABEL ? "process"
              : header.isolation() == v1::ISOLATION_SHARED_PROCESS  ? "shared"
                                                                    : "unknown");
  const std::pair<const char*, const std::string&> texts[] = {
      {"branch", header.branch()},
      {"environment", header.environment_digest()},
      {"path_root", header.path_root()},
      {"path_prefix", header.path_prefix()}};
  for (const auto& [key, text] : texts) {
    if (!text.empty()) json.Key(key).String(text);
  }
  WriteFiles("reports", manifest.reports, json);
  WriteFiles("outcomes", manifest.outcomes, json);
  json.EndObject();
  return std::move(json).Finish();
}

}  // namespace testselect::client
