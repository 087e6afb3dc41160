#include "client/runners/ctest_runner.h"

#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/runners/gcov.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

// The numbers and the build folder in what `ctest -N` prints: "Test project DIR", "  Test  #7: x".
struct NumberedTests {
  std::vector<uint32_t> numbers;
  std::string folder;
};

NumberedTests ParseNumbers(absl::string_view text) {
  NumberedTests tests;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (tests.folder.empty() && absl::ConsumePrefix(&line, "Test project ")) {
      tests.folder = std::string(line);
      continue;
    }
    line = absl::StripLeadingAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&line, "Test")) continue;
    line = absl::StripLeadingAsciiWhitespace(line);
    uint32_t number = 0;
    if (absl::ConsumePrefix(&line, "#") &&
        absl::SimpleAtoi(line.substr(0, line.find(':')), &number)) {
      tests.numbers.push_back(number);
    }
  }
  return tests;
}

bool IsDisabled(simdjson::dom::element test) {
  simdjson::dom::array properties;
  if (test["properties"].get(properties) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element property : properties) {
    std::string_view name;
    bool value = false;
    if (property["name"].get(name) == simdjson::SUCCESS && name == "DISABLED" &&
        property["value"].get(value) == simdjson::SUCCESS && value) {
      return true;
    }
  }
  return false;
}

// Name, or nothing for a disabled test, of each in the listing's order.
absl::StatusOr<std::vector<std::string>> ParseNames(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element object;
  simdjson::dom::array tests;
  if (parser.parse(json).get(object) != simdjson::SUCCESS ||
      object["tests"].get(tests) != simdjson::SUCCESS) {
    return absl::FailedPreconditionError(
        "ctest --show-only=json-v1 lists no tests; 3.21 or a later version is needed");
  }
  std::vector<std::string> names;
  for (const simdjson::dom::element test : tests) {
    std::string_view name;
    if (test["name"].get(name) != simdjson::SUCCESS) {
      return absl::FailedPreconditionError("ctest --show-only=json-v1: a test has no name");
    }
    names.emplace_back(IsDisabled(test) ? "" : name);
  }
  return names;
}

// Whether anything below `folder` was compiled with --coverage.
bool HasNotes(const std::string& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".gcno") return true;
  }
  return false;
}

// With these, a listing is empty or holds more than the tests.
bool SaysHowMuch(absl::string_view argument) {
  return argument == "-Q" || argument == "--quiet" || argument == "-V" || argument == "-VV" ||
         argument == "--verbose" || argument == "--extra-verbose" || argument == "--progress";
}

