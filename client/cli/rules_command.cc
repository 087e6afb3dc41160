#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/json_writer.h"
#include "client/cli/own_files_call.h"
#include "server/git/open_repository.h"
#include "storage/model/object_id.h"
#include "storage/model/text.h"

namespace testselect::client {

absl::StatusOr<std::string> HeadToRead(const CommonOptions& common, const std::string& head) {
  if (!head.empty() || !common.remote.server.empty()) {
    TS_RETURN_IF_ERROR(CheckCommit("--head", head));
    return head;
  }
  TS_ASSIGN_OR_RETURN(const std::string top, LocalTop(common));
  TS_ASSIGN_OR_RETURN(const ObjectId snapshot, SnapshotCommit(top, /*staged=*/false));
  return snapshot.ToHex();
}

namespace {

ExitCode Printed(Console& console, const std::string& text) {
  const absl::Status printed = console.Print(text);
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

absl::StatusOr<v1::GetRulesResponse> AskForRules(const CommonOptions& common,
                                                 const RulesOptions& options, Console& console) {
  v1::GetRulesRequest request;
  TS_RETURN_IF_ERROR(CheckRepository(common));
  TS_ASSIGN_OR_RETURN(*request.mutable_head(), HeadToRead(common, options.head));
  return CallRules<v1::GetRulesResponse>(common, console, "reading the rules", request,
                                         &v1::RuleService::Stub::GetRules);
}

absl::StatusOr<v1::CheckRulesResponse> AskAboutPaths(const CommonOptions& common,
                                                     const RulesOptions& options,
                                                     Console& console) {
  v1::CheckRulesRequest request;
  TS_RETURN_IF_ERROR(CheckRepository(common));
  TS_ASSIGN_OR_RETURN(*request.mutable_head(), HeadToRead(common, options.head));
  if (!options.base.empty()) {
    TS_RETURN_IF_ERROR(CheckCommit("--base", options.base));
    request.set_base(options.base);
  }
  for (const std::string& path : options.paths) request.add_paths(path);
  request.set_environment_same(options.environment_same);
  return CallRules<v1::CheckRulesResponse>(common, console, "checking paths", request,
                                           &v1::RuleService::Stub::CheckRules);
}

std::string ActionName(v1::RuleAction action) {
  switch (action) {
    case v1::RULE_ACTION_HARMLESS:
      return "harmless";
    case v1::RULE_ACTION_ALL:
      return "all";
    case v1::RULE_ACTION_LABELS:
      return "labels";
    default:
      return "none";
  }
}

std::string ActionText(const v1::RuleCheck& check) {
  switch (check.action()) {
    case v1::RULE_ACTION_HARMLESS:
      return "runs nothing";
    case v1::RULE_ACTION_ALL:
      return absl::StrCat("runs all (", check.code(), ")");
    case v1::RULE_ACTION_LABELS:
      return absl::StrCat("runs ", absl::StrJoin(check.labels(), ", "));
    default:
      return "no rule; evidence decides";
  }
}

std::string CheckText(const v1::RuleCheck& check) {
  std::string text = absl::StrCat(Shorten(check.path(), 4096), ": ", ActionText(check), "\n");
  if (!check.rule().empty()) {
    absl::StrAppend(&text, "  ", check.rule(), " (", check.origin(), ")\n");
  }
  if (!check.detail().empty()) absl::StrAppend(&text, "  ", check.detail(), "\n");
  return text;
}

void WriteCheck(const v1::RuleCheck& check, JsonWriter& json) {
  json.BeginObject()
      .Key("path")
      .String(check.path())
      .Key("action")
      .String(ActionName(check.action()));
  json.Key("code").String(check.code()).Key("labels").BeginArray();
  for (const std::string& label : check.labels()) json.String(label);
  json.EndArray().Key("rule").String(check.rule()).Key("origin").String(check.origin());
  json.Key("detail").String(check.detail()).EndObject();
}

}  // namespace

ExitCode RunRulesShow(const CommonOptions& common, const RulesOptions& options, Console& console) {
  const auto rules = AskForRules(common, options, console);
  if (!rules.ok()) return console.Fail(rules.status());
  if (!common.json) {
    std::string text;
    for (const v1::Rule& rule : rules->rules()) {
      absl::StrAppend(&text, rule.origin(), "  ", rule.rule(), "\n");
    }
    return Printed(console, text);
  }
  JsonWriter json;
  json.BeginObject().Key("rules").BeginArray();
  for (const v1::Rule& rule : rules->rules()) {
    json.BeginObject().Key("rule").String(rule.rule()).Key("origin").String(rule.origin());
    json.EndObject();
  }
  json.EndArray().EndObject();
  return Printed(console, std::move(json).Finish());
}

ExitCode RunRulesCheck(const CommonOptions& common, const RulesOptions& options, Console& console) {
  const auto response = AskAboutPaths(common, options, console);
  if (!response.ok()) return console.Fail(response.status());
  if (!common.json) {
    std::string text;
    for (const v1::RuleCheck& check : response->checks()) text += CheckText(check);
    return Printed(console, text);
  }
  JsonWriter json;
  json.BeginObject().Key("checks").BeginArray();
  for (const v1::RuleCheck& check : response->checks()) WriteCheck(check, json);
  json.EndArray().EndObject();
  return Printed(console, std::move(json).Finish());
}

}  // namespace testselect::client
