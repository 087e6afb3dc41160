#include "server/selection/selection_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/selection/baseline.h"
#include "server/selection/cautions.h"
#include "server/selection/change_verdicts.h"
#include "server/selection/code_rules.h"
#include "server/selection/environment_kinds.h"
#include "server/selection/key_rules.h"
#include "server/selection/live_evidence.h"
#include "server/selection/plan_marks.h"
#include "server/selection/plan_outcomes.h"
#include "server/selection/unstable_bodies.h"
#include "server/selection/watched_segment.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

class PlanBuild {
 public:
  PlanBuild(const PlanInputs& inputs, MarkObserver* observer)
      : in_(inputs), observer_(observer), plan_(std::make_shared<SelectionPlan>()) {
    plan_->labels = LabelUniverse::Of({});
  }

  std::shared_ptr<const SelectionPlan> Make(const Resolution& resolution) && {
    for (const JobChain& chain : resolution.chains) {
      plan_->index.push_back(chain.use);
      plan_->complete &= chain.complete;
    }
    plan_->fingerprint = resolution.fingerprint;
    if (in_.basis != nullptr) plan_->basis = in_.basis;
    const absl::Time begin = absl::Now();
    const absl::Status status = Run(resolution);
    plan_->lookup_time = absl::Now() - begin - plan_->diff_time;
    // What some evidence says is not known now, so neither is what the others' silence says.
    if (const absl::Status away = watch_->away(); !away.ok()) {
      plan_->fallback = Fallback{
          FallbackCode::kUnavailable,
          absl::StrCat("Evidence cannot be read now: ", away.message(), "; everything runs.")};
    }
    if (!status.ok() && !plan_->fallback.has_value()) {
      plan_->fallback = Fallback{FallbackCode::kDataLoss, std::string(status.message())};
    }
    if (!plan_->fallback.has_value()) {
      plan_->fallback = in_.policy.run_all;
      plan_->shadow = in_.policy.shadow;
    }
    return plan_;
  }

 private:
  absl::Status Run(const Resolution& resolution) {
    TS_RETURN_IF_ERROR(OpenChains(resolution));
    if (in_.options.granularity == Granularity::kDiffedPackage) {
      TS_RETURN_IF_ERROR(TakeBaselineOff());
    }
    AddCautions();
    CheckEnvironment();
    CollectOutcomes(segments_, in_.remembered, plan_.get(), observer_);
    for (ComparedSegment& segment : segments_) {
      if (!segment.live.Empty()) TS_RETURN_IF_ERROR(FindChanges(&segment));
    }
    ChangeVerdicts verdicts(*in_.policy.rules, *in_.git, *plan_->labels, in_.environment_digest,
                            [this](const FileChange& change) { return IsUsed(change); });
    for (ComparedSegment& segment : segments_) {
      if (segment.live.Empty()) continue;
      PlanMarks marks(segment, plan_.get(), observer_);
      SelectEmptyEvidence(segment, marks);
      SelectByPolicy(segment, verdicts, marks);
      SelectMissed(segment, marks);
    }
    absl::flat_hash_map<ObjectId, std::vector<ComparedSegment*>> by_tree;
    for (ComparedSegment& s : segments_) {
      if (s.live.Empty()) continue;
      const SegmentInfo& info = s.segment->info();
      if (info.Holds(EvidenceKind::kIndexKey)) TS_RETURN_IF_ERROR(CompareKeys(s, verdicts));
      if (info.kinds != 1u << static_cast<int>(EvidenceKind::kIndexKey)) {
        by_tree[s.tree].push_back(&s);
      }
    }
    for (const auto& [tree, segments] : by_tree) {
      TS_RETURN_IF_ERROR(CompareWithHead(segments, verdicts));
    }
    return absl::OkStatus();
  }

  absl::Status Fall(FallbackCode code, std::string message) {
    plan_->fallback = Fallback{code, message};
    return absl::AbortedError(message);
  }

  absl::Status OpenChains(const Resolution& resolution) {
    auto evidence = OpenLiveEvidence(*in_.store, resolution);
    if (absl::IsDataLoss(evidence.status())) {
      return Fall(FallbackCode::kDataLoss, std::string(evidence.status().message()));
    }
    if (!evidence.ok()) {
      return Fall(FallbackCode::kUnavailable,
                  absl::StrCat(evidence.status().message(), "; everything runs."));
    }
    plan_->labels = std::move(evidence->labels);
    plan_->known = std::move(evidence->known);
    for (LiveSegment& s : evidence->segments) {
      s.segment = std::make_shared<const WatchedSegment>(std::move(s.segment), watch_);
      segments_.emplace_back(std::move(s));
    }
    return absl::OkStatus();
  }

