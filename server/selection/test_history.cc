#include "server/selection/test_history.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "server/selection/history_notes.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

constexpr size_t kLabelsPerBucket = 32, kMostLabelsPerBucket = 64;  // on average
// An upload is an outage where at least kOutageLabels of its labels ran and over 1 in kOutageShare
// failed.
constexpr uint64_t kOutageLabels = 20, kOutageShare = 4;

uint64_t NextVersion() {
  static std::atomic<uint64_t> versions{0};
  return ++versions;
}

std::string HeadKey(const std::string& prefix) { return absl::StrCat(prefix, "h"); }
std::string BucketKey(const std::string& prefix, size_t number) {
  return absl::StrCat(prefix, "b", absl::StrFormat("%04x", number));
}

bool IsDamage(const absl::Status& status) { return absl::IsDataLoss(status); }

// The place of a label in a bucket, or where it would be.
template <typename Entries>
auto PlaceOf(Entries& entries, uint64_t hash, absl::string_view label) {
  return std::lower_bound(entries.begin(), entries.end(), hash,
                          [&](const HistoryEntry& e, uint64_t h) {
                            return e.hash != h ? e.hash < h : e.label < label;
                          });
}

RunFacts FactsOf(const SegmentInfo& segment, const SegmentContent& content,
                 const BranchTrust& trust) {
  RunFacts facts;
  facts.trusted = trust.Trusts(segment.header.branch);
  const UploadHeader& header = segment.header;
  const ObjectId& tree = header.tree.IsNull() ? header.commit : header.tree;
  for (const char c : tree.bytes().substr(0, 4)) {
    facts.tree = facts.tree << 8 | static_cast<unsigned char>(c);
  }
  uint64_t decided = 0, failed = 0;
  for (const LabelOutcome& o : content.outcomes) {
    decided += IsDecided(o.outcome) ? 1 : 0;
    failed += MustRerun(o.outcome) ? 1 : 0;
  }
  facts.outage = decided >= kOutageLabels && failed * kOutageShare > decided;
  return facts;
}

}  // namespace

std::string HistoryPrefix(absl::string_view repository, const JobKey& job) {
  std::string prefix = "history/";
  PutBytes(&prefix, repository);
  PutBytes(&prefix, job.ToString());
  return prefix;
}

const LabelHistory* JobHistory::Find(absl::string_view label) const {
  const uint64_t hash = HistoryHash(label);
  const Bucket* const bucket = buckets_[BucketOf(hash, head_.bits)].get();
  if (bucket == nullptr) return nullptr;
  const auto at = PlaceOf(bucket->entries, hash, label);
  const bool found = at != bucket->entries.end() && at->hash == hash && at->label == label;
  return found ? &at->history : nullptr;
}

bool JobHistory::IsDamaged(absl::string_view label) const {
  if (damaged_ == 0) return false;
  const auto& bucket = buckets_[BucketOf(HistoryHash(label), head_.bits)];
  return bucket != nullptr && bucket->damaged;
}

bool JobHistory::HasCounted(const SegmentInfo& upload) const {
  const int64_t created = absl::ToUnixMicros(upload.created);
  return std::binary_search(head_.applied.rbegin(), head_.applied.rend(), created) ||
         (head_.applied.size() == HistoryHead::kApplied && created < head_.applied.back());
}

void JobHistory::ForEach(
    const std::function<void(absl::string_view, const LabelHistory&)>& f) const {
  for (const auto& bucket : buckets_) {
    if (bucket == nullptr) continue;
    for (const HistoryEntry& e : bucket->entries) f(e.label, e.history);
  }
}

// The next state of a job's history, made of the last one and one upload.
class HistoryUpdate {
 public:
  HistoryUpdate(const JobHistory& before, const SegmentInfo& segment, const SegmentContent& content,
                const BranchTrust& trust)
      : segment_(segment),
        content_(content),
        facts_(FactsOf(segment, content, trust)),
        full_(segment.header.completeness == Completeness::kFull &&
              segment.state != SegmentState::kQuarantined),
        next_(std::make_shared<JobHistory>(before)) {}

  bool Counted() const { return next_->HasCounted(segment_); }

  // A damaged record may have known of failures: a run of everything replaces it, less does not.
  bool Refused() const { return next_->damaged_ == next_->buckets_.size() && !full_; }

  std::shared_ptr<const JobHistory> Run() {
    HistoryHead& head = next_->head_;
    const int64_t created = absl::ToUnixMicros(segment_.created);
    head.applied.insert(std::lower_bound(head.applied.begin(), head.applied.end(), created,
                                         std::greater<int64_t>()),
                        created);
    if (head.applied.size() > HistoryHead::kApplied) head.applied.pop_back();
    head.clock += 1 + (full_ ? JobHistory::kFullRun / segment_.header.shard_count : 0);
    facts_.clock = head.clock;
    if (full_) ReplaceDamaged();
    TakeOutcomes();
    if (full_) Forget(facts_.clock - std::min(facts_.clock, kKept));
    if (next_->size_ > JobHistory::kMaxLabels) Forget(OldestThatStays());
    Grow();
    next_->version_ = NextVersion();
    if (failing_changed_) next_->failing_version_ = next_->version_;
    return next_;
  }

