// Decisions, evaluations and statistics: selection -> proto.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "server/selection/decision.h"
#include "server/selection/decision_log.h"
#include "server/selection/evaluation_log.h"
#include "server/selection/evaluator.h"
#include "server/selection/replay.h"
#include "testselect/v1/evaluation.pb.h"

namespace testselect {

void DecisionToProto(const Decision& decision, const std::shared_ptr<const LabelList>& list,
                     v1::ListForm form, v1::GetDecisionResponse* out);
void RowToProto(const DecisionRow& row, v1::DecisionSummary* out);

// Names at most `max_labels` labels of each kind.
void JudgedToProto(const JudgedDecision& judged, size_t max_labels, v1::Evaluation* out);

void ReplayToProto(const ReplayReport& report, v1::ReplayDecisionResponse* out);

// A selection by its content as a decision, with its list. kInvalidArgument naming the field.
struct GivenSelection {
  Decision decision;
  std::shared_ptr<const LabelList> list;
};
absl::StatusOr<GivenSelection> SelectionFromContent(const v1::SelectionContent& content);

// Sums and series of `rows`, which are by time of their decision. `job`: of this one only, or null.
void StatsToProto(const std::vector<EvaluationRow>& rows, const JobKey* job, absl::Time since,
                  uint32_t bucket_seconds, v1::GetStatsResponse* out);

}  // namespace testselect
