// What configures a runner of label analysis: cli.runners.NAME of codecov.yml, and --runner-param.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace testselect::client {

struct RunnerParam {
  enum class Kind { kNull, kText, kList, kOther };
  Kind kind = Kind::kNull;
  std::string text{};               // of kText
  std::vector<std::string> list{};  // of kList: its scalars
  std::string json = "null";        // the value, whatever its kind
};
using RunnerParams = std::map<std::string, RunnerParam>;

RunnerParam TextParam(absl::string_view text);
RunnerParam ListParam(std::vector<std::string> list);

// KEY=VALUE, where a comma in VALUE makes it a list; without '=' the value is null, with a sentence
// in `warnings`. A later one replaces an earlier one of the same key.
RunnerParams ParseRunnerParams(const std::vector<std::string>& arguments,
                               std::vector<std::string>& warnings);

// The text of `key`; `fallback` where it is not there, null or empty.
std::string TextOf(const RunnerParams& params, const std::string& key, absl::string_view fallback);
// The texts of `key`, a single text as a list of one; none where it is not there or null.
std::vector<std::string> ListOf(const RunnerParams& params, const std::string& key);

// {"key": value, ...}
std::string ParamsJson(const RunnerParams& params);

}  // namespace testselect::client
