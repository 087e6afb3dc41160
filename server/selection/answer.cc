#include "server/selection/answer.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "server/selection/run_parts.h"

namespace testselect {
namespace {

void SetBit(std::string* bits, size_t i) {
  (*bits)[i / 8] = static_cast<char>(static_cast<unsigned char>((*bits)[i / 8]) | 1u << (i % 8));
}

void ClearBit(std::string* bits, size_t i) {
  (*bits)[i / 8] = static_cast<char>(static_cast<unsigned char>((*bits)[i / 8]) & ~(1u << (i % 8)));
}

bool GetBit(const std::string& bits, size_t i) {
  return (static_cast<unsigned char>(bits[i / 8]) >> (i % 8) & 1) != 0;
}

// The cheapest label of the group that was asked for; kNoLabel if one of them runs anyway. Unknown
// durations count as long: what is known to be short is the better canary.
template <typename Asked, typename RunsAnyway>
LabelNumber CheapestCanary(const SelectionPlan& plan, const SelectionPlan::CanaryGroup& group,
                           Asked asked, RunsAnyway runs) {
  LabelNumber best = kNoLabel;
  float cheapest = 0;
  for (LabelNumber n : group) {
    if (!asked(n)) continue;
    if (runs(n)) return kNoLabel;
    const float known = n < plan.seconds.size() ? plan.seconds[n] : -1;
    const float seconds = known < 0 ? std::numeric_limits<float>::max() : known;
    if (best == kNoLabel || seconds < cheapest) {
      best = n;
      cheapest = seconds;
    }
  }
  return best;
}

// Starting a test costs something, too: below, durations say nothing of what is best run first.
constexpr double kShortestSeconds = 0.001;

// The last duration that the evidence has; < 0: not known.
double EvidenceSeconds(const SelectionPlan& plan, LabelNumber n) {
  return n == kNoLabel || n >= plan.seconds.size() ? -1 : plan.seconds[n];
}

// The robust average where there is one.
double BestSeconds(const SelectionPlan& plan, const HistoryColumns* history, LabelNumber n) {
  const bool remembered = n != kNoLabel && history != nullptr && history->seconds[n] >= 0;
  return remembered ? history->seconds[n] : EvidenceSeconds(plan, n);
}

class AnswerMaker {
 public:
  AnswerMaker(const SelectionPlan& plan, const std::vector<LabelNumber>& numbers,
              const LabelList& list, const AnswerOptions& options)
      : plan_(plan),
        numbers_(numbers),
        list_(list),
        options_(options),
        forced_(options.force_labels.begin(), options.force_labels.end()) {
    answer_->id = options.id;
    answer_->index = plan.index;
    answer_->fallback = plan.fallback;
    answer_->basis = plan.basis;
    answer_->cautions = plan.cautions;
    if (!options.labels_requested && !plan.complete && !answer_->fallback.has_value()) {
      answer_->fallback = Fallback{
          FallbackCode::kNoIndex,
          "The evidence does not reach a full run, so there may be labels that the index does not "
          "know: send the labels. All known ones run."};
    }
    if (options.run_all && !answer_->fallback.has_value()) {
      answer_->fallback =
          Fallback{FallbackCode::kRunAll, "The request asks for everything to run."};
    }
  }

  std::shared_ptr<Selection> Make() && {
    FillLists();
    Force();
    if (plan_.shadow) FillShadow();
    AddCanaries();
    CountReasons();
    if (!options_.omit_order) FillOrder();
    return answer_;
  }

 private:
  size_t size() const { return numbers_.size(); }
  bool Runs(size_t i) const {
    return GetBit(answer_->absent, i) || GetBit(answer_->present_diff, i) ||
           GetBit(answer_->global_level, i);
  }

  void FillLists() {
    const size_t bytes = (size() + 7) / 8;
    for (std::string* bits : {&answer_->absent, &answer_->present_diff, &answer_->global_level,
                              &answer_->present_report}) {
      bits->assign(bytes, '\0');
    }
    const bool everything = answer_->fallback.has_value();
    for (size_t i = 0; i < size(); ++i) {
      const LabelNumber n = numbers_[i];
      if (n == kNoLabel || !plan_.known.Contains(n)) {
        SetBit(&answer_->absent, i);
        continue;
      }
      SetBit(&answer_->present_report, i);
      if (plan_.present_diff.Contains(n)) SetBit(&answer_->present_diff, i);
      if (everything || plan_.global_level.Contains(n)) SetBit(&answer_->global_level, i);
    }
  }

