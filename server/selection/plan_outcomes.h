// What a plan makes of how its labels ended.
#pragma once

#include <vector>

#include "server/selection/plan_marks.h"
#include "server/selection/remembered_failures.h"
#include "server/selection/selection_plan.h"

namespace testselect {

// Last outcomes and durations: the newest known of each label, over all segments. A label that
// failed last in any job, or in any of several equally new segments, counts as failed and runs; so
// does one whose outcome the evidence of a job does not tell and that `remembered` knows to have
// failed there. What was remembered goes into the plan's basis.
void CollectOutcomes(const std::vector<ComparedSegment>& segments,
                     const RememberedFailures& remembered, SelectionPlan* plan,
                     MarkObserver* observer);

}  // namespace testselect
