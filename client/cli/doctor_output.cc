#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/doctor.h"
#include "client/cli/json_writer.h"

namespace testselect::client {
namespace {

const char* StateName(CheckState state) {
  switch (state) {
    case CheckState::kOk:
      return "ok";
    case CheckState::kWarning:
      return "warning";
    case CheckState::kProblem:
      return "problem";
    case CheckState::kSkipped:
      return "skipped";
  }
  return "";
}

uint64_t CountOf(const std::vector<Finding>& findings, CheckState state) {
  return static_cast<uint64_t>(
      std::count_if(findings.begin(), findings.end(),
                    [state](const Finding& finding) { return finding.state == state; }));
}

}  // namespace

void Diagnosis::Ok(absl::string_view name, absl::string_view found) {
  findings.push_back({std::string(name), CheckState::kOk, std::string(found), ""});
}
void Diagnosis::Warn(absl::string_view name, absl::string_view found, absl::string_view todo) {
  findings.push_back(
      {std::string(name), CheckState::kWarning, std::string(found), std::string(todo)});
}
void Diagnosis::Problem(absl::string_view name, absl::string_view found, absl::string_view todo) {
  findings.push_back(
      {std::string(name), CheckState::kProblem, std::string(found), std::string(todo)});
}
void Diagnosis::Skip(absl::string_view name, absl::string_view why) {
  findings.push_back({std::string(name), CheckState::kSkipped, std::string(why), ""});
}

std::string FindingsText(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    absl::StrAppendFormat(&text, "%-8s %-11s %s\n", StateName(finding.state), finding.name,
                          finding.found);
    if (!finding.todo.empty()) absl::StrAppend(&text, "         -> ", finding.todo, "\n");
  }
  absl::StrAppend(&text, CountOf(findings, CheckState::kProblem), " problems, ",
                  CountOf(findings, CheckState::kWarning), " warnings\n");
  return text;
}

std::string FindingsJson(const std::vector<Finding>& findings) {
  JsonWriter json;
  json.BeginObject().Key("problems").Number(CountOf(findings, CheckState::kProblem));
  json.Key("warnings").Number(CountOf(findings, CheckState::kWarning)).Key("checks").BeginArray();
  for (const Finding& finding : findings) {
    json.BeginObject().Key("name").String(finding.name);
    json.Key("state").String(StateName(finding.state)).Key("found").String(finding.found);
    json.Key("todo").String(finding.todo).EndObject();
  }
  return std::move(json.EndArray().EndObject()).Finish();
}

bool HasProblem(const std::vector<Finding>& findings) {
  return CountOf(findings, CheckState::kProblem) > 0;
}

}  // namespace testselect::client
