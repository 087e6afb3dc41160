#include "client/cli/run_summary.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/cli/upload_call.h"

namespace testselect::client {

std::string RunSummaryJson(const RunSummary& summary) {
  JsonWriter json;
  json.BeginObject().Key("runner").String(summary.runner);
  json.Key("selection_id").String(summary.selection_id);
  json.Key("base").String(summary.base).Key("head").String(summary.head).Key("fallback");
  if (summary.fallback.has_value()) {
    json.BeginObject().Key("code").String(summary.fallback->code);
    json.Key("message").String(summary.fallback->message).EndObject();
  } else {
    json.Null();
  }
  json.Key("listed").Number(summary.listed).Key("selected").Number(summary.selected);
  json.Key("skipped").Number(summary.skipped).Key("executed").Number(summary.executed);
  json.Key("checked").Bool(summary.checked);
  json.Key("not_executed").BeginArray();
  for (const std::string& label : summary.not_executed) json.String(label);
  json.EndArray().Key("rounds").Number(static_cast<uint64_t>(summary.rounds));
  json.Key("exit_code").Number(static_cast<uint64_t>(summary.exit_code));
  json.Key("stopped").String(summary.stopped).Key("upload");
  if (summary.upload.has_value()) {
    std::string upload = UploadJson(*summary.upload);
    upload.pop_back();
    json.Json(upload);
  } else {
    json.Null();
  }
  json.Key("not_uploaded").String(summary.not_uploaded).EndObject();
  return std::move(json).Finish();
}

std::string RunSummaryText(const RunSummary& summary) {
  std::string text =
      absl::StrCat(summary.checked ? absl::StrCat("executed ", CountText(summary.executed), " of ")
                                   : std::string("was given "),
                   CountText(summary.selected), " selected tests, ", CountText(summary.skipped), " skipped; ", summary.runner,
                   " ended with status ", summary.exit_code, "; ");
  if (summary.upload.has_value()) {
    absl::StrAppend(&text, "uploaded as segment ", summary.upload->segment_id(), " (",
                    summary.upload->state(), ")");
  } else {
    absl::StrAppend(&text, "nothing uploaded: ", summary.not_uploaded);
  }
  return text;
}

}  // namespace testselect::client
