// Sentences that tell a person what makes an answer less safe than it could be.
#pragma once

#include <string>
#include <vector>

namespace testselect {

std::string CautionOfLines();  // granularity LINE
// Granularity DIFFED_PACKAGE; `found`: whether the evidence has any of the baseline's labels.
std::string CautionOfBaseline(const std::vector<std::string>& labels, bool found);
std::string CautionOfKeys(const std::string& job);  // an imported index

}  // namespace testselect