  // The notes that differ from those before; after Run.
  NoteBatch Changes(const std::string& prefix) const {
    NoteBatch changes;
    changes.answers_depend = true;
    changes.puts.emplace_back(HeadKey(prefix), EncodeHistoryHead(next_->head_));
    for (const size_t number : changed_) {
      const auto& bucket = next_->buckets_[number];
      const std::string key = BucketKey(prefix, number);
      if (bucket->entries.empty()) {
        changes.deletes.push_back(key);
      } else {
        changes.puts.emplace_back(key, EncodeHistoryBucket(bucket->entries));
      }
    }
    return changes;
  }

 private:
  static constexpr uint64_t kKept = JobHistory::kFullRun * JobHistory::kFullRunsKept;
  using Bucket = JobHistory::Bucket;

  // The bucket, as a copy that may be written to.
  Bucket* Writable(size_t number) {
    auto& place = next_->buckets_[number];
    if (changed_.insert(number).second) {
      place = place == nullptr ? std::make_shared<Bucket>() : std::make_shared<Bucket>(*place);
    }
    // Made above, and nobody else has it yet.
    return const_cast<Bucket*>(place.get());
  }

  void ReplaceDamaged() {
    for (size_t i = 0; next_->damaged_ > 0 && i < next_->buckets_.size(); ++i) {
      if (next_->buckets_[i] == nullptr || !next_->buckets_[i]->damaged) continue;
      Writable(i)->damaged = false;
      failing_changed_ = true;
      --next_->damaged_;
    }
  }

  void TakeOutcomes() {
    for (LabelNumber n = 0; n < content_.labels.size(); ++n) {
      const LabelOutcome outcome =
          n < content_.outcomes.size() ? content_.outcomes[n] : LabelOutcome();
      if (outcome.outcome == Outcome::kUnknown && !content_.ran.Contains(n)) continue;
      const std::string& label = content_.labels[n];
      const uint64_t hash = HistoryHash(label);
      const size_t number = BucketOf(hash, next_->head_.bits);
      const auto& bucket = next_->buckets_[number];
      if (bucket != nullptr && bucket->damaged) continue;
      if (outcome.outcome == Outcome::kUnknown && next_->Find(label) == nullptr) continue;
      std::vector<HistoryEntry>& entries = Writable(number)->entries;
      auto at = PlaceOf(entries, hash, label);
      if (at == entries.end() || at->label != label) {
        at = entries.insert(at, {hash, label, {}});
        ++next_->size_;
      }
      const bool failed_before = at->history.failed;
      at->history.Record(facts_, outcome);
      failing_changed_ |= at->history.failed != failed_before;
    }
  }

  // Drops the labels that were last seen before `clock`.
  void Forget(uint64_t clock) {
    const auto old = [&](const HistoryEntry& e) { return e.history.seen < clock; };
    for (size_t i = 0; i < next_->buckets_.size(); ++i) {
      const auto& bucket = next_->buckets_[i];
      if (bucket == nullptr || std::none_of(bucket->entries.begin(), bucket->entries.end(), old)) {
        continue;
      }
      next_->size_ -= static_cast<size_t>(std::erase_if(Writable(i)->entries, old));
      failing_changed_ = true;
    }
  }

  // A clock so late that at most kMaxLabels labels were seen since.
  uint64_t OldestThatStays() const {
    std::vector<uint64_t> seen;
    next_->ForEach([&](absl::string_view, const LabelHistory& h) { seen.push_back(h.seen); });
    const auto nth = seen.begin() + static_cast<std::ptrdiff_t>(JobHistory::kMaxLabels);
    std::nth_element(seen.begin(), nth, seen.end(), std::greater<uint64_t>());
    return *nth + 1;
  }

  // More buckets, where there are many labels in each: a change of few then rewrites little.
  void Grow() {
    HistoryHead& head = next_->head_;
    if (next_->damaged_ > 0 || head.bits == HistoryHead::kMaxBits ||
        next_->size_ <= kMostLabelsPerBucket << head.bits) {
      return;
    }
    while (head.bits < HistoryHead::kMaxBits && next_->size_ > kLabelsPerBucket << head.bits) {
      ++head.bits;
    }
    // By hash ascending, bucket after bucket: each new one is a part of an old one.
    std::vector<std::shared_ptr<Bucket>> grown(size_t{1} << head.bits);
    for (const auto& bucket : next_->buckets_) {
      if (bucket == nullptr) continue;
      for (const HistoryEntry& e : bucket->entries) {
        auto& place = grown[BucketOf(e.hash, head.bits)];
        if (place == nullptr) place = std::make_shared<Bucket>();
        place->entries.push_back(e);
      }
    }
    next_->buckets_.clear();
    for (size_t i = 0; i < grown.size(); ++i) {
      if (grown[i] == nullptr) grown[i] = std::make_shared<Bucket>();
      next_->buckets_.push_back(std::move(grown[i]));
      changed_.insert(i);
    }
  }

