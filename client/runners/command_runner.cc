#include "client/runners/command_runner.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/cli/json_writer.h"
#include "client/files.h"
#include "client/requested_labels.h"
#include "client/shell_quote.h"
#include "server/ingest/report_parser.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr uint64_t kMaxReportBytes = uint64_t{64} << 30;

class CommandRunner : public Runner {
 public:
  enum class Kind { kDan, kCustom };
  CommandRunner(Kind kind, const RunnerSetup& setup) : kind_(kind), setup_(setup) {}

  absl::StatusOr<CollectedTests> Collect() override {
    if (setup_.arguments.size() != 2) {
      return absl::InvalidArgumentError(
          "behind -- stand two commands, each as one argument: 'COMMAND THAT PRINTS THE LABELS' "
          "'COMMAND THAT RUNS SOME'");
    }
    if (kind_ == Kind::kCustom) {
      TS_RETURN_IF_ERROR(ExpandTemplate(setup_.arguments[1], "", "").status());
    }
    ProcessOptions options;
    options.folder = setup_.folder;
    options.out = ProcessOptions::Output::kCapture;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished,
                        RunProcess({"/bin/sh", "-c", setup_.arguments[0]}, options));
    CollectedTests tests;
    tests.exit_code = finished.state.ShellCode();
    if (tests.exit_code != 0) return tests;
    absl::flat_hash_set<std::string> seen;
    const std::string lines = LabelLinesOfListing(finished.out);
    for (absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
      if (seen.insert(std::string(line)).second) tests.labels.emplace_back(line);
    }
    listed_ = tests.labels;
    return tests;
  }

  absl::StatusOr<RunResult> Run(const RunOrder& order) override {
    const Files files = FilesOf(order.round);
    std::error_code error;
    std::filesystem::create_directory(files.reports, error);
    if (error) return ErrnoStatus(absl::StrCat("cannot create ", files.reports), error.value());
    TS_RETURN_IF_ERROR(
        WriteFileAtomically(files.list, absl::StrCat(absl::StrJoin(order.labels, "\n"), "\n")));
    TS_RETURN_IF_ERROR(WriteFileAtomically(files.selection, SelectionOf(order)));
    RunResult result;
    for (const std::vector<std::string>& labels : Starts(order)) {
      TS_ASSIGN_OR_RETURN(const std::string command, Command(files));
      ProcessOptions options;
      options.folder = setup_.folder;
      options.environment.emplace_back("TESTSELECT_RUN_REPORTS", files.reports);
      options.environment.emplace_back("TESTSELECT_RUN_LABELS", files.list);
      if (setup_.runner_output_to_stderr) options.out = ProcessOptions::Output::kToStderr;
      std::vector<std::string> words = {"/bin/sh", "-c", command, "sh"};
      words.insert(words.end(), labels.begin(), labels.end());
      TS_ASSIGN_OR_RETURN(const FinishedProcess finished, RunProcess(words, options));
      if (result.exit_code == 0) result.exit_code = finished.state.ShellCode();
    }
    TS_RETURN_IF_ERROR(AddReports(files.reports, result));
    return result;
  }

  std::string Describe(const RunOrder& order) override {
    return absl::StrCat(Command(FilesOf(order.round)).value_or(setup_.arguments[1]), "\n");
  }

 private:
  struct Files {
    std::string list, selection, reports;
  };
  Files FilesOf(int round) const {
    return {absl::StrCat(setup_.scratch, "/labels.", round),
            absl::StrCat(setup_.scratch, "/selection.", round, ".json"),
            absl::StrCat(setup_.scratch, "/reports.", round)};
  }

  absl::StatusOr<std::string> Command(const Files& files) const {
    if (kind_ == Kind::kCustom) {
      return ExpandTemplate(setup_.arguments[1], files.list, files.reports);
    }
    return absl::StrCat(setup_.arguments[1], " ", ShellQuote(files.selection));
  }

  // The arguments of each start.
  std::vector<std::vector<std::string>> Starts(const RunOrder& order) const {
    if (kind_ == Kind::kDan || !absl::StrContains(setup_.arguments[1], "{labels}")) return {{}};
    return ChunkArguments(order.labels, kMaxArgumentsBytes, 1 + sizeof(char*));
  }

  // Codecov's lists: what runs is in one of them, whatever selected it.
  std::string SelectionOf(const RunOrder& order) const {
    const absl::flat_hash_set<absl::string_view> run(order.labels.begin(), order.labels.end());
    JsonWriter json;
    const auto write = [&json](absl::string_view key, const std::vector<std::string>& labels) {
      json.Key(key).BeginArray();
      for (const std::string& label : labels) json.String(label);
      json.EndArray();
    };
    std::vector<std::string> skip;
    for (const std::string& label : listed_) {
      if (!run.contains(label)) skip.push_back(label);
    }
    json.BeginObject();
    write("absent_labels", {});
    write("present_diff_labels", order.labels);
    write("global_level_labels", {});
    write("present_report_labels", listed_);
    write("run", order.labels);
    write("skip", skip);
    json.EndObject();
    return std::move(json).Finish();
  }

  // Outcomes and evidence, told apart by content.
  absl::Status AddReports(const std::string& folder, RunResult& result) const {
    std::error_code error;
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) {
      TS_ASSIGN_OR_RETURN(const auto source,
                          OpenReportFile(file, file, setup_.scratch, kMaxReportBytes));
      TS_ASSIGN_OR_RETURN(const ReportParser* const parser, DetectReportParser(*source));
      result.reports.push_back({file, std::string(parser->name()), "", parser->is_outcomes()});
      if (parser->is_outcomes()) result.outcomes.push_back(result.reports.back());
    }
    result.names_executed = !result.outcomes.empty();
    return absl::OkStatus();
  }

  const Kind kind_;
  const RunnerSetup& setup_;
  std::vector<std::string> listed_;
};

}  // namespace

absl::StatusOr<std::string> ExpandTemplate(absl::string_view text, absl::string_view file,
                                           absl::string_view reports) {
  if (!absl::StrContains(text, "{labels}") && !absl::StrContains(text, "{file}")) {
    return absl::InvalidArgumentError(
        "the command that runs tests takes them by {labels} (as arguments, in several starts where "
        "they are many) or {file} (a file, one a line); neither stands in it");
  }
  return absl::StrReplaceAll(
      text,
      {{"{labels}", "\"$@\""}, {"{file}", ShellQuote(file)}, {"{reports}", ShellQuote(reports)}});
}

std::unique_ptr<Runner> NewDanRunner(const RunnerSetup& setup) {
  return std::make_unique<CommandRunner>(CommandRunner::Kind::kDan, setup);
}

std::unique_ptr<Runner> NewCustomRunner(const RunnerSetup& setup) {
  return std::make_unique<CommandRunner>(CommandRunner::Kind::kCustom, setup);
}

}  // namespace testselect::client
