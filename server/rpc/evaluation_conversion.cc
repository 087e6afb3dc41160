#include "server/rpc/evaluation_conversion.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/proto_conversion.h"
#include "server/rpc/selection_conversion.h"
#include "server/rpc/status.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

void RequestToProto(const Decision& decision, v1::SelectTestsRequest* out) {
  const SelectionRequest& request = decision.request;
  out->set_repository(request.repository);
  out->set_base(request.base.ToHex());
  out->set_head(request.head.ToHex());
  for (const JobKey& job : request.jobs) JobToProto(job, out->add_jobs());
  // The numbers are those of the proto.
  out->set_granularity(static_cast<v1::Granularity>(request.granularity));
  if (request.unknown_change_selects_all.has_value()) {
    out->set_unknown_change(*request.unknown_change_selects_all ? v1::UNKNOWN_CHANGE_ALL
                                                                : v1::UNKNOWN_CHANGE_NONE);
  }
  out->set_environment_digest(request.environment_digest);
  out->set_branch(request.branch);
  out->set_run_all(request.run_all);
  out->set_include_building(request.include_building);
  out->set_omit_order(request.omit_order);
  for (const std::string& label : request.force_labels) out->add_force_labels(label);
  for (const std::string& label : request.baseline_labels) out->add_baseline_labels(label);
}

void NamesToProto(const DenseLabelSet& set, const LabelList& list, size_t limit,
                  google::protobuf::RepeatedPtrField<std::string>* out) {
  for (std::string& name : NamesOf(set, list, limit)) *out->Add() = std::move(name);
}

void CountsToProto(const EvaluationSummary& summary, v1::EvaluationCounts* out) {
  out->set_labels(summary.labels);
  out->set_predicted(summary.predicted);
  out->set_executed(summary.executed);
  out->set_executed_predicted(summary.executed_predicted);
  out->set_failed(summary.failed);
  out->set_missed(summary.missed);
  out->set_flaky(summary.flaky);
  out->set_not_run(summary.not_run);
  out->set_others(summary.others);
  out->set_others_failed(summary.others_failed);
  out->set_saved_seconds(summary.saved_seconds);
  out->set_total_seconds(summary.total_seconds);
}

void AddSummary(const EvaluationSummary& from, EvaluationSummary* to) {
  to->labels += from.labels;
  to->predicted += from.predicted;
  to->executed += from.executed;
  to->executed_predicted += from.executed_predicted;
  to->failed += from.failed;
  to->missed += from.missed;
  to->flaky += from.flaky;
  to->not_run += from.not_run;
  to->others += from.others;
  to->others_failed += from.others_failed;
  to->saved_seconds += from.saved_seconds;
  to->total_seconds += from.total_seconds;
}

// Evaluations that are summed up.
struct Sum {
  uint64_t evaluations = 0;
  EvaluationSummary summary;
  void Add(const EvaluationSummary& one) {
    ++evaluations;
    AddSummary(one, &summary);
  }
};

int64_t BucketOf(absl::Time time, int64_t width) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  return (seconds - ((seconds % width) + width) % width);
}

}  // namespace

void DecisionToProto(const Decision& decision, const std::shared_ptr<const LabelList>& list,
                     v1::ListForm form, v1::GetDecisionResponse* out) {
  RequestToProto(decision, out->mutable_request());
  SelectionResult result;
  result.selection = std::make_shared<const Selection>(decision.answer);
  result.labels = list;
  SelectionToProto(result, form, decision.labels_requested, /*omit_order=*/true,
                   out->mutable_answer());
  out->mutable_answer()->set_run_seconds(decision.answer.run_seconds);
  out->mutable_answer()->set_total_seconds(decision.answer.total_seconds);
  out->set_created_unix_seconds(absl::ToUnixSeconds(decision.created));
  out->set_server_version(decision.server_version);
  const SelectionBasis& basis = *decision.answer.basis;
  for (const Digest& segment : basis.segments) out->add_segment_ids(segment.ToHex());
  if (!basis.rule_file.IsNull()) out->set_rule_file(basis.rule_file.ToHex());
  for (const auto& [job, labels] : basis.missed) {
    const auto key = JobKey::FromString(job);
    for (const std::string& label : labels) {
      v1::MissedLabel* missed = out->add_missed();
      if (key.ok()) JobToProto(*key, missed->mutable_job());
      missed->set_label(label);
    }
  }
  if (!decision.labels_requested || form == v1::LIST_FORM_BITS) return;
  v1::LabelSet* requested = out->mutable_requested();
  if (form == v1::LIST_FORM_PACKED && list->can_be_packed()) {
    requested->set_packed(list->packed().data(), list->packed().size());
    return;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    requested->add_labels((*list)[i].data(), (*list)[i].size());
  }
}