  // Line numbers are those of a tree: a baseline of another one takes nothing off.
  absl::Status TakeBaselineOff() {
    std::map<ObjectId, std::vector<std::shared_ptr<const Segment>>> by_commit;
    for (const SegmentInfo& info : in_.baseline_segments) {
      auto segment = in_.store->Open(info.id);
      if (!segment.ok()) {
        watch_->Note(segment.status());
        return Fall(FallbackCode::kDataLoss, std::string(segment.status().message()));
      }
      by_commit[info.header.commit].push_back(
          std::make_shared<const WatchedSegment>(*std::move(segment), watch_));
    }
    for (ComparedSegment& s : segments_) {
      auto diffed = std::make_shared<const DiffedSegment>(s.segment, by_commit[s.commit],
                                                          in_.baseline_labels);
      baseline_found_ |= diffed->has_baseline();
      auto without = diffed->WithoutOwnCode();
      if (!without.ok()) {
        return Fall(FallbackCode::kDataLoss, std::string(without.status().message()));
      }
      s.without_own_code = *std::move(without);
      s.segment = std::move(diffed);
    }
    return absl::OkStatus();
  }

  void AddCautions() {
    const auto& granularity = in_.options.granularity;
    if (granularity == Granularity::kLine) plan_->cautions.push_back(CautionOfLines());
    if (granularity == Granularity::kDiffedPackage) {
      plan_->cautions.push_back(CautionOfBaseline(in_.baseline_labels, baseline_found_));
    }
    std::set<std::string> jobs;
    for (const ComparedSegment& s : segments_) {
      if (s.segment->info().Holds(EvidenceKind::kIndexKey)) jobs.insert(s.job.ToString());
    }
    for (const std::string& job : jobs) plan_->cautions.push_back(CautionOfKeys(job));
  }

  void CheckEnvironment() {
    if (in_.environment_digest.empty()) return;
    for (const ComparedSegment& s : segments_) {
      const UploadHeader& header = s.segment->info().header;
      if (s.live.Empty() || header.environment_digest.empty() ||
          header.environment_digest == in_.environment_digest ||
          !AreComparable(header.environment_digest, in_.environment_digest)) {
        continue;
      }
      plan_->fallback =
          Fallback{FallbackCode::kEnvironment,
                   absl::StrCat("The installed environment differs from the one in which commit ",
                                header.commit.ToHex(), " was recorded, so everything runs.")};
      return;
    }
  }

  void SelectEmptyEvidence(const ComparedSegment& s, MarkSink& marks) {
    if (s.segment->info().header.completeness == Completeness::kAdded) return;  // a part of it
    const auto empty = s.segment->EmptyEvidence();
    if (!empty.ok()) {
      marks.SelectAll({ReasonCode::kDataLoss,
                       AnswerList::kGlobalLevel,
                       "",
                       {},
                       "the list of labels without evidence cannot be read"});
      return;
    }
    marks.Select({ReasonCode::kEmptyEvidence,
                  AnswerList::kGlobalLevel,
                  "",
                  {},
                  "it ran without leaving any evidence (skipped, or its coverage was lost)"},
                 **empty);
    marks.Select({ReasonCode::kEmptyEvidence,
                  AnswerList::kGlobalLevel,
                  "",
                  {},
                  "it executed nothing that the baseline does not execute too, so nothing says "
                  "when it must run"},
                 s.without_own_code);
  }

  absl::Status FindChanges(ComparedSegment* s) {
    const absl::Time begin = absl::Now();
    const auto tree = TreeOf(*s, *in_.git);
    if (!tree.ok()) return MissingObject(tree.status());
    s->tree = *tree;
    auto changes = in_.git->DiffTrees(*tree, in_.head.tree);
    plan_->diff_time += absl::Now() - begin;
    if (!changes.ok()) return MissingObject(changes.status());
    s->changes = *std::move(changes);
    for (const FileChange& change : *s->changes) s->change_of[change.old_path] = &change;
    return absl::OkStatus();
  }

  // What all live segments of the job report of the change's old blob.
  ReportedLines ReportedOf(const JobKey& job, const FileChange& change) const {
    ReportedLines reported;
    for (const ComparedSegment& s : segments_) {
      const auto it = s.change_of.find(change.old_path);
      if (s.job != job || it == s.change_of.end() || it->second->old_blob != change.old_blob) {
        continue;
      }
      // Evidence that cannot be read reports nothing here; its own segment's rules say DATA_LOSS.
      if (const auto file = s.segment->FindFile(change.old_path); file.ok() && *file != nullptr) {
        reported.Add(**file);
      }
    }
    return reported;
  }

