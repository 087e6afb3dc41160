#include "storage/memory_index_store.h"

#include <atomic>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/file_record.h"
#include "storage/label_dictionary.h"
#include "storage/model/mutex.h"
#include "storage/model/status_macros.h"
#include "storage/segment_catalog.h"

namespace testselect {
namespace {

// The part of a segment that never changes.
struct Content {
  std::shared_ptr<const LabelDictionary> labels;
  DenseLabelSet ran;
  std::shared_ptr<const DenseLabelSet> empty_evidence;
  std::shared_ptr<const std::vector<LabelOutcome>> outcomes;
  std::map<std::string, std::shared_ptr<const FileEvidence>> files;
};

class MemorySegment final : public Segment {
 public:
  MemorySegment(SegmentInfo info, std::shared_ptr<const Content> content)
      : info_(std::move(info)), content_(std::move(content)) {}

  const SegmentInfo& info() const override { return info_; }
  std::shared_ptr<const LabelDictionary> labels() const override { return content_->labels; }
  const DenseLabelSet& ran() const override { return content_->ran; }

  absl::StatusOr<std::shared_ptr<const FileEvidence>> FindFile(
      absl::string_view path) const override {
    const auto it = content_->files.find(std::string(path));
    return it == content_->files.end() ? nullptr : it->second;
  }
  absl::Status ForEachFile(std::function<bool(const FileEvidence&)> f) const override {
    for (const auto& [path, file] : content_->files) {
      if (!f(*file)) break;
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::shared_ptr<const std::vector<LabelOutcome>>> Outcomes() const override {
    return content_->outcomes;
  }
  absl::StatusOr<std::shared_ptr<const DenseLabelSet>> EmptyEvidence() const override {
    return content_->empty_evidence;
  }

 private:
  const SegmentInfo info_;
  const std::shared_ptr<const Content> content_;
};

absl::StatusOr<std::shared_ptr<const Content>> Decode(const SegmentContent& content) {
  auto out = std::make_shared<Content>();
  TS_ASSIGN_OR_RETURN(out->labels, NewLabelDictionary(content.labels));
  out->ran = content.ran;
  out->empty_evidence = std::make_shared<DenseLabelSet>(content.empty_evidence);
  auto outcomes = std::make_shared<std::vector<LabelOutcome>>(content.outcomes);
  outcomes->resize(content.labels.size());
  out->outcomes = std::move(outcomes);
  for (const EncodedFile& file : content.files) {
    TS_ASSIGN_OR_RETURN(FileEvidence evidence, DecodeFileRecord(file.path, file.record));
    out->files.emplace(file.path, std::make_shared<const FileEvidence>(std::move(evidence)));
  }
  return out;
}

class MemoryIndexStore final : public IndexStore {
 public:
  absl::StatusOr<SegmentInfo> Commit(const UploadHeader& header, const SegmentContent& content,
                                     const CommitOptions& options) override {
    TS_RETURN_IF_ERROR(header.Validate());
    TS_RETURN_IF_ERROR(CheckContent(content));
    TS_ASSIGN_OR_RETURN(std::shared_ptr<const Content> decoded, Decode(content));
    const absl::Time now = options.now == absl::InfinitePast() ? absl::Now() : options.now;
    CatalogEntry entry;
    entry.info = InfoOf(header, content, now);
    entry.dictionary = decoded->labels->id();
    entry.dictionary_size = static_cast<uint32_t>(content.labels.size());
    MutexLock lock(&mutex_);
    if (const CatalogEntry* known = catalog_.Find(entry.info.id)) return known->info;
    for (const CatalogEntry& e : catalog_.PlanAdmit(entry, options.quarantine_below)) {
      catalog_.Put(e);
    }
    contents_[entry.info.id] = std::move(decoded);
    ++generation_;
    return catalog_.Find(entry.info.id)->info;
  }

  absl::StatusOr<std::vector<SegmentInfo>> Seal(absl::string_view repository,
                                                const ObjectId& commit, const JobKey& job,
                                                bool include_quarantined) override {
    MutexLock lock(&mutex_);
    TS_ASSIGN_OR_RETURN(std::vector<CatalogEntry> changed,
                        catalog_.PlanSeal(repository, commit, job, include_quarantined));
    std::vector<SegmentInfo> sealed;
    for (const CatalogEntry& e : changed) {
      catalog_.Put(e);
      if (e.info.state == SegmentState::kSealed) sealed.push_back(e.info);
    }
    if (!changed.empty()) ++generation_;
    return sealed;
  }

  absl::StatusOr<std::vector<SegmentInfo>> SegmentsAt(absl::string_view repository,
                                                      const ObjectId& commit) const override {
    MutexLock lock(&mutex_);
    return catalog_.SegmentsAt(repository, commit);
  }
  absl::StatusOr<std::vector<ObjectId>> CommitsWithTree(absl::string_view repository,
                                                        const ObjectId& tree) const override {
    MutexLock lock(&mutex_);
    return catalog_.CommitsWithTree(repository, tree);
  }
  absl::StatusOr<std::vector<IndexedCommit>> ListCommits(
      absl::string_view repository) const override {
    MutexLock lock(&mutex_);
    return catalog_.ListCommits(repository);
  }
  std::vector<std::string> Repositories() const override {
    MutexLock lock(&mutex_);
    return catalog_.Repositories();
  }

  absl::StatusOr<std::shared_ptr<const Segment>> Open(const Digest& segment) const override {
    MutexLock lock(&mutex_);
    const CatalogEntry* entry = catalog_.Find(segment);
    if (entry == nullptr) {
      return absl::NotFoundError(absl::StrCat("no segment ", segment.ToHex()));
    }
    return std::make_shared<MemorySegment>(entry->info, contents_.at(segment));
  }

  absl::StatusOr<std::shared_ptr<const LabelDictionary>> NewestDictionary(
      absl::string_view repository, const JobKey& job) const override {
    MutexLock lock(&mutex_);
    const CatalogEntry* entry = catalog_.NewestDictionary(repository, job);
    return entry == nullptr ? nullptr : contents_.at(entry->info.id)->labels;
  }

  absl::StatusOr<uint64_t> Delete(absl::string_view repository, const ObjectId& commit,
                                  const std::optional<JobKey>& job) override {
    MutexLock lock(&mutex_);
    const std::vector<CatalogEntry> entries = catalog_.EntriesAt(repository, commit, job);
    if (entries.empty()) {
      return absl::NotFoundError(
          absl::StrCat("no segment at commit ", commit.ToHex(), " of ", repository));
    }
    return Erase(entries);
  }
  absl::StatusOr<uint64_t> DeleteSegments(absl::Span<const Digest> segments) override {
    MutexLock lock(&mutex_);
    return Erase(catalog_.EntriesOf(segments));
  }

  absl::Status PutNote(absl::string_view key, absl::string_view value) override {
    MutexLock lock(&mutex_);
    notes_[std::string(key)] = std::string(value);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> GetNote(absl::string_view key) const override {
    MutexLock lock(&mutex_);
    const auto it = notes_.find(std::string(key));
    if (it == notes_.end()) return absl::NotFoundError(absl::StrCat("no note ", key));
    return it->second;
  }
  absl::Status DeleteNote(absl::string_view key) override {
    MutexLock lock(&mutex_);
    notes_.erase(std::string(key));
    return absl::OkStatus();
  }
  absl::Status WriteNotes(const NoteBatch& batch) override {
    MutexLock lock(&mutex_);
    for (const auto& [key, value] : batch.puts) notes_[key] = value;
    for (const std::string& key : batch.deletes) notes_.erase(key);
    if (batch.answers_depend) ++generation_;
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> NotesWithPrefix(
      absl::string_view prefix) const override {
    MutexLock lock(&mutex_);
    std::vector<std::pair<std::string, std::string>> out;
    for (auto it = notes_.lower_bound(std::string(prefix));
         it != notes_.end() && absl::StartsWith(it->first, prefix); ++it) {
      out.emplace_back(it->first, it->second);
    }
    return out;
  }

  absl::Status PutDerived(absl::string_view key, absl::string_view value) override {
    MutexLock lock(&mutex_);
    derived_[std::string(key)] = std::string(value);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> GetDerived(absl::string_view key) const override {
    MutexLock lock(&mutex_);
    const auto it = derived_.find(std::string(key));
    if (it == derived_.end()) return absl::NotFoundError("no such derived value");
    return it->second;
  }

  absl::Status Compact() override { return absl::OkStatus(); }
  uint64_t generation() const override { return generation_; }
  absl::StatusOr<StoreStats> Stats() const override {
    MutexLock lock(&mutex_);
    StoreStats stats;
    catalog_.CountStates(&stats);
    return stats;
  }

 private:
  uint64_t Erase(const std::vector<CatalogEntry>& entries) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const CatalogEntry& e : entries) {
      catalog_.Erase(e.info.id);
      contents_.erase(e.info.id);
    }
    ++generation_;
    return entries.size();
  }

  mutable Mutex mutex_;
  SegmentCatalog catalog_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Digest, std::shared_ptr<const Content>> contents_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> notes_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::string> derived_ ABSL_GUARDED_BY(mutex_);
  std::atomic<uint64_t> generation_{1};
};

}  // namespace

std::unique_ptr<IndexStore> NewMemoryIndexStore() { return std::make_unique<MemoryIndexStore>(); }

}  // namespace testselect
