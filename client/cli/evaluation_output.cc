#include "client/cli/evaluation_output.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/selection_answer.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr size_t kShownChars = 4096;
constexpr size_t kShortId = 12;

using Labels = google::protobuf::RepeatedPtrField<std::string>;

std::string Line(char sign, absl::string_view label, absl::string_view what) {
  return absl::StrCat(std::string(1, sign), " ", Shorten(label, kShownChars),
                      what.empty() ? "" : "   ", what, "\n");
}

void AppendMore(char sign, uint64_t shown, uint64_t all, std::string* text) {
  if (shown >= all) return;
  absl::StrAppend(text, std::string(1, sign), " ... ", CountText(all - shown), " more (--all)\n");
}

void AppendLabels(char sign, const Labels& labels, uint64_t all, absl::string_view what,
                  std::string* text) {
  for (const std::string& label : labels) *text += Line(sign, label, what);
  AppendMore(sign, static_cast<uint64_t>(labels.size()), all, text);
}

uint64_t LeftOut(const v1::EvaluationCounts& counts) {
  const uint64_t unpredicted = counts.labels() - counts.predicted();
  return unpredicted - counts.missed() - counts.flaky();
}

std::string Heading(const v1::Evaluation& evaluation) {
  return absl::StrCat(
      "selection ",
      evaluation.selection_id().empty() ? "(without an id)" : evaluation.selection_id(), " for ",
      evaluation.head().substr(0, kShortId), " against ", evaluation.base().substr(0, kShortId),
      ", job ", JobText(evaluation.job()), "\n");
}

std::string Summary(const v1::EvaluationCounts& counts) {
  std::string text = absl::StrCat(
      "missed ", CountText(counts.missed()), " of ", CountText(counts.failed()), " failed, ",
      CountText(counts.flaky()), " flaky left out\n", "selected ", CountText(counts.predicted()),
      " of ", CountText(counts.labels()), " (",
      ShareText(static_cast<double>(counts.predicted()), static_cast<double>(counts.labels())),
      "), executed ", CountText(counts.executed()), " (", CountText(counts.executed_predicted()),
      " of them selected)\n");
  if (counts.total_seconds() > 0) {
    absl::StrAppendFormat(&text, "saves %.1f of %.1f seconds (%s)\n", counts.saved_seconds(),
                          counts.total_seconds(),
                          ShareText(counts.saved_seconds(), counts.total_seconds()));
  }
  if (counts.others() > 0) {
    absl::StrAppend(&text, CountText(counts.others()),
                    " more ran that the selection was not asked ", "about, ",
                    CountText(counts.others_failed()), " of them failed\n");
  }
  return text;
}

void WriteLabels(absl::string_view key, const Labels& labels, JsonWriter& json) {
  json.Key(key).BeginArray();
  for (const std::string& label : labels) json.String(label);
  json.EndArray();
}

void WriteCounts(const v1::EvaluationCounts& counts, JsonWriter& json) {
  json.Key("counts").BeginObject();
  json.Key("labels").Number(counts.labels()).Key("predicted").Number(counts.predicted());
  json.Key("executed").Number(counts.executed());
  json.Key("executed_predicted").Number(counts.executed_predicted());
  json.Key("failed").Number(counts.failed()).Key("missed").Number(counts.missed());
  json.Key("flaky").Number(counts.flaky()).Key("not_run").Number(counts.not_run());
  json.Key("others").Number(counts.others()).Key("others_failed").Number(counts.others_failed());
  json.EndObject().Key("seconds").BeginObject();
  json.Key("saved").Number(counts.saved_seconds()).Key("total").Number(counts.total_seconds());
  json.EndObject();
}

