#include "client/runners/gcov.h"

#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/files.h"
#include "client/process.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

using ExecutedLines = std::map<std::string, std::set<uint64_t>>;  // by file

// All counter files below `folder`, each with the notes file of its object laid beside it: the
// folder repeats the object's own path.
std::vector<std::string> CounterFiles(const std::string& folder) {
  std::vector<std::string> counters;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".gcda") continue;
    fs::path notes = at->path();
    notes.replace_extension(".gcno");
    std::error_code ignored;  // gcov itself says what is missing
    fs::create_symlink(notes.string().substr(folder.size()), notes, ignored);
    counters.push_back(at->path().string());
  }
  return counters;
}

std::string Text(simdjson::dom::element object, const char* name) {
  std::string_view text;
  if (object[name].get(text) != simdjson::SUCCESS) return "";
  return std::string(text);
}

void TakeFile(simdjson::dom::element file, const std::string& folder, const std::string& top,
              ExecutedLines& executed) {
  const fs::path path = fs::path(folder) / Text(file, "file");
  const std::string name = path.lexically_normal().string();
  simdjson::dom::array lines;
  if (!absl::StartsWith(name, top + "/") || file["lines"].get(lines) != simdjson::SUCCESS) return;
  for (const simdjson::dom::element line : lines) {
    uint64_t count = 0, number = 0;
    // A count that overflows is one, too.
    const bool counted = line["count"].get(count) != simdjson::SUCCESS || count > 0;
    if (counted && line["line_number"].get(number) == simdjson::SUCCESS) {
      executed[name].insert(number);
    }
  }
}

absl::Status TakeAnswer(const std::string& json, const std::string& top, ExecutedLines& executed) {
  simdjson::dom::parser parser;
  for (const absl::string_view line : absl::StrSplit(json, '\n', absl::SkipEmpty())) {
    simdjson::dom::element answer;
    simdjson::dom::array files;
    if (parser.parse(line.data(), line.size()).get(answer) != simdjson::SUCCESS ||
        answer["files"].get(files) != simdjson::SUCCESS) {
      return absl::FailedPreconditionError(
          absl::StrCat("gcov (9 or later is needed) answered '", Shorten(line), "'"));
    }
    const std::string folder = Text(answer, "current_working_directory");
    for (const simdjson::dom::element file : files) TakeFile(file, folder, top, executed);
  }
  return absl::OkStatus();
}

std::string LcovOf(const ExecutedLines& executed) {
  std::string text;
  for (const auto& [file, lines] : executed) {
    absl::StrAppend(&text, "TN:\nSF:", file, "\n");
    for (const uint64_t line : lines) absl::StrAppend(&text, "DA:", line, ",1\n");
    text += "end_of_record\n";
  }
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> GcovEnvironment(const std::string& folder) {
  return {{"GCOV_PREFIX", folder}, {"GCOV_PREFIX_STRIP", "0"}};
}

bool HasCounters(const std::string& folder) { return !CounterFiles(folder).empty(); }

absl::StatusOr<bool> CountersToLcov(const std::string& folder, const std::string& top,
                                    const std::string& report) {
  const std::vector<std::string> counters = CounterFiles(folder);
  const char* given = getenv("GCOV");
  const std::string program = given == nullptr || *given == '\0' ? "gcov" : given;
  ExecutedLines executed;
  for (const std::vector<std::string>& some :
       ChunkArguments(counters, kMaxArgumentsBytes, 1 + sizeof(char*))) {
    std::vector<std::string> arguments = {"--json-format", "--stdout"};
    arguments.insert(arguments.end(), some.begin(), some.end());
    ProcessOptions options;
    options.folder = folder;
    options.out = options.err = ProcessOptions::Output::kCapture;
    TS_ASSIGN_OR_RETURN(const FinishedProcess finished,
                        RunProcess(ShellWords(program, arguments), options));
    if (!finished.state.ok()) {
      return absl::FailedPreconditionError(absl::StrCat(
          program, " ended with ", finished.state.ToString(), ": ", Shorten(finished.err, 500)));
    }
    TS_RETURN_IF_ERROR(TakeAnswer(finished.out, top, executed));
  }
  std::error_code ignored;  // the scratch folder goes with all it holds
  fs::remove_all(folder, ignored);
  if (counters.empty()) return false;
  TS_RETURN_IF_ERROR(WriteFileAtomically(report, LcovOf(executed)));
  return true;
}

}  // namespace testselect::client
