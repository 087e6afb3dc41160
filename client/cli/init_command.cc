#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/init_files.h"
#include "client/cli/project_scan.h"
#include "client/cli/target.h"
#include "client/files.h"
#include "server/selection/path_rules.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

bool Exists(const std::string& path) {
  struct stat info = {};
  return lstat(path.c_str(), &info) == 0;
}

absl::Status CheckNotThere(const std::string& file, const InitOptions& options) {
  if (options.force || options.dry_run || !Exists(file)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(file,
                   " is there already; --force replaces it, --dry-run prints what would be "
                   "written"));
}

absl::Status Ignore(const std::string& top, const InitOptions& options, Console& console) {
  const std::string file = absl::StrCat(top, "/.gitignore");
  absl::StatusOr<std::string> content = ReadFile(file);
  if (absl::IsNotFound(content.status())) content = std::string();
  TS_RETURN_IF_ERROR(content.status());
  const std::string with = WithLocalFolderIgnored(*content);
  if (with == *content) return absl::OkStatus();
  if (!options.dry_run) TS_RETURN_IF_ERROR(WriteFileAtomically(file, with));
  console.Note(absl::StrCat(options.dry_run ? "would add" : "added", " /.testselect/ to ", file));
  return absl::OkStatus();
}

absl::StatusOr<std::string> Init(const CommonOptions& common, const InitOptions& options,
                                 Console& console) {
  TS_ASSIGN_OR_RETURN(const std::string top, LocalTop(common));
  const std::string file = absl::StrCat(top, "/", kRuleFileName);
  TS_RETURN_IF_ERROR(CheckNotThere(file, options));
  TS_ASSIGN_OR_RETURN(const ProjectScan scan, ScanProject(top));
  TS_ASSIGN_OR_RETURN(const std::string rules, FirstRuleFile(scan));
  if (!options.dry_run) {
    TS_RETURN_IF_ERROR(WriteFileAtomically(file, rules));
    console.Note(absl::StrCat("wrote ", file));
  }
  TS_RETURN_IF_ERROR(Ignore(top, options, console));
  return options.dry_run ? rules : NextSteps(scan);
}

}  // namespace

ExitCode RunInit(const CommonOptions& common, const InitOptions& options, Console& console) {
  const absl::StatusOr<std::string> answer = Init(common, options, console);
  if (!answer.ok()) return console.Fail(answer.status());
  const absl::Status printed = console.Print(*answer);
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace testselect::client