void WriteEvaluation(const v1::Evaluation& evaluation, JsonWriter& json) {
  json.BeginObject().Key("selection_id").String(evaluation.selection_id());
  json.Key("job").String(JobText(evaluation.job()));
  json.Key("base").String(evaluation.base()).Key("head").String(evaluation.head());
  json.Key("shadow").Bool(evaluation.shadow()).Key("fallback").Bool(evaluation.fallback());
  WriteCounts(evaluation.counts(), json);
  json.Key("missed").BeginArray();
  for (const v1::FailedLabel& missed : evaluation.missed()) json.String(missed.label());
  json.EndArray().Key("always_run").BeginArray();
  for (const v1::FailedLabel& missed : evaluation.missed()) {
    if (missed.always_run()) json.String(missed.label());
  }
  json.EndArray();
  WriteLabels("flaky", evaluation.flaky(), json);
  WriteLabels("not_run", evaluation.not_run(), json);
  WriteLabels("left_out", evaluation.left_out(), json);
  WriteLabels("others_failed", evaluation.others_failed(), json);
  json.EndObject();
}

std::string FallbackText(v1::FallbackCode code) {
  return code == v1::FALLBACK_CODE_UNSPECIFIED ? "" : FallbackCodeName(code);
}

}  // namespace

std::string TimeText(int64_t unix_seconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(unix_seconds),
                          absl::UTCTimeZone());
}

std::string ShareText(double part, double whole) {
  return whole > 0 ? absl::StrFormat("%.1f%%", 100 * part / whole) : "-";
}

std::string EvaluationText(const v1::Evaluation& evaluation) {
  const v1::EvaluationCounts& counts = evaluation.counts();
  std::string text = Heading(evaluation);
  if (evaluation.shadow())
    text += "shadow: everything ran; judged is what would have been left out\n";
  if (evaluation.fallback()) text += "a fallback: everything ran, so nothing can be missed\n";
  absl::StrAppend(&text, "--- executed: ", CountText(counts.executed()),
                  " labels\n+++ selected: ", CountText(counts.predicted()), " labels\n");
  for (const v1::FailedLabel& missed : evaluation.missed()) {
    text += Line('+', missed.label(),
                 missed.always_run() ? "failed and was left out; runs always from now on"
                                     : "failed and was left out");
  }
  AppendMore('+', static_cast<uint64_t>(evaluation.missed_size()), counts.missed(), &text);
  AppendLabels('~', evaluation.flaky(), counts.flaky(), "failed and was left out, but is flaky",
               &text);
  AppendLabels('?', evaluation.not_run(), counts.not_run(), "selected, but not run", &text);
  AppendLabels('-', evaluation.left_out(), LeftOut(counts), "", &text);
  return text + Summary(counts);
}

