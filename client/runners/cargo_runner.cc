#include "client/runners/cargo_runner.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/runners/cargo_hooks.h"
#include "client/runners/cargo_outcomes.h"
#include "client/runners/cargo_project.h"
#include "client/runners/installed.h"
#include "client/runners/llvm_coverage.h"
#include "client/runners/node_program.h"
#include "server/selection/environment_kinds.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

using Environment = std::vector<std::pair<std::string, std::string>>;

constexpr size_t kExpressionBytes = 96 * 1024;
constexpr absl::string_view kWholeProgram = "(all)";

std::string Variable(const char* name) {
  const char* const value = getenv(name);
  return value == nullptr ? "" : value;
}

// "x86_64-unknown-linux-gnu" -> "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER"
std::string RunnerVariable(absl::string_view target) {
  return absl::StrCat("CARGO_TARGET_",
                      absl::StrReplaceAll(absl::AsciiStrToUpper(target), {{"-", "_"}, {".", "_"}}),
                      "_RUNNER");
}

class CargoRunner : public Runner {
 public:
  CargoRunner(bool nextest, const RunnerSetup& setup) : nextest_(nextest), setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    TS_ASSIGN_OR_RETURN(arguments_, ParseCargoArguments(nextest_, setup_.arguments));
    TS_RETURN_IF_ERROR(Prepare());
    TS_ASSIGN_OR_RETURN(CollectedTests tests, nextest_ ? ListByNextest() : ListByCargo());
    // Behind the listing: what was built has brought the lock file up to date.
    const absl::StatusOr<std::string> lock =
        ReadFile(absl::StrCat(packages_.workspace, "/Cargo.lock"));
    if (lock.ok() && !rustc_.empty()) {
      std::vector<std::string> lines = LockedCrates(*lock);
      lines.push_back(rustc_);
      tests.environment = InstalledDigest(kRustCrates, lines);
    }
    return tests;
  }

  absl::StatusOr<RunResult> Run(const RunOrder& order) override {
    RunResult result;
    result.process_per_label = true;
    int start = 0;
    for (const std::vector<std::string>& words : Starts(order)) {
      const std::string folder = File(absl::StrCat("run.", order.round, ".", start++));
      TS_RETURN_IF_ERROR(WriteLists(folder, order.labels));
      ProcessOptions options = Options();
      Add(options.environment, HookEnvironment(nextest_ ? "one" : "each", folder));
      options.out = ProcessOptions::Output::kStream;
      FILE* const shown = setup_.runner_output_to_stderr ? stderr : stdout;
      DocOutcomes examples(examples_);
      options.on_out = [&](absl::string_view bytes) {
        fwrite(bytes.data(), 1, bytes.size(), shown);
        examples.Take(bytes);
      };
      TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(words, options));
      fflush(shown);
      if (result.exit_code == 0) result.exit_code = finished.state.ShellCode();
      TS_RETURN_IF_ERROR(AddReports(folder, std::move(examples).Finish(), result));
    }
    if (result.exit_code != 0 && !arguments_.goes_on) {
      result.stopped = "it ends after a failure; --no-fail-fast goes on";
    }
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    std::string text;
    for (const std::vector<std::string>& words : Starts(order)) {
      absl::StrAppend(&text, absl::StrJoin(words, " "), "\n");
    }
    return text;
  }

 private:
  std::string File(absl::string_view name) const { return absl::StrCat(setup_.scratch, "/", name); }
  static void Add(Environment& environment, Environment more) {
    environment.insert(environment.end(), more.begin(), more.end());
  }

  ProcessOptions Options() const {
    ProcessOptions options;
    options.folder = setup_.folder;
    options.environment = build_environment_;
    return options;
  }

  std::vector<std::string> Words(const std::vector<std::string>& arguments) const {
    if (!setup_.command.empty()) return ShellWords(setup_.command, arguments);
    std::vector<std::string> words = {"cargo"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  }

  static std::vector<std::string> Joined(std::vector<std::string> words,
                                         const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  absl::StatusOr<FinishedProcess> Capture(const std::vector<std::string>& words,
                                          const ProcessOptions& given) const {
    ProcessOptions options = given;
    options.out = options.err = ProcessOptions::Output::kCapture;
    return RunProcess(words, options);
  }

  // The hook, where it is wanted, and what records.
  absl::Status Prepare() {
    if (absl::StrContains(setup_.scratch, ' ')) {
      return absl::FailedPreconditionError(absl::StrCat(
          "TMPDIR: ", setup_.scratch, " has a space, which cargo takes for an argument's end"));
    }
    TS_RETURN_IF_ERROR(WriteScript(setup_, "cargo_exec.sh", kCargoExec).status());
    TS_ASSIGN_OR_RETURN(const FinishedProcess rustc, Capture({"rustc", "-vV"}, Options()));
    if (rustc.state.ok()) rustc_ = rustc.out;
    std::string target = arguments_.target;
    for (absl::string_view line : absl::StrSplit(rustc.out, '\n')) {
      if (absl::ConsumePrefix(&line, "host: ") && target.empty()) target = std::string(line);
    }
    runner_variable_ = RunnerVariable(target);
    std::vector<std::string> words = {"metadata", "--no-deps", "--format-version", "1"};
    TS_ASSIGN_OR_RETURN(const FinishedProcess metadata,
                        Capture(Words(Joined(words, Manifest())), Options()));
    if (!metadata.state.ok()) {
      return absl::FailedPreconditionError(absl::StrCat("cargo metadata:\n", metadata.err));
    }
    TS_ASSIGN_OR_RETURN(packages_, ParseCargoMetadata(metadata.out));
    return setup_.record ? PrepareRecording() : absl::OkStatus();
  }

  std::vector<std::string> Manifest() const {
    const auto at =
        std::find(arguments_.options.begin(), arguments_.options.end(), "--manifest-path");
    if (at == arguments_.options.end()) return {};
    return {*at, *(at + 1)};
  }

  // The wrapper's place is the same in every run: else everything would be built anew.
  absl::Status PrepareRecording() {
    TS_ASSIGN_OR_RETURN(tools_, FindRustLlvmTools(setup_.folder));
    if (!tools_.has_value()) {
      setup_.warn(
          "no evidence is recorded: `rustup component add llvm-tools` installs what reads it; "
          "without evidence everything runs every time");
      return absl::OkStatus();
    }
    const std::string wrapper = absl::StrCat(packages_.target_folder, "/testselect-rustc");
    std::error_code error;
    fs::create_directories(packages_.target_folder, error);
    if (ReadFile(wrapper).value_or("") != kRustcWrapper) {
      TS_RETURN_IF_ERROR(WriteFileAtomically(wrapper, kRustcWrapper));
    }
    fs::permissions(wrapper, fs::perms::owner_all, fs::perm_options::add, error);
    if (error) return ErrnoStatus(absl::StrCat("cannot make ", wrapper, " run"), error.value());
    build_environment_ = {{"TESTSELECT_RUN_OWN_WRAPPER", Variable("RUSTC_WORKSPACE_WRAPPER")},
                          {"RUSTC_WORKSPACE_WRAPPER", wrapper},
                          // Counters of what runs while others are built.
                          {"LLVM_PROFILE_FILE", File("build-%m.profraw")}};
    return absl::OkStatus();
  }

  Environment HookEnvironment(absl::string_view mode, const std::string& folder) const {
    return {{runner_variable_, absl::StrCat("sh ", File("cargo_exec.sh"))},
            {"TESTSELECT_RUN_OWN", Variable(runner_variable_.c_str())},
            {"TESTSELECT_RUN_MODE", std::string(mode)},
            {"TESTSELECT_RUN_FOLDER", folder},
            {"TESTSELECT_RUN_ARGUMENTS", absl::StrCat(arguments_.program.size())},
            {"TESTSELECT_RUN_COVER", tools_.has_value() ? "1" : ""}};
  }

  absl::StatusOr<CollectedTests> ListByNextest() {
    CollectedTests tests;
    const std::vector<std::string> words = {"nextest", "list", "--message-format", "json"};
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished,
                        Capture(Words(Joined(words, arguments_.listing)), Options()));
    tests.exit_code = finished.state.ShellCode();
    if (tests.exit_code != 0) {
      setup_.warn(absl::StrCat("cargo nextest list:\n", finished.err));
      return tests;
    }
    TS_ASSIGN_OR_RETURN(NextestTests found, ParseNextestList(finished.out));
    programs_ = std::move(found.programs);
    for (const NextestTests::Test& test : found.tests) AddTest(test.program_id, test.name, tests);
    return tests;
  }

  absl::StatusOr<CollectedTests> ListByCargo() {
    CollectedTests tests;
    const std::vector<std::string> build = {"test", "--no-run",
                                            "--message-format=json-render-diagnostics"};
    ProcessOptions options = Options();
    TS_ASSIGN_OR_RETURN(const FinishedProcess built,
                        Capture(Words(Joined(build, arguments_.options)), options));
    tests.exit_code = built.state.ShellCode();
    if (tests.exit_code != 0) {
      setup_.warn(absl::StrCat("cargo test --no-run:\n", built.err));
      return tests;
    }
    TS_ASSIGN_OR_RETURN(programs_, ParseCargoArtifacts(built.out, packages_));
    const std::string folder = File("listed");
    TS_RETURN_IF_ERROR(WriteLists(folder, /*labels=*/{}));
    Add(options.environment, HookEnvironment("list", folder));
    std::vector<std::string> words = Joined({"test"}, arguments_.options);
    words = Joined(words, {"--", "--list", "--format", "terse"});
    TS_ASSIGN_OR_RETURN(const FinishedProcess listed, Capture(Words(words), options));
    tests.exit_code = listed.state.ShellCode();
    if (tests.exit_code != 0) {
      setup_.warn(absl::StrCat("cargo test -- --list:\n", listed.err));
      return tests;
    }
    for (const CargoProgram& program : programs_.tests) AddProgram(program, folder, tests);
    // What the programs print is in files: this is rustdoc's, which also says how long it took.
    for (absl::string_view line : absl::StrSplit(listed.out, '\n')) {
      if (absl::ConsumeSuffix(&line, ": test") && examples_.emplace(line).second) {
        tests.labels.emplace_back(line);
      }
    }
    return tests;
  }

  bool Has(absl::string_view argument) const {
    return std::find(arguments_.program.begin(), arguments_.program.end(), argument) !=
           arguments_.program.end();
  }

  void AddProgram(const CargoProgram& program, const std::string& folder, CollectedTests& tests) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string place = entry.path().string();
      const absl::StatusOr<std::string> name = ReadFile(absl::StrCat(place, "/program"));
      if (!name.ok() || *name != absl::StrCat(program.file, absl::string_view("\0", 1))) continue;
      const auto all = ParseTerseList(ReadFile(absl::StrCat(place, "/all")).value_or("?"));
      const auto ignored = ParseTerseList(ReadFile(absl::StrCat(place, "/ignored")).value_or("?"));
      if (!all.has_value() || !ignored.has_value()) {
        AddTest(program.id, std::string(kWholeProgram), tests);
        return;
      }
      const absl::flat_hash_set<std::string> left_out(ignored->begin(), ignored->end());
      for (const std::string& test : *all) {
        const bool is_ignored = left_out.contains(test);
        const bool runs = Has("--include-ignored") || is_ignored == Has("--ignored");
        if (runs) AddTest(program.id, test, tests);
      }
      return;
    }
  }

  void AddTest(const std::string& program, const std::string& test, CollectedTests& tests) {
    std::string label = CargoLabel(program, test);
    if (test_of_.emplace(label, std::make_pair(program, test)).second) {
      tests.labels.push_back(std::move(label));
    }
  }

  // Several, where the chosen tests are too many for one command line.
  std::vector<std::vector<std::string>> Starts(const RunOrder& order) const {
    std::vector<std::vector<std::string>> starts;
    if (!nextest_) {
      std::vector<std::string> words = Joined({"test"}, arguments_.options);
      words.push_back("--");
      words = Joined(words, arguments_.program);
      starts.push_back(Words(Joined(words, ForExamples(order))));
      return starts;
    }
    std::vector<std::string> words = Joined({"nextest", "run"}, arguments_.options);
    if (order.everything) return {Words(Behind(Joined(words, arguments_.choice)))};
    for (const std::vector<std::string>& some : ChunkArguments(
             NextestExpressions(order.labels, kExpressionBytes), kMaxArgumentsBytes, 16)) {
      std::vector<std::string> chosen = words;
      for (const std::string& expression : some) chosen = Joined(chosen, {"-E", expression});
      starts.push_back(Words(Behind(chosen)));
    }
    return starts;
  }

  std::vector<std::string> Behind(std::vector<std::string> words) const {
    if (arguments_.program.empty()) return words;
    words.push_back("--");
    return Joined(words, arguments_.program);
  }

  // Behind the program's own arguments, which cargo_exec.sh counts, stands what is for rustdoc. It
  // cuts its arguments at spaces, which every example's name has: all of them run, or none.
  std::vector<std::string> ForExamples(const RunOrder& order) const {
    const bool some =
        std::any_of(order.labels.begin(), order.labels.end(),
                    [&](const std::string& label) { return examples_.contains(label); });
    if (some || examples_.empty()) return {};
    return {"--exact", "testselect:none"};
  }

  absl::Status WriteLists(const std::string& folder, const std::vector<std::string>& labels) const {
    std::error_code error;
    fs::create_directories(absl::StrCat(folder, "/lists"), error);
    if (error) return ErrnoStatus(absl::StrCat("cannot create ", folder), error.value());
    std::map<std::string, std::string> lists;  // by the program's id
    for (const std::string& label : labels) {
      const auto test = test_of_.find(label);
      if (test == test_of_.end()) continue;
      absl::StrAppend(&lists[test->second.first], test->second.second, "\n");
    }
    for (const CargoProgram& program : programs_.tests) {
      const std::string name = fs::path(program.file).filename().string();
      TS_RETURN_IF_ERROR(
          WriteFileAtomically(absl::StrCat(folder, "/lists/", name), lists[program.id]));
    }
    return absl::OkStatus();
  }

  absl::Status AddReports(const std::string& folder, std::map<std::string, CargoOutcome> outcomes,
                          RunResult& result) {
    std::map<std::string, std::string> ids;
    for (const CargoProgram& program : programs_.tests) ids.emplace(program.file, program.id);
    TS_ASSIGN_OR_RETURN(const std::vector<CargoAttempt> attempts, ReadAttempts(folder, ids));
    AddAttempts(attempts, outcomes);
    const std::string file = absl::StrCat(folder, "/outcomes.xml");
    TS_RETURN_IF_ERROR(WriteFileAtomically(file, CargoOutcomesXml(outcomes)));
    result.outcomes.push_back({file, "junit-xml", "", true});
    result.reports.push_back(result.outcomes.back());
    return tools_.has_value() ? AddEvidence(folder, attempts, result) : absl::OkStatus();
  }

  absl::Status AddEvidence(const std::string& folder, const std::vector<CargoAttempt>& attempts,
                           RunResult& result) const {
    std::map<std::string, std::vector<const CargoAttempt*>> by_label;
    for (const CargoAttempt& attempt : attempts) by_label[attempt.label].push_back(&attempt);
    size_t number = 0;
    for (const auto& [label, some] : by_label) {
      std::vector<std::string> counters, programs = {some[0]->program};
      for (const CargoAttempt* attempt : some) {
        counters.insert(counters.end(), attempt->counters.begin(), attempt->counters.end());
      }
      // A test that leaves one file's counters started no other program.
      if (counters.size() > some.size()) programs = Joined(programs, programs_.others);
      const std::string report = absl::StrCat(folder, "/", ++number, ".lcov");
      TS_ASSIGN_OR_RETURN(const bool written, LlvmCountersToLcov(*tools_, counters, programs,
                                                                 setup_.top, folder, report));
      if (written) result.reports.push_back({report, "lcov", label, false});
    }
    return absl::OkStatus();
  }

  const bool nextest_;
  const RunnerSetup& setup_;
  CargoArguments arguments_;
  CargoPackages packages_;
  CargoPrograms programs_;
  std::optional<LlvmTools> tools_;  // where evidence is recorded
  Environment build_environment_;   // of every cargo that builds
  std::string rustc_;               // what it says of itself; empty: not known
  std::string runner_variable_;
  std::map<std::string, std::pair<std::string, std::string>> test_of_;  // program's id, test
  absl::flat_hash_set<std::string> examples_;                           // of the documentation
};

}  // namespace

std::unique_ptr<Runner> NewCargoRunner(const RunnerSetup& setup) {
  return std::make_unique<CargoRunner>(/*nextest=*/false, setup);
}

std::unique_ptr<Runner> NewNextestRunner(const RunnerSetup& setup) {
  return std::make_unique<CargoRunner>(/*nextest=*/true, setup);
}

}  // namespace testselect::client
