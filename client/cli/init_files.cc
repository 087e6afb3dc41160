#include "client/cli/init_files.h"

#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/shell_quote.h"
#include "server/selection/path_rules.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

// Names of files that say what tests run in, by a built-in rule or, where there is none, by one of
// the project's.
bool SaysWhatTestsRunIn(absl::string_view name) {
  return name == "Dockerfile" || absl::EndsWith(name, ".Dockerfile") ||
         absl::StartsWith(name, "Dockerfile.") || absl::StartsWith(name, "docker-compose") ||
         absl::StartsWith(name, "compose.y") || name == "flake.nix" || name == "flake.lock" ||
         name == "shell.nix" || name == "devcontainer.json";
}

bool IsUndecided(const std::string& path) {
  const auto verdict = RuleSet::BuiltIn().Check(
      {.path = path, .content = [](bool) { return std::optional<std::string>(); }});
  return verdict.ok() && verdict->action == RuleAction::kNone;
}

// As a pattern that matches this path alone.
std::string Pattern(const std::string& path) {
  std::string pattern = "/";
  for (const char c : path) {
    if (absl::StrContains("*?[]\\", absl::string_view(&c, 1))) {
      pattern += '?';  // any one character: matches the path, and few others
    } else {
      pattern += c;
    }
  }
  return pattern;
}

std::string YamlText(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::vector<std::string> EnvironmentFiles(const ProjectScan& scan) {
  std::vector<std::string> found;
  for (const std::string& path : scan.paths) {
    const bool fits = SaysWhatTestsRunIn(path.substr(path.rfind('/') + 1)) && IsUndecided(path);
    const bool plain = IsUtf8(path) && path.find_first_of("\n\r\t") == std::string::npos;
    if (fits && plain) found.push_back(Pattern(path));
  }
  return found;
}

// Folders whose tests are likely to start browsers or services.
std::vector<std::string> EndToEndLabels(const ProjectScan& scan) {
  std::set<std::string> patterns;
  for (const std::string& path : scan.paths) {
    std::string folder;
    const std::vector<std::string> parts = absl::StrSplit(path, '/');
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      absl::StrAppend(&folder, parts[i], "/");
      const bool fits = parts[i] == "e2e" || parts[i] == "cypress" || parts[i] == "playwright" ||
                        parts[i] == "end2end";
      if (!fits || folder.find_first_of("*?[]\"\\") != std::string::npos) continue;
      patterns.insert(absl::StrCat(folder, "*"));
      break;
    }
  }
  return {patterns.begin(), patterns.end()};
}

void AppendList(absl::string_view section, const std::vector<std::string>& patterns,
                std::string* out) {
  absl::StrAppend(out, section, ":\n");
  for (const std::string& pattern : patterns) absl::StrAppend(out, "- ", YamlText(pattern), "\n");
}

std::string RunnerLine(const FoundRunner& runner) {
  return absl::StrCat(runner.name, " (", Shorten(runner.sign), ")");
}

std::string Runners(const ProjectScan& scan) {
  if (scan.runners.empty()) return "none known";
  return absl::StrJoin(scan.runners, ", ", [](std::string* out, const FoundRunner& runner) {
    absl::StrAppend(out, RunnerLine(runner));
  });
}

constexpr char kComments[] =
    "\n# What else a project may say. Each line is an example: without the # it holds.\n"
    "#\n"
    "# harmless:               # a change of these selects nothing, even if tests read them\n"
    "# - notes/**\n"
    "# run_all:                # a change of these selects everything\n"
    "# - schema/**\n"
    "# run_labels:             # a change of these selects the labels that match\n"
    "#   migrations/**: [\"tests/db/*\"]\n"
    "# always_run:             # labels that run whatever changed\n"
    "# - tests/smoke/*\n"
    "# on_miss: always_run     # what a selection missed runs always from then on\n"
    "# branches:               # select, shadow (runs all, says what it would skip) or full\n"
    "#   main: full\n"
    "#   \"*\": shadow\n";

// Several runners are several jobs: a whole run of one would else tell that the tests of the other
// are gone.
std::string JobOf(const ProjectScan& scan, const FoundRunner& runner) {
  if (scan.runners.size() < 2) return "";
  return absl::StrCat(runner.folder.empty() ? "" : absl::StrReplaceAll(runner.folder, {{"/", "-"}}),
                      runner.folder.empty() ? "" : "-", runner.run_name);
}

