#include "client/runners/pytest_runner.h"

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/files.h"
#include "client/runners/pytest_hook.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr char kHookModule[] = "testselect_run_hook";
constexpr int kOldestPytest = 7;

// What this pytest is and has, as the plugin found it.
struct Facts {
  int pytest = 0;  // major version
  bool recorder = false, cov = false;
  std::string environment;  // a digest of what is installed; empty: not known
};

absl::StatusOr<Facts> ReadFacts(const std::string& file) {
  TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  Facts facts;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> fact = absl::StrSplit(line, ' ');
    if (fact.first == "environment") {
      facts.environment = std::string(fact.second);
      continue;
    }
    int value = 0;
    if (!absl::SimpleAtoi(fact.second, &value)) {
      return absl::InternalError(absl::StrCat(file, ": '", line, "'"));
    }
    if (fact.first == "pytest") facts.pytest = value;
    if (fact.first == "recorder") facts.recorder = value != 0;
    if (fact.first == "cov") facts.cov = value != 0;
  }
  return facts;
}

bool Exists(const std::string& file) { return access(file.c_str(), F_OK) == 0; }

class PytestRunner : public Runner {
 public:
  explicit PytestRunner(const RunnerSetup& setup) : setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    TS_RETURN_IF_ERROR(WriteFileAtomically(File(absl::StrCat(kHookModule, ".py")), kPytestHook));
    ProcessOptions options = Options();
    options.environment.emplace_back("TESTSELECT_RUN_FACTS", File("facts"));
    options.environment.emplace_back("TESTSELECT_RUN_COLLECTED", File("collected"));
    options.out = options.err = ProcessOptions::Output::kCapture;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished,
                        RunProcess(Words({"--collect-only"}), options));
    CollectedTests tests;
    tests.exit_code = finished.state.ShellCode();
    if (!finished.state.ok()) {
      setup_.warn(absl::StrCat("pytest --collect-only:\n", finished.out, finished.err));
      return tests;
    }
    TS_ASSIGN_OR_RETURN(facts_, ReadFacts(File("facts")));
    if (facts_.pytest < kOldestPytest) {
      return absl::FailedPreconditionError(absl::StrCat(
          "pytest ", facts_.pytest, " is too old: ", kOldestPytest, " or a later one is needed"));
    }
    TS_ASSIGN_OR_RETURN(const std::string collected, ReadFile(File("collected")));
    tests.environment = facts_.environment;
    tests.labels = absl::StrSplit(collected, '\0', absl::SkipEmpty());
    return tests;
  }

  absl::StatusOr<RunResult> Run(const RunOrder& order) override {
    const Files files = FilesOf(order.round);
    ProcessOptions options = Options();
    if (!order.everything) {
      std::string list = absl::StrJoin(order.labels, absl::string_view("\0", 1));
      list.push_back('\0');
      TS_RETURN_IF_ERROR(WriteFileAtomically(files.labels, list));
    }
    for (auto& [name, value] : Variables(order)) options.environment.emplace_back(name, value);
    if (setup_.runner_output_to_stderr) options.out = ProcessOptions::Output::kToStderr;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished,
                        RunProcess(Words(RecordingArguments(order.round)), options));
    RunResult result;
    result.exit_code = finished.state.ShellCode();
    if (Exists(files.stopped)) {
      TS_ASSIGN_OR_RETURN(result.stopped, ReadFile(files.stopped));
    }
    AddReports(files, result);
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    std::string text;
    for (const auto& [name, value] : Variables(order))
      absl::StrAppend(&text, name, "=", value, " ");
    return absl::StrCat(text, absl::StrJoin(Words(RecordingArguments(order.round)), " "), "\n");
  }

 private:
  struct Files {
    std::string labels, log, stopped, evidence, coverage;
  };

  std::string File(absl::string_view name) const { return absl::StrCat(setup_.scratch, "/", name); }
  Files FilesOf(int round) const {
    return {File(absl::StrCat("labels.", round)), File(absl::StrCat("outcomes.", round, ".jsonl")),
            File(absl::StrCat("stopped.", round)), File(absl::StrCat("evidence.", round)),
            File(absl::StrCat("coverage.", round))};
  }

  ProcessOptions Options() const {
    const char* before = getenv("PYTHONPATH");
    ProcessOptions options;
    options.folder = setup_.folder;
    options.environment.emplace_back("PYTHONPATH", before == nullptr || *before == '\0'
                                                       ? setup_.scratch
                                                       : absl::StrCat(setup_.scratch, ":", before));
    return options;
  }

  std::vector<std::pair<std::string, std::string>> Variables(const RunOrder& order) const {
    const Files files = FilesOf(order.round);
    std::vector<std::pair<std::string, std::string>> variables = {
        {"TESTSELECT_RUN_REPORT", files.log}, {"TESTSELECT_RUN_STOPPED", files.stopped}};
    if (!order.everything) variables.emplace_back("TESTSELECT_RUN_LABELS", files.labels);
    // What an earlier round did not find may come from a file that seemed to hold none of it.
    if (!order.everything && order.round == 0) {
      variables.emplace_back("TESTSELECT_RUN_SKIP_FILES", "1");
    }
    if (UsesCov()) variables.emplace_back("COVERAGE_FILE", files.coverage);
    return variables;
  }

  bool UsesRecorder() const { return setup_.record && facts_.recorder; }
  bool UsesCov() const { return setup_.record && !facts_.recorder && facts_.cov; }

  std::vector<std::string> RecordingArguments(int round) {
    if (UsesRecorder()) return {absl::StrCat("--testselect-record=", FilesOf(round).evidence)};
    // Of all of the repository, whatever folder this is; and a part of the suite covers less than
    // what a project may demand of all of it.
    if (UsesCov()) {
      return {absl::StrCat("--cov=", setup_.top), "--cov-context=test",
              "--cov-report=", "--cov-fail-under=0"};
    }
    if (setup_.record && !std::exchange(told_, true)) {
      setup_.warn(
          "no evidence is recorded: install pytest-testselect (Python 3.12 or later) or pytest-cov "
          "beside pytest; without evidence everything runs every time");
    }
    return {};
  }

  std::vector<std::string> Words(const std::vector<std::string>& own) const {
    std::vector<std::string> arguments = {"-p", kHookModule};
    arguments.insert(arguments.end(), own.begin(), own.end());
    arguments.insert(arguments.end(), setup_.arguments.begin(), setup_.arguments.end());
    if (!setup_.command.empty()) return ShellWords(setup_.command, arguments);
    arguments.insert(arguments.begin(), "pytest");
    return arguments;
  }

  void AddReports(const Files& files, RunResult& result) const {
    if (Exists(files.log)) {
      result.outcomes.push_back({files.log, "pytest-report-log", "", true});
    }
    if (UsesRecorder() && Exists(files.evidence)) {
      // It has the outcomes, too.
      result.reports.push_back({files.evidence, "testselect-evidence", "", false});
      return;
    }
    result.reports = result.outcomes;
    if (UsesCov() && Exists(files.coverage)) {
      result.reports.push_back({files.coverage, "", "", false});
    }
  }

  const RunnerSetup& setup_;
  Facts facts_;
  bool told_ = false;  // that nothing is recorded
};

}  // namespace

std::unique_ptr<Runner> NewPytestRunner(const RunnerSetup& setup) {
  return std::make_unique<PytestRunner>(setup);
}

}  // namespace testselect::client
