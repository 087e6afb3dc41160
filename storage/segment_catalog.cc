#include "storage/segment_catalog.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "storage/bytes_interner.h"
#include "storage/model/varint.h"
#include "storage/outcome_codec.h"
#include "storage/segment_header_codec.h"

namespace testselect {
namespace {

auto SortKey(const SegmentInfo& s) {
  return std::make_tuple(s.header.job.ToString(), s.header.shard_count, s.header.shard_index,
                         s.header.attempt, s.created, s.id);
}

bool SameShard(const UploadHeader& a, const UploadHeader& b) {
  return a.shard_index == b.shard_index && a.shard_count == b.shard_count;
}

// Whether `by` takes the place of `s`. Both are of one group. Branches do not take each other's
// place: one of them may not be trusted. What was added to an upload goes with
// it: to the newest upload of the shard it is part of what is known.
bool Supersedes(const SegmentInfo& by, const SegmentInfo& s) {
  if (s.header.completeness == Completeness::kAdded && by.header.attempt == s.header.attempt) {
    return false;
  }
  return by.header.completeness == Completeness::kFull && by.header.branch == s.header.branch &&
         by.state != SegmentState::kQuarantined && by.id != s.id &&
         by.header.shard_index == s.header.shard_index &&
         std::tie(by.header.attempt, by.created) > std::tie(s.header.attempt, s.created);
}

// Settles the states of a group.
void Settle(std::vector<CatalogEntry>* group) {
  if (group->empty()) return;
  std::vector<bool> present(group->front().info.header.shard_count, false);
  bool superseded_any = true;
  while (superseded_any) {  // a superseded segment supersedes in turn: attempts are ordered
    superseded_any = false;
    for (CatalogEntry& e : *group) {
      if (e.info.state == SegmentState::kSuperseded) continue;
      superseded_any = std::any_of(group->begin(), group->end(), [&](const CatalogEntry& by) {
        return Supersedes(by.info, e.info);
      });
      if (superseded_any) {
        e.info.state = SegmentState::kSuperseded;
        break;
      }
    }
  }
  for (const CatalogEntry& e : *group) {
    const bool counts =
        e.info.state == SegmentState::kBuilding || e.info.state == SegmentState::kSealed;
    if (counts) present[e.info.header.shard_index] = true;
  }
  if (!std::all_of(present.begin(), present.end(), [](bool p) { return p; })) return;
  for (CatalogEntry& e : *group) {
    if (e.info.state == SegmentState::kBuilding) e.info.state = SegmentState::kSealed;
  }
}

}  // namespace

Digest SegmentId(const UploadHeader& header, const SegmentContent& content) {
  std::string facts = EncodeUploadHeader(header);
  if (!header.branch.empty()) PutBytes(&facts, header.branch);
  PutBytes(&facts, EncodeLabelSet(content.ran));
  PutBytes(&facts, EncodeLabelSet(content.empty_evidence));
  DigestStream stream;
  stream.Update(facts);
  std::vector<LabelOutcome> outcomes;
  content.ran.ForEach([&](LabelNumber n) {
    stream.Update(content.labels[n]);
    stream.Update("\n");
    if (!content.outcomes.empty()) outcomes.push_back(content.outcomes[n]);
  });
  stream.Update(EncodeOutcomes(outcomes));
  for (const EncodedFile& file : content.files) {
    std::string frame;
    PutBytes(&frame, file.path);
    PutVarint(&frame, file.record.size());
    stream.Update(frame);
    stream.Update(file.record);
  }
  return stream.Finish();
}

absl::Status CheckContent(const SegmentContent& content) {
  const size_t labels = content.labels.size();
  if (labels >= kNoLabel) {
    return absl::InvalidArgumentError(absl::StrCat("labels: ", labels, " are too many"));
  }
  BytesInterner names;
  names.Reserve(labels);
  for (const std::string& label : content.labels) {
    const size_t before = names.size();
    if (label.empty()) return absl::InvalidArgumentError("label: must not be empty");
    if (names.Intern(label) != before) {
      return absl::InvalidArgumentError(absl::StrCat("label: '", label, "' is numbered twice"));
    }
  }
  if (!content.outcomes.empty() && content.outcomes.size() != labels) {
    return absl::InvalidArgumentError(
        absl::StrCat("outcomes: ", content.outcomes.size(), " are given for ", labels, " labels"));
  }
  for (const DenseLabelSet* set : {&content.ran, &content.empty_evidence}) {
    const absl::Span<const uint64_t> words = set->words();
    for (size_t w = labels / 64; w < words.size(); ++w) {
      const uint64_t beyond = w > labels / 64 ? words[w] : words[w] >> (labels % 64);
      if (beyond != 0) return absl::InvalidArgumentError("ran: holds a label without a name");
    }
  }
  for (size_t i = 0; i < content.files.size(); ++i) {
    const std::string& path = content.files[i].path;
    if (path.empty()) return absl::InvalidArgumentError("path: must not be empty");
    if (i > 0 && path <= content.files[i - 1].path) {
      return absl::InvalidArgumentError(absl::StrCat("path: '", path, "' is out of order"));
    }
  }
  return absl::OkStatus();
}

SegmentInfo InfoOf(const UploadHeader& header, const SegmentContent& content, absl::Time created) {
  SegmentInfo info;
  info.id = SegmentId(header, content);
  info.header = header;
  info.created = absl::FromUnixMicros(absl::ToUnixMicros(created));  // as it is stored
  info.labels = static_cast<uint32_t>(content.ran.Count());
  info.files = static_cast<uint32_t>(content.files.size());
  info.pairs = content.pairs;
  info.global_lines = content.global_lines;
  info.kinds = content.kinds;
  return info;
}

const CatalogEntry* SegmentCatalog::Find(const Digest& segment) const {
  const auto it = entries_.find(segment);
  return it == entries_.end() ? nullptr : &it->second;
}

void SegmentCatalog::Put(const CatalogEntry& entry) {
  const auto [it, added] = entries_.insert_or_assign(entry.info.id, entry);
  if (!added) return;  // the header and the time, and so the places, are part of what an id names
  const UploadHeader& h = entry.info.header;
  by_commit_[h.repository][h.commit].push_back(entry.info.id);
  std::vector<Digest>& of_job = by_job_[{h.repository, h.job.ToString()}];
  const auto later = [&](const Digest& id) {
    const SegmentInfo& other = entries_.at(id).info;
    return std::tie(other.created, other.id) > std::tie(entry.info.created, entry.info.id);
  };
  of_job.insert(std::find_if(of_job.begin(), of_job.end(), later), entry.info.id);
}

void SegmentCatalog::Erase(const Digest& segment) {
  const auto it = entries_.find(segment);
  if (it == entries_.end()) return;
  const UploadHeader h = it->second.info.header;
  entries_.erase(it);
  auto& commits = by_commit_[h.repository];
  std::erase(commits[h.commit], segment);
  if (commits[h.commit].empty()) commits.erase(h.commit);
  if (commits.empty()) by_commit_.erase(h.repository);
  const JobOfRepository job(h.repository, h.job.ToString());
  std::erase(by_job_[job], segment);
  if (by_job_[job].empty()) by_job_.erase(job);
}

std::vector<CatalogEntry> SegmentCatalog::EntriesAt(absl::string_view repository,
                                                    const ObjectId& commit,
                                                    const std::optional<JobKey>& job) const {
  std::vector<CatalogEntry> out;
  const auto commits = by_commit_.find(std::string(repository));
  if (commits == by_commit_.end()) return out;
  const auto ids = commits->second.find(commit);
  if (ids == commits->second.end()) return out;
  for (const Digest& id : ids->second) {
    const CatalogEntry& e = entries_.at(id);
    if (!job.has_value() || e.info.header.job == *job) out.push_back(e);
  }
  std::sort(out.begin(), out.end(), [](const CatalogEntry& a, const CatalogEntry& b) {
    return SortKey(a.info) < SortKey(b.info);
  });
  return out;
}

std::vector<CatalogEntry> SegmentCatalog::EntriesOfRepository(absl::string_view repository) const {
  std::vector<CatalogEntry> out;
  const auto commits = by_commit_.find(std::string(repository));
  if (commits == by_commit_.end()) return out;
  for (const auto& [commit, ids] : commits->second) {
    for (const Digest& id : ids) out.push_back(entries_.at(id));
  }
  return out;
}

std::vector<CatalogEntry> SegmentCatalog::EntriesOf(absl::Span<const Digest> segments) const {
  std::vector<Digest> ids(segments.begin(), segments.end());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::vector<CatalogEntry> out;
  for (const Digest& id : ids) {
    if (const CatalogEntry* entry = Find(id); entry != nullptr) out.push_back(*entry);
  }
  return out;
}

std::vector<SegmentInfo> SegmentCatalog::SegmentsAt(absl::string_view repository,
                                                    const ObjectId& commit) const {
  std::vector<SegmentInfo> out;
  for (CatalogEntry& e : EntriesAt(repository, commit, std::nullopt)) {
    out.push_back(std::move(e.info));
  }
  return out;
}

std::vector<IndexedCommit> SegmentCatalog::ListCommits(absl::string_view repository) const {
  std::vector<std::pair<absl::Time, IndexedCommit>> dated;
  const auto commits = by_commit_.find(std::string(repository));
  if (commits == by_commit_.end()) return {};
  for (const auto& [commit, ids] : commits->second) {
    IndexedCommit c{commit, ObjectId(), SegmentsAt(repository, commit)};
    absl::Time newest = absl::InfinitePast();
    for (const SegmentInfo& s : c.segments) {
      newest = std::max(newest, s.created);
      if (!s.header.tree.IsNull()) c.tree = s.header.tree;
    }
    dated.emplace_back(newest, std::move(c));
  }
  std::stable_sort(dated.begin(), dated.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<IndexedCommit> out;
  for (auto& [time, commit] : dated) out.push_back(std::move(commit));
  return out;
}

std::vector<ObjectId> SegmentCatalog::CommitsWithTree(absl::string_view repository,
                                                      const ObjectId& tree) const {
  std::map<ObjectId, absl::Time> found;
  const auto commits = by_commit_.find(std::string(repository));
  if (tree.IsNull() || commits == by_commit_.end()) return {};
  for (const auto& [commit, ids] : commits->second) {
    for (const Digest& id : ids) {
      const SegmentInfo& s = entries_.at(id).info;
      if (s.header.tree != tree) continue;
      const auto [it, added] = found.emplace(commit, s.created);
      it->second = std::max(it->second, s.created);
    }
  }
  std::vector<std::pair<absl::Time, ObjectId>> dated;
  for (const auto& [commit, time] : found) dated.emplace_back(time, commit);
  std::sort(dated.rbegin(), dated.rend());
  std::vector<ObjectId> out;
  for (const auto& [time, commit] : dated) out.push_back(commit);
  return out;
}

std::vector<std::string> SegmentCatalog::Repositories() const {
  std::vector<std::string> out;
  for (const auto& [repository, commits] : by_commit_) out.push_back(repository);
  return out;
}

void SegmentCatalog::CountStates(StoreStats* stats) const {
  stats->segments = entries_.size();
  for (const auto& [id, e] : entries_) ++stats->segments_by_state[static_cast<int>(e.info.state)];
}

std::vector<const CatalogEntry*> SegmentCatalog::OfJob(absl::string_view repository,
                                                       const JobKey& job) const {
  std::vector<const CatalogEntry*> out;
  const auto it = by_job_.find({std::string(repository), job.ToString()});
  if (it == by_job_.end()) return out;
  for (const Digest& id : it->second) out.push_back(&entries_.at(id));
  return out;
}

bool SegmentCatalog::Suspicious(const SegmentInfo& info, double quarantine_below) const {
  if (info.header.completeness != Completeness::kFull) return false;
  const std::vector<const CatalogEntry*> of_job = OfJob(info.header.repository, info.header.job);
  const auto before = std::find_if(of_job.rbegin(), of_job.rend(), [&](const CatalogEntry* e) {
    return e->info.header.completeness == Completeness::kFull &&
           e->info.state == SegmentState::kSealed && SameShard(e->info.header, info.header);
  });
  if (before == of_job.rend()) return false;
  const auto small = [&](uint32_t now, uint32_t then) {
    return then >= kQuarantineMinimum && now < quarantine_below * then;
  };
  if (small(info.labels, (*before)->info.labels)) return true;
  // The keys of an imported index are no files: how many there are says nothing about the other.
  return info.Holds(EvidenceKind::kIndexKey) == (*before)->info.Holds(EvidenceKind::kIndexKey) &&
         small(info.files, (*before)->info.files);
}

std::vector<CatalogEntry> SegmentCatalog::PlanAdmit(CatalogEntry entry,
                                                    double quarantine_below) const {
  const UploadHeader& h = entry.info.header;
  const std::vector<const CatalogEntry*> of_job = OfJob(h.repository, h.job);
  if (!of_job.empty() && of_job.back()->info.created >= entry.info.created) {
    entry.info.created = of_job.back()->info.created + absl::Microseconds(1);
  }
  entry.info.state = Suspicious(entry.info, quarantine_below) ? SegmentState::kQuarantined
                                                              : SegmentState::kBuilding;
  std::vector<CatalogEntry> group;
  for (CatalogEntry& e : EntriesAt(h.repository, h.commit, h.job)) {
    if (e.info.header.shard_count == h.shard_count) group.push_back(std::move(e));
  }
  group.push_back(entry);
  Settle(&group);
  std::erase_if(group, [&](const CatalogEntry& e) {
    const CatalogEntry* was = Find(e.info.id);
    return was != nullptr && was->info.state == e.info.state;
  });
  return group;
}

std::vector<CatalogEntry> SegmentCatalog::PlanAdopt(const std::vector<CatalogEntry>& added,
                                                    const absl::flat_hash_set<Digest>& sealed,
                                                    const absl::flat_hash_set<Digest>& gone) const {
  using Group = std::tuple<std::string, ObjectId, JobKey, uint32_t>;
  const auto group_of = [](const UploadHeader& h) {
    return Group(h.repository, h.commit, h.job, h.shard_count);
  };
  std::map<Group, std::map<Digest, CatalogEntry>> groups;
  const auto take = [](std::map<Digest, CatalogEntry>* members, const CatalogEntry& e) {
    const auto [it, first] = members->emplace(e.info.id, e);
    if (!first && e.info.created < it->second.info.created)
      it->second.info.created = e.info.created;
  };
  for (const CatalogEntry& e : added) take(&groups[group_of(e.info.header)], e);
  for (const Digest& id : sealed) {  // of what is here already, too
    if (const CatalogEntry* e = Find(id); e != nullptr) groups[group_of(e->info.header)];
  }
  std::vector<CatalogEntry> changed;
  for (auto& [key, members] : groups) {
    const auto& [repository, commit, job, shards] = key;
    for (CatalogEntry& e : EntriesAt(repository, commit, job)) {
      if (e.info.header.shard_count != shards) continue;
      if (gone.contains(e.info.id)) continue;
      if (e.info.state == SegmentState::kSuperseded) e.info.state = SegmentState::kBuilding;
      const auto [it, first] = members.emplace(e.info.id, e);
      if (first) continue;
      e.info.created = std::min(e.info.created, it->second.info.created);
      it->second = std::move(e);
    }
    std::vector<CatalogEntry> group;
    for (auto& [id, e] : members) {
      if (sealed.contains(id)) e.info.state = SegmentState::kSealed;
      group.push_back(std::move(e));
    }
    Settle(&group);
    for (CatalogEntry& e : group) {
      const CatalogEntry* was = Find(e.info.id);
      if (was == nullptr || was->info.state != e.info.state ||
          was->info.created != e.info.created || gone.contains(e.info.id)) {
        changed.push_back(std::move(e));
      }
    }
  }
  return changed;
}

absl::StatusOr<std::vector<CatalogEntry>> SegmentCatalog::PlanSeal(absl::string_view repository,
                                                                   const ObjectId& commit,
                                                                   const JobKey& job,
                                                                   bool include_quarantined) const {
  std::map<uint32_t, std::vector<CatalogEntry>> groups;  // by shard count
  for (CatalogEntry& e : EntriesAt(repository, commit, job)) {
    groups[e.info.header.shard_count].push_back(std::move(e));
  }
  if (groups.empty()) {
    return absl::NotFoundError(absl::StrCat("no segment of job ", job.ToString(), " at commit ",
                                            commit.ToHex(), " of ", repository));
  }
  std::vector<CatalogEntry> changed;
  for (auto& [count, group] : groups) {
    for (CatalogEntry& e : group) {
      const bool seal = e.info.state == SegmentState::kBuilding ||
                        (include_quarantined && e.info.state == SegmentState::kQuarantined);
      if (seal) e.info.state = SegmentState::kSealed;
    }
    Settle(&group);  // a released upload may take the place of an earlier attempt
    for (CatalogEntry& e : group) {
      if (Find(e.info.id)->info.state != e.info.state) changed.push_back(std::move(e));
    }
  }
  return changed;
}

const CatalogEntry* SegmentCatalog::NewestDictionary(absl::string_view repository,
                                                     const JobKey& job) const {
  const CatalogEntry* best = nullptr;
  for (const CatalogEntry* e : OfJob(repository, job)) {
    const UploadHeader& h = e->info.header;
    const bool alone = h.completeness == Completeness::kFull && h.shard_count == 1 &&
                       e->info.state != SegmentState::kQuarantined;
    if (best == nullptr || alone || e->dictionary_size >= best->dictionary_size) best = e;
  }
  return best;
}

const CatalogEntry* SegmentCatalog::MostAlike(const UploadHeader& header) const {
  const std::vector<const CatalogEntry*> of_job = OfJob(header.repository, header.job);
  const CatalogEntry* best = nullptr;
  int best_likeness = -1;
  for (const CatalogEntry* e : of_job) {
    const UploadHeader& h = e->info.header;
    const int likeness = 4 * (h.completeness == header.completeness) + 2 * SameShard(h, header) +
                         (h.completeness == Completeness::kFull);
    if (likeness >= best_likeness) best = e;
    best_likeness = std::max(best_likeness, likeness);
  }
  return best;
}

}  // namespace testselect
