#include "storage/shared_index_store.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/model/mutex.h"
#include "storage/model/status_macros.h"
#include "storage/replica_engine.h"
#include "storage/shared_exchange.h"
#include "storage/shared_garbage.h"
#include "storage/shared_layout.h"
#include "storage/shared_log.h"
#include "storage/shared_records.h"

namespace testselect {
namespace {

// Local notes: which object store this directory is a part of, and whether all that was stored
// before has been put there.
constexpr char kStoreNote[] = "\001object-store";
constexpr absl::Duration kWriteWait = absl::Seconds(20);  // for the news before a change
constexpr absl::Duration kWriteAge = absl::Seconds(2);    // of news that a change may rest on
constexpr size_t kStartsKept = 2;
constexpr char kToldNotePrefix[] = "miss/";  // KEYS.md: of the notes that answers depend on

Digest NewStoreId() {
  std::random_device random;
  std::string seed;
  for (int i = 0; i < 8; ++i) absl::StrAppend(&seed, random(), " ");
  return Digest::Of(absl::StrCat(seed, absl::ToUnixNanos(absl::Now())));
}

class SharedIndexStore final : public IndexStore {
 public:
  SharedIndexStore(std::unique_ptr<ObjectStore> objects, const SharedIndexOptions& options)
      : objects_(std::move(objects)), exchange_(objects_.get()), options_(options) {}

  absl::Status Open();

  absl::StatusOr<SegmentInfo> Commit(const UploadHeader& header, const SegmentContent& content,
                                     const CommitOptions& options) override {
    TS_RETURN_IF_ERROR(header.Validate());
    TS_RETURN_IF_ERROR(HearBeforeWriting(header.repository));
    TS_ASSIGN_OR_RETURN(SegmentInfo info, engine_->Commit(header, content, options));
    TS_ASSIGN_OR_RETURN(const bool there, IsThere(info));
    if (!there) {  // another machine deleted it, which was not heard yet
      TS_RETURN_IF_ERROR(engine_->DeleteSegments({info.id}).status());
      TS_ASSIGN_OR_RETURN(info, engine_->Commit(header, content, options));
    }
    TS_RETURN_IF_ERROR(CheckStored(info));
    log_->RememberOwn(info);
    return info;
  }
  absl::StatusOr<std::vector<SegmentInfo>> Seal(absl::string_view repository,
                                                const ObjectId& commit, const JobKey& job,
                                                bool include_quarantined) override;
  absl::StatusOr<uint64_t> Delete(absl::string_view repository, const ObjectId& commit,
                                  const std::optional<JobKey>& job) override;
  absl::StatusOr<uint64_t> DeleteSegments(absl::Span<const Digest> segments) override;

  absl::StatusOr<std::vector<SegmentInfo>> SegmentsAt(absl::string_view repository,
                                                      const ObjectId& commit) const override {
    return engine_->SegmentsAt(repository, commit);
  }
  absl::StatusOr<std::vector<ObjectId>> CommitsWithTree(absl::string_view repository,
                                                        const ObjectId& tree) const override {
    return engine_->CommitsWithTree(repository, tree);
  }
  absl::StatusOr<std::vector<IndexedCommit>> ListCommits(
      absl::string_view repository) const override {
    return engine_->ListCommits(repository);
  }
  std::vector<std::string> Repositories() const override { return engine_->Repositories(); }
  absl::StatusOr<std::shared_ptr<const Segment>> Open(const Digest& segment) const override {
    return engine_->Open(segment);
  }
  absl::StatusOr<std::shared_ptr<const LabelDictionary>> NewestDictionary(
      absl::string_view repository, const JobKey& job) const override {
    return engine_->NewestDictionary(repository, job);
  }

