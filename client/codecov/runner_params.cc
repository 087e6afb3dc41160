#include "client/codecov/runner_params.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/json_writer.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

// Without the line feed that ends a file.
std::string Text(JsonWriter json) {
  std::string text = std::move(json).Finish();
  text.pop_back();
  return text;
}

}  // namespace

RunnerParam TextParam(absl::string_view text) {
  RunnerParam param{.kind = RunnerParam::Kind::kText, .text = std::string(text), .json = ""};
  AppendJsonString(text, param.json);
  return param;
}

RunnerParam ListParam(std::vector<std::string> list) {
  JsonWriter json;
  json.BeginArray();
  for (const std::string& item : list) json.String(item);
  json.EndArray();
  return {.kind = RunnerParam::Kind::kList, .list = std::move(list), .json = Text(std::move(json))};
}

RunnerParams ParseRunnerParams(const std::vector<std::string>& arguments,
                               std::vector<std::string>& warnings) {
  RunnerParams params;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos) {
      warnings.push_back(absl::StrCat("--runner-param '", Shorten(argument),
                                      "' has no value: give KEY=VALUE; it is null"));
      params[argument] = RunnerParam{};
      continue;
    }
    const std::string value = argument.substr(equals + 1);
    params[argument.substr(0, equals)] = value.find(',') == std::string::npos
                                             ? TextParam(value)
                                             : ListParam(absl::StrSplit(value, ','));
  }
  return params;
}

std::string TextOf(const RunnerParams& params, const std::string& key, absl::string_view fallback) {
  const auto found = params.find(key);
  if (found == params.end() || found->second.text.empty()) return std::string(fallback);
  return found->second.text;
}

std::vector<std::string> ListOf(const RunnerParams& params, const std::string& key) {
  const auto found = params.find(key);
  if (found == params.end()) return {};
  if (found->second.kind == RunnerParam::Kind::kText) return {found->second.text};
  return found->second.list;
}

std::string ParamsJson(const RunnerParams& params) {
  JsonWriter json;
  json.BeginObject();
  for (const auto& [key, param] : params) json.Key(key).Json(param.json);
  json.EndObject();
  return Text(std::move(json));
}

}  // namespace testselect::client
