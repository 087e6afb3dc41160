#include "server/selection/explanation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/selection/answer.h"

namespace testselect {

void ExplanationCollector::OnMark(const Mark& mark, const ObjectId& evidence_commit,
                                  const DenseLabelSet& labels, const LabelUniverse& universe) {
  const LabelNumber n = universe.Find(label_);
  if (n == kNoLabel || !labels.Contains(n)) return;
  explanation_.selected = true;
  std::vector<ReasonEvidence>& evidence = explanation_.evidence;
  if (evidence.size() == kMaxEvidence) return;
  ReasonEvidence found{mark.code, std::string(mark.path), mark.lines, evidence_commit,
                       std::string(mark.message)};
  // A change that concerns all labels and those of a file hits a label twice, shards once each.
  if (std::find(evidence.begin(), evidence.end(), found) != evidence.end()) return;
  evidence.push_back(std::move(found));
}

void ExplanationCollector::OnCanary(const Mark& mark, const ObjectId& evidence_commit,
                                    const SelectionPlan::CanaryGroup& group,
                                    const LabelUniverse& universe) {
  const LabelNumber n = universe.Find(label_);
  if (std::find(group.begin(), group.end(), n) == group.end()) return;
  if (canary_.size() == kMaxEvidence) return;
  canary_.push_back(
      {mark.code, std::string(mark.path), mark.lines, evidence_commit, std::string(mark.message)});
}

Explanation ExplanationCollector::Finish(const SelectionPlan& plan, bool forced, bool run_all,
                                         const HistoryColumns* history) && {
  const auto add = [&](ReasonCode code, std::string message) {
    explanation_.selected = true;
    explanation_.evidence.push_back({code, "", {}, ObjectId(), std::move(message)});
  };
  explanation_.fallback = plan.fallback;
  if (run_all && !plan.fallback.has_value()) {
    explanation_.fallback =
        Fallback{FallbackCode::kRunAll, "The request asks for everything to run."};
  }
  if (explanation_.fallback.has_value()) {
    add(ReasonCode::kFallback, explanation_.fallback->message);
  }
  const LabelNumber n = plan.labels->Find(label_);
  const bool known = n != kNoLabel && plan.known.Contains(n);
  if (!known) add(ReasonCode::kAbsent, "no evidence used here has seen the label, so it runs");
  if (forced) add(ReasonCode::kForced, "the request forces it");
  if (!explanation_.selected && known && IsCanary(plan, n)) {
    explanation_.selected = true;
    explanation_.evidence = std::move(canary_);
  }
  if (!explanation_.selected) {
    std::string used;
    for (const IndexUse& use : plan.index) {
      absl::StrAppend(&used, used.empty() ? "" : ", ", use.job.ToString(), " at ",
                      use.commit.ToHex());
    }
    explanation_.evidence.push_back(
        {std::nullopt,
         "",
         {},
         ObjectId(),
         absl::StrCat("nothing that changed concerns it, by the evidence of ", used)});
  }
  if (known && history != nullptr && history->flaky.Contains(n)) {
    explanation_.evidence.push_back({std::nullopt,
                                     "",
                                     {},
                                     ObjectId(),
                                     "it is known to be flaky: it failed and passed at one tree"});
  }
  return std::move(explanation_);
}

}  // namespace testselect
