#include "client/runners/jest_runner.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/files.h"
#include "client/runners/js_hooks.h"
#include "client/runners/node_program.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

bool IsBuiltIn(absl::string_view reporter) {
  return !absl::StrContains(reporter, "/") && !absl::StrContains(reporter, "\\");
}

// A module that is a configured reporter with its options, which no argument can give it.
std::string ReporterWithOptions(const JestConfig::Reporter& reporter) {
  return absl::StrCat(
      "'use strict';\nconst loaded = require(",
      // A JSON string is one of JavaScript's.
      "\"", absl::StrReplaceAll(reporter.name, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"",
      ");\nconst Reporter = loaded.default || loaded;\nmodule.exports = class extends Reporter {\n"
      "  constructor(config, options, context) {\n    super(config, ",
      reporter.options, ", context);\n  }\n};\n");
}

class JestRunner : public Runner {
 public:
  explicit JestRunner(const RunnerSetup& setup) : setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    TS_RETURN_IF_ERROR(CheckJestArguments(setup_.arguments));
    TS_RETURN_IF_ERROR(WriteScript(setup_, "js_evidence.cjs", kJsEvidence).status());
    TS_ASSIGN_OR_RETURN(filter_, WriteScript(setup_, "jest_filter.cjs", kJestFilter));
    TS_ASSIGN_OR_RETURN(reporter_, WriteScript(setup_, "jest_reporter.cjs", kJestReporter));
    CollectedTests tests;
    ProcessOptions options = Options();
    options.out = options.err = ProcessOptions::Output::kCapture;
    TS_ASSIGN_OR_RETURN(FinishedProcess finished, RunProcess(Words({"--showConfig"}), options));
    if (!finished.state.ok()) return CannotList(finished);
    TS_ASSIGN_OR_RETURN(config_, ParseJestConfig(finished.out));
    const std::string collected = absl::StrCat(setup_.scratch, "/collected");
    TS_RETURN_IF_ERROR(WriteFileAtomically(collected, ""));
    options.environment.emplace_back("TESTSELECT_RUN_COLLECTED", collected);
    AddCommonVariables(options);
    TS_ASSIGN_OR_RETURN(
        finished, RunProcess(Words({absl::StrCat("--filter=", filter_), "--listTests"}), options));
    if (!finished.state.ok()) return CannotList(finished);
    TS_ASSIGN_OR_RETURN(const std::string list, ReadFile(collected));
    // A file may belong to several projects of one configuration.
    absl::flat_hash_set<std::string> seen;
    for (const absl::string_view file : absl::StrSplit(list, '\0', absl::SkipEmpty())) {
      std::string label = FileLabel(setup_, file);
      if (seen.insert(label).second) tests.labels.push_back(std::move(label));
    }
    tests.environment = NodeEnvironment(setup_);
    return tests;
  }

  absl::StatusOr<RunResult> Run(const RunOrder& order) override {
    const Files files = FilesOf(order.round);
    if (!order.everything) {
      std::vector<std::string> wanted;
      for (const std::string& label : order.labels) wanted.push_back(LabelFile(setup_, label));
      TS_RETURN_IF_ERROR(WriteFileAtomically(files.list, NulList(wanted)));
    }
    ProcessOptions options = Options();
    AddCommonVariables(options);
    for (auto& [name, value] : Variables(order)) options.environment.emplace_back(name, value);
    if (setup_.runner_output_to_stderr) options.out = ProcessOptions::Output::kToStderr;
    TS_ASSIGN_OR_RETURN(const std::vector<std::string> arguments, RunArguments(order));
    options.environment.emplace_back("TESTSELECT_RUN_ARGUMENTS",
                                     absl::StrCat(arguments.size(), " ", setup_.arguments.size()));
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words(arguments), options));
    RunResult result;
    result.exit_code = finished.state.ShellCode();
    if (config_.stops_early && result.exit_code != 0) result.stopped = "--bail";
    result.process_per_label = true;
    std::error_code error;
    if (std::filesystem::exists(files.junit, error)) {
      result.outcomes.push_back({files.junit, "junit-xml", "", true});
    }
    result.reports = result.outcomes;
    if (setup_.record && std::filesystem::exists(files.lcov, error)) {
      result.reports.push_back({files.lcov, "lcov", "", false});
    }
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    std::string text;
    for (const auto& [name, value] : Variables(order)) {
      absl::StrAppend(&text, name, "=", value, " ");
    }
    absl::StatusOr<std::vector<std::string>> arguments = RunArguments(order);
    if (!arguments.ok()) return absl::StrCat(arguments.status().message(), "\n");
    return absl::StrCat(text, absl::StrJoin(Words(*std::move(arguments)), " "), "\n");
  }

 private:
  struct Files {
    std::string list, lcov, junit;
  };
  Files FilesOf(int round) const {
    return {absl::StrCat(setup_.scratch, "/list.", round),
            absl::StrCat(setup_.scratch, "/evidence.", round, ".info"),
            absl::StrCat(setup_.scratch, "/outcomes.", round, ".xml")};
  }

  CollectedTests CannotList(const FinishedProcess& finished) const {
    setup_.warn(absl::StrCat("jest --listTests:\n", finished.out, finished.err));
    CollectedTests tests;
    tests.exit_code = finished.state.ShellCode();
    return tests;
  }

  ProcessOptions Options() const {
    ProcessOptions options;
    options.folder = setup_.folder;
    return options;
  }

  void AddCommonVariables(ProcessOptions& options) const {
    options.environment.emplace_back("TESTSELECT_RUN_JEST", absl::StrCat(config_.version));
    options.environment.emplace_back("TESTSELECT_RUN_TOP", setup_.top);
  }

  std::vector<std::pair<std::string, std::string>> Variables(const RunOrder& order) const {
    const Files files = FilesOf(order.round);
    std::vector<std::pair<std::string, std::string>> variables = {
        {"TESTSELECT_RUN_JUNIT", files.junit}};
    if (!order.everything) variables.emplace_back("TESTSELECT_RUN_LIST", files.list);
    if (setup_.record) variables.emplace_back("TESTSELECT_RUN_LCOV", files.lcov);
    return variables;
  }

  // Reporters on the command line replace the configuration's.
  absl::StatusOr<std::vector<std::string>> Reporters() const {
    std::vector<std::string> words;
    bool given = false;
    for (const std::string& argument : setup_.arguments) {
      given |= argument == "--reporters" || absl::StartsWith(argument, "--reporters=");
    }
    if (!given && config_.reporters.empty()) words.emplace_back("--reporters=default");
    for (size_t i = 0; !given && i < config_.reporters.size(); ++i) {
      const JestConfig::Reporter& reporter = config_.reporters[i];
      std::string name = reporter.name;
      if (reporter.options != "{}" && !IsBuiltIn(name)) {
        TS_ASSIGN_OR_RETURN(name, WriteScript(setup_, absl::StrCat("reporter_", i, ".cjs"),
                                              ReporterWithOptions(reporter)));
      }
      words.push_back(absl::StrCat("--reporters=", name));
    }
    words.push_back(absl::StrCat("--reporters=", reporter_));
    return words;
  }

  absl::StatusOr<std::vector<std::string>> RunArguments(const RunOrder& order) const {
    TS_ASSIGN_OR_RETURN(std::vector<std::string> words, Reporters());
    if (!order.everything) words.push_back(absl::StrCat("--filter=", filter_));
    if (config_.covers) {
      // A part of the suite covers less than what a project may demand of all of it.
      if (!order.everything) words.emplace_back("--coverageThreshold={}");
    } else if (setup_.record) {
      words.insert(words.end(),
                   {"--coverageReporters=none", "--coverageThreshold={}",
                    "--collectCoverageFrom=[]", "--coverageProvider=babel", "--coverage=true"});
    }
    return words;
  }

  // Ours come first: behind a lone "--" everything is a pattern.
  std::vector<std::string> Words(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), setup_.arguments.begin(), setup_.arguments.end());
    if (!setup_.command.empty()) return ShellWords(setup_.command, arguments);
    arguments.insert(arguments.begin(), NodeProgram(setup_.folder, "jest"));
    return arguments;
  }

  const RunnerSetup& setup_;
  JestConfig config_;
  std::string filter_, reporter_;
};

}  // namespace

std::unique_ptr<Runner> NewJestRunner(const RunnerSetup& setup) {
  return std::make_unique<JestRunner>(setup);
}

}  // namespace testselect::client
