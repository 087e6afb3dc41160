#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/json_writer.h"
#include "client/cli/target.h"
#include "client/connection.h"
#include "client/files.h"
#include "client/local_service.h"
#include "client/shell_quote.h"
#include "client/version.h"

namespace testselect::client {
namespace {

// Beside this program, as both are installed; else found by PATH.
std::string ServerProgram() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const std::filesystem::path beside = self.parent_path() / "testselectd";
    if (access(beside.c_str(), X_OK) == 0) return beside.string();
  }
  return "testselectd";
}

bool Says(const std::vector<std::string>& arguments, absl::string_view flag) {
  for (const std::string& argument : arguments) {
    if (argument == flag || absl::StartsWith(argument, absl::StrCat(flag, "="))) return true;
  }
  return false;
}

}  // namespace

ExitCode RunServe(const CommonOptions& common, const ServeOptions& options, Console& console) {
  const absl::StatusOr<std::string> top = LocalTop(common);
  if (!top.ok()) return console.Fail(top.status());
  std::vector<std::string> words = {ServerProgram()};
  if (!Says(options.arguments, "--data-dir")) {
    const absl::StatusOr<std::string> folder = PrepareLocalFolder(*top);
    if (!folder.ok()) return console.Fail(folder.status());
    words.insert(words.end(), {"--data-dir", *folder});
  }
  words.insert(words.end(), {"--repository", absl::StrCat(kLocalRepository, "=", *top)});
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  console.Note(absl::StrCat(
      "starting ", absl::StrJoin(words, " ", [](std::string* out, const std::string& word) {
        absl::StrAppend(out, ShellQuote(word));
      })));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  return console.Fail(ErrnoStatus(absl::StrCat("cannot start ", words[0]), errno));
}

ExitCode RunVersion(const CommonOptions& common, Console& console) {
  std::string text = absl::StrCat("testselect ", kVersionText, "\n");
  if (common.json) {
    JsonWriter json;
    json.BeginObject().Key("version").String(kVersionText).EndObject();
    text = std::move(json).Finish();
  }
  const absl::Status printed = console.Print(text);
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace testselect::client
