#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/changed_files.h"
#include "client/cli/commands.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/cli/own_files_call.h"
#include "client/cli/suites_call.h"
#include "client/files.h"
#include "storage/model/text.h"

namespace testselect::client {

absl::StatusOr<v1::SelectSuitesResponse> AskForSuites(const CommonOptions& common,
                                                      const SuitesOptions& options,
                                                      Console& console) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  if (options.base.empty() == options.changed_files.empty()) {
    return absl::InvalidArgumentError("give either --base or --changed-files");
  }
  v1::SelectSuitesRequest request;
  if (!options.base.empty()) {
    TS_RETURN_IF_ERROR(CheckCommit("--base", options.base));
    request.set_base(options.base);
  } else {
    TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.changed_files));
    TS_ASSIGN_OR_RETURN(
        const std::vector<std::string> paths,
        ParseChangedFiles(absl::StrCat("--changed-files ", options.changed_files), text));
    for (const std::string& path : paths) request.add_changed_files(path);
  }
  TS_ASSIGN_OR_RETURN(*request.mutable_head(), HeadToRead(common, options.head));
  return CallRules<v1::SelectSuitesResponse>(common, console, "selecting suites", request,
                                             &v1::RuleService::Stub::SelectSuites);
}

absl::StatusOr<v1::DescribeSuitesResponse> AskForDescription(const CommonOptions& common,
                                                             const SuitesOptions& options,
                                                             Console& console) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  v1::DescribeSuitesRequest request;
  TS_ASSIGN_OR_RETURN(*request.mutable_head(), HeadToRead(common, options.head));
  return CallRules<v1::DescribeSuitesResponse>(common, console, "reading the suites", request,
                                               &v1::RuleService::Stub::DescribeSuites);
}

namespace {

ExitCode Printed(Console& console, const std::string& text) {
  const absl::Status printed = console.Print(text);
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

std::string SuitesJson(const v1::SelectSuitesResponse& response) {
  JsonWriter json;
  json.BeginObject().Key("suites").BeginObject();
  for (const v1::SuiteChoice& suite : response.suites()) {
    json.Key(suite.name()).BeginArray();
    for (const std::string& reason : suite.reasons()) json.String(reason);
    json.EndArray();
  }
  json.EndObject().EndObject();
  return std::move(json).Finish();
}

std::string SuitesText(const v1::SelectSuitesResponse& response) {
  std::string text;
  for (const v1::SuiteChoice& suite : response.suites()) {
    absl::StrAppend(&text, suite.name(), "\n");
    for (const std::string& reason : suite.reasons()) absl::StrAppend(&text, "  ", reason, "\n");
  }
  return text;
}

std::string DescriptionJson(const v1::DescribeSuitesResponse& response) {
  JsonWriter json;
  json.BeginObject().Key("suites").BeginObject();
  for (const v1::SuiteDescription& suite : response.suites()) {
    json.Key(suite.name()).BeginObject().Key("origin").String(suite.origin());
    json.Key("keys").BeginObject();
    const std::map<std::string, std::string> keys(suite.keys().begin(), suite.keys().end());
    for (const auto& [key, value] : keys) json.Key(key).Json(value);
    json.EndObject().Key("patterns").BeginArray();
    for (const v1::SuitePattern& pattern : suite.patterns()) json.String(pattern.pattern());
    json.EndArray().EndObject();
  }
  json.EndObject().EndObject();
  return std::move(json).Finish();
}

std::string DescriptionText(const v1::DescribeSuitesResponse& response) {
  std::string text;
  for (const v1::SuiteDescription& suite : response.suites()) {
    absl::StrAppend(&text, suite.name(), " (", suite.origin(), ")\n");
    const std::map<std::string, std::string> keys(suite.keys().begin(), suite.keys().end());
    for (const auto& [key, value] : keys) absl::StrAppend(&text, "  ", key, ": ", value, "\n");
  }
  return text;
}

std::string LintText(const v1::DescribeSuitesResponse& response) {
  std::string text;
  for (const std::string& error : response.errors()) absl::StrAppend(&text, error, "\n");
  for (const v1::SuitePattern& pattern : response.unmatched_patterns()) {
    absl::StrAppend(&text, pattern.origin(), ": the pattern '", pattern.pattern(),
                    "' matches no file\n");
  }
  for (const std::string& file : response.uncovered_files()) {
    absl::StrAppend(&text, Shorten(file, 4096), ": no suite covers it\n");
  }
  return text;
}

std::string LintJson(const v1::DescribeSuitesResponse& response) {
  JsonWriter json;
  json.BeginObject().Key("errors").BeginArray();
  for (const std::string& error : response.errors()) json.String(error);
  json.EndArray().Key("unmatched_patterns").BeginArray();
  for (const v1::SuitePattern& pattern : response.unmatched_patterns()) {
    json.BeginObject().Key("pattern").String(pattern.pattern());
    json.Key("origin").String(pattern.origin()).EndObject();
  }
  json.EndArray().Key("uncovered_files").BeginArray();
  for (const std::string& file : response.uncovered_files()) json.String(file);
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

}  // namespace

ExitCode RunSuites(const CommonOptions& common, const SuitesOptions& options, Console& console) {
  const auto response = AskForSuites(common, options, console);
  if (!response.ok()) return console.Fail(response.status());
  for (const std::string& error : response->errors()) {
    console.Warning(absl::StrCat("all suites run: ", error));
  }
  console.Note(absl::StrCat("run ", CountText(static_cast<uint64_t>(response->suites_size())),
                            " of ", CountText(response->known_suites()), " suites"));
  return Printed(console, common.json ? SuitesJson(*response) : SuitesText(*response));
}

ExitCode RunSuitesList(const CommonOptions& common, const SuitesOptions& options,
                       Console& console) {
  const auto response = AskForDescription(common, options, console);
  if (!response.ok()) return console.Fail(response.status());
  for (const std::string& error : response->errors()) console.Warning(error);
  return Printed(console, common.json ? DescriptionJson(*response) : DescriptionText(*response));
}

ExitCode RunSuitesLint(const CommonOptions& common, const SuitesOptions& options,
                       Console& console) {
  const auto response = AskForDescription(common, options, console);
  if (!response.ok()) return console.Fail(response.status());
  const bool clean = response->errors().empty() && response->unmatched_patterns().empty() &&
                     response->uncovered_files().empty();
  const ExitCode printed =
      Printed(console, common.json ? LintJson(*response) : LintText(*response));
  return printed == ExitCode::kAnswered && !clean ? ExitCode::kUsage : printed;
}

}  // namespace testselect::client
