#include "server/selection/decision_log.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/selection/evaluation_log.h"
#include "server/selection/note_fields.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr uint64_t kRowVersion = 1;

// What follows the repository's name has one length for each kind of note, so that notes of a
// repository whose name begins with this one's and a slash are told apart by theirs.
std::string DecisionPrefix(absl::string_view repository) {
  return absl::StrCat("decision/", repository, "/");
}
std::string RowPrefix(absl::string_view repository) {
  return absl::StrCat("decision-of/", repository, "/");
}
std::string RowKey(absl::string_view repository, const ObjectId& head, absl::string_view id) {
  return absl::StrCat(RowPrefix(repository), head.ToHex(), "/", id);
}

}  // namespace

DecisionRow RowOf(const Decision& decision) {
  const Selection& answer = decision.answer;
  const std::optional<Shadow>& shadow = answer.shadow;
  return {.id = answer.id,
          .base = decision.request.base,
          .head = decision.request.head,
          .created = decision.created,
          .list = decision.list,
          .labels = decision.labels,
          .predicted = shadow.has_value() ? shadow->run_count : answer.run_count,
          .fallback = answer.fallback.has_value() ? answer.fallback->code : FallbackCode::kNone,
          .shadow = shadow.has_value(),
          .run_seconds = shadow.has_value() ? shadow->run_seconds : answer.run_seconds,
          .total_seconds = answer.total_seconds};
}

std::string EncodeDecisionRow(const DecisionRow& row) {
  std::string out;
  PutVarint(&out, kRowVersion);
  absl::StrAppend(&out, row.id, row.base.bytes(), row.head.bytes());
  PutTime(&out, row.created);
  absl::StrAppend(&out, row.list.bytes());
  PutVarint(&out, row.labels);
  PutVarint(&out, row.predicted);
  PutVarint(&out, static_cast<uint64_t>(row.fallback));
  PutVarint(&out, row.shadow ? 1 : 0);
  PutDouble(&out, row.run_seconds);
  PutDouble(&out, row.total_seconds);
  return out;
}

absl::StatusOr<DecisionRow> DecodeDecisionRow(absl::string_view note) {
  NoteReader in(note);
  if (in.Varint() != kRowVersion) in.Fail();
  DecisionRow row;
  row.id = in.SelectionId();
  row.base = in.ReadObjectId();
  row.head = in.ReadObjectId();
  row.created = in.Time();
  row.list = in.ReadDigest();
  row.labels = in.VarintUpTo(LabelList::kMaxLabels);
  row.predicted = in.VarintUpTo(row.labels);
  row.fallback = static_cast<FallbackCode>(in.VarintUpTo(kFallbackCodes - 1));
  row.shadow = in.Bool();
  row.run_seconds = in.Double();
  row.total_seconds = in.Double();
  TS_RETURN_IF_ERROR(in.Finish("a decision's row"));
  TS_RETURN_IF_ERROR(CheckOneForm("a decision's row", note, EncodeDecisionRow(row)));
  return row;
}

absl::StatusOr<bool> DecisionLog::Contains(absl::string_view repository, const ObjectId& head,
                                           absl::string_view id) const {
  const absl::Status found = store_.GetNote(RowKey(repository, head, id)).status();
  if (absl::IsNotFound(found)) return false;
  TS_RETURN_IF_ERROR(found);
  return true;
}

absl::Status DecisionLog::Put(const Decision& decision, const DecisionLists::ListPtr& list) {
  const std::string& repository = decision.request.repository;
  NoteBatch batch;
  batch.repository = repository;
  TS_ASSIGN_OR_RETURN(DecisionLists::Entry entry, lists_.Add(repository, list, &batch));
  batch.puts.emplace_back(absl::StrCat(DecisionPrefix(repository), decision.id()),
                          EncodeDecision(decision));
  batch.puts.emplace_back(RowKey(repository, decision.request.head, decision.id()),
                          EncodeDecisionRow(RowOf(decision)));
  TS_RETURN_IF_ERROR(store_.WriteNotes(batch));
  lists_.Keep(std::move(entry));
  return absl::OkStatus();
}

