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
  options.Text("--base-sha", label.base, "SHA", "The commit compared with: 40 hexadecimal digits.")
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

}  // namespace testselect::client
