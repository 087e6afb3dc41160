#include "server/selection/evaluation_log.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/selection/note_fields.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr uint64_t kRowVersion = 1, kRunVersion = 1;
constexpr uint64_t kMostLabels = LabelList::kMaxLabels;
constexpr size_t kJobChars = 2 * Digest::kBytes;

std::string PrefixOf(absl::string_view kind, absl::string_view repository) {
  return absl::StrCat(kind, "/", repository, "/");
}
std::string RowPrefix(absl::string_view repository) { return PrefixOf("evaluated", repository); }
std::string RunPrefix(absl::string_view repository) { return PrefixOf("outcomes", repository); }

// A job's name may hold slashes: its digest does not.
std::string Suffix(absl::string_view decision, const JobKey& job) {
  return absl::StrCat(decision, "/", Digest::Of(job.ToString()).ToHex());
}

// The counts of a summary, in the order of their record. No label counts twice in one of them.
template <typename Summary, typename F>
void ForEachCount(Summary& summary, F f) {
  f(summary.labels);
  f(summary.predicted);
  f(summary.executed);
  f(summary.executed_predicted);
  f(summary.failed);
  f(summary.missed);
  f(summary.flaky);
  f(summary.not_run);
  f(summary.others);
  f(summary.others_failed);
}

}  // namespace

std::string EncodeEvaluationRow(const EvaluationRow& row) {
  std::string out;
  PutVarint(&out, kRowVersion);
  absl::StrAppend(&out, row.decision);
  PutBytes(&out, row.job.ToString());
  absl::StrAppend(&out, row.head.bytes());
  PutTime(&out, row.decided);
  PutTime(&out, row.evaluated);
  PutVarint(&out, row.shadow ? 1 : 0);
  ForEachCount(row.summary, [&](uint64_t count) { PutVarint(&out, count); });
  PutDouble(&out, row.summary.saved_seconds);
  PutDouble(&out, row.summary.total_seconds);
  return out;
}

absl::StatusOr<EvaluationRow> DecodeEvaluationRow(absl::string_view note) {
  NoteReader in(note);
  if (in.Varint() != kRowVersion) in.Fail();
  EvaluationRow row;
  row.decision = in.SelectionId();
  row.job = in.Job();
  row.head = in.ReadObjectId();
  row.decided = in.Time();
  row.evaluated = in.Time();
  row.shadow = in.Bool();
  ForEachCount(row.summary, [&](uint64_t& count) { count = in.VarintUpTo(kMostLabels); });
  row.summary.saved_seconds = in.Double();
  row.summary.total_seconds = in.Double();
  TS_RETURN_IF_ERROR(in.Finish("an evaluation's row"));
  TS_RETURN_IF_ERROR(CheckOneForm("an evaluation's row", note, EncodeEvaluationRow(row)));
  return row;
}

std::string EncodeRunOutcomes(const JobKey& job, uint64_t labels, const RunOutcomes& run) {
  std::string out;
  PutVarint(&out, kRunVersion);
  PutBytes(&out, job.ToString());
  PutVarint(&out, labels);
  for (const DenseLabelSet* set :
       {&run.executed, &run.skipped, &run.passed, &run.failed, &run.flaky}) {
    PutSet(&out, *set);
  }
  PutDouble(&out, run.predicted_seconds);
  PutDouble(&out, run.unpredicted_seconds);
  PutVarint(&out, run.others_complete ? 1 : 0);
  PutVarint(&out, run.others.size());
  for (const auto& [label, failed] : run.others) {
    PutBytes(&out, label);
    PutVarint(&out, failed ? 1 : 0);
  }
  return out;
}

