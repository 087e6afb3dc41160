// The runner "do anything now": two commands in any language.
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/codecov/label_runner.h"
#include "client/codecov/result_file.h"
#include "client/process.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr char kCollect[] = "collect_tests_command";
constexpr char kProcess[] = "process_labelanalysis_result_command";
// Names the file with the result, for every command.
constexpr char kResultVariable[] = "TESTSELECT_RESULT_FILE";

class DanRunner : public LabelRunner {
 public:
  DanRunner(RunnerParams params, Console& console)
      : params_(std::move(params)), console_(console) {}

  absl::StatusOr<std::vector<std::string>> CollectTests() override {
    TS_ASSIGN_OR_RETURN(const FinishedProcess done,
                        Run(kCollect, {}, {.out = ProcessOptions::Output::kCapture}));
    if (!done.state.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("runner dan: ", kCollect, " ended with ",
                                                     done.state.ToString(),
                                                     "; its list of labels may be incomplete"));
    }
    if (!IsUtf8(done.out)) {
      return absl::InvalidArgumentError(
          absl::StrCat("runner dan: what ", kCollect, " prints is not UTF-8"));
    }
    std::vector<std::string> labels;
    for (absl::string_view line : absl::StrSplit(done.out, '\n', absl::SkipEmpty())) {
      absl::ConsumeSuffix(&line, "\r");
      if (!line.empty()) labels.emplace_back(line);
    }
    return labels;
  }

  std::vector<std::string> DryRunOptions() const override { return {}; }

  absl::Status Process(const LabelResult& result) override {
    const std::string json = ResultJson(result);
    TS_ASSIGN_OR_RETURN(const ResultFile file, ResultFile::Write(json));
    const bool fits = json.size() < kMaxArgumentBytes;
    if (!fits) {
      console_.Note(absl::StrCat("runner dan: the result is too long for one argument (",
                                 json.size(), " bytes): its last argument is @", file.path(),
                                 ", a file with it"));
    }
    TS_ASSIGN_OR_RETURN(const FinishedProcess done,
                        Run(kProcess, {fits ? json : absl::StrCat("@", file.path())},
                            {.environment = {{kResultVariable, file.path()}}}));
    if (done.state.ok()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("runner dan: ", kProcess, " ended with ", done.state.ToString()));
  }

 private:
  absl::StatusOr<FinishedProcess> Run(const char* key, const std::vector<std::string>& more,
                                      const ProcessOptions& options) const {
    std::vector<std::string> words = ListOf(params_, key);
    if (words.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("runner dan: cli.runners.dan.", key, " is missing in codecov.yml"));
    }
    const bool one_text = words.size() == 1 && absl::StrContains(words[0], ' ');
    words.insert(words.end(), more.begin(), more.end());
    absl::StatusOr<FinishedProcess> done = RunProcess(words, options);
    if (done.ok()) return done;
    return absl::Status(
        done.status().code(),
        absl::StrCat(
            "runner dan: ", key, ": ", done.status().message(),
            one_text ? "; a text is the name of one program: give a list for arguments" : ""));
  }

  const RunnerParams params_;
  Console& console_;
};

}  // namespace

std::unique_ptr<LabelRunner> NewDanLabelRunner(RunnerParams params, Console& console) {
  return std::make_unique<DanRunner>(std::move(params), console);
}

}  // namespace testselect::client
