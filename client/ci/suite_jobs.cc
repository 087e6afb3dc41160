#include "client/ci/suite_jobs.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

using Element = simdjson::dom::element;

constexpr uint32_t kMostFromUnits = 25;
constexpr uint32_t kMostJobs = 10'000;

// The keys of one suite, typed.
class SuiteKeys {
 public:
  explicit SuiteKeys(const v1::SuiteDescription* suite) : suite_(suite) {}

  absl::StatusOr<std::string> Text(const char* key, absl::string_view fallback) const {
    const std::string* json = Find(key);
    if (json == nullptr) return std::string(fallback);
    simdjson::dom::parser parser;
    std::string_view text;
    if (parser.parse(*json).get(text) != simdjson::SUCCESS) return Wrong(key, "a text");
    return std::string(text);
  }

  absl::StatusOr<bool> Bool(const char* key) const {
    const std::string* json = Find(key);
    if (json == nullptr) return false;
    if (*json != "true" && *json != "false") return Wrong(key, "true or false");
    return *json == "true";
  }

  absl::StatusOr<std::optional<uint32_t>> Count(const char* key) const {
    const std::string* json = Find(key);
    if (json == nullptr) return std::nullopt;
    uint32_t value = 0;
    if (!absl::SimpleAtoi(*json, &value) || value < 1 || value > kMostJobs) {
      return Wrong(key, absl::StrCat("a number from 1 to ", kMostJobs));
    }
    return value;
  }

  // As it stands, for a value that the CI system understands.
  absl::StatusOr<std::string> Scalar(const char* key) const {
    const std::string* json = Find(key);
    if (json == nullptr) return std::string();
    if (json->front() == '{' || json->front() == '[') return Wrong(key, "a text or a number");
    return *json;
  }

  absl::StatusOr<std::vector<std::string>> Texts(const char* key) const {
    std::vector<std::string> texts;
    const std::string* json = Find(key);
    if (json == nullptr) return texts;
    simdjson::dom::parser parser;
    simdjson::dom::array array;
    if (parser.parse(*json).get(array) != simdjson::SUCCESS) return Wrong(key, "a list");
    for (const Element element : array) {
      std::string_view text;
      if (element.get(text) != simdjson::SUCCESS) return Wrong(key, "a list of texts");
      if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.emplace_back(text);
    }
    return texts;
  }

  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Env() const {
    std::vector<std::pair<std::string, std::string>> env;
    const std::string* json = Find("env");
    if (json == nullptr) return env;
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(*json).get(object) != simdjson::SUCCESS) return Wrong("env", "a map");
    for (const auto& [name, value] : object) {
      if (value.is_array() || value.is_object()) return Wrong("env", "a map of texts");
      env.emplace_back(std::string(name), std::string(simdjson::minify(value)));
    }
    return env;
  }

 private:
  const std::string* Find(const char* key) const {
    if (suite_ == nullptr) return nullptr;
    const auto found = suite_->keys().find(key);
    return found == suite_->keys().end() || found->second == "null" ? nullptr : &found->second;
  }
  absl::Status Wrong(const char* key, absl::string_view wanted) const {
    return absl::InvalidArgumentError(absl::StrCat(suite_->origin(), ": the suite ", suite_->name(),
                                                   ": ", key, ": expected ", wanted));
  }

  const v1::SuiteDescription* const suite_;
};

absl::StatusOr<CiSuite> ReadSuite(const std::string& name, const SuiteKeys& keys) {
  CiSuite suite;
  suite.name = name;
  const std::vector<std::string> parts = absl::StrSplit(name, "::");
  suite.stage = parts.size() > 1 ? parts[parts.size() - 2] : "core";
  suite.job = absl::StrCat(suite.stage, "/", parts.back());
  TS_ASSIGN_OR_RETURN(suite.pattern, keys.Text("pattern", parts.back()));
  TS_ASSIGN_OR_RETURN(suite.snapshot, keys.Bool("snapshot"));
  TS_ASSIGN_OR_RETURN(suite.gpu, keys.Bool("gpu"));
  TS_ASSIGN_OR_RETURN(suite.allow_failure, keys.Bool("allow_failure"));
  TS_ASSIGN_OR_RETURN(suite.services, keys.Texts("services"));
  TS_ASSIGN_OR_RETURN(suite.only, keys.Texts("only"));
  TS_ASSIGN_OR_RETURN(suite.env, keys.Env());
  TS_ASSIGN_OR_RETURN(suite.retry, keys.Scalar("retry"));
  TS_ASSIGN_OR_RETURN(suite.timeout, keys.Scalar("timeout"));
  return suite;
}