  const SegmentInfo& segment_;
  const SegmentContent& content_;
  RunFacts facts_;
  const bool full_;
  const std::shared_ptr<JobHistory> next_;
  std::set<size_t> changed_;
  bool failing_changed_ = false;
};

absl::StatusOr<TestHistory::JobPtr> TestHistory::Find(const std::string& prefix) const {
  {
    MutexLock lock(&mutex_);
    if (const auto it = jobs_.find(prefix); it != jobs_.end()) return it->second;
  }
  auto job = std::make_shared<JobHistory>();
  job->version_ = job->failing_version_ = NextVersion();
  absl::StatusOr<std::string> note = store_.GetNote(HeadKey(prefix));
  absl::StatusOr<HistoryHead> head = HistoryHead();
  if (note.ok()) {
    head = DecodeHistoryHead(*note);
  } else if (!absl::IsNotFound(note.status())) {
    head = note.status();
  }
  if (!head.ok() && !IsDamage(head.status())) return head.status();
  if (head.ok()) {
    job->head_ = *std::move(head);
    job->buckets_.resize(size_t{1} << job->head_.bits);
  } else {
    job->buckets_.push_back(
        std::make_shared<JobHistory::Bucket>(JobHistory::Bucket{.entries = {}, .damaged = true}));
    ++job->damaged_;
  }
  for (size_t i = 0; note.ok() && job->damaged_ < job->buckets_.size() && i < job->buckets_.size();
       ++i) {
    const absl::StatusOr<std::string> record = store_.GetNote(BucketKey(prefix, i));
    if (absl::IsNotFound(record.status())) continue;
    const auto number = static_cast<uint32_t>(i);
    auto entries = record.ok() ? DecodeHistoryBucket(*record, number, job->head_.bits)
                               : absl::StatusOr<std::vector<HistoryEntry>>(record.status());
    if (!entries.ok() && !IsDamage(entries.status())) return entries.status();
    auto bucket = std::make_shared<JobHistory::Bucket>();
    bucket->damaged = !entries.ok();
    if (entries.ok()) bucket->entries = *std::move(entries);
    job->damaged_ += bucket->damaged ? 1 : 0;
    job->size_ += bucket->entries.size();
    job->buckets_[i] = std::move(bucket);
  }
  MutexLock lock(&mutex_);
  // Another thread may have read it meanwhile, or counted an upload: then that one is right.
  return jobs_.emplace(prefix, std::move(job)).first->second;
}

absl::StatusOr<std::shared_ptr<const JobHistory>> TestHistory::Of(absl::string_view repository,
                                                                  const JobKey& job) const {
  const std::string prefix = HistoryPrefix(repository, job);
  {
    MutexLock lock(&mutex_);
    if (const auto behind = behind_.find(prefix); behind != behind_.end()) return behind->second;
  }
  return Find(prefix);
}

absl::Status TestHistory::Record(const SegmentInfo& segment, const SegmentContent& content) {
  return RecordAll(HistoryPrefix(segment.header.repository, segment.header.job),
                   {{segment, &content}});
}

absl::Status TestHistory::RecordAll(const std::string& prefix, const std::vector<Run>& runs) {
  MutexLock writing(&writing_);
  TS_ASSIGN_OR_RETURN(JobPtr next, Find(prefix));
  std::map<std::string, std::optional<std::string>> notes;  // no value: deleted
  for (const auto& [segment, content] : runs) {
    HistoryUpdate update(*next, segment, *content, trust_);
    if (update.Counted() || update.Refused()) continue;
    next = update.Run();
    NoteBatch changed = update.Changes(prefix);
    for (auto& [key, value] : changed.puts) notes[key] = std::move(value);
    for (const std::string& key : changed.deletes) notes[key] = std::nullopt;
  }
  if (notes.empty()) return absl::OkStatus();
  NoteBatch changes{.answers_depend = true};
  for (auto& [key, value] : notes) {
    if (value.has_value()) {
      changes.puts.emplace_back(key, *std::move(value));
    } else {
      changes.deletes.push_back(key);
    }
  }
  // Readers wait for the sync: whoever sees the store's new generation must find the new history.
  MutexLock lock(&mutex_);
  TS_RETURN_IF_ERROR(store_.WriteNotes(changes));
  jobs_[prefix] = std::move(next);
  return absl::OkStatus();
}

bool TestHistory::IsKnownFlaky(absl::string_view repository, const JobKey& job,
                               absl::string_view label) const {
  const auto history = Of(repository, job);
  if (!history.ok()) return false;
  const LabelHistory* const found = (*history)->Find(label);
  return found != nullptr && found->IsKnownFlaky();
}

}  // namespace testselect
