#include "server/rpc/rule_service.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/proto_conversion.h"
#include "server/rpc/status.h"
#include "server/selection/head_rules.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kWorkers = 1;  // its calls are rare and small
constexpr size_t kMaxWaiting = 100;
constexpr int kMaxPaths = 100'000;

std::vector<std::string> PathsOf(const google::protobuf::RepeatedPtrField<std::string>& paths) {
  return std::vector<std::string>(paths.begin(), paths.end());
}

void PatternToProto(const SuitePattern& pattern, v1::SuitePattern* out) {
  out->set_pattern(pattern.text);
  out->set_origin(pattern.origin);
}

void SuitesToProto(const SuiteAnswer& answer, v1::SelectSuitesResponse* out) {
  for (const SuiteChoice& choice : answer.run) {
    v1::SuiteChoice* suite = out->add_suites();
    suite->set_name(choice.name);
    for (const std::string& reason : choice.reasons) suite->add_reasons(reason);
  }
  for (const std::string& error : answer.errors) out->add_errors(error);
  out->set_known_suites(answer.known);
}

void SuiteToProto(const Suite& suite, v1::SuiteDescription* out) {
  out->set_name(suite.name);
  out->set_origin(suite.origin);
  for (const auto& [key, value] : suite.keys) (*out->mutable_keys())[key] = value;
  for (const SuitePattern& pattern : suite.patterns) PatternToProto(pattern, out->add_patterns());
}

v1::RuleAction ActionToProto(RuleAction action) {
  switch (action) {
    case RuleAction::kNone:
      return v1::RULE_ACTION_UNSPECIFIED;
    case RuleAction::kHarmless:
      return v1::RULE_ACTION_HARMLESS;
    case RuleAction::kLabels:
      return v1::RULE_ACTION_LABELS;
    case RuleAction::kAll:
      break;
  }
  return v1::RULE_ACTION_ALL;
}

void CheckToProto(const CheckedPath& checked, v1::RuleCheck* out) {
  const RuleVerdict& verdict = checked.verdict;
  out->set_path(checked.path);
  out->set_action(ActionToProto(verdict.action));
  if (verdict.action == RuleAction::kAll || verdict.action == RuleAction::kLabels) {
    const absl::string_view code = ReasonName(verdict.code);
    out->set_code(code.data(), code.size());
  }
  for (const std::string& label : verdict.labels) out->add_labels(label);
  out->set_rule(verdict.rule);
  out->set_origin(verdict.origin);
  out->set_detail(verdict.detail);
}

}  // namespace

RuleService::RuleService(const ServiceEnvironment& environment)
    : environment_(environment),
      pool_(kWorkers, kMaxWaiting, environment.metrics->rpc.rules_waiting) {}

