#include "client/cli/command_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "client/cli/option_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kSha[] = "0123456789012345678901234567890123456789";

struct Parsed {
  CommandLine values;
  std::string error;
  std::vector<std::string> serve_rest;
};

Parsed Parse(const std::vector<std::string>& arguments) {
  Parsed parsed;
  const std::unique_ptr<CLI::App> tree = BuildCommandTree(parsed.values);
  std::vector<std::string> reversed = ProtectArguments(arguments);
  std::reverse(reversed.begin(), reversed.end());
  try {
    tree->parse(std::move(reversed));
    parsed.serve_rest = tree->get_subcommand("serve")->remaining();
  } catch (const CLI::Error& error) {
    parsed.error = error.what();
  }
  return parsed;
}

TEST(CommandTreeTest, OutcomesDoNotSwallowTheReportThatFollows) {
  const Parsed parsed = Parse({"upload", "--repo", "r", "--commit", kSha, "--job", "unit", "--full",
                               "--outcomes", "junit.xml", ".coverage"});
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.values.command, Command::kUpload);
  EXPECT_THAT(parsed.values.upload.outcomes, ElementsAre("junit.xml"));
  EXPECT_THAT(parsed.values.upload.reports, ElementsAre(".coverage"));
  EXPECT_TRUE(parsed.values.upload.full);
}

TEST(CommandTreeTest, PathsKeepTheirSpelling) {
  const Parsed check = Parse({"rules", "check", "[a,b].py", "--", "-x", "--y"});
  EXPECT_EQ(check.error, "");
  EXPECT_THAT(check.values.rules.paths, ElementsAre("[a,b].py", "-x", "--y"));
  const Parsed graph = Parse({"graph", "--", "-x"});
  EXPECT_EQ(graph.error, "");
  EXPECT_THAT(graph.values.graph.paths, ElementsAre("-x"));
}

TEST(CommandTreeTest, ReportsKeepTheirSpelling) {
  const std::vector<std::string> reports = {"t[a,b]=x", "[a,b]",     "select",  "index", "a b=c d",
                                            "\x01odd",  "t[=]=x[1]", "größe=ß", "it's"};
  std::vector<std::string> arguments = {"upload", "--commit", kSha};
  arguments.insert(arguments.end(), reports.begin(), reports.end());
  const Parsed parsed = Parse(arguments);
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.values.upload.reports, reports);
}

TEST(CommandTreeTest, AfterTwoDashesEverythingIsAReport) {
  const Parsed parsed = Parse({"upload", "--commit", kSha, "a", "--", "--b=c", "-d", "--"});
  EXPECT_EQ(parsed.error, "");
  EXPECT_THAT(parsed.values.upload.reports, ElementsAre("a", "--b=c", "-d", "--"));
}

TEST(CommandTreeTest, ThousandsOfReports) {
  std::vector<std::string> arguments = {"upload", "--commit", kSha};
  for (int i = 0; i < 20'000; ++i) arguments.push_back("t" + std::to_string(i) + "=r");
  const Parsed parsed = Parse(arguments);
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.values.upload.reports.size(), 20'000u);
  EXPECT_EQ(parsed.values.upload.reports.back(), "t19999=r");
}

TEST(CommandTreeTest, SelectTakesWhatTheDesignNames) {
  const Parsed parsed = Parse({"select",
                               "--base",
                               kSha,
                               "--head",
                               kSha,
                               "--job",
                               "a",
                               "--job",
                               "b;os=linux",
                               "--labels-file",
                               "-",
                               "--granularity",
                               "line",
                               "--format",
                               "args",
                               "--out",
                               "f",
                               "--reasons",
                               "--environment",
                               "e",
                               "--max-wait",
                               "2.5",
                               "--force",
                               "[x]"});
  EXPECT_EQ(parsed.error, "");
  const SelectOptions& select = parsed.values.select;
  EXPECT_THAT(select.jobs, ElementsAre("a", "b;os=linux"));
  EXPECT_EQ(select.labels_file, "-");
  EXPECT_EQ(select.granularity, "line");
  EXPECT_EQ(select.format, "args");
  EXPECT_EQ(select.max_wait, 2.5);
  EXPECT_THAT(select.force, ElementsAre("[x]"));
  EXPECT_TRUE(select.reasons);
}

TEST(CommandTreeTest, LabelsAreTakenAsTheyAre) {
  for (const char* label : {"tests/a.py::t[1,2]", "[1,2]", "select", "a b|c"}) {
    const Parsed parsed = Parse({"explain", label, "--base", kSha, "--head", kSha});
    EXPECT_EQ(parsed.error, "");
    EXPECT_EQ(parsed.values.explain.label, label);
  }
}

TEST(CommandTreeTest, MistakesAreErrors) {
  const struct {
    std::vector<std::string> arguments;
    const char* error;
  } kCases[] = {
      {{"nonsense"}, "nonsense"},
      {{"upload", "x"}, "--commit is required"},
      {{"upload", "--commit", kSha, "--full", "--subset", "x"}, "excludes"},
      {{"upload", "--commit", kSha, "--attempt", "0", "x"}, "--attempt"},
      {{"upload", "--commit", kSha, "--nonsense", "x"}, "--nonsense"},
      {{"select", "--format", "xml"}, "--format"},
      {{"select", "--working-tree", "--staged"}, "excludes"},
      {{"select", "--max-wait", "-1"}, "--max-wait"},
      {{"index", "nonsense"}, "nonsense"},
      {{"index", "show"}, "SHA"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Parse(c.arguments).error, HasSubstr(std::string(c.error).substr(0, 40)));
  }
}

TEST(CommandTreeTest, NoCommandIsLeftToTheCaller) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{}, {"index"}, {"completion"}}) {
    const Parsed parsed = Parse(arguments);
    EXPECT_EQ(parsed.error, "");
    EXPECT_EQ(parsed.values.command, Command::kNone);
  }
}

TEST(CommandTreeTest, ServePassesUnknownFlagsOn) {
  const Parsed parsed =
      Parse({"serve", "--repo", "d", "--listen", "127.0.0.1:0", "--log-format=json"});
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.values.common.repo, "d");
  EXPECT_THAT(parsed.serve_rest, ElementsAre("--listen", "127.0.0.1:0", "--log-format=json"));
}

TEST(CommandTreeTest, EveryCommandExplainsItselfWithExamples) {
  CommandLine values;
  const std::unique_ptr<CLI::App> tree = BuildCommandTree(values);
  const std::vector<NamedCommand> commands = VisibleCommands(*tree);
  EXPECT_GE(commands.size(), 12u);
  for (const NamedCommand& command : commands) {
    const std::string help = command.app->help();
    const size_t examples = help.find("Examples:\n");
    ASSERT_NE(examples, std::string::npos) << command.name;
    EXPECT_THAT(help.substr(examples), HasSubstr("\n  testselect " + command.name))
        << "in the help of " << command.name;
    for (const OptionText& option : OptionTexts(*command.app)) {
      EXPECT_NE(option.doc, "") << command.name;
    }
  }
}

}  // namespace
}  // namespace testselect::client
