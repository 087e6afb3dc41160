#include "server/selection/label_homes.h"

#include <utility>
#include <vector>

namespace testselect {

LabelHomes::LabelHomes(std::shared_ptr<const LabelUniverse> universe,
                       std::shared_ptr<const SourceTree> tree)
    : universe_(std::move(universe)), tree_(std::move(tree)), homes_(universe_->size(), kNoFile) {
  std::vector<const TreeLayer*> layers;
  for (const Language* language : Languages()) {
    if (const TreeLayer* layer = tree_->LayerOf(language)) layers.push_back(layer);
  }
  for (LabelNumber label = 0; label < homes_.size(); ++label) {
    for (const TreeLayer* layer : layers) {
      homes_[label] = layer->TestFile(universe_->Name(label));
      if (homes_[label] != kNoFile) break;
    }
  }
}

const std::vector<LabelNumber>& LabelHomes::OwnersOf(NameId name) const {
  absl::call_once(owners_once_, [this] {
    for (LabelNumber label = 0; label < homes_.size(); ++label) {
      const FileId home = homes_[label];
      if (home == kNoFile || !tree_->IsCode(home)) continue;
      for (const std::string& own : tree_->LayerAt(home).TestNames(universe_->Name(label), home)) {
        std::vector<LabelNumber>& labels = owners_[tree_->names().Intern(own)];
        if (labels.empty() || labels.back() != label) labels.push_back(label);
      }
    }
  });
  static const auto* const none = new std::vector<LabelNumber>;
  const auto it = owners_.find(name);
  return it == owners_.end() ? *none : it->second;
}

}  // namespace testselect
