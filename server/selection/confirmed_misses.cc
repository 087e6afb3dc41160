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

constexpr size_t kHexDigits = 2 * Digest::kBytes;

// A job's name may hold slashes, and a repository's too: the digest keeps their notes apart.
std::string KeyOf(absl::string_view repository, const JobKey& job) {
  return absl::StrCat(PrefixOf(repository), Digest::Of(job.ToString()).ToHex());
}

// Each miss has a note of its own: what two machines note at a time both stays.
std::string KeyOf(absl::string_view repository, const JobKey& job, absl::string_view label) {
  return absl::StrCat(KeyOf(repository, job), "/", Digest::Of(label).ToHex());
}

bool ByLabel(const ConfirmedMiss& a, const ConfirmedMiss& b) { return a.label < b.label; }

void AddOnce(const ConfirmedMiss& miss, std::vector<ConfirmedMiss>* all) {
  const auto at = std::lower_bound(all->begin(), all->end(), miss, ByLabel);
  if (at == all->end() || at->label != miss.label) all->insert(at, miss);
}

absl::StatusOr<std::vector<ConfirmedMiss>> Read(const IndexStore& store,
                                                absl::string_view repository, const JobKey& job) {
  const std::string key = KeyOf(repository, job);
  TS_ASSIGN_OR_RETURN(const auto notes, store.NotesWithPrefix(key));
  std::vector<ConfirmedMiss> all;
  for (const auto& [name, note] : notes) {
    TS_ASSIGN_OR_RETURN(const JobMisses decoded, DecodeConfirmedMisses(note));
    for (const ConfirmedMiss& miss : decoded.misses) AddOnce(miss, &all);
  }
  return all;
}

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
    const size_t digits = key.size() - prefix.size();
    if (digits != kHexDigits && digits != 2 * kHexDigits + 1) continue;
    TS_ASSIGN_OR_RETURN(const JobMisses decoded, DecodeConfirmedMisses(note));
    const bool is_list = digits == kHexDigits;  // as it was once: all of a job
    if (is_list ? key != KeyOf(repository, decoded.job)
                : decoded.misses.size() != 1 ||
                      key != KeyOf(repository, decoded.job, decoded.misses[0].label)) {
      return absl::DataLossError(absl::StrCat("note ", key, " is of another job"));
    }
    std::vector<ConfirmedMiss>& of_job = all[decoded.job.ToString()];
    for (const ConfirmedMiss& miss : decoded.misses) AddOnce(miss, &of_job);
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
  NoteBatch batch{.answers_depend = true, .repository = std::string(repository)};
  for (const ConfirmedMiss& miss : misses) {
    const size_t known = all.size();
    AddOnce(miss, &all);
    if (all.size() == known) continue;
    batch.puts.emplace_back(KeyOf(repository, job, miss.label), EncodeConfirmedMisses(job, {miss}));
  }
  const uint64_t added = all.size() - before;
  if (added == 0) return added;
  if (all.size() > kMaxConfirmedMisses) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "job '", job.ToString(), "' would have ", all.size(),
        " labels that always run since they were missed; at most ", kMaxConfirmedMisses));
  }
  TS_RETURN_IF_ERROR(store->WriteNotes(batch));
  return added;
}

absl::StatusOr<uint64_t> ForgetConfirmedMisses(IndexStore* store, absl::string_view repository,
                                               const JobKey& job, absl::string_view label) {
  TS_ASSIGN_OR_RETURN(const std::vector<ConfirmedMiss> all, Read(*store, repository, job));
  NoteBatch batch{.answers_depend = true, .repository = std::string(repository)};
  for (const ConfirmedMiss& miss : all) {
    if (label.empty() || miss.label == label) {
      batch.deletes.push_back(KeyOf(repository, job, miss.label));
    }
  }
  const uint64_t forgotten = batch.deletes.size();
  if (forgotten == 0) return forgotten;
  const std::string list = KeyOf(repository, job);
  if (const absl::Status listed = store->GetNote(list).status(); listed.ok()) {
    batch.deletes.push_back(list);  // what stays of it gets notes of its own
    for (const ConfirmedMiss& miss : all) {
      if (label.empty() || miss.label == label) continue;
      batch.puts.emplace_back(KeyOf(repository, job, miss.label),
                              EncodeConfirmedMisses(job, {miss}));
    }
  } else if (!absl::IsNotFound(listed)) {
    return listed;
  }
  TS_RETURN_IF_ERROR(store->WriteNotes(batch));
  return forgotten;
}

}  // namespace testselect