absl::StatusOr<Decision> DecisionLog::Find(absl::string_view repository,
                                           absl::string_view id) const {
  const absl::Status none = absl::NotFoundError(absl::StrCat(
      "no decision '", id, "' is kept of repository '", repository,
      "' (it may be older than those that are, or was never recorded by this server)"));
  if (!IsSelectionId(id)) return none;
  const auto note = store_.GetNote(absl::StrCat(DecisionPrefix(repository), id));
  if (absl::IsNotFound(note.status())) return none;
  TS_RETURN_IF_ERROR(note.status());
  return DecodeDecision(*note);
}

absl::StatusOr<std::vector<DecisionRow>> DecisionLog::RowsBelow(absl::string_view prefix,
                                                                size_t rest) const {
  TS_ASSIGN_OR_RETURN(const auto notes, store_.NotesWithPrefix(prefix));
  std::vector<DecisionRow> rows;
  for (const auto& [key, note] : notes) {
    if (key.size() != prefix.size() + rest) continue;
    TS_ASSIGN_OR_RETURN(DecisionRow row, DecodeDecisionRow(note));
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const DecisionRow& a, const DecisionRow& b) {
    return a.created != b.created ? a.created > b.created : a.id < b.id;
  });
  return rows;
}

absl::StatusOr<std::vector<DecisionRow>> DecisionLog::List(absl::string_view repository) const {
  return RowsBelow(RowPrefix(repository), ObjectId::kHexChars + 1 + kSelectionIdChars);
}

absl::StatusOr<std::vector<DecisionRow>> DecisionLog::OfHead(absl::string_view repository,
                                                             const ObjectId& head) const {
  return RowsBelow(RowKey(repository, head, ""), kSelectionIdChars);
}

absl::Status DecisionLog::AddWithBase(absl::string_view repository, const Digest& list,
                                      absl::flat_hash_set<Digest>* lists) const {
  if (!lists->insert(list).second) return absl::OkStatus();
  const auto base = lists_.BaseOf(repository, list);
  if (absl::IsNotFound(base.status())) return absl::OkStatus();
  TS_RETURN_IF_ERROR(base.status());
  if (!base->IsNull()) lists->insert(*base);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> DecisionLog::Prune(absl::string_view repository,
                                            const DecisionLimits& limits, bool dry_run) {
  TS_ASSIGN_OR_RETURN(const std::vector<DecisionRow> rows, List(repository));
  const auto aged = std::find_if(
      rows.begin(), rows.end(), [&](const DecisionRow& row) { return row.created < limits.since; });
  const auto keep =
      static_cast<size_t>(std::min(limits.newest, static_cast<uint64_t>(aged - rows.begin())));
  if (rows.size() <= keep || dry_run) return rows.size() - std::min(rows.size(), keep);
  lists_.Forget(repository);
  absl::flat_hash_set<Digest> needed, gone;
  for (size_t i = 0; i < rows.size(); ++i) {
    TS_RETURN_IF_ERROR(AddWithBase(repository, rows[i].list, i < keep ? &needed : &gone));
  }
  NoteBatch batch;
  for (const Digest& list : gone) {
    if (!needed.contains(list)) batch.deletes.push_back(DecisionLists::Key(repository, list));
  }
  const EvaluationLog evaluations(&store_);
  for (size_t i = keep; i < rows.size(); ++i) {
    batch.deletes.push_back(absl::StrCat(DecisionPrefix(repository), rows[i].id));
    batch.deletes.push_back(RowKey(repository, rows[i].head, rows[i].id));
    TS_ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                        evaluations.KeysOf(repository, rows[i].id));
    batch.deletes.insert(batch.deletes.end(), keys.begin(), keys.end());
  }
  TS_RETURN_IF_ERROR(store_.WriteNotes(batch));
  return rows.size() - keep;
}

}  // namespace testselect