absl::StatusOr<JobOutcomes> DecodeRunOutcomes(absl::string_view note) {
  NoteReader in(note);
  if (in.Varint() != kRunVersion) in.Fail();
  JobOutcomes out;
  out.job = in.Job();
  out.labels = in.VarintUpTo(kMostLabels);
  RunOutcomes& run = out.run;
  for (DenseLabelSet* set : {&run.executed, &run.skipped, &run.passed, &run.failed, &run.flaky}) {
    if (in.ok()) *set = in.Set(out.labels);
  }
  run.predicted_seconds = in.Double();
  run.unpredicted_seconds = in.Double();
  run.others_complete = in.Bool();
  for (uint64_t left = in.VarintUpTo(RunOutcomes::kMaxOthers); left > 0 && in.ok(); --left) {
    std::string label = in.Text();
    // Ascending, so that there is one form.
    if (label.empty() || (!run.others.empty() && run.others.rbegin()->first >= label)) in.Fail();
    run.others.emplace_hint(run.others.end(), std::move(label), in.Bool());
  }
  TS_RETURN_IF_ERROR(in.Finish("the outcomes of a run"));
  TS_RETURN_IF_ERROR(
      CheckOneForm("the outcomes of a run", note, EncodeRunOutcomes(out.job, out.labels, run)));
  return out;
}

absl::Status EvaluationLog::Put(absl::string_view repository, const EvaluationRow& row,
                                uint64_t labels, const RunOutcomes& run) {
  const std::string suffix = Suffix(row.decision, row.job);
  return store_.WriteNotes(
      {.puts = {{absl::StrCat(RunPrefix(repository), suffix),
                 EncodeRunOutcomes(row.job, labels, run)},
                {absl::StrCat(RowPrefix(repository), suffix), EncodeEvaluationRow(row)}},
       .repository = std::string(repository)});
}

absl::StatusOr<RunOutcomes> EvaluationLog::FindRun(absl::string_view repository,
                                                   absl::string_view decision, const JobKey& job,
                                                   uint64_t labels) const {
  const auto note = store_.GetNote(absl::StrCat(RunPrefix(repository), Suffix(decision, job)));
  if (absl::IsNotFound(note.status())) return RunOutcomes();
  TS_RETURN_IF_ERROR(note.status());
  TS_ASSIGN_OR_RETURN(JobOutcomes decoded, DecodeRunOutcomes(*note));
  if (decoded.labels != labels || decoded.job != job) {
    return absl::DataLossError(
        absl::StrCat("the outcomes of decision ", decision, " are of another list of labels"));
  }
  return std::move(decoded.run);
}

absl::StatusOr<std::vector<EvaluationRow>> EvaluationLog::List(absl::string_view repository,
                                                               absl::string_view decision) const {
  const std::string prefix = RowPrefix(repository);
  const size_t key_chars = prefix.size() + kSelectionIdChars + 1 + kJobChars;
  TS_ASSIGN_OR_RETURN(const auto notes, store_.NotesWithPrefix(absl::StrCat(prefix, decision)));
  std::vector<EvaluationRow> rows;
  for (const auto& [key, note] : notes) {
    if (key.size() != key_chars) continue;  // of a repository "this one/..."
    TS_ASSIGN_OR_RETURN(EvaluationRow row, DecodeEvaluationRow(note));
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const EvaluationRow& a, const EvaluationRow& b) {
    return std::tie(a.decided, a.decision, a.job) < std::tie(b.decided, b.decision, b.job);
  });
  return rows;
}

absl::StatusOr<std::vector<std::string>> EvaluationLog::KeysOf(absl::string_view repository,
                                                               absl::string_view decision) const {
  TS_ASSIGN_OR_RETURN(const std::vector<EvaluationRow> rows, List(repository, decision));
  std::vector<std::string> keys;
  for (const EvaluationRow& row : rows) {
    const std::string suffix = Suffix(row.decision, row.job);
    keys.push_back(absl::StrCat(RowPrefix(repository), suffix));
    keys.push_back(absl::StrCat(RunPrefix(repository), suffix));
  }
  return keys;
}

}  // namespace testselect