  // What the answer would be without the policy that runs everything.
  void FillShadow() {
    Shadow& shadow = answer_->shadow.emplace();
    shadow.skip.assign(answer_->absent.size(), '\0');
    for (size_t i = 0; i < size(); ++i) {
      const LabelNumber n = numbers_[i];
      const bool skip = !GetBit(answer_->absent, i) && !plan_.present_diff.Contains(n) &&
                        !plan_.global_level.Contains(n) && !IsForced(i);
      if (skip) SetBit(&shadow.skip, i);
      shadow.run_count += skip ? 0 : 1;
    }
  }

  bool IsForced(size_t i) const { return forced_.contains(list_[i]); }

  void Force() {
    if (forced_.empty()) return;
    for (size_t i = 0; i < size(); ++i) {
      if (!IsForced(i)) continue;
      ++Count(ReasonCode::kForced);
      if (!GetBit(answer_->absent, i)) SetBit(&answer_->global_level, i);
    }
  }

  // One label of each group, unless one runs anyway: should the file not import any more, it says
  // so.
  void AddCanaries() {
    if (plan_.canaries.empty()) return;
    constexpr uint32_t kNotAsked = 0xFFFFFFFF;
    std::vector<uint32_t> position(plan_.labels->size(), kNotAsked);
    for (size_t i = size(); i-- > 0;) {
      if (numbers_[i] != kNoLabel) position[numbers_[i]] = static_cast<uint32_t>(i);
    }
    DenseLabelSet chosen;
    for (const SelectionPlan::CanaryGroup& group : plan_.canaries) {
      const LabelNumber canary = CheapestCanary(
          plan_, group, [&](LabelNumber n) { return position[n] != kNotAsked; },
          [&](LabelNumber n) {
            return plan_.present_diff.Contains(n) || plan_.global_level.Contains(n) ||
                   IsForced(position[n]) || chosen.Contains(n);
          });
      if (canary == kNoLabel) continue;
      chosen.Add(canary);
      SetBit(&answer_->global_level, position[canary]);
      if (answer_->shadow.has_value()) {
        ClearBit(&answer_->shadow->skip, position[canary]);
        ++answer_->shadow->run_count;
      }
      ++Count(ReasonCode::kCanary);
    }
  }

  uint64_t& Count(ReasonCode code) { return answer_->reasons[static_cast<size_t>(code)]; }

  void CountReasons() {
    DenseLabelSet requested(plan_.labels->size());
    uint64_t known = 0;
    for (size_t i = 0; i < size(); ++i) {
      if (GetBit(answer_->absent, i)) {
        ++Count(ReasonCode::kAbsent);
      } else {
        requested.Add(numbers_[i]);
        ++known;
      }
      answer_->run_count += Runs(i) ? 1 : 0;
    }
    if (answer_->fallback.has_value()) Count(ReasonCode::kFallback) = known;
    for (size_t r = 0; r < plan_.by_reason.size(); ++r) {
      if (plan_.by_reason[r].Empty()) continue;
      DenseLabelSet hit = plan_.by_reason[r];
      hit &= requested;
      answer_->reasons[r] += hit.Count();
    }
  }

  // Failed last time first; then unknown durations, then by expected failures per second, the
  // shorter of equal ones first, else in the requested order. Running what is likeliest to fail per
  // second first makes the expected time until a failure shows least (W. E. Smith, "Various
  // optimizers for single-stage production", 1956).
  void FillOrder() {
    struct Item {
      bool passed_last, known;
      double not_per_second, seconds;
      uint32_t position;
      auto Key() const { return std::tie(passed_last, known, not_per_second, seconds, position); }
    };
    std::vector<Item> items;
    items.reserve(answer_->run_count);
    absl::flat_hash_set<absl::string_view> absent_seen;
    DenseLabelSet seen(plan_.labels->size());
    for (size_t i = 0; i < size(); ++i) {
      const LabelNumber n = numbers_[i];
      // A label that was requested twice is one test.
      if (n != kNoLabel) {
        if (seen.Contains(n)) continue;
        seen.Add(n);
      } else if (!absent_seen.insert(list_[i]).second) {
        continue;
      }
      const double seconds = BestSeconds(plan_, options_.history, n);
      if (seconds > 0) answer_->total_seconds += seconds;
      if (!Runs(i)) continue;
      if (seconds > 0) answer_->run_seconds += seconds;
      if (seconds > 0 && answer_->shadow.has_value() && !GetBit(answer_->shadow->skip, i)) {
        answer_->shadow->run_seconds += seconds;
      }
      items.push_back({!FailedLast(n), seconds >= 0, -FailuresPerSecond(n, seconds), seconds,
                       static_cast<uint32_t>(i)});
      if (IsFlaky(n)) MarkFlaky(i);
    }
    std::sort(items.begin(), items.end(),
              [](const Item& a, const Item& b) { return a.Key() < b.Key(); });
    answer_->run.reserve(items.size());
    for (const Item& item : items) answer_->run.push_back(item.position);
  }

