#include "client/cli/rule_commands.h"

#include "client/cli/command_options.h"

namespace testselect::client {
namespace {

constexpr char kHeadDoc[] =
    "The commit whose files are read: a full id, or a revision of the clone at hand. Default in "
    "process: the files as they "
    "are.";

}  // namespace

void AddRules(CLI::App* tree, CommandLine& values) {
  RulesOptions& rules = values.rules;
  CLI::App* group =
      tree->add_subcommand("rules", "Look at the rules about paths (.testselect.yml).");
  group->require_subcommand(0, 1);
  CLI::App* show = AddCommand(group, "show",
                              "Show the rules that hold: the project's, then the built-in ones. Of "
                              "each, the last that matches decides.",
                              values, Command::kRulesShow,
                              "  testselect rules show\n"
                              "  testselect rules show --head \"$(git rev-parse HEAD)\" --json\n");
  CommandOptions(show).Text("--head", rules.head, "SHA", kHeadDoc);
  CommandOptions(show).Index(values.common, /*has_json=*/true);
  CLI::App* check =
      AddCommand(group, "check", "Say which rule decides about a change of a path, and how.",
                 values, Command::kRulesCheck,
                 "  testselect rules check uv.lock docs/index.md\n"
                 "  # which keys changed decides too\n"
                 "  testselect rules check pyproject.toml --base \"$BASE\" --head \"$HEAD\"\n");
  CommandOptions(check)
      .Positional("PATH", rules.paths, "PATH...", "Paths, from the top of the repository.")
      ->option_text("REQUIRED")
      ->required();
  CommandOptions(check).Text("--base", rules.base, "SHA",
                             "The commit compared with, for rules about keys inside files.");
  CommandOptions(check).Text("--head", rules.head, "SHA", kHeadDoc);
  check->add_flag("--environment-same", rules.environment_same,
                  "Answer as for the same installed environment as that of the evidence.");
  CommandOptions(check).Index(values.common, /*has_json=*/true);
}

void AddSuites(CLI::App* tree, CommandLine& values) {
  SuitesOptions& suites = values.suites;
  CLI::App* choose =
      AddCommand(tree, "suites", "Say which suites of suitespec.yml files a change needs, and why.",
                 values, Command::kSuites,
                 "  testselect suites --base \"$BASE\" --head \"$HEAD\" --json\n"
                 "  git diff --name-only main | testselect suites --changed-files -\n");
  // Of a command with commands below it, the last word counts.
  choose->require_subcommand(0, 1);
  choose->callback([&values, choose] {
    if (choose->get_subcommands().empty()) values.command = Command::kSuites;
  });
  CommandOptions(choose).Text(
      "--base", suites.base, "SHA",
      "The commit compared with: a full id, or a revision of the clone at hand.");
  CommandOptions(choose).Text("--head", suites.head, "SHA", kHeadDoc);
  CommandOptions(choose).Text(
      "--changed-files", suites.changed_files, "FILE|-",
      "In place of --base: the changed paths, one a line, as `git diff --name-only` prints "
      "them; - is standard input.");
  CommandOptions(choose).Index(values.common, /*has_json=*/true);
  CLI::App* list = AddCommand(choose, "list", "List all suites with their keys.", values,
                              Command::kSuitesList, "  testselect suites list --json\n");
  CommandOptions(list).Text("--head", suites.head, "SHA", kHeadDoc);
  CommandOptions(list).Index(values.common, /*has_json=*/true);
  CLI::App* lint = AddCommand(choose, "lint",
                              "Complain about files that no suite covers, patterns that match "
                              "nothing, and references that lead nowhere; the status is then 2.",
                              values, Command::kSuitesLint, "  testselect suites lint\n");
  CommandOptions(lint).Text("--head", suites.head, "SHA", kHeadDoc);
  CommandOptions(lint).Index(values.common, /*has_json=*/true);
}

}  // namespace testselect::client
