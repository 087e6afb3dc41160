#include "client/cli/dynamic_index.h"

#include <simdjson.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/cli/json_writer.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr absl::string_view kEveryTest = "*";

absl::StatusOr<std::vector<std::string>> TestsFrom(simdjson::dom::element value) {
  std::vector<std::string> tests;
  if (value.is_null()) return tests;
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("is no list of tests");
  }
  absl::flat_hash_set<std::string> seen;
  for (const simdjson::dom::element element : array) {
    std::string_view test;
    if (element.get(test) != simdjson::SUCCESS || test.empty()) {
      return absl::InvalidArgumentError("lists what is no test's name");
    }
    if (seen.emplace(test).second) tests.emplace_back(test);
  }
  return tests;
}

absl::StatusOr<JobKeys> KeysFrom(simdjson::dom::element value) {
  JobKeys keys;
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("is no object of keys");
  }
  for (const simdjson::dom::key_value_pair member : object) {
    const std::string key(member.key);
    absl::StatusOr<std::vector<std::string>> tests = TestsFrom(member.value);
    if (!tests.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(": key '", Shorten(key), "' ", tests.status().message()));
    }
    std::vector<std::string>& all = keys[key];
    for (std::string& test : *tests) {
      if (std::find(all.begin(), all.end(), test) == all.end()) all.push_back(std::move(test));
    }
  }
  return keys;
}

void AppendKey(const std::string& key, const std::vector<std::string>& tests, std::string& out) {
  absl::StrAppend(&out, "    ");
  AppendJsonString(key, out);
  absl::StrAppend(&out, ": [");
  for (size_t i = 0; i < tests.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "\n      " : ",\n      ");
    AppendJsonString(tests[i], out);
  }
  absl::StrAppend(&out, tests.empty() ? "]" : "\n    ]");
}

}  // namespace

absl::StatusOr<DynamicIndex> ParseDynamicIndex(absl::string_view name, absl::string_view text) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(text.data(), text.size());
  simdjson::dom::object jobs;
  const simdjson::error_code code = parser.parse(padded).get_object().get(jobs);
  if (code != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": expected {job: {key: [tests]}}: ", simdjson::error_message(code)));
  }
  DynamicIndex index;
  for (const simdjson::dom::key_value_pair member : jobs) {
    const std::string job(member.key);
    absl::StatusOr<JobKeys> keys = KeysFrom(member.value);
    if (!keys.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": job '", Shorten(job), "' ", keys.status().message()));
    }
    MergeDynamicIndex({{job, *std::move(keys)}}, &index);
  }
  return index;
}

std::string DynamicIndexJson(const DynamicIndex& index) {
  std::string out = "{";
  bool first_job = true;
  for (const auto& [job, keys] : index) {
    absl::StrAppend(&out, first_job ? "\n  " : ",\n  ");
    first_job = false;
    AppendJsonString(job, out);
    absl::StrAppend(&out, ": {");
    bool first = true;
    for (const auto& [key, tests] : keys) {
      absl::StrAppend(&out, first ? "\n" : ",\n");
      first = false;
      AppendKey(key, tests, out);
    }
    absl::StrAppend(&out, first ? "}" : "\n  }");
  }
  absl::StrAppend(&out, first_job ? "}\n" : "\n}\n");
  return out;
}

void MergeDynamicIndex(const DynamicIndex& from, DynamicIndex* into) {
  for (const auto& [job, keys] : from) {
    JobKeys& job_keys = (*into)[job];
    for (const auto& [key, tests] : keys) {
      std::vector<std::string>& all = job_keys[key];
      absl::flat_hash_set<std::string> have(all.begin(), all.end());
      for (const std::string& test : tests) {
        if (have.insert(test).second) all.push_back(test);
      }
    }
  }
}

std::vector<std::string> TestsOf(const JobKeys& keys) {
  std::set<std::string> tests;
  for (const auto& [key, names] : keys) {
    for (const std::string& name : names) {
      if (name != kEveryTest) tests.insert(name);
    }
  }
  return {tests.begin(), tests.end()};
}

}  // namespace testselect::client
