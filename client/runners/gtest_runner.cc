#include "client/runners/gtest_runner.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/runners/gcov.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

// A part of a name, behind an instantiation's prefix.
bool IsDisabled(absl::string_view name) {
  const size_t slash = name.find('/');
  return absl::StartsWith(name, "DISABLED_") ||
         (slash != absl::string_view::npos &&
          absl::StartsWith(name.substr(slash + 1), "DISABLED_"));
}

class GTestRunner : public Runner {
 public:
  explicit GTestRunner(const RunnerSetup& setup) : setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    TS_RETURN_IF_ERROR(SplitArguments());
    CollectedTests tests;
    absl::flat_hash_set<std::string> seen;
    for (size_t i = 0; i < programs_.size(); ++i) {
      Program& program = programs_[i];
      const std::string counters = absl::StrCat(setup_.scratch, "/counters.list.", i);
      TS_ASSIGN_OR_RETURN(const FinishedProcess listed,
                          List(program, {}, GcovEnvironment(counters)));
      if (!listed.state.ok()) {
        setup_.warn(absl::StrCat(program.path, " --gtest_list_tests:\n", listed.out, listed.err));
        tests.labels.clear();
        tests.exit_code = listed.state.ShellCode();
        return tests;
      }
      program.records = setup_.record && HasCounters(counters);
      if (setup_.record && !program.records) {
        setup_.warn(absl::StrCat("no evidence of ", program.path,
                                 " is recorded: it was not built with --coverage; without evidence "
                                 "all of its tests run every time"));
      }
      for (const std::string& test : ParseGTestList(listed.out, with_disabled_)) {
        program.tests.insert(test);
        if (seen.insert(test).second) tests.labels.push_back(test);
      }
    }
    return tests;
  }

  absl::StatusOr<RunResult> Run(const RunOrder& order) override {
    RunResult result;
    result.process_per_label =
        std::all_of(programs_.begin(), programs_.end(), [](const Program& p) { return p.records; });
    for (size_t i = 0; i < programs_.size() && result.stopped.empty(); ++i) {
      const std::vector<std::string> tests = TestsOf(programs_[i], order);
      if (tests.empty()) continue;
      const std::string name = absl::StrCat(order.round, ".", i);
      if (programs_[i].records) {
        TS_RETURN_IF_ERROR(RecordEach(programs_[i], tests, name, result));
      } else {
        TS_RETURN_IF_ERROR(RunTogether(programs_[i], tests, name, result));
      }
    }
    result.reports.insert(result.reports.end(), result.outcomes.begin(), result.outcomes.end());
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    std::string text;
    for (const Program& program : programs_) {
      const size_t tests = TestsOf(program, order).size();
      if (tests == 0) continue;
      absl::StrAppend(&text, program.path, " ", absl::StrJoin(flags_, " "),
                      program.records ? absl::StrCat(" --gtest_filter=TEST, ", tests, " times\n")
                                      : " --gtest_flagfile=FILE\n");
    }
    return text;
  }

 private:
  struct Program {
    std::string path;
    absl::flat_hash_set<std::string> tests;
    bool records = false;
  };

  absl::Status SplitArguments() {
    for (const std::string& argument : setup_.arguments) {
      if (!flags_.empty() || absl::StartsWith(argument, "-")) {
        flags_.push_back(argument);
      } else {
        programs_.push_back({absl::StrContains(argument, "/") ? argument : "./" + argument, {}});
      }
      if (absl::StartsWith(argument, "--gtest_filter") ||
          absl::StartsWith(argument, "--gtest_output") ||
          absl::StartsWith(argument, "--gtest_flagfile")) {
        return absl::InvalidArgumentError(absl::StrCat(
            argument, ": `testselect run gtest` gives this flag itself; leave it out"));
      }
      with_disabled_ |= absl::StartsWith(argument, "--gtest_also_run_disabled_tests");
      stops_ |= absl::StartsWith(argument, "--gtest_fail_fast");
    }
    if (!programs_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("gtest: name the test programs behind --");
  }

  std::vector<std::string> TestsOf(const Program& program, const RunOrder& order) const {
    std::vector<std::string> tests;
    for (const std::string& label : order.labels) {
      if (program.tests.contains(label)) tests.push_back(label);
    }
    return tests;
  }

  std::vector<std::string> Words(const Program& program,
                                 const std::vector<std::string>& own) const {
    std::vector<std::string> arguments = {program.path};
    arguments.insert(arguments.end(), flags_.begin(), flags_.end());
    arguments.insert(arguments.end(), own.begin(), own.end());
    return setup_.command.empty() ? arguments : ShellWords(setup_.command, arguments);
  }

  absl::StatusOr<FinishedProcess> List(
      const Program& program, std::vector<std::string> flags,
      std::vector<std::pair<std::string, std::string>> environment) const {
    ProcessOptions options;
    options.folder = setup_.folder;
    options.environment = std::move(environment);
    options.out = options.err = ProcessOptions::Output::kCapture;
    flags.push_back("--gtest_list_tests");
    return RunProcess(Words(program, flags), options);
  }

  absl::Status Start(const Program& program, std::vector<std::string> flags,
                     const std::string& name,
                     std::vector<std::pair<std::string, std::string>> environment,
                     RunResult& result) {
    const std::string outcomes = absl::StrCat(setup_.scratch, "/outcomes.", name, ".json");
    flags.push_back(absl::StrCat("--gtest_output=json:", outcomes));
    ProcessOptions options;
    options.folder = setup_.folder;
    options.environment = std::move(environment);
    if (setup_.runner_output_to_stderr) options.out = ProcessOptions::Output::kToStderr;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words(program, flags), options));
    const int code = finished.state.ShellCode();
    if (result.exit_code == 0) result.exit_code = code;
    if (code != 0 && stops_) result.stopped = "--gtest_fail_fast";
    result.outcomes.push_back({outcomes, "gtest-json", "", true});
    return absl::OkStatus();
  }

  absl::Status RecordEach(const Program& program, const std::vector<std::string>& tests,
                          const std::string& name, RunResult& result) {
    for (size_t i = 0; i < tests.size() && result.stopped.empty(); ++i) {
      const std::string one = absl::StrCat(name, ".", i);
      const std::string counters = absl::StrCat(setup_.scratch, "/counters.", one);
      const std::string report = absl::StrCat(setup_.scratch, "/", one, ".info");
      TS_RETURN_IF_ERROR(Start(program, {absl::StrCat("--gtest_filter=", tests[i])}, one,
                               GcovEnvironment(counters), result));
      TS_ASSIGN_OR_RETURN(const bool counted, CountersToLcov(counters, setup_.top, report));
      if (counted) result.reports.push_back({report, "lcov", tests[i], false});
    }
    return absl::OkStatus();
  }

  absl::Status RunTogether(const Program& program, const std::vector<std::string>& tests,
                           const std::string& name, RunResult& result) {
    const std::string file = absl::StrCat(setup_.scratch, "/flags.", name);
    TS_RETURN_IF_ERROR(WriteFileAtomically(
        file, absl::StrCat("--gtest_filter=", absl::StrJoin(tests, ":"), "\n")));
    // Programs with Abseil's flags have them in a file under another name; some have neither.
    for (const char* flag : {"--gtest_flagfile=", "--flagfile="}) {
      const std::string given = absl::StrCat(flag, file);
      TS_ASSIGN_OR_RETURN(const FinishedProcess listed, List(program, {given}, {}));
      std::vector<std::string> left = ParseGTestList(listed.out, with_disabled_), wanted = tests;
      std::sort(left.begin(), left.end());
      std::sort(wanted.begin(), wanted.end());
      if (listed.state.ok() && left == wanted) return Start(program, {given}, name, {}, result);
    }
    size_t part = 0;
    for (const std::vector<std::string>& some : ChunkArguments(tests, kMaxArgumentBytes - 64, 1)) {
      TS_RETURN_IF_ERROR(Start(program, {absl::StrCat("--gtest_filter=", absl::StrJoin(some, ":"))},
                               absl::StrCat(name, ".", part++), {}, result));
      if (!result.stopped.empty()) break;
    }
    return absl::OkStatus();
  }

  const RunnerSetup& setup_;
  std::vector<Program> programs_;
  std::vector<std::string> flags_;
  bool with_disabled_ = false, stops_ = false;
};

}  // namespace

std::vector<std::string> ParseGTestList(absl::string_view text, bool with_disabled) {
  std::vector<std::string> tests;
  std::string suite;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::ConsumeSuffix(&line, "\r");
    // Behind the name: "  # GetParam() = 1", "  # TypeParam = int".
    const absl::string_view name = line.substr(0, line.find("  # ", 2));
    if (absl::StartsWith(line, "  ")) {
      const absl::string_view test = name.substr(2);
      if (suite.empty() || (!with_disabled && (IsDisabled(suite) || IsDisabled(test)))) continue;
      tests.push_back(absl::StrCat(suite, test));
    } else if (absl::EndsWith(name, ".") && !absl::StrContains(name, " ")) {
      suite = std::string(name);
    }
  }
  return tests;
}

std::unique_ptr<Runner> NewGTestRunner(const RunnerSetup& setup) {
  return std::make_unique<GTestRunner>(setup);
}

}  // namespace testselect::client
