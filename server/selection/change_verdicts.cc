#include "server/selection/change_verdicts.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "server/selection/environment_kinds.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

absl::StatusOr<std::optional<std::string>> ReadSide(const GitRepository& git, FileType type,
                                                    const ObjectId& blob) {
  // What a link or a submodule points to has no keys to compare.
  const bool is_file = type == FileType::kRegular || type == FileType::kExecutable;
  if (!is_file || blob.IsNull()) return std::optional<std::string>();
  TS_ASSIGN_OR_RETURN(std::string bytes, git.ReadBlob(blob));
  return std::optional<std::string>(std::move(bytes));
}

// Of two names of one file. No word about one of them leaves the file unexplained, but labels that
// a rule names run in any case.
RuleVerdict Stronger(RuleVerdict a, RuleVerdict b) {
  if (a.action == RuleAction::kAll || b.action == RuleAction::kAll) {
    return a.action == RuleAction::kAll ? a : b;
  }
  if (a.action == RuleAction::kLabels || b.action == RuleAction::kLabels) {
    RuleVerdict& labels = a.action == RuleAction::kLabels ? a : b;
    const RuleVerdict& other = a.action == RuleAction::kLabels ? b : a;
    if (other.action == RuleAction::kLabels) {
      labels.labels.insert(labels.labels.end(), other.labels.begin(), other.labels.end());
    }
    return labels;
  }
  return a.action == RuleAction::kNone ? a : b.action == RuleAction::kNone ? b : a;
}

}  // namespace

absl::StatusOr<RuleVerdict> ChangeVerdicts::VerdictOfPath(const FileChange& change,
                                                          absl::string_view path,
                                                          bool environment_same) {
  RuleQuery query;
  query.path = path;
  query.environment_same = environment_same && SpeaksOf(environment_, path);
  query.content = [&](bool after) -> absl::StatusOr<std::optional<std::string>> {
    const bool there = (after ? change.new_path : change.old_path) == path;
    if (!there) return std::optional<std::string>();
    return after ? ReadSide(git_, change.new_type, change.new_blob)
                 : ReadSide(git_, change.old_type, change.old_blob);
  };
  return rules_.Check(query);
}

absl::StatusOr<ChangeVerdicts::Verdict> ChangeVerdicts::Ask(const FileChange& change,
                                                            bool environment_same) {
  Verdict verdict;
  const std::string& first = change.old_path.empty() ? change.new_path : change.old_path;
  TS_ASSIGN_OR_RETURN(verdict.rule, VerdictOfPath(change, first, environment_same));
  if (!change.new_path.empty() && change.new_path != first) {
    TS_ASSIGN_OR_RETURN(RuleVerdict other,
                        VerdictOfPath(change, change.new_path, environment_same));
    const bool both = verdict.rule.action != RuleAction::kNone && other.action != RuleAction::kNone;
    verdict.rule = Stronger(std::move(verdict.rule), std::move(other));
    verdict.partial = verdict.rule.action == RuleAction::kLabels && !both;
  }
  if (verdict.rule.action == RuleAction::kNone) return verdict;
  verdict.used = is_used_(change);
  const bool guess = verdict.rule.action == RuleAction::kHarmless && verdict.rule.built_in;
  // What lies in a submodule has names of its own, which are not seen here.
  const bool submodule =
      change.old_type == FileType::kSubmodule || change.new_type == FileType::kSubmodule;
  return guess && (verdict.used || submodule) ? Verdict() : verdict;
}

absl::StatusOr<ChangeVerdicts::Verdict> ChangeVerdicts::VerdictOf(const FileChange& change,
                                                                  bool environment_same) {
  const std::string key =
      absl::StrCat(change.old_path, "\n", change.new_path, "\n", change.old_blob.bytes(),
                   change.new_blob.bytes(), environment_same);
  if (const auto it = verdicts_.find(key); it != verdicts_.end()) return it->second;
  TS_ASSIGN_OR_RETURN(Verdict verdict, Ask(change, environment_same));
  return verdicts_.emplace(key, std::move(verdict)).first->second;
}

absl::StatusOr<RulesSaid> ChangeVerdicts::Apply(const FileChange& change,
                                                const LabelDictionary& segment,
                                                bool environment_same, MarkSink& sink) {
  TS_ASSIGN_OR_RETURN(const Verdict verdict, VerdictOf(change, environment_same));
  const RuleVerdict& rule = verdict.rule;
  if (rule.action == RuleAction::kNone) return RulesSaid::kNothing;
  if (rule.action == RuleAction::kHarmless) return RulesSaid::kAll;
  const std::string& path = change.old_path.empty() ? change.new_path : change.old_path;
  std::string message = rule.ToString();
  const auto mark = [&] { return Mark{rule.code, AnswerList::kGlobalLevel, path, {}, message}; };
  if (rule.action == RuleAction::kAll) {
    sink.SelectAll(mark());
  } else if (labels_.AnyKnown(rule.labels)) {
    sink.Select(mark(), labels_.In(segment, rule.labels));
  } else {
    // A rule that was right once, and whose tests have other names now: nobody knows which.
    absl::StrAppend(&message, "; no known label matches it, so everything runs");
    sink.SelectAll(mark());
  }
  if (verdict.partial) return RulesSaid::kNothing;
  return verdict.used ? RulesSaid::kMore : RulesSaid::kAll;
}

void ChangeVerdicts::ApplyAlwaysRun(const LabelDictionary& segment, MarkSink& sink) {
  if (rules_.always_run().empty()) return;
  const std::string message =
      absl::StrCat("the project runs it always (", rules_.Origin(rules_.always_run_line()), ")");
  sink.Select({ReasonCode::kRuleAlwaysRun, AnswerList::kGlobalLevel, "", {}, message},
              labels_.In(segment, rules_.always_run()));
}

}  // namespace testselect
