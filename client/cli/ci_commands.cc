#include "client/cli/ci_commands.h"

#include "client/cli/command_options.h"

namespace testselect::client {

void AddLabelAnalysis(CLI::App* tree, CommandLine& values) {
  LabelAnalysisOptions& label = values.label_analysis;
  CLI::App* app = AddCommand(
      tree, "label-analysis",
      "Select and run tests with the command line and the codecov.yml of Codecov's command of this "
      "name.",
      values, Command::kLabelAnalysis,
      "  testselect label-analysis --base-sha \"$BASE\" --head-sha \"$HEAD\"\n"
      "  testselect label-analysis --base-sha \"$BASE\" --dry-run | jq -r '.ats_tests_to_run[]'\n"
      "  testselect label-analysis --base-sha \"$BASE\" --runner-name dan --runner-param "
      "collect_tests_command=ctest,-N\n");
  CommandOptions options(app);
  options
      .Text("--base-sha", label.base, "SHA",
            "The commit compared with: a full id, or a revision of the clone at hand.")
      ->required();
  options.Text("--head-sha", label.head, "SHA",
               "The commit whose tests are chosen. Default: the one that the CI system's variables "
               "name (GITHUB_SHA, CI_COMMIT_SHA, ...), else HEAD.");
  options.Text("--runner-name,--runner", label.runner, "NAME",
               "Who lists and runs the tests: pytest, dan (two commands), or a class that "
               "cli.runners.NAME in codecov.yml names. Default: pytest.");
  options.Repeated("--runner-param", label.runner_params, "KEY=VALUE",
                   "A setting of the runner, over codecov.yml's; commas make a list; may be "
                   "repeated.");
  options.Seconds(
      "--max-wait-time", label.max_wait,
      "Wait at most this long for the selection, then run everything. Default: forever.");
  options.Switch("--dry-run", label.dry_run, "Print what to run and what to skip; run nothing.");
  options.Choice("--dry-run-format", label.dry_run_format, {"json", "space-separated-list"},
                 "How that is printed. Default: json.");
  options.Text("--codecov-yml-path", label.codecov_yaml, "FILE",
               "The file with cli.runners. Default: codecov.yml where Codecov looks for it.");
  options.Text("--token", label.token, "TOKEN",
               "Taken, and not used: see --token-file for servers that ask for a token.");
  options.Repeated("--job", label.jobs, "NAME",
                   "Use this job's evidence; may be repeated. Default: all jobs.");
  options.Index(values.common, /*has_json=*/false);
}

namespace {

void AddInput(CommandOptions& options, CiOptions& ci) {
  options.Commits(ci.select);
  CLI::Option* file = options.Text("--labels-file", ci.select.labels_file, "FILE|-",
                                   "The tests to choose from, as for select.");
  options
      .Text("--labels-command", ci.select.labels_command, "CMD",
            "A shell command that prints the labels, as for select.")
      ->excludes(file);
  options.Text("--selection", ci.selection, "FILE|-",
               "In place of --base and --head: an answer that `select --format json` wrote. Its "
               "labels are divided by number, for it says no durations.");
  options.Switch("--suites", ci.suites,
                 "Make jobs for the suites of suitespec.yml that the change needs.");
  options.Text("--changed-files", ci.changed_files, "FILE|-",
               "With --suites, in place of --base: the changed paths, one a line.");
  options.Count("--shards", ci.shards, 10'000,
                "Divide the labels to run among so many jobs of equal duration, at most.");
  options.Seconds("--shard-seconds", ci.shard_seconds,
                  "Make as many jobs as the known durations need to end in this time; --shards is "
                  "then the most.");
  options.Text("--lists", ci.lists, "DIR",
               "Where the labels of each job are written, one a line: DIR/shard-1.txt and so on, "
               "and all of them as DIR/run.txt. Default: testselect-shards.");
  options.Text("--type", ci.type, "TYPE",
               "With --suites: only suites whose key `type` is this. Default: test.");
  options.Text("--units", ci.units, "FILE",
               "With --suites: lines of SUITE<tab>N, how many units `venvs_per_job` divides.");
  options.Count("--target-jobs", ci.target_jobs, 10'000,
                "With --suites: let suites grow, to a job for each unit at most, while there are "
                "fewer jobs than this.");
}

void AddSystem(CLI::App* group, CommandLine& values, const std::string& name, Command command,
               const std::string& doc, const std::string& examples) {
  CiOptions& ci = values.ci;
  CLI::App* app = AddCommand(group, name, doc, values, command, examples);
  CommandOptions options(app);
  AddInput(options, ci);
  options.Text("--out", ci.out, "FILE", "Write the answer there, in one step.");
  if (command != Command::kCiGithub) {
    options.Repeated("--needs", ci.needs, "JOB", "A job that each job waits for; may be repeated.");
  }
  if (command == Command::kCiGitlab || command == Command::kCiBuildkite) {
    options.Text("--command", ci.command, "CMD", "What each job runs.");
  }
  if (command == Command::kCiGitlab || command == Command::kCiCircleci) {
    options.Text("--template", ci.template_file, "FILE",
                 "What the answer begins with: where the job is that ours are made of.");
    options.Text("--extends", ci.job, "JOB",
                 command == Command::kCiGitlab
                     ? "The template's job. Default: .testselect_shard, with --suites "
                       ".testselect_suite; suites with the keys gpu and snapshot have _gpu and "
                       "_snapshot behind it."
                     : "The template's job, with the parameters shards and, with --suites, suite. "
                       "Default: testselect.");
  }
  options.Index(values.common, /*has_json=*/false);
}

}  // namespace

void AddCi(CLI::App* tree, CommandLine& values) {
  CLI::App* group = tree->add_subcommand(
      "ci", "Write the jobs that must run, in the form that a CI system reads.");
  group->require_subcommand(0, 1);
  AddSystem(group, values, "github", Command::kCiGithub,
            "Print a matrix for GitHub Actions, as lines for $GITHUB_OUTPUT.",
            "  testselect ci github --base \"$BASE\" --head \"$HEAD\" --shard-seconds 300 "
            "--shards 20 >> \"$GITHUB_OUTPUT\"\n"
            "  testselect ci github --suites --base \"$BASE\" --head \"$HEAD\" >> "
            "\"$GITHUB_OUTPUT\"\n");
  AddSystem(group, values, "gitlab", Command::kCiGitlab, "Print a child pipeline for GitLab.",
            "  testselect ci gitlab --base \"$BASE\" --head \"$HEAD\" --shards 10 --template "
            ".gitlab/tests.yml --out child.yml\n"
            "  testselect ci gitlab --suites --base \"$BASE\" --head \"$HEAD\" --template "
            ".gitlab/tests.yml --out child.yml\n");
  AddSystem(group, values, "buildkite", Command::kCiBuildkite,
            "Print steps for `buildkite-agent pipeline upload`.",
            "  testselect ci buildkite --base \"$BASE\" --head \"$HEAD\" --shards 10 --command "
            ".buildkite/tests.sh | buildkite-agent pipeline upload\n");
  AddSystem(group, values, "circleci", Command::kCiCircleci,
            "Print the configuration that a CircleCI pipeline continues with, or its parameters.",
            "  testselect ci circleci --base \"$BASE\" --head \"$HEAD\" --shards 10 --out "
            "parameters.json\n"
            "  testselect ci circleci --suites --base \"$BASE\" --head \"$HEAD\" --template "
            ".circleci/tests.yml --out continue.yml\n");
}

}  // namespace testselect::client
