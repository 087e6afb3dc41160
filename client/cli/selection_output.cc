#include "client/cli/selection_output.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/shell_quote.h"

namespace testselect::client {
namespace {

void WriteLabels(absl::string_view key, const std::vector<uint32_t>& positions,
                 const RequestedLabels& labels, JsonWriter& json) {
  json.Key(key).BeginArray();
  for (uint32_t n : positions) json.String(labels[n]);
  json.EndArray();
}

void WriteReasons(const std::map<std::string, uint64_t>& reasons, JsonWriter& json) {
  json.Key("reasons").BeginObject();
  for (const auto& [code, labels] : reasons) json.Key(code).Number(labels);
  json.EndObject();
}

void WriteFallback(const std::optional<AnswerFallback>& fallback, JsonWriter& json) {
  json.Key("fallback");
  if (!fallback.has_value()) {
    json.Null();
    return;
  }
  json.BeginObject().Key("code").String(fallback->code);
  json.Key("message").String(fallback->message).EndObject();
}

void WriteHead(const SelectionAnswer& answer, JsonWriter& json) {
  json.Key("selection_id").String(answer.selection_id);
  json.Key("base").String(answer.base).Key("head").String(answer.head);
  json.Key("index").BeginArray();
  for (const AnswerIndex& use : answer.index) {
    json.BeginObject().Key("job").String(use.job).Key("commit").String(use.commit);
    json.Key("distance").Number(uint64_t{use.distance}).Key("state").String(use.state).EndObject();
  }
  json.EndArray();
  WriteFallback(answer.fallback, json);
  if (!answer.degraded.empty()) json.Key("degraded").String(answer.degraded);
}

// What was asked for beside the whole selection.
void WriteParts(const SelectionAnswer& answer, const PartAsked& part, JsonWriter& json) {
  if (part.budget) WriteLabels("over_budget", answer.over_budget, answer.labels, json);
  if (part.shards > 0) {
    json.Key("shard").BeginObject().Key("index").Number(uint64_t{part.shard});
    json.Key("count").Number(uint64_t{part.shards});
    json.Key("seconds").Number(answer.part_seconds).EndObject();
    WriteLabels("other_shards", answer.other_shards, answer.labels, json);
  }
  if (!answer.known_flaky.empty()) {
    WriteLabels("known_flaky", answer.known_flaky, answer.labels, json);
  }
  if (!answer.cautions.empty()) {
    json.Key("cautions").BeginArray();
    for (const std::string& caution : answer.cautions) json.String(caution);
    json.EndArray();
  }
}

void WriteJobs(const SelectionAnswer& answer, JsonWriter& json) {
  json.Key("jobs").BeginObject();
  for (const AnswerJob& job : answer.jobs) {
    json.Key(job.job).BeginObject();
    WriteLabels("run", job.run, answer.labels, json);
    WriteLabels("skip", job.skip, answer.labels, json);
    WriteReasons(job.reasons, json);
    WriteFallback(job.fallback, json);
    json.Key("seconds").BeginObject().Key("run").Number(job.run_seconds).EndObject().EndObject();
  }
  json.EndObject();
}

}  // namespace

std::string SelectionJson(const SelectionAnswer& answer, const PartAsked& part) {
  JsonWriter json;
  json.BeginObject();
  WriteHead(answer, json);
  WriteLabels("absent_labels", answer.absent, answer.labels, json);
  WriteLabels("present_diff_labels", answer.present_diff, answer.labels, json);
  WriteLabels("global_level_labels", answer.global_level, answer.labels, json);
  WriteLabels("present_report_labels", answer.present_report, answer.labels, json);
  WriteLabels("run", answer.run, answer.labels, json);
  WriteLabels("skip", answer.skip, answer.labels, json);
  WriteReasons(answer.reasons, json);
  json.Key("seconds").BeginObject();
  json.Key("run").Number(answer.run_seconds).Key("total").Number(answer.total_seconds);
  json.EndObject();
  if (answer.shadow.has_value()) {
    json.Key("shadow").BeginObject().Key("run").Number(answer.shadow->run);
    WriteLabels("skip", answer.shadow->skip, answer.labels, json);
    json.Key("seconds").Number(answer.shadow->run_seconds).EndObject();
  }
  WriteParts(answer, part, json);
  if (part.per_job) WriteJobs(answer, json);
  json.EndObject();
  return std::move(json).Finish();
}

std::string SelectionByJob(const SelectionAnswer& answer) {
  JsonWriter json;
  json.BeginObject();
  for (const AnswerJob& job : answer.jobs) {
    json.Key(job.job).BeginObject();
    WriteLabels("impacted", job.run, answer.labels, json);
    WriteLabels("skipped", job.skip, answer.labels, json);
    std::map<uint32_t, std::vector<std::string>> paths;
    for (const auto& [path, labels] : job.paths) {
      if (path.empty()) continue;
      for (const uint32_t n : labels) paths[n].push_back(path);
    }
    json.Key("triggering_paths").BeginObject();
    for (const uint32_t n : job.run) {
      if (!paths.contains(n)) continue;
      json.Key(answer.labels[n]).BeginArray();
      for (const std::string& path : paths[n]) json.String(path);
      json.EndArray();
    }
    json.EndObject().EndObject();
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
