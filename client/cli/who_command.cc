#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands.h"
#include "client/cli/json_writer.h"
#include "client/cli/service_call.h"
#include "client/cli/structure_commands.h"
#include "storage/model/evidence.h"
#include "storage/model/text.h"
#include "storage/model/upload.h"
#include "testselect/v1/structure.grpc.pb.h"

namespace testselect::client {
namespace {

absl::Status BadPlace(const std::string& place, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("FILE: '", Shorten(place), "': ", what));
}

// FILE[:LINE[-LINE]]. What follows the last colon and does not begin with a digit is of the name.
absl::Status ParsePlace(const std::string& place, v1::FindLabelsRequest* request) {
  const size_t colon = place.rfind(':');
  if (colon == std::string::npos || colon + 1 == place.size() ||
      !absl::ascii_isdigit(static_cast<unsigned char>(place[colon + 1]))) {
    request->set_path(place);
    return absl::OkStatus();
  }
  request->set_path(place.substr(0, colon));
  const std::vector<std::string> ends = absl::StrSplit(place.substr(colon + 1), '-');
  uint32_t first = 0, last = 0;
  if (ends.size() > 2 || !absl::SimpleAtoi(ends.front(), &first) ||
      !absl::SimpleAtoi(ends.back(), &last) || first > kMaxLine || last > kMaxLine) {
    return BadPlace(place,
                    absl::StrCat("expected FILE[:LINE[-LINE]] with lines from 1 to ", kMaxLine));
  }
  if (first == 0) return BadPlace(place, "line 0: lines are counted from 1");
  if (last < first) {
    return BadPlace(place, absl::StrCat("the last line, ", last, ", is before the first, ", first));
  }
  request->set_first_line(first);
  request->set_last_line(last);
  return absl::OkStatus();
}

absl::Status FillRequest(const CommonOptions& common, const WhoOptions& options,
                         v1::FindLabelsRequest* request) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  TS_RETURN_IF_ERROR(ParsePlace(options.place, request));
  for (const std::string& text : options.jobs) {
    TS_ASSIGN_OR_RETURN(*request->add_jobs(), ParseJob("--job", text));
  }
  TS_ASSIGN_OR_RETURN(*request->mutable_commit(), CommitToAsk(common, options.commit));
  return absl::OkStatus();
}

std::string JobText(const v1::Job& job) {
  return JobKey{job.name(), {job.flavor().begin(), job.flavor().end()}}.ToString();
}

void WriteStrings(const google::protobuf::RepeatedPtrField<std::string>& strings,
                  JsonWriter& json) {
  json.BeginArray();
  for (const std::string& text : strings) json.String(text);
  json.EndArray();
}

std::string WhoJson(const v1::FindLabelsRequest& request, const v1::FindLabelsResponse& answer) {
  JsonWriter json;
  json.BeginObject().Key("path").String(request.path()).Key("lines");
  if (request.first_line() > 0) {
    json.BeginArray().Number(uint64_t{request.first_line()});
    json.Number(uint64_t{request.last_line()}).EndArray();
  } else {
    json.Null();
  }
  json.Key("commit").String(request.commit()).Key("executed");
  WriteStrings(answer.executed(), json);
  WriteStrings(answer.opened(), json.Key("opened"));
  json.Key("outside_tests").Bool(answer.outside_tests()).Key("reached").BeginArray();
  for (const v1::ReachingLabel& reaching : answer.reached()) {
    json.BeginObject().Key("label").String(reaching.label());
    WriteStrings(reaching.via(), json.Key("via"));
    json.EndObject();
  }
  json.EndArray().Key("labels_without_file").Number(uint64_t{answer.labels_without_file()});
  json.Key("index").BeginArray();
  for (const v1::IndexUse& use : answer.index()) {
    json.BeginObject().Key("job").String(JobText(use.job())).Key("commit").String(use.commit());
    json.Key("distance").Number(uint64_t{use.distance()}).EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

void AppendLabels(absl::string_view title,
                  const google::protobuf::RepeatedPtrField<std::string>& labels,
                  std::string* text) {
  absl::StrAppend(text, title, " (", labels.size(), ")", labels.empty() ? "" : ":", "\n");
  for (const std::string& label : labels) absl::StrAppend(text, "  ", Shorten(label, 4096), "\n");
}

std::string WhoText(const v1::FindLabelsResponse& answer) {
  std::string text;
  AppendLabels("executed by", answer.executed(), &text);
  if (answer.outside_tests()) text += "  and outside of tests, while modules were imported, say\n";
  if (!answer.opened().empty()) AppendLabels("opened by", answer.opened(), &text);
  absl::StrAppend(&text, "reached by (", answer.reached_size(), ")",
                  answer.reached().empty() ? "" : ":", "\n");
  for (const v1::ReachingLabel& reaching : answer.reached()) {
    absl::StrAppend(&text, "  ", Shorten(reaching.label(), 4096));
    std::vector<std::string> via;
    for (const std::string& path : reaching.via()) via.push_back(Shorten(path, 4096));
    if (!via.empty()) absl::StrAppend(&text, "  via ", absl::StrJoin(via, " > "));
    text += "\n";
  }
  if (answer.labels_without_file() > 0) {
    absl::StrAppend(&text, "labels without a known test file, which may reach it too: ",
                    answer.labels_without_file(), "\n");
  }
  for (const v1::IndexUse& use : answer.index()) {
    absl::StrAppend(&text, "evidence: ", JobText(use.job()), " at ", use.commit().substr(0, 12),
                    ", ", use.distance(), use.distance() == 1 ? " commit" : " commits", " back\n");
  }
  return text;
}

}  // namespace

ExitCode RunWho(const CommonOptions& common, const WhoOptions& options, Console& console) {
  v1::FindLabelsRequest request;
  const absl::Status filled = FillRequest(common, options, &request);
  if (!filled.ok()) return console.Fail(filled);
  const auto answer = CallService<v1::StructureService, v1::FindLabelsResponse>(
      common, console, "finding labels", request, &v1::StructureService::Stub::FindLabels);
  if (!answer.ok()) return console.Fail(answer.status());
  const absl::Status printed =
      console.Print(common.json ? WhoJson(request, *answer) : WhoText(*answer));
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace testselect::client
