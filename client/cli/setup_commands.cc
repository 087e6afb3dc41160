#include "client/cli/setup_commands.h"

#include "client/cli/command_options.h"

namespace testselect::client {

void AddDoctor(CLI::App* tree, CommandLine& values) {
  DoctorOptions& doctor = values.doctor;
  CLI::App* app = AddCommand(
      tree, "doctor",
      "Check what selections depend on: server, token, history, base, index, rule file, the "
      "runner's labels, and how reports fit. Status 1 where there is a problem.",
      values, Command::kDoctor,
      "  testselect doctor\n"
      "  # in a CI job: does what it would upload fit?\n"
      "  testselect doctor --server ci:7600 --repo app --base \"$BASE\" .coverage\n"
      "  testselect doctor --labels-command 'pytest --collect-only -q tests' --json\n");
  CommandOptions options(app);
  options.Text("--base", doctor.base, "REV",
               "The commit that changes are compared with. Default: the main branch, else the "
               "commit before HEAD.");
  CLI::Option* file = options.Text("--labels-file", doctor.labels_file, "FILE|-",
                                   "The runner's labels, one a line, as for select.");
  options
      .Text("--labels-command", doctor.labels_command, "CMD",
            "A shell command that prints the labels, as for select. Default: the runner's that is "
            "found.")
      ->excludes(file);
  options.Reports(doctor.upload.format, doctor.upload.label, doctor.upload.path_root,
                  doctor.upload.path_prefix, doctor.upload.reports_from, doctor.upload.reports);
  options.Index(values.common, /*has_json=*/true);
}

void AddInit(CLI::App* tree, CommandLine& values) {
  CLI::App* app = AddCommand(
      tree, "init",
      "Write a first .testselect.yml by looking at the repository, and print what to type next.",
      values, Command::kInit,
      "  testselect init --dry-run\n"
      "  testselect init\n");
  CommandOptions options(app);
  options.Switch("--force", values.init.force, "Replace a .testselect.yml that is there.");
  options.Switch("--dry-run", values.init.dry_run, "Print what would be written; write nothing.");
  options.Text("--repo", values.common.repo, "DIR",
               "A directory in the repository. Default: the working directory.");
  options.Output(values.common, /*has_json=*/false);
}

}  // namespace testselect::client