  // Whether any live segment has evidence of either name of a changed file, or cannot say; or code
  // that tests reach names it.
  bool IsUsed(const FileChange& change) const {
    if (code_ != nullptr && code_->IsReached(change)) return true;
    for (const ComparedSegment& s : segments_) {
      for (const std::string* path : {&change.old_path, &change.new_path}) {
        if (s.live.Empty() || path->empty()) continue;
        const auto file = s.segment->FindFile(*path);
        if (!file.ok() || *file != nullptr) return true;
      }
    }
    return false;
  }

  void SelectByPolicy(const ComparedSegment& s, ChangeVerdicts& verdicts, PlanMarks& marks) {
    verdicts.ApplyAlwaysRun(*s.labels, marks);
    if (!in_.policy.rule_error.has_value()) return;
    marks.SelectAll(
        {ReasonCode::kRuleError, AnswerList::kGlobalLevel, "", {}, *in_.policy.rule_error});
  }

  // Labels that a selection left out once although they failed.
  void SelectMissed(const LiveSegment& s, PlanMarks& marks) const {
    const auto of_job = plan_->basis->missed.find(s.job.ToString());
    if (of_job == plan_->basis->missed.end()) return;
    DenseLabelSet labels;
    for (const std::string& label : of_job->second) {
      const LabelNumber n = s.labels->Find(label);
      if (n != kNoLabel) labels.Add(n);
    }
    marks.Select({ReasonCode::kConfirmedMiss,
                  AnswerList::kGlobalLevel,
                  "",
                  {},
                  "a selection left it out once and it failed; it runs always since then "
                  "(`testselect misses`)"},
                 labels);
  }

  // Compares an imported index with head: its labels by their keys.
  absl::Status CompareKeys(const ComparedSegment& s, ChangeVerdicts& verdicts) {
    PlanMarks marks(s, plan_.get(), observer_);
    KeyRules rules(*s.segment, in_.options.unknown_change_selects_all, marks, &verdicts,
                   SameEnvironment(s));
    for (const FileChange& change : *s.changes) {
      if (absl::Now() > in_.deadline) {
        return Late("the deadline passed while an imported index was compared");
      }
      if (absl::Status applied = rules.Apply(change); !applied.ok()) return MissingObject(applied);
    }
    return absl::OkStatus();
  }