std::string EvaluationsJson(const v1::EvaluateSelectionResponse& response) {
  JsonWriter json;
  uint64_t missed = 0;
  for (const v1::Evaluation& one : response.evaluations()) missed += one.counts().missed();
  json.BeginObject().Key("missed").Number(missed);
  json.Key("recorded").Bool(!response.not_recorded()).Key("evaluations").BeginArray();
  for (const v1::Evaluation& one : response.evaluations()) WriteEvaluation(one, json);
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string DecisionsText(const v1::ListDecisionsResponse& list) {
  std::string text = absl::StrFormat("%-32s  %-20s  %-12s %-12s %10s %10s  %s\n", "SELECTION",
                                     "MADE", "BASE", "HEAD", "RUN", "OF", "FALLBACK");
  for (const v1::DecisionSummary& row : list.decisions()) {
    absl::StrAppendFormat(&text, "%-32s  %-20s  %-12s %-12s %10s %10s  %s%s\n", row.selection_id(),
                          TimeText(row.created_unix_seconds()), row.base().substr(0, kShortId),
                          row.head().substr(0, kShortId), CountText(row.run()),
                          CountText(row.labels()), FallbackText(row.fallback()),
                          row.shadow() ? " shadow" : "");
  }
  return text;
}

std::string DecisionsJson(const v1::ListDecisionsResponse& list) {
  JsonWriter json;
  json.BeginObject().Key("decisions").BeginArray();
  for (const v1::DecisionSummary& row : list.decisions()) {
    json.BeginObject().Key("selection_id").String(row.selection_id());
    json.Key("created").String(TimeText(row.created_unix_seconds()));
    json.Key("base").String(row.base()).Key("head").String(row.head());
    json.Key("labels").Number(row.labels()).Key("run").Number(row.run()).Key("fallback");
    if (row.fallback() == v1::FALLBACK_CODE_UNSPECIFIED) {
      json.Null();
    } else {
      json.String(FallbackText(row.fallback()));
    }
    json.Key("shadow").Bool(row.shadow()).Key("seconds").BeginObject();
    json.Key("run").Number(row.run_seconds()).Key("total").Number(row.total_seconds());
    json.EndObject().EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string DecisionText(const v1::GetDecisionResponse& decision) {
  const v1::SelectTestsRequest& request = decision.request();
  const v1::SelectTestsResponse& answer = decision.answer();
  std::string text = absl::StrCat(
      "selection ", answer.selection_id(), "\nmade      ",
      TimeText(decision.created_unix_seconds()), " by version ", decision.server_version(),
      "\nbase      ", request.base(), "\nhead      ", request.head(),
      request.branch().empty() ? "" : "\nbranch    ", request.branch(), "\n");
  for (const v1::IndexUse& use : answer.index()) {
    absl::StrAppend(&text, "index     ", JobText(use.job()), " at ", use.commit(), ", ",
                    use.distance(), " commits before base, ", use.segments(), " segments\n");
  }
  if (answer.has_fallback()) {
    absl::StrAppend(&text, "fallback  ", FallbackText(answer.fallback().code()), ": ",
                    answer.fallback().message(), "\n");
  }
  for (const v1::ReasonCount& reason : answer.reasons()) {
    absl::StrAppendFormat(&text, "reason    %-18s %s\n", reason.code(), CountText(reason.labels()));
  }
  for (const v1::MissedLabel& missed : decision.missed()) {
    absl::StrAppend(&text, "missed    ", Shorten(missed.label(), kShownChars), " (",
                    JobText(missed.job()), ")\n");
  }
  return text;
}

std::string DecisionJson(const v1::GetDecisionResponse& decision) {
  const v1::SelectTestsRequest& request = decision.request();
  const v1::SelectTestsResponse& answer = decision.answer();
  JsonWriter json;
  json.BeginObject().Key("selection_id").String(answer.selection_id());
  json.Key("created").String(TimeText(decision.created_unix_seconds()));
  json.Key("server_version").String(decision.server_version());
  json.Key("base").String(request.base()).Key("head").String(request.head());
  json.Key("branch").String(request.branch()).Key("jobs").BeginArray();
  for (const v1::Job& job : request.jobs()) json.String(JobText(job));
  json.EndArray().Key("environment").String(request.environment_digest());
  json.Key("fallback");
  if (answer.has_fallback()) {
    json.BeginObject().Key("code").String(FallbackText(answer.fallback().code()));
    json.Key("message").String(answer.fallback().message()).EndObject();
  } else {
    json.Null();
  }
  WriteLabels("absent_labels", answer.absent_labels().labels(), json);
  WriteLabels("present_diff_labels", answer.present_diff_labels().labels(), json);
  WriteLabels("global_level_labels", answer.global_level_labels().labels(), json);
  WriteLabels("present_report_labels", answer.present_report_labels().labels(), json);
  json.Key("reasons").BeginObject();
  for (const v1::ReasonCount& reason : answer.reasons()) {
    json.Key(reason.code()).Number(uint64_t{reason.labels()});
  }
  json.EndObject().Key("seconds").BeginObject().Key("run").Number(answer.run_seconds());
  json.Key("total").Number(answer.total_seconds()).EndObject();
  WriteLabels("segments", decision.segment_ids(), json);
  json.Key("rule_file").String(decision.rule_file()).Key("missed").BeginArray();
  for (const v1::MissedLabel& missed : decision.missed()) {
    json.BeginObject().Key("job").String(JobText(missed.job()));
    json.Key("label").String(missed.label()).EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string StatsText(const v1::GetStatsResponse& stats) {
  std::string text = absl::StrFormat("%-24s %12s %10s %10s %10s %12s\n", "JOB", "EVALUATIONS",
                                     "MISSED", "FLAKY", "SELECTED", "SAVED");
  for (const v1::JobStats& job : stats.jobs()) {
    const v1::EvaluationCounts& counts = job.counts();
    absl::StrAppendFormat(
        &text, "%-24s %12s %10s %10s %10s %12s\n", JobText(job.job()), CountText(job.evaluations()),
        CountText(counts.missed()), CountText(counts.flaky()),
        ShareText(static_cast<double>(counts.predicted()), static_cast<double>(counts.labels())),
        ShareText(counts.saved_seconds(), counts.total_seconds()));
  }
  return text;
}

std::string StatsJson(const v1::GetStatsResponse& stats) {
  JsonWriter json;
  json.BeginObject().Key("bucket_seconds").Number(uint64_t{stats.bucket_seconds()});
  json.Key("jobs").BeginArray();
  for (const v1::JobStats& job : stats.jobs()) {
    json.BeginObject().Key("job").String(JobText(job.job()));
    json.Key("evaluations").Number(uint64_t{job.evaluations()});
    WriteCounts(job.counts(), json);
    json.Key("series").BeginArray();
    for (const v1::StatsPoint& point : job.series()) {
      json.BeginObject().Key("begin").String(TimeText(point.begin_unix_seconds()));
      json.Key("evaluations").Number(uint64_t{point.evaluations()});
      WriteCounts(point.counts(), json);
      json.EndObject();
    }
    json.EndArray().EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string ReplayText(const std::string& id, const v1::ReplayDecisionResponse& response) {
  std::string text =
      absl::StrCat("selection ", id, response.same() ? ": the same answer\n" : ": differs\n");
  for (const std::string& line : response.gone()) absl::StrAppend(&text, "! gone: ", line, "\n");
  for (const std::string& line : response.differences()) absl::StrAppend(&text, "! ", line, "\n");
  for (const std::string& label : response.more()) text += Line('+', label, "");
  for (const std::string& label : response.fewer()) text += Line('-', label, "");
  for (const std::string& line : response.notes()) absl::StrAppend(&text, "note: ", line, "\n");
  return text;
}

std::string ReplayJson(const std::string& id, const v1::ReplayDecisionResponse& response) {
  JsonWriter json;
  json.BeginObject().Key("selection_id").String(id).Key("same").Bool(response.same());
  WriteLabels("gone", response.gone(), json);
  WriteLabels("differences", response.differences(), json);
  WriteLabels("notes", response.notes(), json);
  WriteLabels("more", response.more(), json);
  WriteLabels("fewer", response.fewer(), json);
  json.EndObject();
  return std::move(json).Finish();
}

std::string MissesText(const v1::ListConfirmedMissesResponse& list) {
  std::string text;
  for (const v1::ConfirmedMiss& miss : list.misses()) {
    absl::StrAppend(&text, Shorten(miss.label(), kShownChars), "   job ", JobText(miss.job()),
                    ", since ", TimeText(miss.since_unix_seconds()), ", missed by selection ",
                    miss.selection_id(), " for ", miss.head(), "\n");
  }
  return text;
}

std::string MissesJson(const v1::ListConfirmedMissesResponse& list) {
  JsonWriter json;
  json.BeginObject().Key("misses").BeginArray();
  for (const v1::ConfirmedMiss& miss : list.misses()) {
    json.BeginObject().Key("job").String(JobText(miss.job())).Key("label").String(miss.label());
    json.Key("since").String(TimeText(miss.since_unix_seconds()));
    json.Key("selection_id").String(miss.selection_id()).Key("head").String(miss.head());
    json.EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

}  // namespace testselect::client
