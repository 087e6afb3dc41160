// Selector: which tests a change needs. The heart of the service (design: "How a selection is
// made", steps 1 to 7).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/git/repository.h"
#include "server/selection/branch_trust.h"
#include "server/selection/index_export.h"
#include "server/selection/label_list.h"
#include "server/selection/labels_by_job.h"
#include "server/selection/reason.h"
#include "server/selection/source_shelf.h"
#include "server/selection/structure.h"
#include "storage/index_store.h"
#include "storage/model/object_id.h"
#include "storage/model/upload.h"

namespace testselect {

class IndexKeeper;
class TestHistory;

// What a consolidation did at one commit.
struct ConsolidationReport {
  uint64_t jobs = 0;      // whose chains were shortened
  uint64_t labels = 0;    // whose evidence moved
  uint64_t segments = 0;  // that are not needed any more for selections from here
};

enum class Granularity : uint8_t {
  kFunction = 1,
  kLine = 2,
  kFile = 3,
  kPackage = 4,
  kDiffedPackage = 5
};

struct SelectionRequest {
  std::string repository;
  ObjectId base, head;
  std::shared_ptr<const LabelList> requested;  // empty: all labels the index knows
  std::vector<JobKey> jobs;  // empty: all; a job without flavor stands for all its flavors
  Granularity granularity = Granularity::kFunction;
  std::optional<bool> unknown_change_selects_all;  // not set: by the rule file, else true
  std::string environment_digest;                  // empty: not known
  std::string branch;                              // that head is on; empty: not known
  bool run_all = false;
  std::vector<std::string> force_labels;
  bool include_building = false;
  bool omit_order = false;
  // What of the run list is wanted; 0 and 1: all of it. Not with omit_order.
  double budget_seconds = 0;  // 0: no limit
  uint32_t shard_index = 0, shard_count = 1;
  bool per_job = false;  // also a selection for each job
  // Why nothing is known of the repository's index, which is elsewhere; empty: it is known.
  std::string unheard;
  std::vector<std::string> baseline_labels;  // of kDiffedPackage
  bool triggering_paths = false;             // with per_job: JobSelection::paths
  absl::Time deadline = absl::InfiniteFuture();
};

struct Fallback {
  FallbackCode code = FallbackCode::kNone;
  std::string message;  // a sentence
};

// Where the time went; all zero for an answer from the cache but `total`.
struct StageTimes {
  absl::Duration resolve, diff, lookup, total;
  bool cached = false;
};

// What an answer rests on beside its request and the objects of git: with these it can be computed
// again.
struct SelectionBasis {
  std::vector<Digest> segments;  // whose evidence was used, by job, newest first
  ObjectId rule_file;            // the blob of head's rule file; null: it has none
  LabelsByJob missed;            // labels that ran because they were missed once
  // Labels whose outcome the evidence does not tell: that the history knew to have failed, and of
  // which it could not be read. They ran.
  LabelsByJob failed, unreadable;
  friend bool operator==(const SelectionBasis&, const SelectionBasis&) = default;
};

// What the answer would have been under a branch policy `shadow`, where everything runs.
struct Shadow {
  std::string skip;        // a bit set, as in Selection
  uint64_t run_count = 0;  // how many would have run
  double run_seconds = 0;  // their known durations; 0 with omit_order
};

// An answer. Immutable. Bits are over a list of labels: bit i (least significant first) of byte
// i / 8. The list is the requested one and belongs to the request: answers are kept by the
// thousand, and lists are large.
struct Selection {
  std::string id;
  std::vector<IndexUse> index;
  std::optional<Fallback> fallback;
  std::shared_ptr<const LabelList> known_labels;  // all known ones, where none were requested
  std::string absent, present_diff, global_level, present_report;  // bit sets
  std::string known_flaky;    // a bit set, of the labels to run; empty: none
  std::vector<uint32_t> run;  // positions in the list, in running order, each label once
  uint64_t run_count = 0;     // also with omit_order
  std::array<uint64_t, static_cast<size_t>(ReasonCode::kCount)> reasons{};
  double run_seconds = 0, total_seconds = 0;
  std::optional<Shadow> shadow;
  std::shared_ptr<const SelectionBasis> basis;  // never null
  std::vector<std::string> cautions;            // sentences: what makes it less safe
};

// One shard's share of a run list, as far as it fits the budget. Every label of `run` is in exactly
// one of the three, and the shards of one selection id have each exactly once.
struct RunPart {
  std::vector<uint32_t> run;  // as Selection::run
  std::string over_budget;    // a bit set: this shard's, but there is no time for it
  std::string other_shards;   // a bit set
  double run_seconds = 0;     // the known durations of `run`
};

// The selection for one job alone: its run list are the labels that are known to that job (its
// present_report) and selected by its evidence.
struct JobSelection {
  JobKey job;
  std::shared_ptr<const Selection> selection;  // over SelectionResult::labels
  // By changed path (empty: none is to blame), a bit set of the labels it made run.
  std::vector<std::pair<std::string, std::string>> paths;
};

struct SelectionResult {
  std::shared_ptr<const Selection> selection;
  std::shared_ptr<const LabelList> labels;  // what it is about: the requested ones or known_labels
  std::optional<RunPart> part;              // where a budget or shards were asked for
  std::vector<JobSelection> jobs;           // with per_job; as selection->index
  StageTimes times;
};

// One piece of evidence for a label (ExplainTest).
struct ReasonEvidence {
  std::optional<ReasonCode> code;  // none: what is known of a label that is not selected
  std::string path;
  LineRange lines;  // 0-0: lines do not matter
  ObjectId commit;  // null: none
  std::string message;
  friend bool operator==(const ReasonEvidence&, const ReasonEvidence&) = default;
};

struct Explanation {
  bool selected = false;
  std::vector<ReasonEvidence> evidence;  // at most 100
  std::optional<Fallback> fallback;
};

struct SelectorOptions {
  size_t plan_cache_entries = 256;           // per (repository, base, head, jobs, options)
  size_t answer_cache_bytes = 512ull << 20;  // label lists and finished answers
  uint32_t max_walk_commits = 100'000;       // how far back an index is looked for
  BranchTrust trust;                         // whose evidence everybody may use
  bool keep_sources = true;                  // cut sources, in the store
  // Where cut sources are had that the store lacks. Where machines share the store they share them,
  // too, and this is not asked. May be null; must outlive the selector.
  SourceShelf* shelf = nullptr;
  // Hears how many cut sources were had from elsewhere, or why that could not be asked, and of
  // every attempt to share a commit's; from any thread. May be empty.
  std::function<void(absl::string_view repository, const absl::StatusOr<uint64_t>& had)> on_fetched;
  std::function<void(absl::string_view repository, const absl::StatusOr<bool>& packed)> on_shared;
  uint32_t consolidate_after = 16;  // layers that a chain may have; 0: any number
  // Hears of every attempt to consolidate, from a thread of the selector. May be empty.
  std::function<void(const std::string& repository, const ObjectId& commit,
                     const absl::StatusOr<ConsolidationReport>& done)>
      on_consolidated;
  const TestHistory* history = nullptr;  // none: nothing is known but the evidence
};

// Thread-safe. Equal requests against an unchanged index give the same Selection object from a
// cache; concurrent equal requests compute it once. Of requests that differ in budget, shard or
// per_job alone, the selections have the same id.
class Selector {
 public:
  virtual ~Selector() = default;

