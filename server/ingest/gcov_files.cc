#include "server/ingest/gcov_files.h"

#include "storage/model/status_macros.h"

namespace testselect {
namespace {

absl::Status ReadLine(JsonReader* json, LineBits* lines) {
  uint32_t line = 0;
  bool has_line = false, has_count = false, executed = false;
  TS_RETURN_IF_ERROR(json->ForEachMember([&](absl::string_view key) -> absl::Status {
    if (key == "line_number") {
      has_line = true;
      TS_ASSIGN_OR_RETURN(line, json->LineNumber());
      return absl::OkStatus();
    }
    if (key != "count") return json->SkipValue();
    has_count = true;
    TS_ASSIGN_OR_RETURN(executed, json->Count());
    return absl::OkStatus();
  }));
  if (!has_line || !has_count) return json->Error("a line has no 'line_number' or no 'count'");
  if (executed) lines->Add(line);
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadGcovFile(JsonReader* json, GcovFile* file) {
  bool has_lines = false;
  TS_RETURN_IF_ERROR(json->ForEachMember([&](absl::string_view key) -> absl::Status {
    if (key == "file") {
      TS_ASSIGN_OR_RETURN(file->path, json->Text());
      return absl::OkStatus();
    }
    if (key != "lines") return json->SkipValue();
    has_lines = true;
    return json->ForEachElement([&] { return ReadLine(json, &file->lines); });
  }));
  if (has_lines && !file->path.empty()) return absl::OkStatus();
  return json->Error("a file has no 'file' or no 'lines'");
}

}  // namespace testselect
