#include "client/runners/go_runner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/runners/go_events.h"
#include "client/runners/go_exec.h"
#include "client/runners/installed.h"
#include "server/selection/environment_kinds.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr size_t kExpressionBytes = 96 * 1024;

class GoRunner : public Runner {
 public:
  explicit GoRunner(const RunnerSetup& setup) : setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    TS_ASSIGN_OR_RETURN(arguments_, ParseGoArguments(setup_.arguments));
    TS_ASSIGN_OR_RETURN(covered_, Covered());
    TS_ASSIGN_OR_RETURN(leaves_counters_, LeavesCounters());
    CollectedTests tests;
    std::string said;
    GoEvents events([&](absl::string_view text) { absl::StrAppend(&said, text); },
                    /*verbose=*/false,
                    [&](const std::string& package, const std::string& name) {
                      std::string label = absl::StrCat(package, ".", name);
                      if (test_of_.emplace(label, Test{package, name}).second) {
                        tests.labels.push_back(std::move(label));
                      }
                    });
    std::vector<std::string> words = {"test", "-json", "-list", arguments_.list};
    words.insert(words.end(), arguments_.flags.begin(), arguments_.flags.end());
    words.insert(words.end(), arguments_.packages.begin(), arguments_.packages.end());
    words.insert(words.end(), arguments_.binary.begin(), arguments_.binary.end());
    ProcessOptions options = Options();
    options.out = ProcessOptions::Output::kStream;
    options.on_out = [&](absl::string_view bytes) { events.Take(bytes); };
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words(words), options));
    events.Finish();
    tests.exit_code = finished.state.ShellCode();
    if (tests.exit_code != 0) {
      setup_.warn(absl::StrCat("go test -list:\n", said));
      tests.labels.clear();
      return tests;
    }
    TS_ASSIGN_OR_RETURN(tests.environment, Environment());
    return tests;
  }

  absl::StatusOr<RunResult> Run(const RunOrder& order) override {
    TS_ASSIGN_OR_RETURN(const Plan plan, MakePlan(order));
    RunResult result;
    result.process_per_label = setup_.record;
    const std::string log = absl::StrCat(setup_.scratch, "/outcomes.", order.round, ".jsonl");
    const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return ErrnoStatus(absl::StrCat("cannot create ", log), errno);
    absl::Cleanup close_it = [fd] { close(fd); };
    FILE* const shown = setup_.runner_output_to_stderr ? stderr : stdout;
    for (const std::vector<std::string>& packages :
         ChunkArguments(plan.packages, kMaxArgumentsBytes, 1 + sizeof(char*))) {
      TS_ASSIGN_OR_RETURN(const int exit_code, RunPackages(plan, packages, fd, log, shown));
      if (result.exit_code == 0) result.exit_code = exit_code;
    }
    if (arguments_.fails_fast && result.exit_code != 0) result.stopped = "-failfast";
    result.outcomes.push_back({log, "go-test-json", "", true});
    result.reports = result.outcomes;
    AddProfiles(plan, result);
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    std::string text;
    for (const std::string& package : PackagesOf(order)) absl::StrAppend(&text, " ", package);
    return absl::StrCat("go ", absl::StrJoin(TestFlags(), " "), " -exec SCRIPT", text, "\n");
  }

 private:
  struct Test {
    std::string package, name;
  };
  struct Plan {
    std::string lists;  // the folder of the packages' lists, mirroring their folders
    std::vector<std::string> packages;                          // in the order of their first test
    std::vector<std::pair<std::string, std::string>> profiles;  // label, file
  };

  ProcessOptions Options() const {
    ProcessOptions options;
    options.folder = setup_.folder;
    return options;
  }

  std::vector<std::string> Words(std::vector<std::string> arguments) const {
    if (!setup_.command.empty()) return ShellWords(setup_.command, arguments);
    arguments.insert(arguments.begin(), "go");
    return arguments;
  }

  // Whether tests leave counters in a folder: since Go 1.20. A version that has no number is newer.
  absl::StatusOr<bool> LeavesCounters() const {
    ProcessOptions options = Options();
    options.out = options.err = ProcessOptions::Output::kCapture;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished,
                        RunProcess(Words({"env", "GOVERSION"}), options));
    absl::string_view version = absl::StripAsciiWhitespace(finished.out);
    if (!finished.state.ok() || !absl::ConsumePrefix(&version, "go1.")) return true;
    uint32_t minor = 0;
    const size_t digits = std::min(version.find_first_not_of("0123456789"), version.size());
    return !absl::SimpleAtoi(version.substr(0, digits), &minor) || minor >= 20;
  }

  // All packages of the module (of all modules of the workspace), whatever folder this is.
  absl::StatusOr<std::string> Covered() const {
    ProcessOptions options = Options();
    options.out = options.err = ProcessOptions::Output::kCapture;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words({"list", "-m"}), options));
    std::vector<std::string> patterns;
    for (const absl::string_view module : absl::StrSplit(finished.out, '\n', absl::SkipEmpty())) {
      patterns.push_back(absl::StrCat(module, "/..."));
    }
    // Without modules there is no better name.
    return finished.state.ok() && !patterns.empty() ? absl::StrJoin(patterns, ",") : "./...";
  }

  // The modules that the build takes, and Go itself. Nothing where Go cannot name them, as with a
  // vendor folder, which is code of the repository.
  absl::StatusOr<std::string> Environment() const {
    ProcessOptions options = Options();
    options.out = options.err = ProcessOptions::Output::kCapture;
    std::vector<std::string> lines;
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"list", "-m", "-f",
                                   "{{.Path}} {{.Version}}{{with .Replace}} {{.Path}} "
                                   "{{.Version}}{{end}}",
                                   "all"},
          {"env", "GOVERSION", "GOOS", "GOARCH", "GOFLAGS", "CGO_ENABLED", "GOEXPERIMENT"}}) {
      TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words(words), options));
      if (!finished.state.ok()) return std::string();
      lines.push_back(finished.out);
    }
    return InstalledDigest(kGoModules, lines);
  }

  std::vector<std::string> PackagesOf(const RunOrder& order) const {
    std::vector<std::string> packages;
    std::map<std::string, bool> seen;
    for (const std::string& label : order.labels) {
      const std::string& package = test_of_.at(label).package;
      if (!std::exchange(seen[package], true)) packages.push_back(package);
    }
    return packages;
  }

  std::vector<std::string> TestFlags() const {
    std::vector<std::string> words = {"test", "-json"};
    words.insert(words.end(), arguments_.flags.begin(), arguments_.flags.end());
    if (!arguments_.counted) words.push_back("-count=1");
    if (setup_.record) words.push_back("-cover");
    if (setup_.record && !arguments_.covers) words.push_back(absl::StrCat("-coverpkg=", covered_));
    return words;
  }

  // Where each package's tests are started; -exec's script knows nothing else of its package.
  absl::StatusOr<std::map<std::string, std::string>> Folders(
      const std::vector<std::string>& packages) {
    std::map<std::string, std::string> folders;
    for (const std::vector<std::string>& some :
         ChunkArguments(packages, kMaxArgumentsBytes, 1 + sizeof(char*))) {
      std::vector<std::string> words = {"list", "-f", "{{.ImportPath}}\t{{.Dir}}"};
      words.insert(words.end(), some.begin(), some.end());
      ProcessOptions options = Options();
      options.out = ProcessOptions::Output::kCapture;
      TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words(words), options));
      if (!finished.state.ok()) {
        return absl::FailedPreconditionError(
            absl::StrCat("go list ended with ", finished.state.ToString()));
      }
      for (const absl::string_view line : absl::StrSplit(finished.out, '\n', absl::SkipEmpty())) {
        const std::pair<absl::string_view, absl::string_view> pair =
            absl::StrSplit(line, absl::MaxSplits('\t', 1));
        std::error_code error;
        const auto physical = std::filesystem::canonical(std::string(pair.second), error);
        if (!error) folders.emplace(pair.first, physical.string());
      }
    }
    return folders;
  }

  absl::StatusOr<Plan> MakePlan(const RunOrder& order) {
    Plan plan;
    plan.lists = absl::StrCat(setup_.scratch, "/lists.", order.round);
    plan.packages = PackagesOf(order);
    TS_ASSIGN_OR_RETURN(const auto folders, Folders(plan.packages));
    std::map<std::string, std::vector<std::string>> names_of;
    for (const std::string& label : order.labels) {
      const Test& test = test_of_.at(label);
      names_of[test.package].push_back(test.name);
    }
    for (const auto& [package, names] : names_of) {
      const auto folder = folders.find(package);
      if (folder == folders.end()) {
        return absl::FailedPreconditionError(
            absl::StrCat("go list does not know the folder of ", package));
      }
      const std::string place = absl::StrCat(plan.lists, folder->second);
      std::error_code error;
      std::filesystem::create_directories(place, error);
      if (error) return ErrnoStatus(absl::StrCat("cannot create ", place), error.value());
      const std::vector<std::string> lines =
          GoExpressions(names, setup_.record ? 1 : kExpressionBytes);
      TS_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(place, "/list"),
                                             absl::StrCat(absl::StrJoin(lines, "\n"), "\n")));
      for (size_t i = 0; setup_.record && i < names.size(); ++i) {
        plan.profiles.emplace_back(absl::StrCat(package, ".", names[i]),
                                   absl::StrCat(place, "/", i + 1, ".cov"));
      }
    }
    return plan;
  }

  absl::StatusOr<int> RunPackages(const Plan& plan, const std::vector<std::string>& packages,
                                  int fd, const std::string& log, FILE* shown) {
    const std::string script = absl::StrCat(setup_.scratch, "/go_exec.sh");
    TS_RETURN_IF_ERROR(WriteFileAtomically(script, kGoExec));
    std::vector<std::string> words = TestFlags();
    words.insert(words.end(), {"-exec", absl::StrCat("sh '", script, "'")});
    words.insert(words.end(), packages.begin(), packages.end());
    words.insert(words.end(), arguments_.binary.begin(), arguments_.binary.end());
    ProcessOptions options = Options();
    options.environment.emplace_back("TESTSELECT_RUN_LISTS", plan.lists);
    options.environment.emplace_back("TESTSELECT_RUN_COVER", setup_.record ? "1" : "");
    options.environment.emplace_back("TESTSELECT_RUN_COUNTERS", leaves_counters_ ? "1" : "");
    options.environment.emplace_back("TESTSELECT_RUN_FAIL_FAST", arguments_.fails_fast ? "1" : "");
    GoEvents events([&](absl::string_view text) { fwrite(text.data(), 1, text.size(), shown); },
                    arguments_.verbose, nullptr);
    absl::Status written;
    options.out = ProcessOptions::Output::kStream;
    options.on_out = [&](absl::string_view bytes) {
      written.Update(WriteAll(fd, bytes, log));
      events.Take(bytes);
      fflush(shown);
    };
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(Words(words), options));
    events.Finish();
    fflush(shown);
    TS_RETURN_IF_ERROR(written);
    return finished.state.ShellCode();
  }

  // A test that died before its end leaves none: it has outcomes alone, and runs until it passes.
  void AddProfiles(const Plan& plan, RunResult& result) const {
    for (const auto& [label, file] : plan.profiles) {
      struct stat info = {};
      if (stat(file.c_str(), &info) != 0 || info.st_size == 0) continue;
      result.reports.push_back({file, "go-cover-text", label, false});
    }
  }

  const RunnerSetup& setup_;
  GoArguments arguments_;
  std::string covered_;  // for -coverpkg
  bool leaves_counters_ = true;
  std::map<std::string, Test> test_of_;
};

}  // namespace

std::unique_ptr<Runner> NewGoRunner(const RunnerSetup& setup) {
  return std::make_unique<GoRunner>(setup);
}

}  // namespace testselect::client
