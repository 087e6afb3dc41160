#include "server/selection/confirmed_misses.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/selection/note_fields.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr uint64_t kVersion = 1;

std::string PrefixOf(absl::string_view repository) {
  return absl::StrCat("miss/", repository, "/");
}

// A job's name may hold slashes, and a repository's too: the digest keeps their notes apart.
std::string KeyOf(absl::string_view repository, const JobKey& job) {
  return absl::StrCat(PrefixOf(repository), Digest::Of(job.ToString()).ToHex());
}

absl::StatusOr<std::vector<ConfirmedMiss>> Read(const IndexStore& store,
                                                absl::string_view repository, const JobKey& job) {
  const auto note = store.GetNote(KeyOf(repository, job));
  if (absl::IsNotFound(note.status())) return std::vector<ConfirmedMiss>();
  TS_RETURN_IF_ERROR(note.status());
  TS_ASSIGN_OR_RETURN(JobMisses decoded, DecodeConfirmedMisses(*note));
  return std::move(decoded.misses);
}

absl::Status Write(IndexStore* store, absl::string_view repository, const JobKey& job,
                   const std::vector<ConfirmedMiss>& misses) {
  const std::string key = KeyOf(repository, job);
  NoteBatch batch{.answers_depend = true, .repository = std::string(repository)};
  if (misses.empty()) {
    batch.deletes.push_back(key);
  } else {
    batch.puts.emplace_back(key, EncodeConfirmedMisses(job, misses));
  }
  return store->WriteNotes(batch);
}

bool ByLabel(const ConfirmedMiss& a, const ConfirmedMiss& b) { return a.label < b.label; }

}  // namespace

std::string EncodeConfirmedMisses(const JobKey& job, const std::vector<ConfirmedMiss>& misses) {
  std::string out;
  PutVarint(&out, kVersion);
  PutBytes(&out, job.ToString());
  PutVarint(&out, misses.size());
  for (const ConfirmedMiss& miss : misses) {
    PutBytes(&out, miss.label);
    absl::StrAppend(&out, miss.decision, miss.head.bytes());
    PutTime(&out, miss.since);
  }
  return out;
}

absl::StatusOr<JobMisses> DecodeConfirmedMisses(absl::string_view note) {
  NoteReader in(note);
  if (in.Varint() != kVersion) in.Fail();
  JobMisses out;
  out.job = in.Job();
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    ConfirmedMiss miss;
    miss.label = in.Text();
    miss.decision = in.SelectionId();
    miss.head = in.ReadObjectId();
    miss.since = in.Time();
    if (miss.label.empty() || (!out.misses.empty() && !ByLabel(out.misses.back(), miss))) in.Fail();
    out.misses.push_back(std::move(miss));
  }
  TS_RETURN_IF_ERROR(in.Finish("confirmed misses"));
  TS_RETURN_IF_ERROR(
      CheckOneForm("confirmed misses", note, EncodeConfirmedMisses(out.job, out.misses)));
  return out;
}

absl::StatusOr<ConfirmedMisses> ListConfirmedMisses(const IndexStore& store,
                                                    absl::string_view repository) {
  const std::string prefix = PrefixOf(repository);
  TS_ASSIGN_OR_RETURN(const auto notes, store.NotesWithPrefix(prefix));
  ConfirmedMisses all;
  for (const auto& [key, note] : notes) {
    // Longer ones are those of a repository whose name begins with this one's and a slash.
    if (key.size() != prefix.size() + 2 * Digest::kBytes) continue;
    TS_ASSIGN_OR_RETURN(JobMisses decoded, DecodeConfirmedMisses(note));
    if (key != KeyOf(repository, decoded.job)) {
      return absl::DataLossError(absl::StrCat("note ", key, " is of another job"));
    }
    all[decoded.job.ToString()] = std::move(decoded.misses);
  }
  return all;
}

LabelsByJob LabelsOf(const ConfirmedMisses& misses) {
  LabelsByJob labels;
  for (const auto& [job, of_job] : misses) {
    for (const ConfirmedMiss& miss : of_job) labels[job].push_back(miss.label);
  }
  return labels;
}

absl::StatusOr<uint64_t> AddConfirmedMisses(IndexStore* store, absl::string_view repository,
                                            const JobKey& job,
                                            const std::vector<ConfirmedMiss>& misses) {
  TS_ASSIGN_OR_RETURN(std::vector<ConfirmedMiss> all, Read(*store, repository, job));
  const size_t before = all.size();
  for (const ConfirmedMiss& miss : misses) {
    const auto at = std::lower_bound(all.begin(), all.end(), miss, ByLabel);
    if (at == all.end() || at->label != miss.label) all.insert(at, miss);
  }
  const uint64_t added = all.size() - before;
  if (added == 0) return added;
  if (all.size() > kMaxConfirmedMisses) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "job '", job.ToString(), "' would have ", all.size(),
        " labels that always run since they were missed; at most ", kMaxConfirmedMisses));
  }
  TS_RETURN_IF_ERROR(Write(store, repository, job, all));
  return added;
}

absl::StatusOr<uint64_t> ForgetConfirmedMisses(IndexStore* store, absl::string_view repository,
                                               const JobKey& job, absl::string_view label) {
  TS_ASSIGN_OR_RETURN(std::vector<ConfirmedMiss> all, Read(*store, repository, job));
  const auto forgotten = std::erase_if(
      all, [&](const ConfirmedMiss& miss) { return label.empty() || miss.label == label; });
  if (forgotten > 0) TS_RETURN_IF_ERROR(Write(store, repository, job, all));
  return forgotten;
}

}  // namespace testselect
