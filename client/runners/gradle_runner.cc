#include "client/runners/gradle_runner.h"

#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/files.h"
#include "client/runners/gradle_init.h"
#include "client/runners/java_recorder.h"
#include "client/runners/node_program.h"
#include "client/runners/surefire_outcomes.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

class GradleRunner : public Runner {
 public:
  explicit GradleRunner(const RunnerSetup& setup) : setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    TS_ASSIGN_OR_RETURN(arguments_, ParseGradleArguments(setup_.arguments));
    TS_ASSIGN_OR_RETURN(script_, WriteScript(setup_, "testselect.init.gradle", kGradleInit));
    TS_RETURN_IF_ERROR(WriteFileAtomically(File("listed"), ""));
    ProcessOptions options = Options();
    options.out = options.err = ProcessOptions::Output::kCapture;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished,
                        RunProcess(Words({absl::StrCat("-Dtestselect.folder=", setup_.scratch),
                                          "-Dtestselect.mode=list"}),
                                   options));
    CollectedTests tests;
    tests.exit_code = finished.state.ShellCode();
    if (tests.exit_code != 0) {
      setup_.warn(absl::StrCat("gradle, asked for its tests:\n", finished.out, finished.err));
      return tests;
    }
    TS_ASSIGN_OR_RETURN(const std::string listed, ReadFile(File("listed")));
    TS_ASSIGN_OR_RETURN(listing_, ReadGradleListing(listed));
    if (listing_.tasks == 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "no task of type Test is among those of `", absl::StrJoin(arguments_.words, " "),
          "`; behind -- stand the tasks that run tests, as for gradle"));
    }
    tests.labels = listing_.labels;
    tests.runs_unlisted = !listing_.other.empty();
    listed_.insert(tests.labels.begin(), tests.labels.end());
    return tests;
  }

  absl::StatusOr<RunResult> Run(const RunOrder& order) override {
    const std::string folder = RoundFolder(order), logs = absl::StrCat(folder, "/logs");
    std::error_code error;
    fs::create_directories(logs, error);
    if (error) return ErrnoStatus(absl::StrCat("cannot create ", logs), error.value());
    TS_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(folder, "/leave_out"), LeftOut(order)));
    TS_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(folder, "/outcomes"), ""));
    if (setup_.record && !recorder_.has_value()) {
      recorder_ = BuildJavaRecorder(setup_, "");
      if (!recorder_->ok()) setup_.warn(WholeFilesBecause(recorder_->status()));
    }
    ProcessOptions options = Options();
    if (setup_.runner_output_to_stderr) options.out = ProcessOptions::Output::kToStderr;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(RunWords(order), options));
    RunResult result;
    result.exit_code = finished.state.ShellCode();
    if (result.exit_code != 0 && !arguments_.goes_on && listing_.tasks > 1) {
      result.stopped = "it ends with the first task that fails; --continue goes on";
    }
    TS_RETURN_IF_ERROR(AddOutcomes(order, result));
    if (setup_.record) TS_RETURN_IF_ERROR(AddEvidence(order, logs, result));
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    return absl::StrCat(absl::StrJoin(RunWords(order), " "), "\n");
  }

 private:
  std::string File(absl::string_view name) const { return absl::StrCat(setup_.scratch, "/", name); }
  std::string RoundFolder(const RunOrder& order) const {
    return File(absl::StrCat("round.", order.round));
  }

  ProcessOptions Options() const {
    ProcessOptions options;
    options.folder = setup_.folder;
    return options;
  }

  // The init script's closures belong to no configuration that is kept for another build.
  std::vector<std::string> Words(const std::vector<std::string>& own) const {
    std::vector<std::string> arguments = {"--init-script", script_,
                                          "-Dorg.gradle.configuration-cache=false",
                                          "-Dorg.gradle.unsafe.configuration-cache=false"};
    arguments.insert(arguments.end(), own.begin(), own.end());
    arguments.insert(arguments.end(), arguments_.words.begin(), arguments_.words.end());
    if (!setup_.command.empty()) return ShellWords(setup_.command, arguments);
    arguments.insert(arguments.begin(), Program());
    return arguments;
  }

  // The wrapper of the build that the folder belongs to, as far as there is one.
  std::string Program() const {
    std::error_code error;
    for (fs::path at = setup_.folder;; at = at.parent_path()) {
      if (fs::exists(at / "gradlew", error)) return (at / "gradlew").string();
      if (at == fs::path(setup_.top) || !at.has_relative_path()) return "gradle";
    }
  }

  std::vector<std::string> RunWords(const RunOrder& order) const {
    std::vector<std::string> own = {absl::StrCat("-Dtestselect.folder=", RoundFolder(order)),
                                    "-Dtestselect.mode=run"};
    if (setup_.record)
      own.push_back(absl::StrCat("-Dtestselect.logs=", RoundFolder(order), "/logs"));
    if (recorder_.has_value() && recorder_->ok()) {
      own.push_back(absl::StrCat("-Dtestselect.recorder=", (*recorder_)->agent));
      own.push_back(absl::StrCat("-Dtestselect.top=", setup_.top));
    }
    return Words(own);
  }

  // What is listed and not to be run, as paths: the rest runs, known or not.
  std::string LeftOut(const RunOrder& order) const {
    const absl::flat_hash_set<std::string> wanted(order.labels.begin(), order.labels.end());
    std::vector<std::string> out;
    for (const std::string& label : listing_.labels) {
      if (!wanted.contains(label)) out.push_back(absl::StrReplaceAll(label, {{".", "/"}}));
    }
    return NulList(out);
  }

  struct Test {
    std::string label, last;  // the last attempt's result
    bool failed_before = false;
  };

  // Outcomes of the listed classes.
  absl::StatusOr<std::map<std::string, ClassOutcome>> ReadOutcomes(const std::string& file) {
    TS_ASSIGN_OR_RETURN(const std::string content, ReadFile(file));
    TS_ASSIGN_OR_RETURN(const auto records, ReadRecords(content));
    std::map<std::string, Test> tests;
    std::map<std::string, ClassOutcome> outcomes;
    for (const std::vector<std::string>& record : records) {
      if (record.size() == 2 && record[0] == "java") old_java_ = record[1];
      // A test's name, result and milliseconds; its class and those around it.
      for (size_t i = 3; i < record.size(); ++i) {
        const std::string label = OutermostClass(record[i]);
        if (!listed_.contains(label)) continue;
        Test& test = tests[absl::StrCat(record[3], "\n", record[0])];
        test.failed_before |= test.last == "FAILURE";
        test.label = label;
        test.last = record[1];
        int64_t milliseconds = 0;
        if (absl::SimpleAtoi(record[2], &milliseconds)) {
          outcomes[label].seconds += static_cast<double>(milliseconds) / 1000;
        }
        break;
      }
    }
    for (const auto& [name, test] : tests) {
      ClassOutcome& outcome = outcomes[test.label];
      outcome.ran |= test.last != "SKIPPED";
      outcome.failed |= test.last == "FAILURE";
      outcome.flaky |= test.last == "SUCCESS" && test.failed_before;
    }
    return outcomes;
  }

  absl::Status AddOutcomes(const RunOrder& order, RunResult& result) {
    TS_ASSIGN_OR_RETURN(const auto outcomes,
                        ReadOutcomes(absl::StrCat(RoundFolder(order), "/outcomes")));
    // Where all went well, a class that Gradle says nothing of has no test, or the build's own
    // filter leaves it out: nothing of it was lost.
    std::vector<std::string> empty;
    for (const std::string& label : order.labels) {
      if (result.exit_code == 0 && !outcomes.contains(label)) empty.push_back(label);
    }
    ran_.clear();
    for (const auto& [label, outcome] : outcomes) {
      if (outcome.ran) ran_.insert(label);
    }
    const std::string file = absl::StrCat(RoundFolder(order), "/outcomes.xml");
    TS_RETURN_IF_ERROR(WriteFileAtomically(file, ClassOutcomesXml(outcomes, empty)));
    result.outcomes.push_back({file, "junit-xml", "", true});
    result.reports = result.outcomes;
    return absl::OkStatus();
  }

  absl::Status AddEvidence(const RunOrder& order, const std::string& logs, RunResult& result) {
    const std::string file = absl::StrCat(RoundFolder(order), "/evidence");
    TS_ASSIGN_OR_RETURN(const ClassEvidence evidence,
                        WriteClassEvidence({.folder = logs,
                                            .top = setup_.top,
                                            .modules = listing_.modules,
                                            .producer = "testselect run gradle"},
                                           ran_, file));
    if (!evidence.unknown.empty()) {
      setup_.warn(absl::StrCat("no evidence is recorded: of ", evidence.unknown[0],
                               " it is not known which file it was made of"));
    } else if (evidence.labels > 0) {
      result.reports.push_back({file, "testselect-evidence", "", false});
      result.process_per_label = evidence.one_log_a_label;
    } else if (!old_java_.empty()) {
      setup_.warn(absl::StrCat("no evidence is recorded: the tests run with Java ", old_java_,
                               ", and 9 or a later one is needed"));
    } else if (!ran_.empty()) {
      setup_.warn("no evidence is recorded: no JVM of the tests said which classes it loaded");
    }
    return absl::OkStatus();
  }

  const RunnerSetup& setup_;
  GradleArguments arguments_;
  std::string script_;
  std::optional<absl::StatusOr<JavaRecorder>> recorder_;  // made when it is needed
  GradleListing listing_;
  absl::flat_hash_set<std::string> listed_;
  absl::flat_hash_set<std::string> ran_;  // in this round
  std::string old_java_;                  // too old to say which classes it loads
};

}  // namespace

std::unique_ptr<Runner> NewGradleRunner(const RunnerSetup& setup) {
  return std::make_unique<GradleRunner>(setup);
}

}  // namespace testselect::client
