// testselect: command line -> command -> exit code.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/command_options.h"
#include "client/cli/command_tree.h"
#include "client/cli/commands.h"
#include "client/cli/console.h"
#include "client/cli/options.h"
#include "client/cli/reference_pages.h"
#include "client/cli/revisions.h"

namespace testselect::client {
namespace {

ExitCode PrintPage(const std::string& page, Console& console) {
  const absl::Status printed = console.Print(page);
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

// Says what the words so far can be followed by.
ExitCode AskForCommand(const CLI::App& tree) {
  const CLI::App* named = &tree;
  while (!named->get_subcommands().empty()) named = named->get_subcommands().front();
  fprintf(stderr, "testselect: error: a command is missing\n\n%s", named->help().c_str());
  return ExitCode::kUsage;
}

ExitCode Run(const CLI::App& tree, CommandLine& values) {
  Console console(values.common.quiet, values.common.verbose);
  switch (values.command) {
    case Command::kUpload:
      return RunUpload(values.common, values.upload, console);
    case Command::kSelect:
      return RunSelect(values.common, values.select, console);
    case Command::kExplain:
      return RunExplain(values.common, values.explain, console);
    case Command::kInspect:
      return RunInspect(values.common, values.inspect, console);
    case Command::kIndexList:
      return RunIndexList(values.common, values.index, console);
    case Command::kIndexShow:
      return RunIndexShow(values.common, values.index, console);
    case Command::kIndexSeal:
      return RunIndexSeal(values.common, values.index, console);
    case Command::kIndexDelete:
      return RunIndexDelete(values.common, values.index, console);
    case Command::kIndexRetain:
      return RunIndexRetain(values.common, values.retain, console);
    case Command::kIndexExport:
      return RunIndexExport(values.common, values.index_export, console);
    case Command::kIndexImport:
      return RunIndexImport(values.common, values.index_import, console);
    case Command::kRulesShow:
      return RunRulesShow(values.common, values.rules, console);
    case Command::kRulesCheck:
      return RunRulesCheck(values.common, values.rules, console);
    case Command::kSuites:
      return RunSuites(values.common, values.suites, console);
    case Command::kSuitesList:
      return RunSuitesList(values.common, values.suites, console);
    case Command::kSuitesLint:
      return RunSuitesLint(values.common, values.suites, console);
    case Command::kGraph:
      return RunGraph(values.common, values.graph, console);
    case Command::kWho:
      return RunWho(values.common, values.who, console);
    case Command::kEvaluate:
      return RunEvaluate(values.common, values.evaluate, console);
    case Command::kDecisions:
      return RunDecisions(values.common, values.decisions, console);
    case Command::kDecisionsShow:
      return RunDecisionsShow(values.common, values.decisions, console);
    case Command::kReplay:
      return RunReplay(values.common, values.decisions, console);
    case Command::kMisses:
      return RunMisses(values.common, values.misses, console);
    case Command::kMissesForget:
      return RunMissesForget(values.common, values.misses, console);
    case Command::kStats:
      return RunStats(values.common, values.stats, console);
    case Command::kRun:
      return RunRun(values.common, values.run, console);
    case Command::kAffected:
      return RunAffected(values.common, values.affected, console);
    case Command::kStale:
      return RunStale(values.common, values.affected, console);
    case Command::kWatch:
      return RunWatch(values.common, values.watch, console);
    case Command::kLabelAnalysis:
      return RunLabelAnalysis(values.common, values.label_analysis, console);
    case Command::kCiGithub:
    case Command::kCiGitlab:
    case Command::kCiBuildkite:
    case Command::kCiCircleci:
      return RunCi(values.common, values.ci, values.command, console);
    case Command::kAgent:
      return RunAgent(values.common, values.agent, console);
    case Command::kDoctor:
      return RunDoctor(values.common, values.doctor, console);
    case Command::kInit:
      return RunInit(values.common, values.init, console);
    case Command::kServe:
      return RunServe(values.common, values.serve, console);
    case Command::kVersion:
      return RunVersion(values.common, console);
    case Command::kCompletionBash:
      return PrintPage(BashCompletion(tree), console);
    case Command::kCompletionZsh:
      return PrintPage(ZshCompletion(tree), console);
    case Command::kManPage:
      return PrintPage(ManPage(tree), console);
    case Command::kMarkdown:
      return PrintPage(MarkdownPage(tree), console);
    case Command::kNone:
      break;
  }
  return AskForCommand(tree);
}

// What `serve` passes on: everything CLI11 did not know, with the protection taken off again.
std::vector<std::string> PassedThrough(const CLI::App& tree) {
  std::vector<std::string> arguments = tree.get_subcommand("serve")->remaining();
  for (std::string& argument : arguments) {
    if (!argument.empty() && argument[0] == kArgumentMark) argument.erase(0, 1);
  }
  return arguments;
}

int Main(const std::vector<std::string>& arguments) {
  CommandLine values;
  const std::unique_ptr<CLI::App> tree = BuildCommandTree(values);
  std::vector<std::string> reversed = ProtectArguments(arguments);
  std::reverse(reversed.begin(), reversed.end());  // as CLI11 wants them
  try {
    tree->parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    // CLI11's own numbers differ from one kind of mistake to the next; ours is one.
    const int status = tree->exit(error);
    return static_cast<int>(status == 0 ? ExitCode::kAnswered : ExitCode::kUsage);
  } catch (const CLI::Error& error) {
    fprintf(stderr, "testselect: error: %s\n", error.what());
    return static_cast<int>(ExitCode::kInternal);
  }
  if (values.command == Command::kServe) values.serve.arguments = PassedThrough(*tree);
  SettleServer(values.common);
  ResolveRevisions(values);
  return static_cast<int>(Run(*tree, values));
}

}  // namespace
}  // namespace testselect::client

int main(int argc, char** argv) {
  // A reader that goes away (| head) is an error of write(2), told like any other.
  std::signal(SIGPIPE, SIG_IGN);
  return testselect::client::Main(std::vector<std::string>(argv + 1, argv + argc));
}
