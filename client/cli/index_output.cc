#include "client/cli/index_output.h"

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

std::string CreatedText(int64_t unix_seconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(unix_seconds),
                          absl::UTCTimeZone());
}

std::string ShardText(const v1::SegmentSummary& segment) {
  return absl::StrCat(segment.shard_index() + 1, "/", segment.shard_count());
}

void WriteSegmentFields(const v1::SegmentSummary& segment, JsonWriter& json) {
  json.Key("segment_id").String(segment.segment_id());
  json.Key("job").String(JobText(segment.job())).Key("commit").String(segment.commit());
  json.Key("shard").String(ShardText(segment)).Key("attempt").Number(uint64_t{segment.attempt()});
  json.Key("subset").Bool(segment.subset()).Key("kind").String(segment.kind());
  json.Key("branch").String(segment.branch()).Key("state").String(segment.state());
  json.Key("created").String(CreatedText(segment.created_unix_seconds()));
  json.Key("labels").Number(segment.labels()).Key("files").Number(segment.files());
  json.Key("pairs").Number(segment.pairs()).Key("global_lines").Number(segment.global_lines());
}

void WriteSegment(const v1::SegmentSummary& segment, JsonWriter& json) {
  json.BeginObject();
  WriteSegmentFields(segment, json);
  json.EndObject();
}

void WriteLimit(const char* key, uint64_t limit, JsonWriter& json) {
  json.Key(key);
  if (limit == 0) {
    json.Null();
  } else {
    json.Number(limit);
  }
}

void AppendSegmentRow(const v1::SegmentSummary& segment, std::string& text) {
  absl::StrAppendFormat(&text, "%s  %-20s %7s %3d %-11s %12s %12s  %s%s\n", segment.commit(),
                        JobText(segment.job()), ShardText(segment), segment.attempt(),
                        segment.state(), CountText(segment.labels()), CountText(segment.pairs()),
                        CreatedText(segment.created_unix_seconds()),
                        segment.subset() ? " subset" : "");
}

std::string SegmentHeading() {
  return absl::StrFormat("%-40s  %-20s %7s %3s %-11s %12s %12s  %s\n", "COMMIT", "JOB", "SHARD",
                         "TRY", "STATE", "LABELS", "PAIRS", "STORED");
}

// null where it is not known.
void WriteSeconds(double seconds, JsonWriter& json) {
  json.Key("seconds");
  if (seconds < 0) {
    json.Null();
  } else {
    json.Number(seconds);
  }
}

void WriteHistory(const v1::LabelHistory& history, JsonWriter& json) {
  json.BeginObject().Key("job").String(JobText(history.job()));
  json.Key("outcome").String(history.outcome()).Key("failed").Bool(history.failed());
  WriteSeconds(history.seconds(), json);
  json.Key("runs").Number(history.runs()).Key("failures").Number(history.failures());
  json.Key("failure_rate").Number(history.failure_rate());
  json.Key("flaky").Bool(history.flaky()).EndObject();
}

std::string HistoryText(const v1::LabelHistory& history) {
  std::string text = absl::StrCat("job ", JobText(history.job()), ": ", CountText(history.runs()),
                                  " runs, ", CountText(history.failures()), " failed");
  if (history.failed()) absl::StrAppend(&text, ", the last one too");
  if (history.flaky()) absl::StrAppend(&text, ", known to be flaky");
  if (history.seconds() >= 0) {
    absl::StrAppend(&text, ", mostly ", NumberText(history.seconds()), " seconds");
  }
  return text + "\n";
}

}  // namespace

