#include "server/selection/remembered_failures.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

bool Holds(const LabelsByJob& labels, const JobKey& job, absl::string_view label) {
  const auto of_job = labels.find(job.ToString());
  return of_job != labels.end() &&
         std::binary_search(of_job->second.begin(), of_job->second.end(), label);
}

}  // namespace

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
  undecided.ForEach([&](LabelNumber n) {
    const absl::string_view name = labels.Name(n);
    if (Holds(unreadable_, job, name)) found.unreadable.Add(n);
    if (Holds(failed_, job, name)) found.failed.Add(n);
    if (history == jobs_.end()) return;
    if (history->second == nullptr || history->second->IsDamaged(name)) {
      found.unreadable.Add(n);
      return;
    }
    const LabelHistory* const label = history->second->Find(name);
    if (label != nullptr && label->failed) found.failed.Add(n);
  });
  return found;
}

}  // namespace testselect
