#include "client/cli/structure_commands.h"

#include "client/cli/command_options.h"
#include "client/cli/target.h"
#include "server/git/open_repository.h"
#include "storage/model/object_id.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr char kCommitDoc[] =
    "The commit whose files are meant: a full id, or a revision of the clone at hand. Default in "
    "process: HEAD.";

}  // namespace

void AddGraph(CLI::App* tree, CommandLine& values) {
  GraphOptions& graph = values.graph;
  CLI::App* app =
      AddCommand(tree, "graph", "Print which file imports which.", values, Command::kGraph,
                 "  testselect graph | jq -r '.files[].path'\n"
                 "  testselect graph --format dot src/core.py | dot -Tsvg > core.svg\n");
  CommandOptions options(app);
  options
      .Positional("PATH", graph.paths, "PATH...",
                  "Only these files, what they import and what imports them: paths from the top of "
                  "the repository. Default: all files.")
      ->option_text(" ");
  options.Text("--commit", graph.commit, "SHA", kCommitDoc);
  options.Choice("--format", graph.format, {"json", "dot"},
                 "How it is printed: as JSON, or for Graphviz. Default: json.");
  options.Index(values.common, /*has_json=*/false);
}

void AddAffected(CLI::App* tree, CommandLine& values) {
  CLI::App* app = AddCommand(
      tree, "affected",
      "Name the files that a change touches, those that reach them through imports, and the files "
      "of the tests that must run.",
      values, Command::kAffected,
      "  testselect affected --working-tree\n"
      "  testselect affected --base \"$(git merge-base main HEAD)\" --head \"$(git rev-parse "
      "HEAD)\" --json\n");
  CommandOptions options(app);
  options.Commits(values.affected.selection);
  options.Index(values.common, /*has_json=*/true);
}

void AddStale(CLI::App* tree, CommandLine& values) {
  CLI::App* app = AddCommand(
      tree, "stale",
      "Say which evidence is used at HEAD, and which files differ from those it was recorded with. "
      "Ends with status 1 where there are any, or no evidence.",
      values, Command::kStale, "  testselect stale\n  testselect stale --job unit --json\n");
  CommandOptions options(app);
  options.Repeated("--job", values.affected.selection.jobs, "NAME",
                   "Only this job's evidence; may be repeated. Default: all jobs.");
  options.Index(values.common, /*has_json=*/true);
}

void AddWho(CLI::App* tree, CommandLine& values) {
  WhoOptions& who = values.who;
  CLI::App* app = AddCommand(
      tree, "who",
      "Name the tests that executed a file or some of its lines, and those whose files reach it.",
      values, Command::kWho,
      "  testselect who src/core.py\n"
      "  testselect who src/core.py:12-20 --json\n");
  CommandOptions options(app);
  options
      .Text("FILE", who.place, "FILE[:LINE[-LINE]]",
            "The file, by its path from the top of the repository, and lines of it as they are in "
            "the commit.")
      ->option_text("REQUIRED")
      ->required();
  options.Text("--commit", who.commit, "SHA", kCommitDoc);
  options.Repeated("--job", who.jobs, "NAME",
                   "Use this job's evidence; may be repeated. NAME stands for all its flavors, "
                   "'NAME;os=linux' for one. Default: all jobs.");
  options.Index(values.common, /*has_json=*/true);
}

absl::StatusOr<std::string> CommitToAsk(const CommonOptions& common, const std::string& commit) {
  if (!commit.empty() || !common.remote.server.empty()) {
    TS_RETURN_IF_ERROR(CheckCommit("--commit", commit));
    return commit;
  }
  TS_ASSIGN_OR_RETURN(const std::string top, LocalTop(common));
  TS_ASSIGN_OR_RETURN(const ObjectId head, ResolveRevision(top, "HEAD"));
  return head.ToHex();
}

}  // namespace testselect::client
