#include "client/runners/rspec_runner.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/files.h"
#include "client/runners/node_program.h"
#include "client/runners/rspec_hook.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

class RspecRunner : public Runner {
 public:
  explicit RspecRunner(const RunnerSetup& setup) : setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    TS_RETURN_IF_ERROR(CheckRspecArguments(setup_.arguments));
    TS_ASSIGN_OR_RETURN(hook_, WriteScript(setup_, "testselect_rspec_hook.rb", kRspecHook));
    const std::string collected = File("collected");
    TS_RETURN_IF_ERROR(WriteFileAtomically(collected, ""));
    ProcessOptions options = Options();
    options.environment.emplace_back("TESTSELECT_RUN_COLLECTED", collected);
    options.out = options.err = ProcessOptions::Output::kCapture;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words({"--dry-run"}), options));
    CollectedTests tests;
    tests.exit_code = finished.state.ShellCode();
    if (!finished.state.ok()) {
      setup_.warn(absl::StrCat("rspec --dry-run:\n", finished.out, finished.err));
      return tests;
    }
    TS_ASSIGN_OR_RETURN(const std::string list, ReadFile(collected));
    absl::flat_hash_set<std::string> seen;
    for (const absl::string_view id : absl::StrSplit(list, '\0', absl::SkipEmpty())) {
      if (seen.emplace(id).second) tests.labels.emplace_back(id);
    }
    return tests;
  }

  absl::StatusOr<RunResult> Run(const RunOrder& order) override {
    if (!order.everything) {
      TS_RETURN_IF_ERROR(WriteFileAtomically(ListFile(order.round), NulList(order.labels)));
    }
    ProcessOptions options = Options();
    for (auto& [name, value] : Variables(order)) options.environment.emplace_back(name, value);
    if (setup_.record) TS_RETURN_IF_ERROR(AddRecording(order, options));
    const std::string facts = File(absl::StrCat("facts.", order.round));
    options.environment.emplace_back("TESTSELECT_RUN_FACTS", facts);
    if (setup_.runner_output_to_stderr) options.out = ProcessOptions::Output::kToStderr;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(RunWords(), options));
    RunResult result;
    result.exit_code = finished.state.ShellCode();
    const absl::StatusOr<std::string> fact = ReadFile(facts);
    if (result.exit_code != 0 && fact.ok() && !fact->empty()) result.stopped = "--fail-fast";
    std::error_code error;
    if (std::filesystem::exists(JunitFile(order.round), error)) {
      result.outcomes.push_back({JunitFile(order.round), "junit-xml", "", true});
    }
    result.reports = result.outcomes;
    if (std::filesystem::exists(EvidenceFile(order.round), error)) {
      result.reports.push_back({EvidenceFile(order.round), "testselect-evidence", "", false});
    } else if (setup_.record && !result.outcomes.empty()) {
      setup_.warn("no evidence is recorded: RSpec ended before it was complete");
    }
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    std::string text;
    for (const auto& [name, value] : Variables(order)) {
      absl::StrAppend(&text, name, "=", value, " ");
    }
    return absl::StrCat(text, absl::StrJoin(RunWords(), " "), "\n");
  }

 private:
  std::string File(absl::string_view name) const { return absl::StrCat(setup_.scratch, "/", name); }
  std::string ListFile(int round) const { return File(absl::StrCat("list.", round)); }
  std::string JunitFile(int round) const { return File(absl::StrCat("outcomes.", round, ".xml")); }

  std::string EvidenceFile(int round) const { return File(absl::StrCat("evidence.", round)); }

  // Ruby takes no quotes in RUBYOPT: where the scratch folder needs some, counting begins with the
  // recorder, which is later.
  absl::Status AddRecording(const RunOrder& order, ProcessOptions& options) {
    TS_ASSIGN_OR_RETURN(const std::string start,
                        WriteScript(setup_, "testselect_rspec_start.rb", kRspecStart));
    TS_RETURN_IF_ERROR(
        WriteScript(setup_, "testselect_rspec_recorder.rb", kRspecRecorder).status());
    options.environment.emplace_back("TESTSELECT_RUN_TOP", setup_.top);
    options.environment.emplace_back("TESTSELECT_RUN_EVIDENCE", EvidenceFile(order.round));
    if (absl::StrContains(start, ' ')) return absl::OkStatus();
    const char* const own = getenv("RUBYOPT");
    options.environment.emplace_back(
        "RUBYOPT", absl::StrCat("-r", start, own == nullptr ? "" : " ", own == nullptr ? "" : own));
    return absl::OkStatus();
  }

  std::vector<std::string> RunWords() const {
    return setup_.record ? Words({"--require", File("testselect_rspec_recorder.rb")}) : Words({});
  }

  ProcessOptions Options() const {
    ProcessOptions options;
    options.folder = setup_.folder;
    return options;
  }

  std::vector<std::pair<std::string, std::string>> Variables(const RunOrder& order) const {
    std::vector<std::pair<std::string, std::string>> variables = {
        {"TESTSELECT_RUN_JUNIT", JunitFile(order.round)}};
    if (!order.everything) variables.emplace_back("TESTSELECT_RUN_LIST", ListFile(order.round));
    return variables;
  }

  std::vector<std::string> Words(const std::vector<std::string>& own) const {
    std::vector<std::string> arguments = {"--require", hook_};
    arguments.insert(arguments.end(), own.begin(), own.end());
    arguments.insert(arguments.end(), setup_.arguments.begin(), setup_.arguments.end());
    if (!setup_.command.empty()) return ShellWords(setup_.command, arguments);
    std::error_code error;
    const bool bundled = std::filesystem::exists(setup_.folder + "/Gemfile.lock", error);
    if (bundled) return ShellWords("bundle exec rspec", arguments);
    arguments.insert(arguments.begin(), "rspec");
    return arguments;
  }

  const RunnerSetup& setup_;
  std::string hook_;
};

}  // namespace

std::unique_ptr<Runner> NewRspecRunner(const RunnerSetup& setup) {
  return std::make_unique<RspecRunner>(setup);
}

absl::Status CheckRspecArguments(absl::Span<const std::string> arguments) {
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (name == "--dry-run" || name == "--bisect" || name == "--drb" || name == "--init") {
      return absl::InvalidArgumentError(
          absl::StrCat(argument, " behind --: it runs no tests here; leave it out"));
    }
  }
  return absl::OkStatus();
}

}  // namespace testselect::client