grpc::ServerUnaryReactor* RuleService::SelectSuites(grpc::CallbackServerContext* context,
                                                    const v1::SelectSuitesRequest* request,
                                                    v1::SelectSuitesResponse* response) {
  const UnaryMethod method{"SelectSuites", &environment_.metrics->rpc.select_suites, &pool_};
  return RunUnary(context, environment_, method, [=, this]() -> absl::Status {
    TS_ASSIGN_OR_RETURN(const SuiteAnswer answer, Choose(*request, DeadlineOf(*context)));
    SuitesToProto(answer, response);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* RuleService::DescribeSuites(grpc::CallbackServerContext* context,
                                                      const v1::DescribeSuitesRequest* request,
                                                      v1::DescribeSuitesResponse* response) {
  const UnaryMethod method{"DescribeSuites", &environment_.metrics->rpc.describe_suites, &pool_};
  return RunUnary(context, environment_, method,
                  [=, this] { return Describe(*request, DeadlineOf(*context), response); });
}

grpc::ServerUnaryReactor* RuleService::GetRules(grpc::CallbackServerContext* context,
                                                const v1::GetRulesRequest* request,
                                                v1::GetRulesResponse* response) {
  const UnaryMethod method{"GetRules", &environment_.metrics->rpc.get_rules, &pool_};
  return RunUnary(context, environment_, method,
                  [=, this] { return List(*request, DeadlineOf(*context), response); });
}

grpc::ServerUnaryReactor* RuleService::CheckRules(grpc::CallbackServerContext* context,
                                                  const v1::CheckRulesRequest* request,
                                                  v1::CheckRulesResponse* response) {
  const UnaryMethod method{"CheckRules", &environment_.metrics->rpc.check_rules, &pool_};
  return RunUnary(context, environment_, method,
                  [=, this] { return Check(*request, DeadlineOf(*context), response); });
}

absl::StatusOr<CommitInfo> RuleService::FindCommit(absl::string_view field,
                                                   const std::string& repository,
                                                   const std::string& hex, const GitRepository& git,
                                                   absl::Time deadline) {
  TS_ASSIGN_OR_RETURN(const ObjectId id, CommitFromProto(field, hex));
  absl::Status status = environment_.repositories->EnsureCommit(repository, id, deadline);
  if (status.ok()) {
    auto commit = git.Commit(id);
    if (commit.ok()) return commit;
    status = commit.status();
  }
  return absl::Status(status.code(), absl::StrCat(field, ": '", hex, "': ", status.message()));
}

absl::StatusOr<RuleService::Place> RuleService::FindPlace(const std::string& repository,
                                                          const std::string& head,
                                                          absl::Time deadline) {
  TS_RETURN_IF_ERROR(RepositoryFromProto("repository", repository).status());
  Place place;
  TS_ASSIGN_OR_RETURN(place.git, environment_.repositories->Find(repository));
  TS_ASSIGN_OR_RETURN(place.head, FindCommit("head", repository, head, *place.git, deadline));
  return place;
}

absl::StatusOr<SuiteAnswer> RuleService::Choose(const v1::SelectSuitesRequest& request,
                                                absl::Time deadline) {
  TS_ASSIGN_OR_RETURN(const Place place, FindPlace(request.repository(), request.head(), deadline));
  if (request.base().empty()) {
    return testselect::SelectSuites(*place.git, place.head, PathsOf(request.changed_files()));
  }
  if (request.changed_files_size() > 0) {
    return FieldError("changed_files", absl::StrCat(request.changed_files_size(), " paths"),
                      "either base or changed_files may be set");
  }
  TS_ASSIGN_OR_RETURN(const ObjectId named, BaseFromProto("base", request.base()));
  if (named.IsNull()) {
    return SelectAllSuites(*place.git, place.head, "base is all zeros: the branch is new");
  }
  const auto base = FindCommit("base", request.repository(), request.base(), *place.git, deadline);
  if (base.ok()) return testselect::SelectSuites(*place.git, *base, place.head);
  if (absl::IsInvalidArgument(base.status())) return base.status();
  return SelectAllSuites(*place.git, place.head, base.status().message());
}

absl::Status RuleService::Describe(const v1::DescribeSuitesRequest& request, absl::Time deadline,
                                   v1::DescribeSuitesResponse* response) {
  TS_ASSIGN_OR_RETURN(const Place place, FindPlace(request.repository(), request.head(), deadline));
  TS_ASSIGN_OR_RETURN(const SuiteSpec spec, ReadSuiteSpec(*place.git, place.head.tree));
  for (const Suite& suite : spec.suites()) SuiteToProto(suite, response->add_suites());
  for (const std::string& error : spec.errors()) response->add_errors(error);
  if (!spec.errors().empty()) return absl::OkStatus();
  TS_ASSIGN_OR_RETURN(const auto entries, place.git->ListTree(place.head.tree));
  std::vector<std::string> files;
  for (const TreeEntry& entry : *entries) files.push_back(entry.path);
  const SuiteLint lint = LintSuites(spec, files);
  for (const std::string& file : lint.uncovered) response->add_uncovered_files(file);
  for (const SuitePattern& pattern : lint.unmatched) {
    PatternToProto(pattern, response->add_unmatched_patterns());
  }
  return absl::OkStatus();
}

absl::Status RuleService::List(const v1::GetRulesRequest& request, absl::Time deadline,
                               v1::GetRulesResponse* response) {
  TS_ASSIGN_OR_RETURN(const Place place, FindPlace(request.repository(), request.head(), deadline));
  TS_ASSIGN_OR_RETURN(const auto rules, rules_.Load(*place.git, place.head.tree));
  for (const RuleText& text : ListRules(*rules)) {
    v1::Rule* rule = response->add_rules();
    rule->set_rule(text.rule);
    rule->set_origin(text.origin);
  }
  return absl::OkStatus();
}

absl::Status RuleService::Check(const v1::CheckRulesRequest& request, absl::Time deadline,
                                v1::CheckRulesResponse* response) {
  if (request.paths_size() > kMaxPaths) {
    return FieldError("paths", absl::StrCat(request.paths_size(), " paths"),
                      absl::StrCat("at most ", kMaxPaths));
  }
  TS_ASSIGN_OR_RETURN(const Place place, FindPlace(request.repository(), request.head(), deadline));
  std::optional<CommitInfo> base;
  if (!request.base().empty()) {
    TS_ASSIGN_OR_RETURN(
        base, FindCommit("base", request.repository(), request.base(), *place.git, deadline));
  }
  TS_ASSIGN_OR_RETURN(const auto rules, rules_.Load(*place.git, place.head.tree));
  TS_ASSIGN_OR_RETURN(const auto checked,
                      CheckPaths(*place.git, *rules, base, place.head, PathsOf(request.paths()),
                                 request.environment_same()));
  for (const CheckedPath& path : checked) CheckToProto(path, response->add_checks());
  return absl::OkStatus();
}

}  // namespace testselect
