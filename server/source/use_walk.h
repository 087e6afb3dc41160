// UseWalk: the free names and the members that some nodes use, scopes respected.
#pragma once

#include <cstdint>
#include <vector>

#include "server/source/generic_cutter.h"

namespace testselect {

// Collects into one unit. Not thread-safe; a cutter's tables must outlive it.
class GenericCutter::UseWalk {
 public:
  UseWalk(GenericCutter* cutter, UnitDraft* draft) : c_(*cutter), draft_(*draft) {}

  // Visits `node` in a scope of its own that declares `declared`.
  void Walk(Node node, const NameSet& declared);

 private:
  // Deeper trees (a sum of ten thousand terms) are taken as a heap of names, which is more than
  // they use: the stack is finite.
  static constexpr int kMaxDepth = 1000;

  void Visit(Node node, bool member, int depth);
  void VisitChildren(Node node, uint16_t roles, bool member, int depth);
  // Adds the names that `pattern` declares to `names`, and visits the values in it.
  void Declare(Node pattern, int depth, std::vector<uint32_t>* names);
  void DeclareFields(Node node, int depth);
  bool Leaf(Node node, uint16_t roles, bool member);
  void Heap(Node node);
  void Bind(uint32_t name);
  void Leave(size_t mark);

  GenericCutter& c_;
  UnitDraft& draft_;
  std::vector<uint32_t> scope_;  // names declared, innermost scope last
};

}  // namespace testselect
