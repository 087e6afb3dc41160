// NameIndex: which units of a tree use or define a name.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/types/span.h"
#include "server/source/source_tree.h"

namespace testselect {

// A unit of some tree. `after` tells the tree at head from the one that the evidence is of.
struct UnitRef {
  FileId file = kNoFile;
  uint32_t unit : 31 = 0;
  uint32_t after : 1 = 0;
  friend bool operator==(const UnitRef&, const UnitRef&) = default;
};

// Immutable; thread-safe. Memory: 8 bytes per use, and 4 per name that exists and kind of use.
class NameIndex {
 public:
  // Units by name. Cost of Of: two array reads.
  class Postings {
   public:
    absl::Span<const UnitRef> Of(NameId name) const {
      if (name + 1 >= begin_.size()) return {};
      return absl::MakeConstSpan(refs_).subspan(begin_[name], begin_[name + 1] - begin_[name]);
    }

   private:
    friend class NameIndex;
    std::vector<uint32_t> begin_;
    std::vector<UnitRef> refs_;
  };

  // Indexes the files for which `wanted` is true. A tree at head (`after`) is asked only what its
  // bodies cannot say: they were never seen to run.
  static NameIndex Build(const SourceTree& tree, bool after,
                         const std::function<bool(FileId)>& wanted);

  Postings free, members, parameters;
  Postings imported;      // import units, by the name they take out (or the module's last part)
  Postings bodies;        // by the function's name
  Postings bodies_of;     // by the qualified class
  Postings constructors;  // special methods, by the last part of their class
  std::vector<UnitRef> builders;  // units that put names together
  std::vector<UnitRef> keepers;   // bodies that keep what they made: memos, wide fixtures
};

}  // namespace testselect
