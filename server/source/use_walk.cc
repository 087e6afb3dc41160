#include "server/source/use_walk.h"

#include "server/source/words.h"

namespace testselect {

void GenericCutter::UseWalk::Bind(uint32_t name) {
  ++c_.bound_[name];
  scope_.push_back(name);
}

void GenericCutter::UseWalk::Leave(size_t mark) {
  for (; scope_.size() > mark; scope_.pop_back()) --c_.bound_[scope_.back()];
}

void GenericCutter::UseWalk::Walk(Node node, const NameSet& declared) {
  if (!node) return;
  for (const absl::string_view name : declared) {
    const auto it = c_.ids_.find(name);
    if (it != c_.ids_.end()) Bind(it->second);
  }
  Visit(node, false, 0);
  Leave(0);
}

// Whether the node is one whose text says all.
bool GenericCutter::UseWalk::Leaf(Node node, uint16_t roles, bool member) {
  constexpr uint16_t kLeaves =
      Grammar::kName | Grammar::kBoth | Grammar::kMemberName | Grammar::kString | Grammar::kRaw;
  if ((roles & kLeaves) == 0) return false;
  if ((roles & (Grammar::kName | Grammar::kBoth)) != 0) {
    const uint32_t name = c_.name_of_[node.index()];
    if (c_.bound_[name] == 0) draft_.free.insert(c_.texts_[name]);
    if (member || (roles & Grammar::kBoth) != 0) draft_.members.insert(c_.texts_[name]);
  } else if ((roles & Grammar::kMemberName) != 0) {
    draft_.members.insert(c_.texts_[c_.name_of_[node.index()]]);
  } else if ((roles & Grammar::kString) != 0) {
    if (node.end() - node.begin() <= kLongestNamingString) AddWords(node.text(), &draft_.members);
  } else {
    AddWords(node.text(), &draft_.free);
    AddWords(node.text(), &draft_.members);
  }
  return true;
}

void GenericCutter::UseWalk::Heap(Node node) {
  for (uint32_t i = node.index(); i < node.subtree_end();) {
    const Node n = node.At(i);
    const uint16_t roles = c_.grammar_.Roles(n);
    const bool skipped =
        (c_.marks_[i] & (kSkip | kForeign)) != 0 || (roles & Grammar::kComment) != 0;
    if (!skipped && !Leaf(n, roles, true)) c_.Used(n, &draft_);
    i = skipped ? n.subtree_end() : i + 1;
  }
}

void GenericCutter::UseWalk::Visit(Node node, bool member, int depth) {
  if ((c_.marks_[node.index()] & (kSkip | kForeign)) != 0) return;
  const uint16_t roles = c_.grammar_.Roles(node);
  if ((roles & Grammar::kComment) != 0 || Leaf(node, roles, member)) return;
  if (!node.has_children()) return;
  if (depth > kMaxDepth) {
    Heap(node);
    return;
  }
  const size_t mark = scope_.size();
  VisitChildren(node, roles, member, depth);
  if ((roles & Grammar::kBlock) != 0) Leave(mark);
  c_.Used(node, &draft_);
}

// A value does not see the name that it is given to, so declarations come after what is beside
// them; but where the node itself is the scope of what it declares, they come before the rest.
void GenericCutter::UseWalk::VisitChildren(Node node, uint16_t roles, bool member, int depth) {
  const Grammar& grammar = c_.grammar_;
  const auto visit = [&](Node child) {
    const bool named =
        (roles & Grammar::kHasMemberFields) != 0 && grammar.IsMemberField(node, child);
    Visit(child, member || named, depth + 1);
  };
  if ((roles & Grammar::kDeclares) == 0) {
    for (const Node child : Children(node)) visit(child);
    return;
  }
  const bool scope = (roles & Grammar::kBlock) != 0;
  for (const Node child : Children(node)) {
    if (!grammar.Declares(node, child) && (!scope || grammar.IsValue(node, child))) visit(child);
  }
  DeclareFields(node, depth);
  if (!scope) return;
  for (const Node child : Children(node)) {
    if (!grammar.Declares(node, child) && !grammar.IsValue(node, child)) visit(child);
  }
}

// Names are bound when all of the pattern was seen: a type in it does not mean them.
void GenericCutter::UseWalk::DeclareFields(Node node, int depth) {
  std::vector<uint32_t> names;
  for (const Node child : Children(node)) {
    if (c_.grammar_.Declares(node, child)) Declare(child, depth + 1, &names);
  }
  for (const uint32_t name : names) Bind(name);
}

void GenericCutter::UseWalk::Declare(Node pattern, int depth, std::vector<uint32_t>* names) {
  const uint16_t roles = c_.grammar_.Roles(pattern);
  if ((c_.marks_[pattern.index()] & kSkip) != 0 || (roles & Grammar::kComment) != 0) return;
  if ((roles & (Grammar::kName | Grammar::kBoth)) != 0) {
    const uint32_t name = c_.name_of_[pattern.index()];
    if (!c_.Binds(c_.texts_[name])) {
      Leaf(pattern, roles, false);
      return;
    }
    if ((roles & Grammar::kBoth) != 0) draft_.members.insert(c_.texts_[name]);
    names->push_back(name);
    return;
  }
  // The name of a field in its own declaration is no use of it.
  if ((roles & Grammar::kMemberName) != 0) return;
  if (Leaf(pattern, roles, false)) return;
  if (depth > kMaxDepth) {
    Heap(pattern);
    return;
  }
  // `a.b = 1` names no variable: it uses `a`.
  if ((roles & Grammar::kCall) != 0) {
    Visit(pattern, false, depth + 1);
    return;
  }
  for (const Node child : Children(pattern)) {
    const bool member =
        (roles & Grammar::kHasMemberFields) != 0 && c_.grammar_.IsMemberField(pattern, child);
    if (member || c_.grammar_.IsValue(pattern, child)) {
      Visit(child, member, depth + 1);
    } else {
      Declare(child, depth + 1, names);
    }
  }
}

}  // namespace testselect
