#include "server/selection/label_universe.h"

#include <algorithm>

namespace testselect {
namespace {

// Whether b's names begin with a's.
bool Extends(const LabelDictionary& a, const LabelDictionary& b) {
  if (a.size() > b.size()) return false;
  for (LabelNumber n = 0; n < a.size(); ++n) {
    if (a.Name(n) != b.Name(n)) return false;
  }
  return true;
}

}  // namespace

std::shared_ptr<const LabelUniverse> LabelUniverse::Of(
    absl::Span<const std::shared_ptr<const LabelDictionary>> dictionaries) {
  std::shared_ptr<LabelUniverse> universe(new LabelUniverse);
  for (const auto& d : dictionaries) {
    if (universe->core_ == nullptr || d->size() > universe->core_->size()) universe->core_ = d;
  }
  for (const auto& d : dictionaries) {
    if (universe->maps_.contains(d->id())) continue;
    const bool same = d->id() == universe->core_->id() || Extends(*d, *universe->core_);
    universe->maps_[d->id()] = same ? std::vector<LabelNumber>() : universe->Adopt(*d);
  }
  return universe;
}

std::vector<LabelNumber> LabelUniverse::Adopt(const LabelDictionary& dictionary) {
  std::vector<LabelNumber> map(dictionary.size());
  for (LabelNumber n = 0; n < dictionary.size(); ++n) {
    const absl::string_view name = dictionary.Name(n);
    LabelNumber number = Find(name);
    if (number == kNoLabel) {
      number = static_cast<LabelNumber>(size());
      extra_.emplace_back(name);
      extra_numbers_[extra_.back()] = number;
    }
    map[n] = number;
  }
  return map;
}

LabelNumber LabelUniverse::Find(absl::string_view name) const {
  const LabelNumber n = core_ == nullptr ? kNoLabel : core_->Find(name);
  if (n != kNoLabel || extra_numbers_.empty()) return n;
  const auto it = extra_numbers_.find(name);
  return it == extra_numbers_.end() ? kNoLabel : it->second;
}

const std::vector<LabelNumber>& LabelUniverse::MapOf(const LabelDictionary& dictionary) const {
  static const std::vector<LabelNumber>& same = *new std::vector<LabelNumber>();
  const auto it = maps_.find(dictionary.id());
  return it == maps_.end() ? same : it->second;
}

void LabelUniverse::Translate(const LabelDictionary& dictionary, const DenseLabelSet& from,
                              DenseLabelSet* to) const {
  const std::vector<LabelNumber>& map = MapOf(dictionary);
  if (map.empty()) {
    *to |= from;
    return;
  }
  from.ForEach([&](LabelNumber n) { to->Add(map[n]); });
}

LabelNumber LabelUniverse::Number(const LabelDictionary& dictionary, LabelNumber n) const {
  const std::vector<LabelNumber>& map = MapOf(dictionary);
  return map.empty() ? n : map[n];
}

}  // namespace testselect
