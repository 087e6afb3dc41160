#include <utility>

#include "absl/strings/str_cat.h"
#include "client/ci/ci_writers.h"
#include "client/cli/json_writer.h"

namespace testselect::client {
namespace {

// A job's outputs have 1 MB together, counted as UTF-16.
constexpr size_t kMostOutput = 500'000;

void WriteShards(const CiPlan& plan, JsonWriter& json) {
  for (size_t n = 0; n < plan.shards.size(); ++n) {
    const CiShard& shard = plan.shards[n];
    json.BeginObject().Key("shard").Number(uint64_t{n + 1});
    json.Key("shards").Number(uint64_t{plan.shards.size()});
    json.Key("labels").String(shard.file).Key("tests").Number(shard.tests);
    json.Key("seconds").Number(shard.seconds).EndObject();
  }
}

void WriteSuites(std::vector<CiSuite> suites, JsonWriter& json) {
  LimitShards(kGithubJobs, kGithubJobs, suites);
  // More suites than entries: each entry then has every n-th of them.
  const size_t entries = std::min<size_t>(suites.size(), kGithubJobs);
  for (size_t n = 0; n < entries; ++n) {
    std::string names, patterns;
    for (size_t at = n; at < suites.size(); at += entries) {
      absl::StrAppend(&names, names.empty() ? "" : " ", suites[at].name);
      absl::StrAppend(&patterns, patterns.empty() ? "" : " ", suites[at].pattern);
    }
    for (uint32_t shard = 1; shard <= suites[n].shards; ++shard) {
      json.BeginObject().Key("name").String(suites[n].job).Key("suite").String(names);
      json.Key("pattern").String(patterns).Key("shard").Number(uint64_t{shard});
      json.Key("shards").Number(uint64_t{suites[n].shards}).EndObject();
    }
  }
}

}  // namespace

absl::StatusOr<std::string> GithubOutput(const CiPlan& plan) {
  JsonWriter json;
  json.BeginObject().Key("include").BeginArray();
  if (plan.empty()) {
    json.BeginObject().Key(plan.by_suite ? "suite" : "labels").String("");
    json.Key("shard").Number(uint64_t{0}).Key("shards").Number(uint64_t{0});
    json.Key("tests").Number(uint64_t{0}).EndObject();
  } else if (plan.by_suite) {
    WriteSuites(plan.suites, json);
  } else {
    WriteShards(plan, json);
  }
  json.EndArray().EndObject();
  const std::string matrix = std::move(json).Finish();
  if (matrix.size() > kMostOutput) {
    return absl::OutOfRangeError(absl::StrCat("the matrix has ", matrix.size(),
                                              " bytes; GitHub takes at most ", kMostOutput,
                                              " of an output"));
  }
  return absl::StrCat("matrix=", matrix, "has_tests=", plan.empty() ? "false" : "true",
                      "\nselection_id=", plan.selection_id, "\n");
}

}  // namespace testselect::client