  // Compares all evidence recorded at one tree with head: code by its names, the rest by its lines.
  absl::Status CompareWithHead(const std::vector<ComparedSegment*>& segments,
                               ChangeVerdicts& verdicts) {
    const std::vector<FileChange>& changes = *segments[0]->changes;
    if (changes.empty()) return absl::OkStatus();
    PlanUniverseMarks code_marks(segments[0]->segment->info().header.commit, plan_.get(),
                                 observer_);
    const auto code = OpenCode(segments, verdicts, &code_marks);
    if (absl::IsDeadlineExceeded(code.status())) return Late(code.status().message());
    if (!code.ok()) return MissingObject(code.status());
    code_ = code->get();
    for (const FileChange& change : changes) {
      if (absl::Now() > in_.deadline) {
        return Late(absl::StrCat("the deadline passed while ", changes.size(),
                                 " changed files were compared"));
      }
      const bool is_code = code_->Explains(change);
      absl::Status status;
      if (is_code) status = CompareCode(change, segments, verdicts);
      if (status.ok() && (!is_code || in_.options.Widens())) {
        status = CompareLines(change, is_code, segments, verdicts);
      }
      if (!status.ok()) return MissingObject(status);
    }
    code_->Finish();
    code_ = nullptr;
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<CodeRules>> OpenCode(const std::vector<ComparedSegment*>& segments,
                                                      ChangeVerdicts& verdicts,
                                                      UniverseMarks* marks) {
    CodeRulesInputs inputs;
    inputs.forest = in_.forest;
    inputs.repository = in_.repository;
    inputs.git = in_.git;
    inputs.before = segments[0]->tree;
    inputs.after = in_.head.tree;
    inputs.evidence = plan_->fingerprint;
    inputs.universe = plan_->labels;
    inputs.deadline = in_.deadline;
    inputs.by_statement = in_.options.granularity == Granularity::kLine;
    for (const ComparedSegment* s : segments) {
      inputs.segments.push_back(*s);
      inputs.segments.back().opaque = verdicts.OpaqueIn(*s->labels);
    }
    if (unstable_ == nullptr) {
      std::vector<const LiveSegment*> all;
      for (const ComparedSegment& s : segments_) all.push_back(&s);
      TS_ASSIGN_OR_RETURN(
          unstable_, UnstableBodies::Of(all, in_.forest, in_.repository, in_.git, in_.deadline));
    }
    inputs.unstable = unstable_;
    inputs.seen_elsewhere = [this, tree = segments[0]->tree](const std::string& path) {
      return SeenElsewhere(path, tree);
    };
    return CodeRules::Make(std::move(inputs), marks);
  }

  // Whether live evidence of another tree than `tree` shows that somebody executed a body of the
  // file, or cannot say: then a subset's silence about it says nothing.
  bool SeenElsewhere(const std::string& path, const ObjectId& tree) const {
    for (const ComparedSegment& s : segments_) {
      if (s.tree == tree || s.live.Empty()) continue;
      const auto file = s.segment->FindFile(path);
      if (!file.ok()) return true;
      if (*file == nullptr) continue;
      const auto its_tree = in_.forest->Tree(in_.repository, in_.git, s.tree, in_.deadline);
      if (!its_tree.ok()) return true;
      for (const Unit* body : BodiesOf(**its_tree, path)) {
        DenseLabelSet labels;
        const absl::Status read = LabelsTouching(**file, body->lines, s.labels->size(), &labels);
        if (!read.ok() || !labels.Empty() || HasGlobalLine(**file, body->lines)) return true;
      }
    }
    return false;
  }

  bool SameEnvironment(const ComparedSegment& s) const {
    const std::string& environment = s.segment->info().header.environment_digest;
    return !environment.empty() && environment == in_.environment_digest;
  }

  // What the project's rules say of code goes before what its names say.
  absl::Status CompareCode(const FileChange& change, const std::vector<ComparedSegment*>& segments,
                           ChangeVerdicts& verdicts) {
    bool explained = true;
    for (const ComparedSegment* s : segments) {
      PlanMarks marks(*s, plan_.get(), observer_);
      TS_ASSIGN_OR_RETURN(const RulesSaid said,
                          verdicts.Apply(change, *s->labels, SameEnvironment(*s), marks));
      explained = explained && said == RulesSaid::kAll;
    }
    if (!explained) code_->Apply(change);
    return absl::OkStatus();
  }

  absl::Status CompareLines(const FileChange& change, bool is_code,
                            const std::vector<ComparedSegment*>& segments,
                            ChangeVerdicts& verdicts) {
    if (!is_code) code_->ApplyCameOrWent(change);
    ChangeOptions options = in_.options;
    options.names_explain = is_code;
    for (const ComparedSegment* s : segments) {
      PlanMarks marks(*s, plan_.get(), observer_);
      ChangeRules rules(*s->segment, *in_.git, options, marks, &verdicts, SameEnvironment(*s));
      TS_RETURN_IF_ERROR(rules.Apply(change, ReportedOf(s->job, change)));
    }
    return absl::OkStatus();
  }

  absl::Status Late(absl::string_view why) {
    return Fall(FallbackCode::kDeadline,
                absl::StrCat("There was no time left: ", why, "; everything runs."));
  }

  absl::Status MissingObject(const absl::Status& why) {
    return Fall(
        FallbackCode::kMissingObject,
        absl::StrCat("Git cannot compare the indexed commit with head: ", why.message(), "."));
  }

  const PlanInputs& in_;
  MarkObserver* const observer_;
  const std::shared_ptr<ReadWatch> watch_ = std::make_shared<ReadWatch>();
  std::shared_ptr<SelectionPlan> plan_;
  std::vector<ComparedSegment> segments_;
  bool baseline_found_ = false;                     // in any of them
  std::shared_ptr<const UnstableBodies> unstable_;  // null: not looked for yet
  CodeRules* code_ = nullptr;                       // of the tree that is compared now
};

}  // namespace

std::shared_ptr<const SelectionPlan> MakePlan(const PlanInputs& inputs,
                                              const Resolution& resolution,
                                              MarkObserver* observer) {
  return PlanBuild(inputs, observer).Make(resolution);
}

std::shared_ptr<const SelectionPlan> MakeFallbackPlan(Fallback fallback) {
  auto plan = std::make_shared<SelectionPlan>();
  plan->labels = LabelUniverse::Of({});
  plan->fallback = std::move(fallback);
  return plan;
}

}  // namespace testselect
