// Evaluations, decisions and statistics, for people and for programs.
#pragma once

#include <string>

#include "testselect/v1/evaluation.pb.h"

namespace testselect::client {

// As a diff from what ran to what the selection ran: '+' would have been missed, '~' failed but is
// flaky, '?' was selected but not run, '-' was left out without harm.
std::string EvaluationText(const v1::Evaluation& evaluation);
std::string EvaluationsJson(const v1::EvaluateSelectionResponse& response);

std::string DecisionsText(const v1::ListDecisionsResponse& list);
std::string DecisionsJson(const v1::ListDecisionsResponse& list);
std::string DecisionText(const v1::GetDecisionResponse& decision);
std::string DecisionJson(const v1::GetDecisionResponse& decision);

std::string StatsText(const v1::GetStatsResponse& stats);
std::string StatsJson(const v1::GetStatsResponse& stats);

std::string ReplayText(const std::string& id, const v1::ReplayDecisionResponse& response);
std::string ReplayJson(const std::string& id, const v1::ReplayDecisionResponse& response);

std::string MissesText(const v1::ListConfirmedMissesResponse& list);
std::string MissesJson(const v1::ListConfirmedMissesResponse& list);

// "2026-11-22T18:00:00Z"
std::string TimeText(int64_t unix_seconds);
// `part` of `whole`: "12.5%"; "-" of nothing.
std::string ShareText(double part, double whole);

}  // namespace testselect::client
