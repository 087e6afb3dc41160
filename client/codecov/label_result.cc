#include "client/codecov/label_result.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/json_writer.h"

namespace testselect::client {
namespace {

std::vector<std::string> Named(const std::vector<uint32_t>& positions,
                               const RequestedLabels& labels) {
  std::vector<std::string> names;
  names.reserve(positions.size());
  for (const uint32_t n : positions) names.emplace_back(labels[n]);
  return names;
}

void WriteList(absl::string_view key, const std::vector<std::string>& labels, JsonWriter& json) {
  json.Key(key).BeginArray();
  for (const std::string& label : labels) json.String(label);
  json.EndArray();
}

std::string QuotedLine(const std::vector<std::string>& options,
                       const std::vector<std::string>& labels) {
  std::vector<std::string> words;
  for (const std::vector<std::string>* list : {&options, &labels}) {
    const auto first = static_cast<std::ptrdiff_t>(words.size());
    for (const std::string& word : *list) {
      words.push_back(absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'"));
    }
    std::sort(words.begin() + first, words.end());
  }
  return absl::StrJoin(words, " ");
}

}  // namespace

LabelResult ResultOf(const SelectionAnswer& answer) {
  LabelResult result{.present_report = Named(answer.present_report, answer.labels),
                     .absent = Named(answer.absent, answer.labels),
                     .present_diff = Named(answer.present_diff, answer.labels),
                     .global_level = Named(answer.global_level, answer.labels),
                     .fallback_reason = ""};
  std::vector<bool> listed(answer.labels.size());
  for (const auto* list : {&answer.absent, &answer.present_diff, &answer.global_level}) {
    for (const uint32_t n : *list) listed[n] = true;
  }
  for (const uint32_t n : answer.run) {
    if (!listed[n]) result.global_level.emplace_back(answer.labels[n]);
  }
  if (answer.fallback.has_value() && answer.fallback->code != "RUN_ALL") {
    result.fallback_reason = "test_list_processing_errors";
  }
  return result;
}

LabelResult RunAllOf(const std::vector<std::string>& labels, absl::string_view fallback_reason) {
  return {.present_report = {},
          .absent = labels,
          .present_diff = {},
          .global_level = {},
          .fallback_reason = std::string(fallback_reason)};
}

std::vector<std::string> LabelsToRun(const LabelResult& result) {
  std::set<std::string> labels(result.absent.begin(), result.absent.end());
  labels.insert(result.global_level.begin(), result.global_level.end());
  labels.insert(result.present_diff.begin(), result.present_diff.end());
  return {labels.begin(), labels.end()};
}

std::vector<std::string> LabelsToSkip(const LabelResult& result) {
  const std::set<std::string> report(result.present_report.begin(), result.present_report.end());
  const std::vector<std::string> run = LabelsToRun(result);
  std::vector<std::string> skip;
  std::set_difference(report.begin(), report.end(), run.begin(), run.end(),
                      std::back_inserter(skip));
  return skip;
}

std::string ResultJson(const LabelResult& result) {
  JsonWriter json;
  json.BeginObject();
  WriteList("present_report_labels", result.present_report, json);
  WriteList("absent_labels", result.absent, json);
  WriteList("present_diff_labels", result.present_diff, json);
  WriteList("global_level_labels", result.global_level, json);
  json.EndObject();
  std::string text = std::move(json).Finish();
  text.pop_back();
  return text;
}

std::string DryRunJson(const LabelResult& result, const std::vector<std::string>& runner_options) {
  JsonWriter json;
  json.BeginObject();
  WriteList("runner_options", runner_options, json);
  WriteList("ats_tests_to_run", LabelsToRun(result), json);
  WriteList("ats_tests_to_skip", LabelsToSkip(result), json);
  json.Key("ats_fallback_reason");
  result.fallback_reason.empty() ? json.Null() : json.String(result.fallback_reason);
  json.EndObject();
  return std::move(json).Finish();
}

std::string DryRunList(const LabelResult& result, const std::vector<std::string>& runner_options) {
  return absl::StrCat("TESTS_TO_RUN=", QuotedLine(runner_options, LabelsToRun(result)),
                      "\nTESTS_TO_SKIP=", QuotedLine(runner_options, LabelsToSkip(result)), "\n");
}

}  // namespace testselect::client
