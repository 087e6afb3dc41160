// The runner "pytest", as Codecov calls it.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/number_text.h"
#include "client/codecov/label_runner.h"
#include "client/codecov/pytest_arguments.h"
#include "client/codecov/python_host.h"
#include "client/process.h"
#include "client/requested_labels.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

// Beyond this the arguments go to pytest inside of Python, where no limit of the system counts.
constexpr size_t kLongArguments = 128 * 1024;

class PytestRunner : public LabelRunner {
 public:
  PytestRunner(RunnerParams params, Console& console)
      : params_(std::move(params)), console_(console) {
    static const auto* const kKnown = new std::set<std::string>{
        "python_path", "collect_tests_options", "execute_tests_options", "coverage_root"};
    for (const auto& [key, param] : params_) {
      if (!kKnown->contains(key)) {
        console_.Warning(absl::StrCat("runner pytest: the setting '", Shorten(key),
                                      "' is unknown; known are ", absl::StrJoin(*kKnown, ", ")));
      }
    }
  }

  absl::StatusOr<std::vector<std::string>> CollectTests() override {
    std::vector<std::string> words = {Python(), "-m", "pytest", "-q", "--collect-only"};
    const std::vector<std::string> options = ListOf(params_, "collect_tests_options");
    words.insert(words.end(), options.begin(), options.end());
    console_.Note(absl::StrCat("collecting tests: ", absl::StrJoin(words, " ")));
    TS_ASSIGN_OR_RETURN(const FinishedProcess done,
                        RunProcess(words, {.out = ProcessOptions::Output::kCapture}));
    if (!done.state.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("runner pytest: collecting ended with ", done.state.ToString(),
                       "; check pytest's output and options. It printed:\n", done.out));
    }
    for (absl::string_view line : absl::StrSplit(LabelLinesOfListing(done.out), '\n')) {
      if (absl::StrContains(line, "::")) collected_.emplace_back(line);
    }
    return collected_;
  }

  std::vector<std::string> DryRunOptions() const override { return {"--cov-context=test"}; }

  absl::Status Process(const LabelResult& result) override {
    const std::vector<std::string> run = LabelsToRun(result);
    if (run.empty()) {
      console_.Note("no test needs to run: pytest is not started");
      return absl::OkStatus();
    }
    std::vector<std::string> arguments = {
        absl::StrCat("--cov=", TextOf(params_, "coverage_root", "./")), "--cov-context=test"};
    const std::vector<std::string> options = ListOf(params_, "execute_tests_options");
    if (std::any_of(options.begin(), options.end(),
                    [](const std::string& option) { return absl::StartsWith(option, "--cov"); })) {
      console_.Warning(
          "runner pytest: execute_tests_options has a --cov option: use coverage_root");
    }
    arguments.insert(arguments.end(), options.begin(), options.end());
    console_.Note(absl::StrCat("running ", CountText(run.size()), " tests with ",
                               absl::StrJoin(arguments, " ")));
    const std::vector<std::string> names = PytestArguments(collected_, run);
    arguments.insert(arguments.end(), names.begin(), names.end());
    return Start(arguments);
  }

 private:
  std::string Python() const { return FindPython(TextOf(params_, "python_path", "")); }

  absl::Status Start(const std::vector<std::string>& arguments) const {
    size_t bytes = 0;
    for (const std::string& argument : arguments) bytes += argument.size() + 1;
    absl::StatusOr<FinishedProcess> done;
    if (bytes <= kLongArguments) {
      std::vector<std::string> words = {Python(), "-m", "pytest"};
      words.insert(words.end(), arguments.begin(), arguments.end());
      done = RunProcess(words, {});
    } else {
      done = RunPytestWithLongArguments(Python(), arguments);
    }
    if (!done.ok()) return done.status();
    if (done->state.ok()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("pytest ended with ", done->state.ToString()));
  }

  const RunnerParams params_;
  Console& console_;
  std::vector<std::string> collected_;
};

}  // namespace

std::unique_ptr<LabelRunner> NewPytestLabelRunner(RunnerParams params, Console& console) {
  return std::make_unique<PytestRunner>(std::move(params), console);
}

}  // namespace testselect::client
