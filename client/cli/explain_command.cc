#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/json_writer.h"
#include "client/cli/selection_request.h"
#include "client/cli/target.h"
#include "client/selection_client.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr absl::Duration kTimeout = absl::Minutes(5);

std::string ExplanationJson(const std::string& label, const v1::ExplainTestResponse& response) {
  JsonWriter json;
  json.BeginObject().Key("label").String(label).Key("selected").Bool(response.selected());
  json.Key("fallback");
  if (response.has_fallback()) {
    json.BeginObject().Key("code").String(FallbackCodeName(response.fallback().code()));
    json.Key("message").String(response.fallback().message()).EndObject();
  } else {
    json.Null();
  }
  json.Key("evidence").BeginArray();
  for (const v1::Evidence& evidence : response.evidence()) {
    json.BeginObject().Key("code").String(evidence.code()).Key("path").String(evidence.path());
    json.Key("lines");
    if (evidence.first_line() > 0) {
      json.BeginArray().Number(uint64_t{evidence.first_line()});
      json.Number(uint64_t{evidence.last_line()}).EndArray();
    } else {
      json.Null();
    }
    json.Key("commit").String(evidence.commit()).Key("message").String(evidence.message());
    json.EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string PlaceText(const v1::Evidence& evidence) {
  std::string place = Shorten(evidence.path(), 4096);
  if (evidence.first_line() > 0) {
    absl::StrAppend(&place, ":", evidence.first_line());
    if (evidence.last_line() != evidence.first_line()) {
      absl::StrAppend(&place, "-", evidence.last_line());
    }
  }
  if (!evidence.commit().empty()) {
    absl::StrAppend(&place, place.empty() ? "seen at " : " (seen at ",
                    evidence.commit().substr(0, 12), place.empty() ? "" : ")");
  }
  return place;
}

std::string ExplanationText(const std::string& label, const v1::ExplainTestResponse& response) {
  std::string text =
      absl::StrCat(Shorten(label, 4096), response.selected() ? " runs\n" : " can be skipped\n");
  if (response.has_fallback()) {
    absl::StrAppend(&text, "  everything runs (", FallbackCodeName(response.fallback().code()),
                    "): ", response.fallback().message(), "\n");
  }
  for (const v1::Evidence& evidence : response.evidence()) {
    // A label that is not selected has a sentence but no code.
    std::vector<std::string> words = {evidence.code(), PlaceText(evidence)};
    words.erase(std::remove(words.begin(), words.end(), ""), words.end());
    if (!words.empty()) absl::StrAppend(&text, "  ", absl::StrJoin(words, " "), "\n");
    if (!evidence.message().empty()) absl::StrAppend(&text, "    ", evidence.message(), "\n");
  }
  return text;
}

absl::StatusOr<v1::ExplainTestResponse> Ask(const CommonOptions& common,
                                            const ExplainOptions& options, Console& console) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  v1::ExplainTestRequest request;
  TS_ASSIGN_OR_RETURN(*request.mutable_selection(), BuildSelectRequest(common, options.selection));
  request.set_label(options.label);
  const absl::Time deadline = DeadlineOf(common, kTimeout);
  TS_ASSIGN_OR_RETURN(const Target target, OpenTarget(common, deadline, console));
  request.mutable_selection()->set_repository(target.repository);
  return Explain(*target.connection, request, deadline);
}

}  // namespace

ExitCode RunExplain(const CommonOptions& common, const ExplainOptions& options, Console& console) {
  const auto response = Ask(common, options, console);
  if (!response.ok()) return console.Fail(response.status());
  const absl::Status printed =
      console.Print(common.json ? ExplanationJson(options.label, *response)
                                : ExplanationText(options.label, *response));
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace testselect::client
