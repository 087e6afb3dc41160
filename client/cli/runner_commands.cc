#include "client/cli/runner_commands.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/command_options.h"
#include "client/runners/registry.h"

namespace testselect::client {
namespace {

constexpr char kExamples[] =
    "  # the first time everything runs and is uploaded; later, what changes need\n"
    "  testselect run pytest\n"
    "  testselect run pytest -- -x -n 4 tests/unit\n"
    "  testselect run pytest --with 'poetry run pytest' --job unit\n"
    "  # in a CI job, with a server\n"
    "  testselect run pytest --server ci:7600 --repo app --job unit --base \"$BASE\" --head "
    "\"$(git rev-parse HEAD)\"\n";

std::string RunnerDoc() {
  std::string text = "The test runner:";
  for (const RunnerKind& kind : AllRunners()) {
    absl::StrAppend(&text, " ", kind.name, " (", kind.summary, ");");
  }
  text.back() = '.';
  return text;
}

// What `run` and `watch` take alike.
void AddRunner(CLI::App* app, CommandOptions& options, RunOptions& run) {
  options.Text("RUNNER", run.runner, "NAME", RunnerDoc())->option_text("REQUIRED")->required();
  options
      .Positional("ARGUMENT", run.arguments, "ARGUMENT...",
                  "The runner's own arguments, behind --; they also decide which tests there are.")
      ->option_text(" ");
  options.Commits(run.select);
  app->get_option("--base")->description(
      "The commit compared with: a full id, or a revision of the clone at hand. Evidence of it, or "
      "of the nearest commit "
      "before "
      "it, is used. Default: HEAD with --working-tree and --staged, else the head's first parent.");
  app->get_option("--head")->description(
      "The commit that is checked out: a full id, or a revision of the clone at hand. Default: the "
      "files as they are "
      "(--working-tree).");
  app->get_option("--job")->description(
      "The CI job: NAME, or 'NAME;os=linux' with its flavor. Its evidence is used, and what the "
      "tests "
      "leave is uploaded for it. Default: default.");
  app->get_option("--environment")
      ->description(
          "A digest of the installed environment; evidence of another one makes everything run. "
          "Default: one of what the runner finds installed (pytest, Go, Jest, Vitest, cargo; not "
          "for "
          "the files as they are with a server). none: no digest.");
  options.Text("--with", run.with, "CMD",
               "How the runner is started, as one types it, e.g. 'python3 -m pytest'. Default: the "
               "runner's own name.");
  options.Choice(
      "--on-missing", run.on_missing, {"rest", "fail"},
      "What happens when selected tests were not executed: rest runs them once more, fail "
      "does not. Status 120 where some are missing in the end. Default: rest.");
  options.Switch("--no-record", run.no_record,
                 "Record no evidence, and upload nothing: outcomes alone would take its place.");
  options.Switch("--no-upload", run.no_upload, "Upload nothing.");
  options
      .Text("--upload-server", run.upload_server, "HOST:PORT",
            "Who takes what the tests leave, where that is not --server: machines of role indexer. "
            "--tls, --token-file and the like hold for both.")
      ->envname(kUploadServerVariable);
}

}  // namespace

void AddRun(CLI::App* tree, CommandLine& values) {
  RunOptions& run = values.run;
  CLI::App* app = AddCommand(tree, "run",
                             "List the tests, select, run them, check that what was selected was "
                             "executed, and upload what "
                             "they left. Ends with the runner's own status.",
                             values, Command::kRun, kExamples);
  CommandOptions options(app);
  AddRunner(app, options, run);
  options.Switch("--dry-run", run.dry_run,
                 "Print what would be started, and the tests to run; run nothing.");
  options.Switch("--subset", run.subset,
                 "What runs is never the whole suite of the job, although all that is listed runs: "
                 "the arguments behind -- leave tests out.");
  options.Text("--budget", run.select.budget, "TIME",
               "Run what fits into this time (90, 90s, 5m, 1h30m), as `select` has it.");
  options.Text("--shard", run.shard, "I/N",
               "Run and upload one of N shards of equal duration, from 1. Default: 1/1.");
  options.Count("--attempt", run.attempt, 10'000,
                "Which attempt, from 1, for the upload. Default: 1.");
  options.Seconds("--max-wait", run.select.max_wait,
                  "Wait at most this long for the selection, then run everything.");
  options.Index(values.common, /*has_json=*/true);
}

void AddWatch(CLI::App* tree, CommandLine& values) {
  WatchOptions& watch = values.watch;
  CLI::App* app = AddCommand(tree, "watch",
                             "Run the tests that a change can affect whenever files change. In "
                             "process, what each run leaves is the evidence that the next one "
                             "compares with.",
                             values, Command::kWatch,
                             "  testselect watch pytest\n"
                             "  testselect watch go -- ./...\n"
                             "  # Enter runs what is affected, a all tests, f the failed ones, q "
                             "quits\n");
  CommandOptions options(app);
  AddRunner(app, options, watch.run);
  options.Switch("--changed", watch.changed, "Wait for the first change before anything runs.");
  options.Count("--rounds", watch.rounds, 1'000'000, "End after so many runs. Default: never.");
  options.Index(values.common, /*has_json=*/true);
}

}  // namespace testselect::client
