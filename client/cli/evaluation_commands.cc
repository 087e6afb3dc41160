#include "client/cli/evaluation_commands.h"

#include "client/cli/command_options.h"

namespace testselect::client {
namespace {

constexpr char kJobDoc[] = "Only this job, NAME or 'NAME;os=linux'. Default: all jobs.";

}  // namespace

void AddEvaluate(CLI::App* tree, CommandLine& values) {
  EvaluateOptions& evaluate = values.evaluate;
  CLI::App* app = AddCommand(
      tree, "evaluate",
      "Compare a selection with how the tests really ended: what it would have missed, and what it "
      "saves. Status 1 where it missed a failure.",
      values, Command::kEvaluate,
      "  # the whole suite ran at the head of a selection that was recorded\n"
      "  testselect evaluate 0123456789abcdef0123456789abcdef --job unit --outcomes junit.xml\n"
      "  testselect evaluate selection.json --outcomes junit.xml --html report.html\n"
      "  # what was found before, from uploads of full runs too\n"
      "  testselect evaluate 0123456789abcdef0123456789abcdef --json\n");
  CommandOptions options(app);
  options
      .Text("SELECTION", evaluate.selection, "ID|FILE|-",
            "A selection's id, or a file that `select --format json` wrote; - is standard input.")
      ->option_text("REQUIRED")
      ->required();
  options.Repeated("--outcomes", evaluate.outcomes, "FILE",
                   "Test results, e.g. JUnit XML; may be repeated. Default: what was reported "
                   "before.");
  options.Text("--format", evaluate.format, "NAME",
               "The results' format; by default found from the content.");
  options.Text("--job", evaluate.job, "NAME",
               "The job that ran, NAME or 'NAME;os=linux'. Default: the one job of the selection; "
               "without --outcomes all.");
  options.Switch("--all", evaluate.all, "Name all labels, not the first hundred of each kind.");
  options.Text("--html", evaluate.html, "FILE",
               "Also write a page with plots of savings and misses over time.");
  options.Index(values.common, /*has_json=*/true);
}

void AddDecisions(CLI::App* tree, CommandLine& values) {
  DecisionOptions& decisions = values.decisions;
  CLI::App* list =
      AddCommand(tree, "decisions", "List the selections that were recorded, newest first.", values,
                 Command::kDecisions,
                 "  testselect decisions\n"
                 "  testselect decisions --head \"$HEAD\" --json\n");
  // Of a command with commands below it, the last word counts.
  list->require_subcommand(0, 1);
  list->callback([&values, list] {
    if (list->get_subcommands().empty()) values.command = Command::kDecisions;
  });
  CommandOptions(list).Text(
      "--head", decisions.head, "SHA",
      "Only selections for this commit: a full id, or a revision of the clone at hand.");
  CommandOptions(list).Count("--limit", decisions.limit, 1'000'000,
                             "How many at most. Default: 100.");
  CommandOptions(list).Index(values.common, /*has_json=*/true);
  const auto one = [&](CLI::App* parent, const std::string& name, const std::string& doc,
                       Command command, const std::string& examples) {
    CLI::App* app = AddCommand(parent, name, doc, values, command, examples);
    CommandOptions(app)
        .Text("ID", decisions.id, "ID", "The selection's id.")
        ->option_text("REQUIRED")
        ->required();
    CommandOptions(app).Index(values.common, /*has_json=*/true);
  };
  one(list, "show", "Show one selection with what it was made of.", Command::kDecisionsShow,
      "  testselect decisions show 0123456789abcdef0123456789abcdef --json\n");
  one(tree, "replay",
      "Make a recorded selection again from what it was made of, and say what differs. Status 1 "
      "where anything does, or where what it was made of is gone.",
      Command::kReplay, "  testselect replay 0123456789abcdef0123456789abcdef\n");
}

void AddMisses(CLI::App* tree, CommandLine& values) {
  MissesOptions& misses = values.misses;
  CLI::App* list = AddCommand(
      tree, "misses",
      "List the tests that run always since a selection missed them (`on_miss: always_run`).",
      values, Command::kMisses, "  testselect misses\n");
  list->require_subcommand(0, 1);
  list->callback([&values, list] {
    if (list->get_subcommands().empty()) values.command = Command::kMisses;
  });
  CommandOptions(list).Index(values.common, /*has_json=*/true);
  CLI::App* forget = AddCommand(list, "forget", "Let such tests be left out again.", values,
                                Command::kMissesForget,
                                "  testselect misses forget tests/test_a.py::test_x --job unit\n"
                                "  testselect misses forget --all --job unit\n");
  CommandOptions options(forget);
  CLI::Option* label = options.Text("LABEL", misses.label, "LABEL", "The test.");
  label->option_text(" ");
  options.Text("--job", misses.job, "NAME", "The job, NAME or 'NAME;os=linux'. Default: default.");
  options.Switch("--all", misses.all, "All of the job.")->excludes(label);
  options.Index(values.common, /*has_json=*/true);
}

void AddStats(CLI::App* tree, CommandLine& values) {
  CLI::App* app = AddCommand(tree, "stats",
                             "Sum up the evaluations that are kept: misses, selected ratio, time "
                             "saved, by job.",
                             values, Command::kStats,
                             "  testselect stats\n"
                             "  testselect stats --job unit --days 30 --json\n");
  CommandOptions(app).Text("--job", values.stats.job, "NAME", kJobDoc);
  CommandOptions(app).Count("--days", values.stats.days, 36'500,
                            "Only selections of the last N days. Default: all that are kept.");
  CommandOptions(app).Index(values.common, /*has_json=*/true);
}

}  // namespace testselect::client