  bool FailedLast(LabelNumber n) const {
    if (n == kNoLabel) return false;
    return plan_.failed.Contains(n) ||
           (options_.history != nullptr && options_.history->failed.Contains(n));
  }
  bool IsFlaky(LabelNumber n) const {
    return n != kNoLabel && options_.history != nullptr && options_.history->flaky.Contains(n);
  }
  void MarkFlaky(size_t i) {
    answer_->known_flaky.resize(answer_->absent.size(), '\0');
    SetBit(&answer_->known_flaky, i);
  }
  double FailuresPerSecond(LabelNumber n, double seconds) const {
    if (seconds < 0) return 0;
    const double rate = n == kNoLabel || options_.history == nullptr
                            ? LabelHistory().FailureRate()
                            : double{options_.history->rate[n]};
    return rate / std::max(seconds, kShortestSeconds);
  }

  const SelectionPlan& plan_;
  const std::vector<LabelNumber>& numbers_;
  const LabelList& list_;
  const AnswerOptions& options_;
  const absl::flat_hash_set<absl::string_view> forced_;
  std::shared_ptr<Selection> answer_ = std::make_shared<Selection>();
};

}  // namespace

std::vector<LabelNumber> ResolveLabels(const LabelList& list, const LabelUniverse& universe) {
  std::vector<LabelNumber> numbers(list.size());
  LabelNumber next = 0;  // the label after the last hit, in stored order
  for (size_t i = 0; i < list.size(); ++i) {
    const absl::string_view label = list[i];
    const LabelNumber n =
        next < universe.size() && universe.Name(next) == label ? next : universe.Find(label);
    numbers[i] = n;
    if (n != kNoLabel) next = n + 1;
  }
  return numbers;
}

std::shared_ptr<Selection> MakeAnswer(const SelectionPlan& plan, const LabelList& list,
                                      const std::vector<LabelNumber>& numbers,
                                      const AnswerOptions& options) {
  return AnswerMaker(plan, numbers, list, options).Make();
}

RunPart PartOf(const SelectionPlan& plan, const LabelList& list,
               const std::vector<LabelNumber>& numbers, const HistoryColumns* history,
               const Selection& selection, const SelectionRequest& request) {
  RunPart part;
  part.run = selection.run;
  if (request.shard_count > 1) {
    std::vector<RunItem> items;
    for (const uint32_t i : part.run) items.push_back({list[i], EvidenceSeconds(plan, numbers[i])});
    const std::vector<uint32_t> shards = AssignShards(items, request.shard_count);
    part.other_shards.assign(selection.absent.size(), '\0');
    part.run.clear();
    for (size_t at = 0; at < shards.size(); ++at) {
      if (shards[at] == request.shard_index) {
        part.run.push_back(selection.run[at]);
      } else {
        SetBit(&part.other_shards, selection.run[at]);
      }
    }
  }
  std::vector<RunItem> items;
  for (const uint32_t i : part.run) {
    items.push_back({list[i], BestSeconds(plan, history, numbers[i])});
  }
  if (request.budget_seconds > 0) {
    const size_t fits = CountWithin(items, request.budget_seconds);
    part.over_budget.assign(selection.absent.size(), '\0');
    for (size_t at = fits; at < items.size(); ++at) SetBit(&part.over_budget, part.run[at]);
    part.run.resize(fits);
    items.resize(fits);
  }
  for (const RunItem& item : items) part.run_seconds += std::max(0.0, item.seconds);
  return part;
}

bool IsCanary(const SelectionPlan& plan, LabelNumber label) {
  return std::any_of(plan.canaries.begin(), plan.canaries.end(), [&](const auto& group) {
    return CheapestCanary(
               plan, group, [&](LabelNumber n) { return plan.known.Contains(n); },
               [&](LabelNumber n) {
                 return plan.present_diff.Contains(n) || plan.global_level.Contains(n);
               }) == label;
  });
}

absl::StatusOr<std::shared_ptr<const LabelList>> KnownLabels(const SelectionPlan& plan) {
  std::vector<absl::string_view> names;
  names.reserve(plan.known.Count());
  plan.known.ForEach([&](LabelNumber n) { names.push_back(plan.labels->Name(n)); });
  return LabelList::FromStrings("labels", names);
}

}  // namespace testselect
