#include "client/cli/report_argument.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

bool FileExists(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0;
}

std::string FolderOf(const std::string& file) {
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash + 1);
}

}  // namespace

absl::StatusOr<ReportArgument> ParseReportArgument(
    absl::string_view argument, const std::function<bool(const std::string&)>& exists) {
  const size_t equals = argument.rfind('=');
  if (equals == absl::string_view::npos || exists(std::string(argument))) {
    if (argument.empty()) return absl::InvalidArgumentError("REPORT: an empty argument");
    return ReportArgument{"", std::string(argument)};
  }
  ReportArgument report{std::string(argument.substr(0, equals)),
                        std::string(argument.substr(equals + 1))};
  if (report.label.empty() || report.path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", Shorten(argument), "' is neither an existing file nor LABEL=REPORT (the ",
                     report.label.empty() ? "label" : "report", " is empty)"));
  }
  return report;
}

absl::StatusOr<std::vector<ReportArgument>> ReadReportList(const std::string& file) {
  TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  const std::string folder = FolderOf(file);
  std::vector<ReportArgument> reports;
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    absl::ConsumeSuffix(&line, "\r");
    if (line.empty()) continue;
    const size_t tab = line.rfind('\t');
    if (tab == absl::string_view::npos || tab == 0 || tab + 1 == line.size()) {
      return absl::InvalidArgumentError(absl::StrCat("--reports-from ", file, " line ", number,
                                                     ": '", Shorten(line),
                                                     "' is not LABEL<tab>REPORT"));
    }
    const absl::string_view path = line.substr(tab + 1);
    reports.push_back({std::string(line.substr(0, tab)), absl::StartsWith(path, "/")
                                                             ? std::string(path)
                                                             : absl::StrCat(folder, path)});
  }
  return reports;
}

absl::StatusOr<std::vector<ReportArgument>> CollectReports(
    const std::vector<std::string>& arguments, const std::string& list_file,
    const std::string& default_label) {
  std::vector<ReportArgument> reports;
  for (const std::string& argument : arguments) {
    TS_ASSIGN_OR_RETURN(ReportArgument report, ParseReportArgument(argument, FileExists));
    if (report.label.empty()) report.label = default_label;
    reports.push_back(std::move(report));
  }
  if (!list_file.empty()) {
    TS_ASSIGN_OR_RETURN(std::vector<ReportArgument> listed, ReadReportList(list_file));
    reports.insert(reports.end(), std::make_move_iterator(listed.begin()),
                   std::make_move_iterator(listed.end()));
  }
  if (reports.empty()) {
    return absl::InvalidArgumentError("no report: name at least one REPORT or LABEL=REPORT");
  }
  return reports;
}

}  // namespace testselect::client
