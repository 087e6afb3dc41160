#include "client/runners/vitest_runner.h"

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/files.h"
#include "client/runners/js_hooks.h"
#include "client/runners/node_program.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

class VitestRunner : public Runner {
 public:
  explicit VitestRunner(const RunnerSetup& setup) : setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    TS_RETURN_IF_ERROR(WriteScript(setup_, "js_evidence.cjs", kJsEvidence).status());
    TS_ASSIGN_OR_RETURN(driver_, WriteScript(setup_, "vitest_driver.mjs", kVitestDriver));
    const std::string collected = File("collected"), facts = File("facts");
    TS_RETURN_IF_ERROR(WriteFileAtomically(collected, ""));
    ProcessOptions options = Options();
    options.out = options.err = ProcessOptions::Output::kCapture;
    options.environment.emplace_back("TESTSELECT_RUN_COLLECTED", collected);
    options.environment.emplace_back("TESTSELECT_RUN_FACTS", facts);
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words(), options));
    CollectedTests tests;
    tests.exit_code = finished.state.ShellCode();
    if (!finished.state.ok()) {
      setup_.warn(absl::StrCat("listing the files of Vitest:\n", finished.out, finished.err));
      return tests;
    }
    TS_RETURN_IF_ERROR(ReadFacts(facts));
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
    if (!order.everything) {
      std::vector<std::string> wanted;
      for (const std::string& label : order.labels) wanted.push_back(LabelFile(setup_, label));
      TS_RETURN_IF_ERROR(WriteFileAtomically(FilesOf(order.round).list, NulList(wanted)));
    }
    if (setup_.record && !Records() && !std::exchange(told_, true)) {
      setup_.warn(
          "no evidence is recorded: install @vitest/coverage-istanbul or @vitest/coverage-v8 of "
          "Vitest's version; without evidence everything runs every time");
    }
    ProcessOptions options = Options();
    for (auto& [name, value] : Variables(order)) options.environment.emplace_back(name, value);
    if (setup_.runner_output_to_stderr) options.out = ProcessOptions::Output::kToStderr;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words(), options));
    RunResult result;
    result.exit_code = finished.state.ShellCode();
    result.process_per_label = facts_["isolated"] == "1";
    if (facts_["bail"] != "0" && result.exit_code != 0) result.stopped = "--bail";
    AddReports(FilesOf(order.round), result);
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    std::string text;
    for (const auto& [name, value] : Variables(order)) {
      absl::StrAppend(&text, name, "=", value, " ");
    }
    return absl::StrCat(text, absl::StrJoin(Words(), " "), "\n");
  }

 private:
  struct Files {
    std::string list, lcov, junit;
  };
  std::string File(absl::string_view name) const { return absl::StrCat(setup_.scratch, "/", name); }
  Files FilesOf(int round) const {
    return {File(absl::StrCat("list.", round)), File(absl::StrCat("evidence.", round, ".info")),
            File(absl::StrCat("outcomes.", round, ".xml"))};
  }

  ProcessOptions Options() const {
    ProcessOptions options;
    options.folder = setup_.folder;
    options.environment.emplace_back("TESTSELECT_RUN_TOP", setup_.top);
    options.environment.emplace_back("TESTSELECT_RUN_SCRATCH", setup_.scratch);
    return options;
  }

  std::vector<std::pair<std::string, std::string>> Variables(const RunOrder& order) const {
    const Files files = FilesOf(order.round);
    std::vector<std::pair<std::string, std::string>> variables = {
        {"TESTSELECT_RUN_JUNIT", files.junit}};
    if (!order.everything) variables.emplace_back("TESTSELECT_RUN_LIST", files.list);
    if (Records()) variables.emplace_back("TESTSELECT_RUN_LCOV", files.lcov);
    return variables;
  }

  bool Records() const {
    const auto coverage = facts_.find("coverage");
    return setup_.record && coverage != facts_.end() && coverage->second != "none";
  }

  absl::Status ReadFacts(const std::string& path) {
    TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
    for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      facts_.insert(absl::StrSplit(line, absl::MaxSplits(' ', 1)));
    }
    return absl::OkStatus();
  }

  void AddReports(const Files& files, RunResult& result) const {
    std::error_code error;
    if (std::filesystem::exists(files.junit, error)) {
      result.outcomes.push_back({files.junit, "junit-xml", "", true});
    }
    result.reports = result.outcomes;
    if (Records() && std::filesystem::exists(files.lcov, error)) {
      result.reports.push_back({files.lcov, "lcov", "", false});
    }
  }

  std::vector<std::string> Words() const {
    std::vector<std::string> arguments = {driver_};
    arguments.insert(arguments.end(), setup_.arguments.begin(), setup_.arguments.end());
    if (!setup_.command.empty()) return ShellWords(setup_.command, arguments);
    arguments.insert(arguments.begin(), "node");
    return arguments;
  }

  const RunnerSetup& setup_;
  std::string driver_;
  std::map<std::string, std::string> facts_;
  bool told_ = false;  // that nothing is recorded
};

}  // namespace

std::unique_ptr<Runner> NewVitestRunner(const RunnerSetup& setup) {
  return std::make_unique<VitestRunner>(setup);
}

}  // namespace testselect::client