  absl::Status PutNote(absl::string_view key, absl::string_view value) override {
    return engine_->PutNote(key, value);
  }
  absl::StatusOr<std::string> GetNote(absl::string_view key) const override {
    return engine_->GetNote(key);
  }
  absl::Status DeleteNote(absl::string_view key) override { return engine_->DeleteNote(key); }
  absl::Status WriteNotes(const NoteBatch& batch) override {
    if (batch.repository.empty()) return engine_->WriteNotes(batch);
    if (batch.answers_depend) return log_->WriteNotes(batch);
    TS_RETURN_IF_ERROR(engine_->WriteNotes(batch));
    records_->Tell(batch);
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> NotesWithPrefix(
      absl::string_view prefix) const override {
    auto notes = engine_->NotesWithPrefix(prefix);
    // What begins so is this store's own.
    if (notes.ok()) std::erase_if(*notes, [](const auto& n) { return n.first[0] == '\001'; });
    return notes;
  }
  absl::Status PutDerived(absl::string_view key, absl::string_view value) override {
    return engine_->PutDerived(key, value);
  }
  absl::StatusOr<std::string> GetDerived(absl::string_view key) const override {
    return engine_->GetDerived(key);
  }

  Freshness Refresh(absl::string_view repository, absl::Duration max_age,
                    absl::Time deadline) override {
    Freshness out = log_->Refresh(repository, max_age, deadline);
    if (const std::string damage = log_->Damage(repository); out.heard.ok() && !damage.empty()) {
      out.heard = absl::DataLossError(absl::StrCat("damaged in the object store: ", damage));
    }
    return out;
  }
  void Prefetch(absl::Span<const Digest> segments) const override { engine_->Prefetch(segments); }
  absl::Status RefreshNotes(absl::string_view repository) override {
    return records_->Refresh(std::string(repository));
  }
  bool IsShared() const override { return true; }
  absl::Status PutStart(absl::string_view repository, absl::string_view name,
                        const NoteBatch& notes) override;
  absl::StatusOr<NoteBatch> GetStart(absl::string_view repository, absl::string_view name) override;

  absl::Status Compact() override;
  absl::Status CollectGarbage() override {
    return CollectSharedGarbage(objects_.get(), options_.unneeded_for);
  }
  uint64_t generation() const override { return engine_->generation(); }
  absl::StatusOr<StoreStats> Stats() const override { return engine_->Stats(); }

 private:
  absl::StatusOr<Digest> StoreId();
  // Whether the segment, which is here, is in the object store; asks only where it was before.
  absl::StatusOr<bool> IsThere(const SegmentInfo& segment);
  // Makes sure that what was just stored lies in the store that this machine is part of. If not,
  // nothing is here either, so that the next try stores all of it.
  absl::Status CheckStored(const SegmentInfo& segment);
  absl::Status TakePart();
  absl::Status GoOnWithPart(absl::string_view part_of);
  absl::Status TellKeptNotes(const std::string& repository);
  absl::Status HearBeforeWriting(absl::string_view repository, absl::Duration max_age = kWriteAge);

  const std::unique_ptr<ObjectStore> objects_;
  SharedExchange exchange_;
  const SharedIndexOptions options_;
  Digest store_;  // which one `objects_` is
  std::unique_ptr<ReplicaEngine> engine_;
  std::unique_ptr<SharedLog> log_;
  std::unique_ptr<SharedRecords> records_;
};

absl::Status SharedIndexStore::Open() {
  RocksDbOptions local = options_.local;
  local.exchange = &exchange_;
  TS_ASSIGN_OR_RETURN(engine_, OpenRocksDbReplica(local));
  log_ = std::make_unique<SharedLog>(objects_.get(), &exchange_, engine_.get(),
                                     options_.compare_every);
  records_ = std::make_unique<SharedRecords>(objects_.get(), engine_.get());
  return TakePart();
}

// The id of the object store; the first to ask gives it one.
absl::StatusOr<Digest> SharedIndexStore::StoreId() {
  absl::StatusOr<std::string> format = objects_->Get(kSharedFormatKey);
  if (absl::IsNotFound(format.status())) {
    const absl::Status made = objects_->Create(kSharedFormatKey, EncodeSharedFormat(NewStoreId()));
    if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
    format = objects_->Get(kSharedFormatKey);
  }
  TS_RETURN_IF_ERROR(format.status());
  return DecodeSharedFormat(*format);
}

// Of a machine that has a part: a store that is away, or that holds nothing (a folder that is not
// mounted), may come back. Looks tell until then.
absl::Status SharedIndexStore::GoOnWithPart(absl::string_view part_of) {
  TS_ASSIGN_OR_RETURN(store_, Digest::FromHex(kStoreNote, part_of));
  log_->SetStore(store_);
  const absl::StatusOr<std::string> format = objects_->Get(kSharedFormatKey);
  if (absl::IsUnavailable(format.status()) || absl::IsNotFound(format.status())) {
    return absl::OkStatus();
  }
  TS_RETURN_IF_ERROR(format.status());
  TS_ASSIGN_OR_RETURN(const Digest id, DecodeSharedFormat(*format));
  if (id == store_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(options_.local.path, " is part of another object store than ",
                   objects_->description(), "; give it another directory"));
}

absl::Status SharedIndexStore::TakePart() {
  const absl::StatusOr<std::string> part_of = engine_->GetNote(kStoreNote);
  if (part_of.ok()) return GoOnWithPart(*part_of);
  if (!absl::IsNotFound(part_of.status())) return part_of.status();
  TS_ASSIGN_OR_RETURN(store_, StoreId());
  log_->SetStore(store_);
  TS_RETURN_IF_ERROR(engine_->PublishAll());
  for (const std::string& repository : engine_->Repositories()) {
    std::vector<Digest> sealed;
    for (const CatalogEntry& e : engine_->EntriesOf(repository)) {
      if (e.info.state == SegmentState::kSealed) sealed.push_back(e.info.id);
    }
    TS_RETURN_IF_ERROR(log_->TellSealed(repository, sealed));
    TS_RETURN_IF_ERROR(TellKeptNotes(repository));
  }
  return engine_->PutNote(kStoreNote, store_.ToHex());
}

absl::StatusOr<bool> SharedIndexStore::IsThere(const SegmentInfo& segment) {
  if (!log_->HasSeen(segment)) return true;  // put there just now
  const absl::Status there =
      objects_
          ->Get(SharedEventKey(segment.header.repository,
                               {SharedEventKind::kSegment, segment.created, segment.id}))
          .status();
  if (absl::IsNotFound(there)) return false;
  TS_RETURN_IF_ERROR(there);
  return true;
}

absl::Status SharedIndexStore::CheckStored(const SegmentInfo& segment) {
  const absl::Status same = CheckSharedStore(objects_.get(), store_);
  if (same.ok()) return same;
  exchange_.ForgetThere();
  const absl::Status deleted = engine_->DeleteSegments({segment.id}).status();
  return deleted.ok() ? same : deleted;
}

// What answers depend on, and was noted before there was anybody to tell.
absl::Status SharedIndexStore::TellKeptNotes(const std::string& repository) {
  NoteBatch kept{.answers_depend = true, .repository = repository};
  TS_ASSIGN_OR_RETURN(kept.puts,
                      engine_->NotesWithPrefix(absl::StrCat(kToldNotePrefix, repository, "/")));
  return kept.puts.empty() ? absl::OkStatus() : log_->WriteNotes(kept);
}

// A change rests on what others did: the newest dictionary, the states of shards.
absl::Status SharedIndexStore::HearBeforeWriting(absl::string_view repository,
                                                 absl::Duration max_age) {
  const Freshness news = log_->Refresh(repository, max_age, absl::Now() + kWriteWait);
  return news.heard;
}

absl::StatusOr<std::vector<SegmentInfo>> SharedIndexStore::Seal(absl::string_view repository,
                                                                const ObjectId& commit,
                                                                const JobKey& job,
                                                                bool include_quarantined) {
  TS_RETURN_IF_ERROR(HearBeforeWriting(repository));
  TS_ASSIGN_OR_RETURN(const std::vector<SegmentInfo> segments,
                      engine_->SegmentsAt(repository, commit));
  std::vector<Digest> sealed;
  for (const SegmentInfo& s : segments) {
    if (s.header.job != job) continue;
    if (s.state == SegmentState::kBuilding ||
        (include_quarantined && s.state == SegmentState::kQuarantined)) {
      sealed.push_back(s.id);
    }
  }
  if (!sealed.empty()) {
    TS_RETURN_IF_ERROR(log_->TellSealed(std::string(repository), sealed));
  }
  return engine_->Seal(repository, commit, job, include_quarantined);
}

absl::StatusOr<uint64_t> SharedIndexStore::Delete(absl::string_view repository,
                                                  const ObjectId& commit,
                                                  const std::optional<JobKey>& job) {
  TS_RETURN_IF_ERROR(HearBeforeWriting(repository, absl::ZeroDuration()));
  std::vector<CatalogEntry> entries = engine_->EntriesOf(repository);
  std::erase_if(entries, [&](const CatalogEntry& e) {
    return e.info.header.commit != commit || (job.has_value() && e.info.header.job != *job);
  });
  TS_RETURN_IF_ERROR(log_->TellGone(entries));
  absl::StatusOr<uint64_t> deleted = engine_->Delete(repository, commit, job);
  // A look that was under way has found them gone, and deleted them here.
  if (absl::IsNotFound(deleted.status()) && !entries.empty()) deleted = entries.size();
  return deleted;
}

absl::StatusOr<uint64_t> SharedIndexStore::DeleteSegments(absl::Span<const Digest> segments) {
  std::vector<CatalogEntry> entries;
  for (const std::string& repository : engine_->Repositories()) {
    for (CatalogEntry& e : engine_->EntriesOf(repository)) {
      if (std::find(segments.begin(), segments.end(), e.info.id) != segments.end()) {
        entries.push_back(std::move(e));
      }
    }
  }
  TS_RETURN_IF_ERROR(log_->TellGone(entries));
  return engine_->DeleteSegments(segments);
}

absl::Status SharedIndexStore::PutStart(absl::string_view repository, absl::string_view name,
                                        const NoteBatch& notes) {
  const std::string value = EncodeStart(notes);
  const std::string prefix = SharedHistoryPrefix(repository, name);
  const absl::Status put =
      objects_->Create(SharedHistoryKey(repository, name, absl::Now(), Digest::Of(value)), value);
  if (!put.ok() && !absl::IsAlreadyExists(put)) return put;
  TS_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> all, objects_->List(prefix, "", 1000));
  for (size_t i = 0; i + kStartsKept < all.size(); ++i) {
    TS_RETURN_IF_ERROR(objects_->Delete(all[i].key));
  }
  return absl::OkStatus();
}

absl::StatusOr<NoteBatch> SharedIndexStore::GetStart(absl::string_view repository,
                                                     absl::string_view name) {
  TS_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> all,
                      objects_->List(SharedHistoryPrefix(repository, name), "", 1000));
  if (all.empty()) return absl::NotFoundError(absl::StrCat("no start of ", name));
  TS_ASSIGN_OR_RETURN(const std::string value, objects_->Get(all.back().key));
  return DecodeStart(value);
}

absl::Status SharedIndexStore::Compact() {
  if (options_.cache_bytes > 0) {
    TS_RETURN_IF_ERROR(engine_->TrimBlobs(options_.cache_bytes).status());
  }
  return engine_->Compact();
}

}  // namespace

absl::StatusOr<std::unique_ptr<IndexStore>> OpenSharedIndexStore(
    std::unique_ptr<ObjectStore> objects, const SharedIndexOptions& options) {
  auto store = std::make_unique<SharedIndexStore>(std::move(objects), options);
  TS_RETURN_IF_ERROR(store->Open());
  return store;
}

absl::Status CheckNotShared(const IndexStore& store) {
  const absl::Status part_of = store.GetNote(kStoreNote).status();
  if (absl::IsNotFound(part_of)) return absl::OkStatus();
  TS_RETURN_IF_ERROR(part_of);
  return absl::FailedPreconditionError(
      "the directory is one machine's part of an index in an object store; name that, or give "
      "another directory");
}

}  // namespace testselect
