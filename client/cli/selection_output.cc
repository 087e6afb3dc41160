#include "client/cli/selection_output.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/cli/shell_quote.h"

namespace testselect::client {
namespace {

void WriteLabels(absl::string_view key, const std::vector<uint32_t>& positions,
                 const RequestedLabels& labels, JsonWriter& json) {
  json.Key(key).BeginArray();
  for (uint32_t n : positions) json.String(labels[n]);
  json.EndArray();
}

void WriteHead(const SelectionAnswer& answer, JsonWriter& json) {
  json.Key("selection_id").String(answer.selection_id);
  json.Key("base").String(answer.base).Key("head").String(answer.head);
  json.Key("index").BeginArray();
  for (const AnswerIndex& use : answer.index) {
    json.BeginObject().Key("job").String(use.job).Key("commit").String(use.commit);
    json.Key("distance").Number(uint64_t{use.distance}).Key("state").String(use.state).EndObject();
  }
  json.EndArray().Key("fallback");
  if (answer.fallback.has_value()) {
    json.BeginObject().Key("code").String(answer.fallback->code);
    json.Key("message").String(answer.fallback->message).EndObject();
  } else {
    json.Null();
  }
}

}  // namespace

std::string SelectionJson(const SelectionAnswer& answer) {
  JsonWriter json;
  json.BeginObject();
  WriteHead(answer, json);
  WriteLabels("absent_labels", answer.absent, answer.labels, json);
  WriteLabels("present_diff_labels", answer.present_diff, answer.labels, json);
  WriteLabels("global_level_labels", answer.global_level, answer.labels, json);
  WriteLabels("present_report_labels", answer.present_report, answer.labels, json);
  WriteLabels("run", answer.run, answer.labels, json);
  WriteLabels("skip", answer.skip, answer.labels, json);
  json.Key("reasons").BeginObject();
  for (const auto& [code, labels] : answer.reasons) json.Key(code).Number(labels);
  json.EndObject().Key("seconds").BeginObject();
  json.Key("run").Number(answer.run_seconds).Key("total").Number(answer.total_seconds);
  json.EndObject();
  if (answer.shadow.has_value()) {
    json.Key("shadow").BeginObject().Key("run").Number(answer.shadow->run);
    WriteLabels("skip", answer.shadow->skip, answer.labels, json);
    json.Key("seconds").Number(answer.shadow->run_seconds).EndObject();
  }
  json.EndObject();
  return std::move(json).Finish();
}

std::string SelectionList(const SelectionAnswer& answer) {
  std::string text;
  for (uint32_t n : answer.run) absl::StrAppend(&text, answer.labels[n], "\n");
  return text;
}

std::string SelectionArgs(const SelectionAnswer& answer) {
  std::string text;
  for (uint32_t n : answer.run) {
    absl::StrAppend(&text, text.empty() ? "" : " ", ShellQuote(answer.labels[n]));
  }
  if (!text.empty()) text += '\n';
  return text;
}

std::string ReasonHistogram(const SelectionAnswer& answer) {
  std::vector<std::pair<uint64_t, std::string>> rows;
  uint64_t most = 1;
  for (const auto& [code, labels] : answer.reasons) {
    if (labels == 0) continue;
    rows.emplace_back(labels, code);
    most = std::max(most, labels);
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::string text = absl::StrCat("reasons (a label may have several):\n");
  constexpr uint64_t kWidth = 30;
  for (const auto& [labels, code] : rows) {
    const auto bar = static_cast<size_t>(std::max<uint64_t>(1, labels * kWidth / most));
    absl::StrAppendFormat(&text, "  %-18s %10s %s\n", code, CountText(labels),
                          std::string(bar, '#'));
  }
  if (rows.empty()) text += "  none\n";
  return text;
}

}  // namespace testselect::client
