#include "client/runners/maven_runner.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/runners/class_log.h"
#include "client/runners/java_recorder.h"
#include "client/runners/maven_project.h"
#include "client/runners/surefire_outcomes.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

constexpr int kOldestJavaWithLog = 9;

// What `mvn --version` says behind `mark`, until the line or, with `comma`, the part of it ends.
std::string Said(absl::string_view text, absl::string_view mark, bool comma) {
  const size_t at = text.find(mark);
  if (at == absl::string_view::npos) return "";
  text.remove_prefix(at + mark.size());
  return std::string(text.substr(0, text.find_first_of(comma ? ",\r\n" : "\r\n")));
}

class MavenRunner : public Runner {
 public:
  explicit MavenRunner(const RunnerSetup& setup) : setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    TS_ASSIGN_OR_RETURN(arguments_, ParseMavenArguments(setup_.arguments));
    ProcessOptions options = Options();
    options.out = options.err = ProcessOptions::Output::kCapture;
    TS_ASSIGN_OR_RETURN(const FinishedProcess version, RunProcess(Words({"--version"}), options));
    java_ = std::atoi(Said(version.out, "Java version: ", true).c_str());
    java_home_ = Said(version.out, "runtime: ", false);  // Maven 3.5 and later
    if (java_home_.empty()) java_home_ = Said(version.out, "Java home: ", false);
    std::vector<std::string> words = arguments_.options;
    const std::vector<std::string> listing = MavenListing(arguments_);
    words.insert(words.end(), listing.begin(), listing.end());
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words(words), options));
    CollectedTests tests;
    tests.exit_code = finished.state.ShellCode();
    if (tests.exit_code != 0) {
      setup_.warn(
          absl::StrCat("mvn ", absl::StrJoin(listing, " "), ":\n", finished.out, finished.err));
      return tests;
    }
    for (const MavenModule& module : MavenModules(Top())) {
      built_.push_back({module.folder, absl::StrCat(module.folder, "/target")});
      if (module.has_tests) modules_.push_back(module.folder);
    }
    if (modules_.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "no folder below ", Top(), " has a pom.xml and target/test-classes after test-compile"));
    }
    for (const std::string& module : modules_) {
      for (std::string& name : TestClasses(module)) {
        if (listed_.insert(name).second) tests.labels.push_back(std::move(name));
      }
    }
    const PomFacts facts = ReadPoms(modules_, LocalRepository());
    leaves_out_ = facts.leaves_out;
    tests.runs_unlisted = facts.names_others || (facts.has_failsafe && arguments_.beyond_test);
    return tests;
  }

  absl::StatusOr<RunResult> Run(const RunOrder& order) override {
    if (!order.everything) {
      TS_RETURN_IF_ERROR(WriteFileAtomically(ExcludesFile(order.round), Excludes(order)));
    }
    const std::map<std::string, std::pair<int64_t, int64_t>> before = Reports();
    const std::string logs = absl::StrCat(setup_.scratch, "/classes.", order.round);
    ProcessOptions options = Options();
    if (Records()) {
      std::error_code error;
      fs::create_directory(logs, error);
      if (error) return ErrnoStatus(absl::StrCat("cannot create ", logs), error.value());
      AddRecording(logs, options);
    } else if (setup_.record && !std::exchange(told_, true)) {
      setup_.warn(absl::StrCat("no evidence is recorded: Java ", kOldestJavaWithLog,
                               " or a later one is needed; without evidence everything runs every "
                               "time"));
    }
    if (setup_.runner_output_to_stderr) options.out = ProcessOptions::Output::kToStderr;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(RunWords(order), options));
    RunResult result;
    result.exit_code = finished.state.ShellCode();
    if (result.exit_code != 0 && !arguments_.goes_on && modules_.size() > 1) {
      result.stopped = "it ends with the first module that fails; -fae goes on";
    }
    TS_RETURN_IF_ERROR(AddOutcomes(order, before, result));
    if (Records()) TS_RETURN_IF_ERROR(AddEvidence(order, logs, result));
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    return absl::StrCat(absl::StrJoin(RunWords(order), " "), "\n");
  }

 private:
  ProcessOptions Options() const {
    ProcessOptions options;
    options.folder = setup_.folder;
    return options;
  }

  std::vector<std::string> Words(const std::vector<std::string>& arguments) const {
    if (!setup_.command.empty()) return ShellWords(setup_.command, arguments);
    std::error_code error;
    const std::string wrapper = absl::StrCat(setup_.folder, "/mvnw");
    std::vector<std::string> words = {fs::exists(wrapper, error) ? wrapper : "mvn"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  }

  std::vector<std::string> RunWords(const RunOrder& order) const {
    std::vector<std::string> words = arguments_.options;
    words.insert(words.end(), arguments_.goals.begin(), arguments_.goals.end());
    if (!order.everything) {
      words.push_back(absl::StrCat("-Dsurefire.excludesFile=", ExcludesFile(order.round)));
    }
    if (Records()) {
      Add("-DforkCount=", "1", words);
      Add("-DreuseForks=", "false", words);
      if (recorder_.has_value() && recorder_->ok()) {
        Add("-Dmaven.test.additionalClasspath=", (*recorder_)->listener, words);
      }
    }
    return Words(words);
  }

  // What the user gave himself stays.
  static void Add(absl::string_view property, absl::string_view value,
                  std::vector<std::string>& words) {
    for (const std::string& word : words) {
      if (absl::StartsWith(word, property)) return;
    }
    words.push_back(absl::StrCat(property, value));
  }

  // Has each JVM log its classes, and what is entered of them.
  void AddRecording(const std::string& logs, ProcessOptions& options) {
    const char* const own = getenv("JAVA_TOOL_OPTIONS");
    std::string words = own == nullptr ? "" : absl::StrCat(own, " ");
    absl::StrAppend(&words, ClassLogOption(logs));
    if (!recorder_.has_value()) {
      recorder_ = BuildJavaRecorder(setup_, java_home_);
      if (!recorder_->ok()) setup_.warn(WholeFilesBecause(recorder_->status()));
    }
    if (recorder_->ok()) {
      absl::StrAppend(&words, " ", JavaRecorderOption(**recorder_));
      for (auto& variable : JavaRecorderVariables(setup_.top, logs)) {
        options.environment.push_back(std::move(variable));
      }
    }
    options.environment.emplace_back("JAVA_TOOL_OPTIONS", words);
  }

  bool Records() const { return setup_.record && java_ >= kOldestJavaWithLog; }

  std::string Top() const {
    const fs::path given = fs::path(setup_.folder) / arguments_.folder;
    std::error_code error;
    const fs::path folder = fs::is_regular_file(given, error) ? given.parent_path() : given;
    std::string top = fs::weakly_canonical(folder, error).string();
    while (top.size() > 1 && top.back() == '/') top.pop_back();
    return top;
  }

  std::string LocalRepository() const {
    for (const std::string& option : arguments_.options) {
      absl::string_view value = option;
      if (absl::ConsumePrefix(&value, "-Dmaven.repo.local=")) return std::string(value);
    }
    const char* const home = getenv("HOME");
    return absl::StrCat(home == nullptr ? "" : home, "/.m2/repository");
  }

  std::string ExcludesFile(int round) const {
    return absl::StrCat(setup_.scratch, "/excludes.", round);
  }

  // What is listed and not to be run, with its nested classes.
  std::string Excludes(const RunOrder& order) const {
    const absl::flat_hash_set<std::string> wanted(order.labels.begin(), order.labels.end());
    // Surefire's own choice where a POM makes none; any exclusion would replace it.
    std::string lines = leaves_out_ ? "" : "**/*$*\n";
    for (const std::string& label : listed_) {
      if (wanted.contains(label)) continue;
      const std::string path = absl::StrReplaceAll(label, {{".", "/"}});
      absl::StrAppend(&lines, path, ".java\n");
      if (leaves_out_) absl::StrAppend(&lines, path, "$*\n");
    }
    return lines;
  }

  // Surefire's reports, with what changes when one is written anew.
  std::map<std::string, std::pair<int64_t, int64_t>> Reports() const {
    std::map<std::string, std::pair<int64_t, int64_t>> reports;
    for (const std::string& module : modules_) {
      std::error_code error;
      for (fs::directory_iterator at(absl::StrCat(module, "/target/surefire-reports"), error), end;
           !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        struct stat info = {};
        if (!absl::StartsWith(name, "TEST-") || !absl::EndsWith(name, ".xml") ||
            stat(at->path().c_str(), &info) != 0) {
          continue;
        }
        reports[at->path().string()] = {
            info.st_mtim.tv_sec * int64_t{1'000'000'000} + info.st_mtim.tv_nsec,
            static_cast<int64_t>(info.st_ino)};
      }
    }
    return reports;
  }

  absl::Status AddOutcomes(const RunOrder& order,
                           const std::map<std::string, std::pair<int64_t, int64_t>>& before,
                           RunResult& result) {
    std::map<std::string, ClassOutcome> outcomes;
    for (const auto& [file, state] : Reports()) {
      const auto old = before.find(file);
      if (old != before.end() && old->second == state) continue;
      TS_RETURN_IF_ERROR(AddSurefireReport(file, listed_, setup_.scratch, outcomes));
    }
    // Where all went well, a class that Surefire says nothing of has no test, or the POM leaves it
    // out: nothing of it was lost.
    std::vector<std::string> empty;
    for (const std::string& label : order.labels) {
      if (result.exit_code == 0 && !outcomes.empty() && !outcomes.contains(label)) {
        empty.push_back(label);
      }
    }
    ran_.clear();
    for (const auto& [label, outcome] : outcomes) {
      if (outcome.ran) ran_.insert(label);
    }
    const std::string file = absl::StrCat(setup_.scratch, "/outcomes.", order.round, ".xml");
    TS_RETURN_IF_ERROR(WriteFileAtomically(file, ClassOutcomesXml(outcomes, empty)));
    result.outcomes.push_back({file, "junit-xml", "", true});
    result.reports = result.outcomes;
    return absl::OkStatus();
  }

  absl::Status AddEvidence(const RunOrder& order, const std::string& logs, RunResult& result) {
    const std::string file = absl::StrCat(setup_.scratch, "/evidence.", order.round);
    TS_ASSIGN_OR_RETURN(const ClassEvidence evidence,
                        WriteClassEvidence({.folder = logs,
                                            .top = setup_.top,
                                            .modules = built_,
                                            .producer = "testselect run maven",
                                            .only_of_surefire = true},
                                           ran_, file));
    if (!evidence.unknown.empty()) {
      setup_.warn(absl::StrCat("no evidence is recorded: of ", evidence.unknown[0],
                               " it is not known which file it was made of"));
    } else if (evidence.labels > 0) {
      result.reports.push_back({file, "testselect-evidence", "", false});
      result.process_per_label = evidence.one_log_a_label;
    } else if (!ran_.empty()) {
      setup_.warn(
          "no evidence is recorded: Surefire started no JVM of its own for a test class; set "
          "neither "
          "forkCount nor reuseForks in the POM");
    }
    return absl::OkStatus();
  }

  const RunnerSetup& setup_;
  MavenArguments arguments_;
  int java_ = 0;
  std::string java_home_;
  std::optional<absl::StatusOr<JavaRecorder>> recorder_;  // made when it is needed
  std::vector<std::string> modules_;                      // with tests
  std::vector<BuildModule> built_;                        // all
  absl::flat_hash_set<std::string> listed_;
  absl::flat_hash_set<std::string> ran_;  // in this round
  bool leaves_out_ = true;                // a POM may name classes to leave out
  bool told_ = false;                     // that nothing is recorded
};

}  // namespace

std::unique_ptr<Runner> NewMavenRunner(const RunnerSetup& setup) {
  return std::make_unique<MavenRunner>(setup);
}

}  // namespace testselect::client