uint32_t Ceil(uint32_t count, uint32_t by) { return (count + by - 1) / by; }

// A suite that may grow.
struct Scalable {
  CiSuite* job;
  uint32_t units;
  std::optional<uint32_t> units_per_job;  // none: its parallelism was given
};

// What one more step gives the suite; 0: it has all it can use.
uint32_t GainOf(const Scalable& suite) {
  if (suite.job->shards >= suite.units) return 0;
  if (!suite.units_per_job.has_value()) return 1;
  if (*suite.units_per_job <= 1) return 0;
  const uint32_t grown = Ceil(suite.units, *suite.units_per_job - 1);
  return grown > suite.job->shards ? grown - suite.job->shards : 0;
}

void Grow(uint64_t jobs, uint32_t target, std::vector<Scalable>& scalable) {
  while (jobs < target) {
    Scalable* best = nullptr;
    uint32_t best_gain = 0;
    for (Scalable& suite : scalable) {
      const uint32_t gain = GainOf(suite);
      if (gain <= best_gain) continue;
      best_gain = gain;
      best = &suite;
    }
    if (best == nullptr) return;
    if (best->units_per_job.has_value()) --*best->units_per_job;
    best->job->shards += best_gain;
    jobs += best_gain;
  }
}

void TellNamesApart(std::vector<CiSuite>& jobs) {
  std::set<std::string> seen, twice;
  for (const CiSuite& job : jobs) {
    if (!seen.insert(job.job).second) twice.insert(job.job);
  }
  for (CiSuite& job : jobs) {
    if (twice.contains(job.job)) job.job = absl::StrReplaceAll(job.name, {{"::", "/"}});
  }
}

}  // namespace

absl::StatusOr<SuiteUnits> ParseSuiteUnits(absl::string_view field, absl::string_view text) {
  SuiteUnits units;
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripTrailingAsciiWhitespace(line);
    if (line.empty()) continue;
    const std::vector<std::string> parts = absl::StrSplit(line, '\t');
    uint32_t count = 0;
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &count) || count > kMostJobs) {
      return absl::InvalidArgumentError(absl::StrCat(field, ":", number, ": '", Shorten(line),
                                                     "': expected SUITE<tab>N, N at most ",
                                                     kMostJobs));
    }
    if (count > 0) units[parts[0]] = count;
  }
  return units;
}

absl::StatusOr<SuiteJobs> MakeSuiteJobs(const v1::DescribeSuitesResponse& described,
                                        const std::vector<std::string>& chosen,
                                        absl::string_view type, const SuiteUnits& units,
                                        uint32_t target) {
  std::map<std::string, const v1::SuiteDescription*> by_name;
  for (const v1::SuiteDescription& suite : described.suites()) by_name[suite.name()] = &suite;
  SuiteJobs made;
  made.jobs.reserve(chosen.size());  // `scalable` points into it
  std::vector<Scalable> scalable;
  uint64_t total = 0;
  for (const std::string& name : chosen) {
    const auto found = by_name.find(name);
    const SuiteKeys keys(found == by_name.end() ? nullptr : found->second);
    TS_ASSIGN_OR_RETURN(const std::string suite_type, keys.Text("type", "test"));
    TS_ASSIGN_OR_RETURN(const bool skip, keys.Bool("skip"));
    if (skip || suite_type != type) {
      (skip ? made.skipped : made.other).push_back(name);
      continue;
    }
    TS_ASSIGN_OR_RETURN(CiSuite suite, ReadSuite(name, keys));
    TS_ASSIGN_OR_RETURN(const std::optional<uint32_t> parallelism, keys.Count("parallelism"));
    TS_ASSIGN_OR_RETURN(const std::optional<uint32_t> per_job, keys.Count("venvs_per_job"));
    const auto sized = units.find(name);
    if (parallelism.has_value()) {
      suite.shards = *parallelism;
    } else if (per_job.has_value() && sized != units.end()) {
      suite.shards = std::min(Ceil(sized->second, *per_job), kMostFromUnits);
    } else if (per_job.has_value()) {
      made.unsized.push_back(name);
    }
    total += suite.shards;
    made.jobs.push_back(std::move(suite));
    if (sized != units.end() && (parallelism.has_value() || per_job.has_value())) {
      scalable.push_back(
          {&made.jobs.back(), sized->second, parallelism.has_value() ? std::nullopt : per_job});
    }
  }
  Grow(total, target, scalable);
  TellNamesApart(made.jobs);
  return made;
}

}  // namespace testselect::client
