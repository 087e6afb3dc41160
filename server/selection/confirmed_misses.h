// ConfirmedMisses: labels that failed though a selection had left them out, where the project wants
// them to run always from then on (`on_miss: always_run` in its rule file).
//
// Kept as notes, one for each (repository, job, label), so that what machines that share an index
// add at a time both stays; the format is in storage/KEYS.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/selection/labels_by_job.h"
#include "storage/index_store.h"
#include "storage/model/object_id.h"
#include "storage/model/upload.h"

namespace testselect {

// A label that runs always since it was missed.
struct ConfirmedMiss {
  std::string label;
  std::string decision;  // the selection that left it out, by its id
  ObjectId head;         // of that selection
  absl::Time since;      // in whole microseconds
  friend bool operator==(const ConfirmedMiss&, const ConfirmedMiss&) = default;
};

// By JobKey::ToString(); those of each job sorted by label, each once.
using ConfirmedMisses = std::map<std::string, std::vector<ConfirmedMiss>>;

inline constexpr size_t kMaxConfirmedMisses = 10'000;  // of one job

// Errors: kDataLoss for a note that is malformed; the store's. Cost: one scan of the repository's
// notes of this kind.
absl::StatusOr<ConfirmedMisses> ListConfirmedMisses(const IndexStore& store,
                                                    absl::string_view repository);
// The labels alone: what a selection depends on.
LabelsByJob LabelsOf(const ConfirmedMisses& misses);

// Adds those that are new; returns how many were. Answers are computed anew where any was.
// kResourceExhausted, with nothing changed, where a job would get over kMaxConfirmedMisses. Not
// atomic: callers take turns.
absl::StatusOr<uint64_t> AddConfirmedMisses(IndexStore* store, absl::string_view repository,
                                            const JobKey& job,
                                            const std::vector<ConfirmedMiss>& misses);

// Forgets one label of a job, or with an empty `label` all of them; returns how many. Answers are
// computed anew. Not atomic: callers take turns.
absl::StatusOr<uint64_t> ForgetConfirmedMisses(IndexStore* store, absl::string_view repository,
                                               const JobKey& job, absl::string_view label);

// The note's value, and back. kDataLoss for anything that EncodeConfirmedMisses cannot have
// written.
std::string EncodeConfirmedMisses(const JobKey& job, const std::vector<ConfirmedMiss>& misses);
struct JobMisses {
  JobKey job;
  std::vector<ConfirmedMiss> misses;
};
absl::StatusOr<JobMisses> DecodeConfirmedMisses(absl::string_view note);

}  // namespace testselect