void AppendSteps(const ProjectScan& scan, const FoundRunner& runner, std::string* out) {
  const std::string job = JobOf(scan, runner);
  const std::string step_job = job.empty() ? "unit" : ShellQuote(job);
  absl::StrAppend(out, "\n", runner.name, ":\n");
  if (!runner.folder.empty()) absl::StrAppend(out, "  cd ", ShellQuote(runner.folder), "\n");
  if (!runner.run_name.empty()) {
    absl::StrAppend(
        out, runner.before,
        "  # the first time everything runs and is uploaded; later, what a change needs\n"
        "  testselect run ",
        runner.run_name, job.empty() ? "" : " --job ", job.empty() ? "" : step_job,
        runner.run_arguments, "\n  # or, step by step:\n");
  }
  if (runner.record_command.empty()) {
    absl::StrAppend(out,
                    "  # leave coverage of each test, and outcomes, then:\n"
                    "  testselect upload --commit HEAD --job ",
                    step_job,
                    " --outcomes RESULTS REPORT...\n"
                    "  testselect select --base \"$BASE\" --head \"$HEAD\" --labels-file LABELS "
                    "--format list --out run.txt\n");
    return;
  }
  absl::StrAppend(out, "  ", runner.record_command, "\n",
                  "  testselect upload --commit HEAD --job ", step_job, " ", runner.upload_reports,
                  "\n",
                  "  # after a change:\n"
                  "  testselect select --working-tree --labels-command ",
                  ShellQuote(runner.labels_command), " --format list --out run.txt\n", "  ",
                  runner.run_command, "\n");
}

}  // namespace

absl::StatusOr<std::string> FirstRuleFile(const ProjectScan& scan) {
  std::string out = absl::StrCat(
      "# Rules for TestSelect; docs/rules.md of TestSelect has all of them. Read from the head "
      "commit.\n"
      "# `testselect rules check PATH` says which rule decides about a path.\n"
      "#\n# Found when this was written:\n",
      "#   languages: ",
      scan.languages.empty() ? "none known" : absl::StrJoin(scan.languages, ", "),
      "\n#   runners: ", Runners(scan), "\n\n",
      "# What a change selects that nothing explains: all, or none.\nunknown_change: all\n");
  const std::vector<std::string> environment = EnvironmentFiles(scan);
  if (!environment.empty()) {
    absl::StrAppend(&out,
                    "\n# What tests run in: selects everything, unless upload and selection carry "
                    "the same --environment.\n");
    AppendList("environment", environment, &out);
  }
  const std::vector<std::string> opaque = EndToEndLabels(scan);
  if (!opaque.empty()) {
    absl::StrAppend(&out,
                    "\n# Labels that do more than coverage sees (a browser, a service): any change "
                    "of code runs them.\n");
    AppendList("opaque", opaque, &out);
  }
  absl::StrAppend(&out, kComments);
  const absl::StatusOr<RuleSet> read = RuleSet::Parse(out, kRuleFileName);
  if (read.ok()) return out;
  return absl::InternalError(absl::StrCat("what init made is wrong: ", read.status().message()));
}

std::string WithLocalFolderIgnored(absl::string_view content) {
  for (absl::string_view line : absl::StrSplit(content, '\n')) {
    line = absl::StripSuffix(absl::StripPrefix(absl::StripSuffix(line, "\r"), "/"), "/");
    if (line == ".testselect") return std::string(content);
  }
  const bool ends = content.empty() || content.back() == '\n';
  return absl::StrCat(content, ends ? "" : "\n", "/.testselect/\n");
}

std::string NextSteps(const ProjectScan& scan) {
  std::string out = absl::StrCat("runners: ", Runners(scan), "\n");
  if (!scan.suitespecs.empty()) {
    absl::StrAppend(&out, "suites: ", scan.suitespecs.size(),
                    " suitespec.yml; see `testselect suites list`\n");
  }
  if (!scan.codecov_file.empty()) {
    absl::StrAppend(
        &out, "codecov: ", scan.codecov_file,
        scan.codecov_runners.empty()
            ? " (no cli.runners)"
            : absl::StrCat(" runs ", Shorten(absl::StrJoin(scan.codecov_runners, ", ")),
                           " with label analysis: `testselect label-analysis` takes its place"),
        "\n");
  }
  if (!scan.ci_files.empty()) {
    absl::StrAppend(&out, "CI: ", Shorten(absl::StrJoin(scan.ci_files, ", "), 200),
                    "; fetch the whole history there (fetch-depth: 0); `testselect ci` writes "
                    "matrices and child pipelines\n");
  }
  absl::StrAppend(&out,
                  "\nNext:\n  git add .testselect.yml .gitignore\n"
                  "  git commit  # evidence belongs to a commit: before, a run records nothing\n");
  for (const FoundRunner& runner : scan.runners) AppendSteps(scan, runner, &out);
  absl::StrAppend(&out, "\nWhat may be wrong: testselect doctor\n");
  return out;
}

}  // namespace testselect::client
