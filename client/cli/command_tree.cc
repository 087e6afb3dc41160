#include "client/cli/command_tree.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/agent_commands.h"
#include "client/cli/ci_commands.h"
#include "client/cli/command_options.h"
#include "client/cli/evaluation_commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/index_key_commands.h"
#include "client/cli/rule_commands.h"
#include "client/cli/runner_commands.h"
#include "client/cli/setup_commands.h"
#include "client/cli/structure_commands.h"
#include "client/version.h"

namespace testselect::client {
namespace {

void AddUpload(CLI::App* tree, CommandLine& values) {
  UploadOptions& upload = values.upload;
  CLI::App* app = AddCommand(
      tree, "upload", "Store the coverage and the outcomes of one CI job (or shard of it).", values,
      Command::kUpload,
      "  # pytest --cov --cov-context=test --junitxml=junit.xml, then:\n"
      "  testselect upload --commit \"$(git rev-parse HEAD)\" --job unit --outcomes junit.xml "
      ".coverage\n"
      "  # the second of four shards, to a server\n"
      "  testselect upload --server ci:7600 --repo app --commit \"$SHA\" --job unit --shard 2/4 "
      "coverage.json\n"
      "  # one report per test\n"
      "  testselect upload --commit \"$SHA\" 'pkg/a.TestX=x.cov' 'pkg/a.TestY=y.cov'\n");
  CommandOptions options(app);
  options
      .Text("--commit", upload.commit, "SHA",
            "The tested commit: a full id, or a revision of the clone at hand.")
      ->required();
  options.Text("--job", upload.job, "NAME", "The CI job. Default: default.");
  options.Repeated("--flavor", upload.flavor, "K=V", "The job's flavor; may be repeated.");
  options.Text("--shard", upload.shard, "I/N", "Which shard of the job, from 1. Default: 1/1.");
  options.Count("--attempt", upload.attempt, 10'000,
                "Which attempt, from 1; a later one supersedes an earlier one. Default: 1.");
  CLI::Option* full =
      options.Switch("--full", upload.full, "The whole suite (or shard) ran. This is the default.");
  options.Switch("--subset", upload.subset, "Only a part of the suite ran.")->excludes(full);
  options.Repeated(
      "--outcomes", upload.outcomes, "FILE",
      "Test results: JUnit XML, pytest's report log, go test -json, GoogleTest, CTest; may be "
      "repeated.");
  options.Text("--environment", upload.environment, "DIGEST",
               "A digest of the installed environment, at most 200 bytes.");
  options.Text("--branch", upload.branch, "NAME",
               "The branch that was tested: a server may trust some branches only. Default: as for "
               "select.");
  options.Choice("--isolation", upload.isolation, {"process", "shared"},
                 "Whether each test had a process of its own. Default: not known.");
  options.Text(
      "--spool", upload.spool, "DIR",
      "Send nothing: put the reports into this folder, from where `testselect agent` sends "
      "them. --repo is the name that its server has for the repository.");
  options.Choice("--layout", upload.layout, {"datadog"},
                 "REPORT is a folder: of each SUITE/metadata.json {job_name, test} and "
                 "SUITE/coverage/ (Go's) below it the coverage is stored, job by job.");
  options.Reports(upload.format, upload.label, upload.path_root, upload.path_prefix,
                  upload.reports_from, upload.reports);
  options.Index(values.common, /*has_json=*/true, CommandOptions::Sends::kUploads);
}

void AddSelect(CLI::App* tree, CommandLine& values) {
  SelectOptions& select = values.select;
  CLI::App* app = AddCommand(
      tree, "select", "Choose which tests must run for a change, and which can be skipped.", values,
      Command::kSelect,
      "  testselect select --base \"$BASE\" --head \"$HEAD\" --labels-command "
      "'pytest --collect-only -q' --format list --out run.txt\n"
      "  pytest @run.txt\n"
      "  # what the edited files need, before committing\n"
      "  testselect select --working-tree --format list\n"
      "  # the second of four machines, for at most five minutes\n"
      "  testselect select --base \"$BASE\" --head \"$HEAD\" --shards 4 --shard 2 --budget 5m "
      "--format list\n"
      "  # everything about the decision, from a server, waiting at most ten seconds\n"
      "  testselect select --server ci:7600 --repo app --base \"$BASE\" --head \"$HEAD\" "
      "--labels-file labels.txt --max-wait 10\n");
  CommandOptions options(app);
  options.Commits(select);
  CLI::Option* file =
      options.Text("--labels-file", select.labels_file, "FILE|-",
                   "The tests to choose from, one label a line; - is standard input. Default: all "
                   "that the index knows.");
  options
      .Text("--labels-command", select.labels_command, "CMD",
            "A shell command that prints the labels; what `pytest --collect-only -q` prints is "
            "understood. It must succeed.")
      ->excludes(file);
  options.Choice("--format", select.format, {"json", "list", "args", "datadog"},
                 "json: one object; list: the labels to run, one a line; args: the same on one "
                 "line, quoted for a POSIX shell; datadog: by job, the impacted and the skipped "
                 "tests and the changed paths that made them run. Default: json.");
  options.Text("--out", select.out, "FILE", "Write the answer there, in one step.");
  options.Switch("--reasons", select.reasons,
                 "Also print how many labels each reason selected, on standard error.");
  options.Text(
      "--budget", select.budget, "TIME",
      "Run what fits into this time (90, 90s, 5m, 1h30m) by the known durations, in the run "
      "order. What is left out is in over_budget, and is told on standard error; the exit "
      "status is 0 all the same. With --shards it is each shard's.");
  options.Count("--shards", select.shards, 10'000,
                "Divide the labels to run among so many shards of equal duration.");
  options.Count("--shard", select.shard, 10'000, "Which of --shards to answer for, from 1.");
  options.Switch("--per-job", select.per_job,
                 "With --format json: also what each job's evidence says of the labels it knows.");
  options.Seconds("--max-wait", select.max_wait,
                  "Wait at most this long, then answer that everything runs (MAX_WAIT).");
  options.Switch("--fail-on-fallback", select.fail_on_fallback,
                 "End with status 3 where everything runs because of a fallback.");
  options.Index(values.common, /*has_json=*/false);
}

void AddExplain(CLI::App* tree, CommandLine& values) {
  CLI::App* app = AddCommand(
      tree, "explain", "Say why one test must run, or can be skipped.", values, Command::kExplain,
      "  testselect explain 'tests/test_a.py::test_x[1]' --base \"$BASE\" --head "
      "\"$HEAD\"\n"
      "  testselect explain tests/test_a.py::test_x --working-tree --json\n");
  CommandOptions options(app);
  options.Text("LABEL", values.explain.label, "LABEL", "The test, as its runner names it.")
      ->option_text("REQUIRED")
      ->required();
  options.Commits(values.explain.selection);
  options.Index(values.common, /*has_json=*/true);
}

void AddInspect(CLI::App* tree, CommandLine& values) {
  InspectOptions& inspect = values.inspect;
  CLI::App* app = AddCommand(tree, "inspect", "Show what reports hold, without storing anything.",
                             values, Command::kInspect,
                             "  testselect inspect .coverage\n"
                             "  testselect inspect --json --path-root /build/app coverage.json.gz\n"
                             "  testselect inspect 'Suite.Case=lcov.info'\n");
  CommandOptions options(app);
  options.Reports(inspect.format, inspect.label, inspect.path_root, inspect.path_prefix,
                  inspect.reports_from, inspect.reports);
  options.Output(values.common, /*has_json=*/true);
}

void AddIndexRetain(CLI::App* group, CommandLine& values) {
  RetainOptions& retain = values.retain;
  CLI::App* app =
      AddCommand(group, "retain", "Delete what is too old or too much, and give the space back.",
                 values, Command::kIndexRetain,
                 "  # what would go, and why the rest stays\n"
                 "  testselect index retain --dry-run --max-age 30d --commits 20\n"
                 "  # with the limits that the server is configured with\n"
                 "  testselect index retain --server ci:7600 --repo app --json\n");
  CommandOptions options(app);
  options.Switch("--dry-run", retain.dry_run, "Say what would go; delete nothing.");
  options.Text("--max-age", retain.max_age, "AGE",
               "Commits whose newest upload is older go, e.g. 30d or 12h; 0: none. What selections "
               "from the commits that stay need stays with them. Default: the server's.");
  options.Count("--commits", retain.commits, 1'000'000'000,
                "How many commits stay of each branch; 0: any number. Default: the server's.",
                /*least=*/0);
  options.Count("--total", retain.total, 1'000'000'000,
                "How many commits stay of the repository; 0: any number. Default: the server's.",
                /*least=*/0);
  options.Index(values.common, /*has_json=*/true);
}

void AddIndex(CLI::App* tree, CommandLine& values) {
  IndexOptions& index = values.index;
  CLI::App* group = tree->add_subcommand("index", "Look at the index, and tend it.");
  group->require_subcommand(0, 1);
  const char* job = "Only this job, NAME or 'NAME;os=linux'. Default: all jobs.";
  const auto one_commit = [&](const std::string& name, const std::string& doc, Command command,
                              const std::string& examples) {
    CLI::App* app = AddCommand(group, name, doc, values, command, examples);
    CommandOptions(app)
        .Text("SHA", index.commit, "SHA",
              "The commit: a full id, or a revision of the clone at hand.")
        ->option_text("REQUIRED")
        ->required();
    return app;
  };
  CLI::App* list = AddCommand(
      group, "list", "List the indexed commits, newest upload first.", values, Command::kIndexList,
      "  testselect index list\n"
      "  testselect index list --server ci:7600 --repo app --limit 10 --json\n");
  CommandOptions(list).Count("--limit", index.limit, 1'000'000,
                             "How many commits at most. Default: 100.");
  CommandOptions(list).Index(values.common, /*has_json=*/true);

  CLI::App* show = one_commit("show", "Show what is known of a commit, or of one label at it.",
                              Command::kIndexShow,
                              "  testselect index show \"$SHA\"\n"
                              "  testselect index show \"$SHA\" --label tests/test_a.py::test_x "
                              "--json\n");
  CommandOptions(show).Text("--job", index.job, "NAME", job);
  CommandOptions(show).Text("--label", index.label, "LABEL", "Show this label's evidence.");
  CommandOptions(show).Index(values.common, /*has_json=*/true);

  CLI::App* seal = one_commit("seal", "Make a job's shards usable although others are missing.",
                              Command::kIndexSeal,
                              "  testselect index seal \"$SHA\" --job unit\n"
                              "  testselect index seal \"$SHA\" --include-quarantined\n");
  CommandOptions(seal).Text("--job", index.job, "NAME",
                            "The job, NAME or 'NAME;os=linux'. Default: default.");
  CommandOptions(seal).Switch("--include-quarantined", index.include_quarantined,
                              "Also make quarantined segments usable.");
  CommandOptions(seal).Index(values.common, /*has_json=*/true, CommandOptions::Sends::kUploads);

  CLI::App* remove =
      one_commit("delete", "Delete what is known of a commit. Not undoable.", Command::kIndexDelete,
                 "  testselect index delete \"$SHA\"\n"
                 "  testselect index delete \"$SHA\" --job unit\n");
  CommandOptions(remove).Text("--job", index.job, "NAME", job);
  CommandOptions(remove).Index(values.common, /*has_json=*/true);
  AddIndexRetain(group, values);
  AddIndexExport(group, values);
  AddIndexImport(group, values);
}

void AddServe(CLI::App* tree, CommandLine& values) {
  CLI::App* app = AddCommand(
      tree, "serve", "Start testselectd on this repository's .testselect/.", values,
      Command::kServe,
      "  testselect serve\n"
      "  testselect serve --listen 127.0.0.1:0 --metrics-listen ''\n"
      "  # then, elsewhere: testselect select --server 127.0.0.1:7600 --repo local ...\n");
  app->allow_extras();
  CommandOptions options(app);
  options.Text(
      "--repo", values.common.repo, "DIR",
      "A directory in the repository. Default: the working directory. The server knows the "
      "repository as 'local'. All other flags are testselectd's: see testselectd --help.");
}

void AddRest(CLI::App* tree, CommandLine& values) {
  CLI::App* version =
      AddCommand(tree, "version", "Print the version, as testselect --version does.", values,
                 Command::kVersion, "  testselect version\n");
  CommandOptions(version).Switch("--json", values.common.json, "Print it as a JSON object.");
  CLI::App* completion =
      tree->add_subcommand("completion", "Print the completion script of a shell.");
  completion->require_subcommand(0, 1);
  AddCommand(completion, "bash", "For bash.", values, Command::kCompletionBash,
             "  testselect completion bash > /etc/bash_completion.d/testselect\n"
             "  source <(testselect completion bash)\n");
  AddCommand(completion, "zsh", "For zsh.", values, Command::kCompletionZsh,
             "  testselect completion zsh > \"${fpath[1]}/_testselect\"\n");
  // An empty group hides a command.
  tree->add_subcommand("man-page", "Print the man page.")->group("")->callback([&values] {
    values.command = Command::kManPage;
  });
  tree->add_subcommand("markdown", "Print docs/cli.md.")->group("")->callback([&values] {
    values.command = Command::kMarkdown;
  });
}

void CollectVisible(const CLI::App& app, const std::string& prefix,
                    std::vector<NamedCommand>& found) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    const std::string name = absl::StrCat(prefix, command->get_name());
    const bool is_group = !command->get_subcommands([](const CLI::App*) { return true; }).empty();
    // A group that has options beside --help is a command too.
    if (!is_group || command->get_options().size() > 1) found.push_back({name, command});
    if (is_group) CollectVisible(*command, absl::StrCat(name, " "), found);
  }
}

}  // namespace

