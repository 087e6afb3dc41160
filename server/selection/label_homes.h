// LabelHomes: the files that labels' tests stand in, and the names of their functions and classes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/container/flat_hash_map.h"
#include "server/selection/label_universe.h"
#include "server/source/source_tree.h"

namespace testselect {

// Of all labels of a universe in one tree. Immutable and thread-safe. Cost to make: a question to a
// language layer per label.
class LabelHomes {
 public:
  LabelHomes(std::shared_ptr<const LabelUniverse> universe, std::shared_ptr<const SourceTree> tree);

  // kNoFile where no language knows one.
  FileId Home(LabelNumber label) const { return homes_[label]; }
  // Labels that have a unit called `name` among their own. Made for all names on the first call.
  const std::vector<LabelNumber>& OwnersOf(NameId name) const;

 private:
  const std::shared_ptr<const LabelUniverse> universe_;
  const std::shared_ptr<const SourceTree> tree_;
  std::vector<FileId> homes_;
  mutable absl::once_flag owners_once_;
  mutable absl::flat_hash_map<NameId, std::vector<LabelNumber>> owners_;
};

}  // namespace testselect