class CTestRunner : public Runner {
 public:
  explicit CTestRunner(const RunnerSetup& setup) : setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    CollectedTests tests;
    TS_ASSIGN_OR_RETURN(const FinishedProcess json, List("--show-only=json-v1"));
    TS_ASSIGN_OR_RETURN(const FinishedProcess numbered, List("-N"));
    for (const FinishedProcess* finished : {&json, &numbered}) {
      if (tests.exit_code == 0) tests.exit_code = finished->state.ShellCode();
    }
    if (tests.exit_code != 0) {
      setup_.warn(absl::StrCat("ctest -N:\n", numbered.out, numbered.err));
      return tests;
    }
    TS_ASSIGN_OR_RETURN(const std::vector<std::string> names, ParseNames(json.out));
    const NumberedTests listed = ParseNumbers(numbered.out);
    if (names.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "ctest finds no tests in ", listed.folder.empty() ? setup_.folder : listed.folder,
          " with these arguments; the folder of the build is named by -- --test-dir "
          "BUILD"));
    }
    if (listed.numbers.size() != names.size()) {
      return absl::FailedPreconditionError(absl::StrCat("ctest lists ", names.size(), " tests and ",
                                                        listed.numbers.size(), " numbers"));
    }
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i].empty()) continue;
      std::vector<uint32_t>& numbers = numbers_of_[names[i]];
      if (numbers.empty()) tests.labels.push_back(names[i]);
      numbers.push_back(listed.numbers[i]);
    }
    records_ = setup_.record && HasNotes(listed.folder);
    if (setup_.record && !records_) {
      setup_.warn(
          "no evidence is recorded: nothing was compiled with --coverage; without evidence "
          "everything runs every time");
    }
    return tests;
  }

  absl::StatusOr<RunResult> Run(const RunOrder& order) override {
    RunResult result;
    result.process_per_label = true;
    if (!records_) {
      TS_RETURN_IF_ERROR(Start(order.labels, absl::StrCat(order.round), {}, result));
    }
    for (size_t i = 0; records_ && i < order.labels.size() && result.stopped.empty(); ++i) {
      const std::string name = absl::StrCat(order.round, ".", i);
      const std::string counters = absl::StrCat(setup_.scratch, "/counters.", name);
      const std::string report = absl::StrCat(setup_.scratch, "/", name, ".info");
      TS_RETURN_IF_ERROR(Start({order.labels[i]}, name, GcovEnvironment(counters), result));
      TS_ASSIGN_OR_RETURN(const bool counted, CountersToLcov(counters, setup_.top, report));
      if (counted) result.reports.push_back({report, "lcov", order.labels[i], false});
    }
    result.reports.insert(result.reports.end(), result.outcomes.begin(), result.outcomes.end());
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    return absl::StrCat("ctest ", absl::StrJoin(setup_.arguments, " "), " -I FILE",
                        records_ ? absl::StrCat(", ", order.labels.size(), " times") : "", "\n");
  }

 private:
  absl::StatusOr<FinishedProcess> List(const std::string& how) const {
    ProcessOptions options;
    options.folder = setup_.folder;
    options.out = options.err = ProcessOptions::Output::kCapture;
    std::vector<std::string> arguments;
    for (const std::string& argument : setup_.arguments) {
      if (!SaysHowMuch(argument)) arguments.push_back(argument);
    }
    return RunProcess(Words(std::move(arguments), {how}), options);
  }

  std::vector<std::string> Words(std::vector<std::string> arguments,
                                 const std::vector<std::string>& own) const {
    arguments.insert(arguments.end(), own.begin(), own.end());
    if (!setup_.command.empty()) return ShellWords(setup_.command, arguments);
    arguments.insert(arguments.begin(), "ctest");
    return arguments;
  }

  // One ctest with these tests.
  absl::Status Start(const std::vector<std::string>& labels, const std::string& name,
                     std::vector<std::pair<std::string, std::string>> environment,
                     RunResult& result) {
    const std::string list = absl::StrCat(setup_.scratch, "/numbers.", name);
    const std::string junit = absl::StrCat(setup_.scratch, "/outcomes.", name, ".xml");
    std::string text = "0,0,0,";  // start, end and step; the tests, each followed by a comma
    for (const std::string& label : labels) {
      for (const uint32_t number : numbers_of_.at(label)) absl::StrAppend(&text, number, ",");
    }
    TS_RETURN_IF_ERROR(WriteFileAtomically(list, text));
    ProcessOptions options;
    options.folder = setup_.folder;
    options.environment = std::move(environment);
    if (setup_.runner_output_to_stderr) options.out = ProcessOptions::Output::kToStderr;
    TS_ASSIGN_OR_RETURN(
        const FinishedProcess finished,
        RunProcess(Words(setup_.arguments, {"-I", list, "--output-junit", junit}), options));
    const int code = finished.state.ShellCode();
    if (result.exit_code == 0) result.exit_code = code;
    const bool stops = std::find(setup_.arguments.begin(), setup_.arguments.end(),
                                 "--stop-on-failure") != setup_.arguments.end();
    if (code != 0 && stops) result.stopped = "--stop-on-failure";
    if (finished.state.signal != 0) result.stopped = finished.state.ToString();
    result.outcomes.push_back({junit, "junit-xml", "", true});
    return absl::OkStatus();
  }

  const RunnerSetup& setup_;
  std::map<std::string, std::vector<uint32_t>> numbers_of_;
  bool records_ = false;
};

}  // namespace

std::unique_ptr<Runner> NewCTestRunner(const RunnerSetup& setup) {
  return std::make_unique<CTestRunner>(setup);
}

}  // namespace testselect::client