std::string IndexListJson(const v1::ListIndexedCommitsResponse& list) {
  JsonWriter json;
  json.BeginObject().Key("commits").BeginArray();
  for (const v1::IndexedCommit& commit : list.commits()) {
    json.BeginObject().Key("commit").String(commit.commit()).Key("segments").BeginArray();
    for (const v1::SegmentSummary& segment : commit.segments()) WriteSegment(segment, json);
    json.EndArray().EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string IndexListText(const v1::ListIndexedCommitsResponse& list) {
  if (list.commits().empty()) return "nothing is indexed\n";
  std::string text = SegmentHeading();
  for (const v1::IndexedCommit& commit : list.commits()) {
    for (const v1::SegmentSummary& segment : commit.segments()) AppendSegmentRow(segment, text);
  }
  return text;
}

std::string IndexJson(const v1::GetIndexResponse& index) {
  JsonWriter json;
  json.BeginObject().Key("labels").Number(index.labels()).Key("files").Number(index.files());
  json.Key("pairs").Number(index.pairs()).Key("global_lines").Number(index.global_lines());
  json.Key("segments").BeginArray();
  for (const v1::SegmentSummary& segment : index.segments()) WriteSegment(segment, json);
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string IndexText(const v1::GetIndexResponse& index) {
  std::string text =
      absl::StrCat(CountText(index.labels()), " labels, ", CountText(index.files()), " files, ",
                   CountText(index.pairs()), " pairs, ", CountText(index.global_lines()),
                   " global lines in usable segments\n", SegmentHeading());
  for (const v1::SegmentSummary& segment : index.segments()) AppendSegmentRow(segment, text);
  return text;
}

std::string LabelEvidenceJson(const v1::LabelEvidence& evidence) {
  JsonWriter json;
  json.BeginObject().Key("files").BeginObject();
  for (const v1::FileLines& file : evidence.files()) {
    json.Key(file.path()).BeginArray();
    for (const v1::LineSpan& span : file.spans()) {
      json.BeginArray().Number(uint64_t{span.first()}).Number(uint64_t{span.last()}).EndArray();
    }
    json.EndArray();
  }
  json.EndObject().Key("outcome").String(evidence.outcome());
  WriteSeconds(evidence.seconds(), json);
  if (evidence.history_size() > 0) {
    json.Key("history").BeginArray();
    for (const v1::LabelHistory& history : evidence.history()) WriteHistory(history, json);
    json.EndArray();
  }
  json.EndObject();
  return std::move(json).Finish();
}

std::string LabelEvidenceText(const v1::LabelEvidence& evidence) {
  std::string text = absl::StrCat("outcome ", evidence.outcome());
  if (evidence.seconds() >= 0) {
    absl::StrAppend(&text, ", ", NumberText(evidence.seconds()), " seconds");
  }
  text += '\n';
  for (const v1::LabelHistory& history : evidence.history()) text += HistoryText(history);
  for (const v1::FileLines& file : evidence.files()) {
    absl::StrAppend(&text, Shorten(file.path(), 4096), ": ");
    const char* separator = "";
    for (const v1::LineSpan& span : file.spans()) {
      absl::StrAppend(&text, separator, span.first());
      if (span.last() != span.first()) absl::StrAppend(&text, "-", span.last());
      separator = ",";
    }
    text += '\n';
  }
  return text;
}

std::string SealedJson(const v1::SealIndexResponse& sealed) {
  JsonWriter json;
  json.BeginObject().Key("segment_ids").BeginArray();
  for (const std::string& id : sealed.segment_ids()) json.String(id);
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string DeletedJson(const v1::DeleteIndexResponse& deleted) {
  JsonWriter json;
  json.BeginObject().Key("segments").Number(deleted.segments()).EndObject();
  return std::move(json).Finish();
}

std::string RetentionJson(const v1::ApplyRetentionResponse& applied, bool dry_run) {
  JsonWriter json;
  json.BeginObject().Key("dry_run").Bool(dry_run).Key("policy").BeginObject();
  WriteLimit("max_age_seconds", applied.max_age_seconds(), json);
  WriteLimit("commits", applied.commits_per_branch(), json);
  WriteLimit("total", applied.commits_in_all(), json);
  json.EndObject().Key("kept").Number(applied.segments_kept());
  json.Key("dropped").Number(applied.segments_dropped());
  json.Key("notes").Number(applied.notes_dropped());
  json.Key("decisions").Number(applied.decisions_dropped());
  json.Key("bytes_before").Number(applied.bytes_before());
  json.Key("bytes_after").Number(applied.bytes_after()).Key("segments").BeginArray();
  for (const v1::RetentionVerdict& verdict : applied.verdicts()) {
    json.BeginObject().Key("keep").Bool(verdict.kept()).Key("reason").String(verdict.reason());
    WriteSegmentFields(verdict.segment(), json);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string RetentionText(const v1::ApplyRetentionResponse& applied, bool dry_run) {
  std::string text;
  if (!applied.verdicts().empty()) {
    text = absl::StrFormat("%-4s  %-40s  %-20s %7s %-8s %-20s  %s\n", "", "COMMIT", "JOB", "SHARD",
                           "KIND", "STORED", "WHY");
  }
  for (const v1::RetentionVerdict& verdict : applied.verdicts()) {
    const v1::SegmentSummary& segment = verdict.segment();
    absl::StrAppendFormat(&text, "%-4s  %s  %-20s %7s %-8s %s  %s\n",
                          verdict.kept() ? "keep" : "drop", segment.commit(),
                          JobText(segment.job()), ShardText(segment), segment.kind(),
                          CreatedText(segment.created_unix_seconds()), verdict.reason());
  }
  absl::StrAppend(&text, CountText(applied.segments_kept()), " segments stay, ",
                  CountText(applied.segments_dropped()), dry_run ? " would go" : " went");
  if (applied.decisions_dropped() > 0) {
    absl::StrAppend(&text, " and ", CountText(applied.decisions_dropped()), " decisions");
  }
  if (dry_run)
    return absl::StrCat(text, "; the store has ", BytesText(applied.bytes_before()), "\n");
  return absl::StrCat(text, " with ", CountText(applied.notes_dropped()), " notes; the store had ",
                      BytesText(applied.bytes_before()), " and has ",
                      BytesText(applied.bytes_after()), "\n");
}

}  // namespace testselect::client