std::unique_ptr<CLI::App> BuildCommandTree(CommandLine& values) {
  auto tree = std::make_unique<CLI::App>(
      "Runs the tests that a change needs: learns from per-test coverage which ones those are.",
      "testselect");
  // None is told by whoever runs the command, with the help of what was named so far.
  tree->require_subcommand(0, 1);
  tree->set_help_flag("-h,--help", "Print this help and exit.");
  tree->set_version_flag("--version", absl::StrCat("testselect ", kVersionText),
                         "Print the version and exit.");
  std::string codes = "Exit status:\n";
  for (const ExitCodeText* text = kExitCodeTexts; text->meaning != nullptr; ++text) {
    absl::StrAppend(&codes, "  ", static_cast<int>(text->code), "  ", text->meaning, "\n");
  }
  tree->footer(absl::StrCat(codes,
                            "\nExamples:\n"
                            "  testselect upload --commit \"$(git rev-parse HEAD)\" .coverage\n"
                            "  testselect select --working-tree --format list\n"
                            "  testselect select --help\n"));
  AddUpload(tree.get(), values);
  AddSelect(tree.get(), values);
  AddRun(tree.get(), values);
  AddWatch(tree.get(), values);
  AddExplain(tree.get(), values);
  AddInspect(tree.get(), values);
  AddIndex(tree.get(), values);
  AddRules(tree.get(), values);
  AddSuites(tree.get(), values);
  AddGraph(tree.get(), values);
  AddAffected(tree.get(), values);
  AddStale(tree.get(), values);
  AddWho(tree.get(), values);
  AddEvaluate(tree.get(), values);
  AddDecisions(tree.get(), values);
  AddMisses(tree.get(), values);
  AddStats(tree.get(), values);
  AddLabelAnalysis(tree.get(), values);
  AddCi(tree.get(), values);
  AddDoctor(tree.get(), values);
  AddInit(tree.get(), values);
  AddAgent(tree.get(), values);
  AddServe(tree.get(), values);
  AddRest(tree.get(), values);
  return tree;
}

std::vector<NamedCommand> VisibleCommands(const CLI::App& tree) {
  std::vector<NamedCommand> found;
  CollectVisible(tree, "", found);
  return found;
}

std::vector<std::string> ProtectArguments(const std::vector<std::string>& arguments) {
  std::vector<std::string> safe;
  bool flags_ended = false;
  for (const std::string& argument : arguments) {
    if (!flags_ended && argument == "--") {
      flags_ended = true;
      continue;
    }
    const bool bracketed = argument.size() > 1 && argument.front() == '[' && argument.back() == ']';
    const bool marked = !argument.empty() && argument.front() == kArgumentMark;
    if (flags_ended || bracketed || marked) {
      safe.push_back(std::string(1, kArgumentMark) + argument);
    } else {
      safe.push_back(argument);
    }
  }
  return safe;
}

}  // namespace testselect::client