void RowToProto(const DecisionRow& row, v1::DecisionSummary* out) {
  out->set_selection_id(row.id);
  out->set_base(row.base.ToHex());
  out->set_head(row.head.ToHex());
  out->set_created_unix_seconds(absl::ToUnixSeconds(row.created));
  out->set_labels(row.labels);
  out->set_run(row.predicted);
  out->set_fallback(static_cast<v1::FallbackCode>(row.fallback));
  out->set_shadow(row.shadow);
  out->set_run_seconds(row.run_seconds);
  out->set_total_seconds(row.total_seconds);
}

void JudgedToProto(const JudgedDecision& judged, size_t max_labels, v1::Evaluation* out) {
  const Decision& decision = judged.decision;
  const Evaluation& evaluation = judged.evaluation;
  out->set_selection_id(decision.id());
  JobToProto(judged.job, out->mutable_job());
  out->set_base(decision.request.base.ToHex());
  out->set_head(decision.request.head.ToHex());
  out->set_shadow(decision.answer.shadow.has_value());
  out->set_fallback(decision.answer.fallback.has_value() && !out->shadow());
  CountsToProto(evaluation.summary, out->mutable_counts());
  for (std::string& label : NamesOf(evaluation.missed, *judged.list, max_labels)) {
    v1::FailedLabel* missed = out->add_missed();
    missed->set_always_run(
        std::binary_search(judged.confirmed.begin(), judged.confirmed.end(), label));
    missed->set_label(std::move(label));
  }
  NamesToProto(evaluation.flaky, *judged.list, max_labels, out->mutable_flaky());
  NamesToProto(evaluation.left_out, *judged.list, max_labels, out->mutable_left_out());
  NamesToProto(evaluation.not_run, *judged.list, max_labels, out->mutable_not_run());
  for (const auto& [label, failed] : judged.run.others) {
    if (failed && out->others_failed_size() < static_cast<int>(max_labels)) {
      out->add_others_failed(label);
    }
  }
  if (judged.evaluated != absl::Time()) {
    out->set_evaluated_unix_seconds(absl::ToUnixSeconds(judged.evaluated));
  }
}

void ReplayToProto(const ReplayReport& report, v1::ReplayDecisionResponse* out) {
  out->set_same(report.differences.empty() && report.gone.empty());
  for (const std::string& sentence : report.gone) out->add_gone(sentence);
  for (const std::string& sentence : report.differences) out->add_differences(sentence);
  for (const std::string& sentence : report.notes) out->add_notes(sentence);
  for (const std::string& label : report.more) out->add_more(label);
  for (const std::string& label : report.fewer) out->add_fewer(label);
}

absl::StatusOr<GivenSelection> SelectionFromContent(const v1::SelectionContent& content) {
  GivenSelection given;
  TS_ASSIGN_OR_RETURN(given.decision.request.base, BaseFromProto("selection.base", content.base()));
  TS_ASSIGN_OR_RETURN(given.decision.request.head,
                      CommitFromProto("selection.head", content.head()));
  std::vector<absl::string_view> labels(content.run().begin(), content.run().end());
  labels.insert(labels.end(), content.skip().begin(), content.skip().end());
  auto list = LabelList::FromStrings("selection.run and skip", labels);
  if (!list.ok()) return WithField(list.status(), "selection");
  given.list = *std::move(list);
  Decision& decision = given.decision;
  decision.labels = given.list->size();
  decision.list = given.list->digest();
  decision.labels_requested = true;
  DenseLabelSet run(decision.labels);
  if (content.run_size() > 0) run.AddRange(0, static_cast<LabelNumber>(content.run_size() - 1));
  decision.answer.present_diff = BitsOfSet(run, decision.labels);
  decision.answer.run_count = static_cast<uint64_t>(content.run_size());
  decision.answer.basis = std::make_shared<const SelectionBasis>();
  return given;
}

void StatsToProto(const std::vector<EvaluationRow>& rows, const JobKey* job, absl::Time since,
                  uint32_t bucket_seconds, v1::GetStatsResponse* out) {
  struct OfJob {
    Sum all;
    std::map<int64_t, Sum> series;
  };
  std::map<JobKey, OfJob> jobs;
  for (const EvaluationRow& row : rows) {
    if (row.decided < since || (job != nullptr && row.job != *job)) continue;
    OfJob& of_job = jobs[row.job];
    of_job.all.Add(row.summary);
    of_job.series[BucketOf(row.decided, bucket_seconds)].Add(row.summary);
  }
  out->set_bucket_seconds(bucket_seconds);
  for (const auto& [key, of_job] : jobs) {
    v1::JobStats* stats = out->add_jobs();
    JobToProto(key, stats->mutable_job());
    stats->set_evaluations(of_job.all.evaluations);
    CountsToProto(of_job.all.summary, stats->mutable_counts());
    for (const auto& [begin, sum] : of_job.series) {
      v1::StatsPoint* point = stats->add_series();
      point->set_begin_unix_seconds(begin);
      point->set_evaluations(sum.evaluations);
      CountsToProto(sum.summary, point->mutable_counts());
    }
  }
}

}  // namespace testselect
