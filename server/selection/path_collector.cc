#include "server/selection/path_collector.h"

namespace testselect {

void PathCollector::OnMark(const Mark& mark, const ObjectId&, const DenseLabelSet& labels,
                           const LabelUniverse&) {
  by_path_[std::string(mark.path)] |= labels;
}

void PathCollector::OnCanary(const Mark& mark, const ObjectId&,
                             const SelectionPlan::CanaryGroup& group, const LabelUniverse&) {
  DenseLabelSet& labels = by_path_[std::string(mark.path)];
  for (const LabelNumber n : group) labels.Add(n);
}

std::vector<std::pair<std::string, std::string>> PathCollector::PathsOf(
    const SelectionPlan& plan, const LabelList& list) const {
  std::vector<std::pair<std::string, std::string>> paths;
  std::vector<LabelNumber> numbers(list.size(), kNoLabel);
  for (size_t i = 0; i < list.size(); ++i) numbers[i] = plan.labels->Find(list[i]);
  for (const auto& [path, labels] : by_path_) {
    std::string bits((list.size() + 7) / 8, '\0');
    bool any = false;
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] == kNoLabel || !labels.Contains(numbers[i])) continue;
      bits[i / 8] = static_cast<char>(static_cast<unsigned char>(bits[i / 8]) | (1u << (i % 8)));
      any = true;
    }
    if (any) paths.emplace_back(path, std::move(bits));
  }
  return paths;
}

}  // namespace testselect
