// TestHistory where machines share the index: each counts all uploads, whoever took them.
#include <algorithm>
#include <map>
#include <utility>

#include "server/selection/history_notes.h"
#include "server/selection/test_history.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr uint64_t kOfferEvery = 4;  // uploads
constexpr size_t kRunsAtOnce = 16;   // bounds the memory

// What Record needs of an upload that is stored.
absl::StatusOr<SegmentContent> RunOf(const Segment& segment) {
  SegmentContent content;
  const auto labels = segment.labels();
  content.labels.reserve(labels->size());
  for (LabelNumber n = 0; n < labels->size(); ++n) content.labels.emplace_back(labels->Name(n));
  content.ran = segment.ran();
  TS_ASSIGN_OR_RETURN(const auto outcomes, segment.Outcomes());
  content.outcomes = *outcomes;
  return content;
}

}  // namespace

absl::Status TestHistory::CatchUp(const std::string& repository) {
  if (!store_.IsShared()) return absl::OkStatus();
  MutexLock catching_up(&catching_up_);
  const uint64_t generation = store_.generation();
  if (const auto it = caught_up_.find(repository);
      it != caught_up_.end() && it->second == generation) {
    return absl::OkStatus();
  }
  TS_ASSIGN_OR_RETURN(const std::vector<IndexedCommit> commits, store_.ListCommits(repository));
  std::map<JobKey, std::vector<SegmentInfo>> uploads;
  for (const IndexedCommit& commit : commits) {
    for (const SegmentInfo& s : commit.segments) {
      if (IsUpload(s.header.completeness)) uploads[s.header.job].push_back(s);
    }
  }
  absl::Status status;
  for (const auto& [job, of_job] : uploads) {
    const absl::Status caught_up = CatchUpJob(repository, job, of_job);
    status.Update(caught_up);
    const std::string prefix = HistoryPrefix(repository, job);
    MutexLock lock(&mutex_);
    if (caught_up.ok()) {
      behind_.erase(prefix);
    } else {
      behind_[prefix] = caught_up;
    }
  }
  // Counting changes the generation itself, and what changed meanwhile is seen the next time.
  if (status.ok()) caught_up_[repository] = generation;
  return status;
}

absl::Status TestHistory::CatchUpJob(const std::string& repository, const JobKey& job,
                                     const std::vector<SegmentInfo>& uploads) {
  const std::string prefix = HistoryPrefix(repository, job);
  TS_ASSIGN_OR_RETURN(std::vector<SegmentInfo> uncounted, Uncounted(prefix, uploads));
  if (uncounted.size() > kCaughtUp) {
    TS_RETURN_IF_ERROR(BeginWith(repository, job));
    TS_ASSIGN_OR_RETURN(uncounted, Uncounted(prefix, uploads));
  }
  std::vector<Digest> ids;
  for (const SegmentInfo& upload : uncounted) ids.push_back(upload.id);
  store_.Prefetch(ids);
  for (size_t begin = 0; begin < uncounted.size(); begin += kRunsAtOnce) {
    const size_t end = std::min(uncounted.size(), begin + kRunsAtOnce);
    std::vector<std::unique_ptr<const SegmentContent>> contents;
    std::vector<Run> runs;
    for (size_t i = begin; i < end; ++i) {
      const auto segment = store_.Open(uncounted[i].id);
      if (absl::IsNotFound(segment.status())) continue;  // deleted since
      TS_RETURN_IF_ERROR(segment.status());
      TS_ASSIGN_OR_RETURN(SegmentContent run, RunOf(**segment));
      contents.push_back(std::make_unique<const SegmentContent>(std::move(run)));
      runs.emplace_back(uncounted[i], contents.back().get());
    }
    TS_RETURN_IF_ERROR(RecordAll(prefix, runs));
  }
  return absl::OkStatus();
}

// The newest that a history remembers, oldest first.
absl::StatusOr<std::vector<SegmentInfo>> TestHistory::Uncounted(
    const std::string& prefix, std::vector<SegmentInfo> uploads) const {
  TS_ASSIGN_OR_RETURN(const JobPtr history, Find(prefix));
  std::erase_if(uploads, [&](const SegmentInfo& s) { return history->HasCounted(s); });
  std::sort(uploads.begin(), uploads.end(),
            [](const SegmentInfo& a, const SegmentInfo& b) { return a.created < b.created; });
  if (uploads.size() > HistoryHead::kApplied) {
    uploads.erase(uploads.begin(), uploads.end() - HistoryHead::kApplied);
  }
  return uploads;
}

// What another machine counted has more than what this one did: it is the newer of the two.
absl::Status TestHistory::BeginWith(const std::string& repository, const JobKey& job) {
  const absl::StatusOr<NoteBatch> start = store_.GetStart(repository, job.ToString());
  if (absl::IsNotFound(start.status()) || absl::IsDataLoss(start.status())) return absl::OkStatus();
  TS_RETURN_IF_ERROR(start.status());
  const std::string prefix = HistoryPrefix(repository, job);
  MutexLock writing(&writing_);
  NoteBatch notes;
  notes.puts = start->puts;
  notes.answers_depend = true;
  TS_ASSIGN_OR_RETURN(const auto old, store_.NotesWithPrefix(prefix));
  for (const auto& note : old) {
    const bool replaced = std::any_of(notes.puts.begin(), notes.puts.end(),
                                      [&](const auto& put) { return put.first == note.first; });
    if (!replaced) notes.deletes.push_back(note.first);
  }
  MutexLock lock(&mutex_);
  TS_RETURN_IF_ERROR(store_.WriteNotes(notes));
  jobs_.erase(prefix);
  return absl::OkStatus();
}

absl::Status TestHistory::OfferStart(const SegmentInfo& segment) {
  if (!store_.IsShared()) return absl::OkStatus();
  const UploadHeader& header = segment.header;
  const std::string prefix = HistoryPrefix(header.repository, header.job);
  {
    MutexLock lock(&mutex_);
    if (offered_[prefix]++ % kOfferEvery != 0) return absl::OkStatus();
  }
  NoteBatch start;
  TS_ASSIGN_OR_RETURN(start.puts, store_.NotesWithPrefix(prefix));
  return store_.PutStart(header.repository, header.job.ToString(), start);
}

}  // namespace testselect
