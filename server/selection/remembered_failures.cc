#include "server/selection/remembered_failures.h"

#include "absl/strings/str_cat.h"

namespace testselect {

void RememberedFailures::Add(const JobKey& job,
                             const absl::StatusOr<std::shared_ptr<const JobHistory>>& history) {
  jobs_[job] = history.ok() ? *history : nullptr;
  absl::StrAppend(&version_, history.ok() ? (*history)->failing_version() : 0, "\n");
}

RememberedFailures::Found RememberedFailures::Among(const DenseLabelSet& undecided,
                                                    const JobKey& job,
                                                    const LabelUniverse& labels) const {
  Found found;
  const auto history = jobs_.find(job);
  if (history == jobs_.end()) return found;
  undecided.ForEach([&](LabelNumber n) {
    if (history->second == nullptr || history->second->IsDamaged(labels.Name(n))) {
      found.unreadable.Add(n);
      return;
    }
    const LabelHistory* const label = history->second->Find(labels.Name(n));
    if (label != nullptr && label->failed) found.failed.Add(n);
  });
  return found;
}

}  // namespace testselect
