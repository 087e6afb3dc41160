#include "client/cli/reference_pages.h"

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/command_tree.h"
#include "client/cli/exit_code.h"
#include "client/cli/option_text.h"
#include "client/version.h"

namespace testselect::client {
namespace {

// Text for troff: backslashes and hyphens escaped, no line that begins like a request.
std::string Roff(absl::string_view text) {
  std::string escaped = absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}});
  std::string safe;
  for (absl::string_view line : absl::StrSplit(escaped, '\n')) {
    if (!safe.empty()) safe += '\n';
    if (absl::StartsWith(line, ".") || absl::StartsWith(line, "'")) safe += "\\&";
    safe.append(line.data(), line.size());
  }
  return safe;
}

std::string Examples(const CLI::App& command) {
  std::string text = command.get_footer();
  const size_t at = text.find("Examples:\n");
  text = at == std::string::npos ? "" : text.substr(at + 10);
  std::string lines;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    absl::StrAppend(&lines, absl::StripPrefix(line, "  "), "\n");
  }
  return lines;
}

std::string EnvironmentNote(const OptionText& option) {
  return option.environment.empty() ? "" : absl::StrCat(" Also set by ", option.environment, ".");
}

void AppendManCommand(const NamedCommand& command, std::string& page) {
  absl::StrAppend(&page, ".SS ", Roff(UsageLine(command.name, *command.app)), "\n",
                  Roff(command.app->get_description()), "\n");
  for (const OptionText& option : OptionTexts(*command.app)) {
    std::string name = absl::StrJoin(option.flags, ", ");
    page += ".TP\n";
    if (name.empty()) {
      absl::StrAppend(&page, "\\fI", Roff(option.value), "\\fR\n");
    } else {
      absl::StrAppend(&page, "\\fB", Roff(name), "\\fR",
                      option.value.empty() ? "" : absl::StrCat(" \\fI", Roff(option.value), "\\fR"),
                      "\n");
    }
    absl::StrAppend(&page, Roff(absl::StrCat(option.doc, EnvironmentNote(option))), "\n");
  }
  absl::StrAppend(&page, ".PP\nExamples:\n.PP\n.nf\n.RS 2\n", Roff(Examples(*command.app)),
                  ".RE\n.fi\n");
}

constexpr char kOverview[] =
    "testselect asks a testselectd server, or does the same in this process on .testselect/ at the "
    "top of the repository, where no server is named. CI jobs upload per-test coverage of the "
    "commits that they test; select then answers for a base and a head commit which tests must "
    "run, "
    "in which order and why, and which can be skipped. What it cannot know runs: every fallback "
    "has a code and a sentence.";
constexpr char kStreams[] =
    "Answers alone go to standard output; progress, logs, warnings and errors go to standard "
    "error. "
    "Colours and the progress bar appear on terminals only; NO_COLOR switches the colours off.";
constexpr char kConcurrency[] =
    "Two commands that work in process on one repository wait for each other, up to --lock-wait, "
    "and say so.";

}  // namespace

std::string ManPage(const CLI::App& tree) {
  std::string page =
      absl::StrCat(".\\\" Made by `testselect man-page`; a test compares.\n.TH TESTSELECT 1 \"\" ",
                   "\"testselect ", kVersionText, "\" \"User Commands\"\n.SH NAME\ntestselect \\- ",
                   "run the tests that a change needs\n.SH SYNOPSIS\n");
  for (const NamedCommand& command : VisibleCommands(tree)) {
    absl::StrAppend(&page, ".B ", Roff(UsageLine(command.name, *command.app)), "\n.br\n");
  }
  absl::StrAppend(&page, ".SH DESCRIPTION\n", Roff(kOverview), "\n.PP\n", Roff(kStreams), "\n.PP\n",
                  Roff(kConcurrency), "\n.SH COMMANDS\n");
  for (const NamedCommand& command : VisibleCommands(tree)) AppendManCommand(command, page);
  page += ".SH EXIT STATUS\n";
  for (const ExitCodeText* text = kExitCodeTexts; text->meaning != nullptr; ++text) {
    absl::StrAppend(&page, ".TP\n", static_cast<int>(text->code), "\n", Roff(text->meaning), "\n");
  }
  absl::StrAppend(&page, ".SH ENVIRONMENT\n.TP\nTESTSELECT_SERVER\nThe default of ",
                  Roff("--server"), ".\n.TP\nTESTSELECT_UPLOAD_SERVER\nThe default of ",
                  Roff("--server"), " of commands that upload, and of ", Roff("--upload-server"),
                  ".\n.TP\nNO_COLOR\nNo colours.\n.TP\nTMPDIR\n",
                  "Where temporary copies of piped reports go.\n.SH FILES\n.TP\n",
                  Roff(".testselect/"), "\nThe index of the in", Roff("-"),
                  "process mode, at the top of the repository; git ignores it.\n");
  return page;
}

std::string MarkdownPage(const CLI::App& tree) {
  std::string page = absl::StrCat(
      "# The `testselect` command\n\nMade by `testselect markdown`; a test compares.\n\n",
      kOverview, "\n\n", kStreams, "\n\n", kConcurrency,
      "\n\n## Exit status\n\n| status | meaning |\n|---|---|\n");
  for (const ExitCodeText* text = kExitCodeTexts; text->meaning != nullptr; ++text) {
    absl::StrAppend(&page, "| ", static_cast<int>(text->code), " | ", text->meaning, " |\n");
  }
  for (const NamedCommand& command : VisibleCommands(tree)) {
    absl::StrAppend(&page, "\n## testselect ", command.name, "\n\n", command.app->get_description(),
                    "\n\n```\n", UsageLine(command.name, *command.app),
                    "\n```\n\n| option | meaning |\n|---|---|\n");
    for (const OptionText& option : OptionTexts(*command.app)) {
      std::string name = absl::StrJoin(option.flags, ", ");
      if (!option.value.empty()) absl::StrAppend(&name, name.empty() ? "" : " ", option.value);
      absl::StrAppend(&page, "| `", absl::StrReplaceAll(name, {{"|", "\\|"}}), "` | ",
                      absl::StrReplaceAll(option.doc, {{"|", "\\|"}, {"<", "\\<"}}),
                      EnvironmentNote(option), " |\n");
    }
    absl::StrAppend(&page, "\n```sh\n", Examples(*command.app), "```\n");
  }
  return page;
}

}  // namespace testselect::client
