// LabelsByJob: labels that something is known of, job by job.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace testselect {

// By JobKey::ToString(); the labels of each job sorted, each once.
using LabelsByJob = std::map<std::string, std::vector<std::string>>;

}  // namespace testselect