  // Errors: kInvalidArgument (base equals head), kNotFound (repository, head). What keeps the
  // answer from being computed otherwise is a fallback in the answer, never an error.
  virtual absl::StatusOr<SelectionResult> Select(const SelectionRequest& request) = 0;

  // As Select, but resting on `basis`: on no segment that it does not name, whatever the index has
  // now. A segment that is gone is simply missing. Computed afresh and kept in no cache.
  virtual absl::StatusOr<SelectionResult> Replay(const SelectionRequest& request,
                                                 const SelectionBasis& basis) = 0;

  // The functions of a file at a commit, for those who name them; none for what is not code.
  // Errors: kNotFound (repository, commit), those of git.
  virtual absl::StatusOr<std::vector<NamedBody>> FindBodies(const std::string& repository,
                                                            const ObjectId& commit,
                                                            const std::string& path,
                                                            absl::Time deadline) = 0;

  // Why `label` is selected or not. Errors as Select.
  virtual absl::StatusOr<Explanation> Explain(const SelectionRequest& request,
                                              absl::string_view label) = 0;

  // Which file imports which. Errors: kNotFound (repository, commit, a path that is not in it),
  // those of git.
  virtual absl::StatusOr<FileGraph> ReadGraph(const GraphRequest& request) = 0;
  // Who executed a file or lines of it, and whose test files reach it. Errors as ReadGraph; also
  // kNotFound (no usable evidence at or before the commit) and kDataLoss.
  virtual absl::StatusOr<LabelAnswer> FindLabels(const LabelQuestion& question) = 0;

  // Reads and cuts the sources of a commit that evidence was stored for, in the background, so that
  // the first selection from it need not. What fails here is the selection's to report.
  virtual void Prepare(const std::string& repository, const ObjectId& commit) = 0;
  // Waits until everything that Prepare was told is done.
  virtual void WaitPrepared() = 0;

  // What is kept of cut sources under the first of `keys`, and of how many keys that is all: not of
  // all of them where the records grow larger than `most_bytes`. A key that is none of a cut source
  // is kInvalidArgument naming its position.
  struct KeptSources {
    std::vector<CutSource> sources;
    size_t answered = 0;  // keys, from the first
  };
  virtual absl::StatusOr<KeptSources> FindSources(absl::Span<const std::string> keys,
                                                  size_t most_bytes) const = 0;

  // Keeps the index exact; it works on the same store and shares the cut sources.
  virtual const IndexKeeper& keeper() const = 0;
  // Has the chains that begin at `commit` shortened in the background, where they have grown long
  // (SelectorOptions::consolidate_after). Answers stay the same.
  virtual void Consolidate(const std::string& repository, const ObjectId& commit) = 0;
  // Waits until everything that Consolidate was told is done.
  virtual void WaitConsolidated() = 0;

  // The list that a client named by digest, if it is still known.
  virtual std::shared_ptr<const LabelList> FindList(const Digest& digest) const = 0;
  // Remembers a list, so that its digest names it.
  virtual void RememberList(std::shared_ptr<const LabelList> list) = 0;
};

// `store` and `repositories` must outlive the selector.
std::unique_ptr<Selector> NewSelector(IndexStore* store, RepositorySource* repositories,
                                      const SelectorOptions& options);

}  // namespace testselect
