#include <simdjson.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/runners/jest_runner.h"

namespace testselect::client {
namespace {

constexpr int kOldestJest = 24;

struct Refused {
  absl::string_view name, why;
};
constexpr absl::string_view kInPart =
    "a test file runs whole or not at all, because a part of it would be its evidence";
constexpr absl::string_view kOurs = "`testselect run jest` gives it itself; leave it out";
constexpr Refused kRefused[] = {
    {"-t", kInPart},
    {"--testNamePattern", kInPart},
    {"--test-name-pattern", kInPart},
    {"--shard", "it would cut the selected files again; use testselect's own --shard"},
    {"--filter", kOurs},
    {"--listTests", kOurs},
    {"--list-tests", kOurs},
    {"--showConfig", kOurs},
    {"--show-config", kOurs},
    {"--watch", "it never ends"},
    {"--watchAll", "it never ends"},
    {"--watch-all", "it never ends"},
};

absl::Status NoConfig() {
  return absl::FailedPreconditionError(
      "jest --showConfig printed no configuration; give --with the command that starts Jest");
}

void ReadReporters(simdjson::dom::array entries, JestConfig& config) {
  for (const simdjson::dom::element entry : entries) {
    JestConfig::Reporter reporter{"", "{}"};
    std::string_view name;
    simdjson::dom::array pair;
    if (entry.get(name) == simdjson::SUCCESS) {
      reporter.name = std::string(name);
    } else if (entry.get(pair) == simdjson::SUCCESS && pair.at(0).get(name) == simdjson::SUCCESS) {
      reporter.name = std::string(name);
      simdjson::dom::element options;
      if (pair.at(1).get(options) == simdjson::SUCCESS) {
        reporter.options = simdjson::minify(options);
      }
    }
    if (!reporter.name.empty()) config.reporters.push_back(std::move(reporter));
  }
}

}  // namespace

absl::StatusOr<JestConfig> ParseJestConfig(absl::string_view printed) {
  // The object begins with a line of its own.
  size_t begin = absl::StartsWith(printed, "{\n") ? 0 : printed.find("\n{\n");
  const size_t end = printed.rfind('}');
  if (begin == absl::string_view::npos || end == absl::string_view::npos || end < begin) {
    return NoConfig();
  }
  begin = printed.find('{', begin);
  simdjson::dom::parser parser;
  simdjson::dom::element root, global;
  const simdjson::padded_string text(printed.data() + begin, end + 1 - begin);
  if (parser.parse(text).get(root) != simdjson::SUCCESS ||
      root["globalConfig"].get(global) != simdjson::SUCCESS) {
    return NoConfig();
  }
  JestConfig config;
  std::string_view version;
  if (root["version"].get(version) != simdjson::SUCCESS ||
      !absl::SimpleAtoi(std::string(version.substr(0, version.find('.'))), &config.version)) {
    return NoConfig();
  }
  if (config.version < kOldestJest) {
    return absl::FailedPreconditionError(absl::StrCat(
        "Jest ", std::string(version), " is too old: ", kOldestJest, " or a later one is needed"));
  }
  if (global["collectCoverage"].get(config.covers) != simdjson::SUCCESS) config.covers = false;
  int64_t bail = 0;
  config.stops_early = global["bail"].get(bail) == simdjson::SUCCESS && bail > 0;
  simdjson::dom::array reporters;
  if (global["reporters"].get(reporters) == simdjson::SUCCESS) ReadReporters(reporters, config);
  return config;
}

absl::Status CheckJestArguments(absl::Span<const std::string> arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    const bool is_short = argument.size() > 1 && argument[0] == '-' && argument[1] != '-';
    for (const Refused& refused : kRefused) {
      // Short ones may be written together ("-ot"), or with their value ("-tname").
      const bool meant = refused.name == "-t"
                             ? is_short && absl::StrContains(argument, 't')
                             : argument.substr(0, argument.find('=')) == refused.name;
      if (meant) {
        return absl::InvalidArgumentError(absl::StrCat(argument, " behind --: ", refused.why));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace testselect::client
