#include "server/source/generic_cutter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "server/source/use_walk.h"
#include "server/source/words.h"

namespace testselect {
namespace {

bool IsErrorItself(Node node) {
  return node.has_error() && (!node.has_children() || node.Is("ERROR"));
}

}  // namespace

bool IsWord(absl::string_view text) {
  if (text.empty() || absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || absl::ascii_isalnum(static_cast<unsigned char>(c));
  });
}

std::string GenericCutter::Squeezed(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!absl::ascii_isspace(static_cast<unsigned char>(c))) out.push_back(c);
  }
  return out;
}

GenericCutter::GenericCutter(const Grammar& grammar, const SyntaxTree& tree, NameTable* names)
    : grammar_(grammar), tree_(tree), builder_(names) {
  const Node root = tree.root();
  marks_.resize(root.subtree_end());
  name_of_.resize(root.subtree_end());
  texts_.emplace_back();
  ForEachNode(root, [this](Node n) {
    constexpr uint16_t kNames = Grammar::kName | Grammar::kBoth | Grammar::kMemberName;
    if ((grammar_.Roles(n) & kNames) == 0) return;
    const auto [it, added] = ids_.try_emplace(n.text(), static_cast<uint32_t>(texts_.size()));
    if (added) texts_.push_back(it->first);
    name_of_[n.index()] = it->second;
  });
  bound_.resize(texts_.size());
}

SourceModule GenericCutter::Cut() {
  if (root().Is("ERROR")) builder_.SetUnparsed();
  for (const Node child : Children(root())) Visit(child, "");
  Finished(root());
  AddUnusedCalls();
  AddUnseen();
  return builder_.Finish();
}

void GenericCutter::Visit(Node node, const std::string& owner) {
  if (grammar_.Has(node, Grammar::kComment) && !Obeyed(node)) return;
  if (!node.has_error() || !node.Is("ERROR")) {
    Top(node, owner);
    return;
  }
  for (const Node child : Children(node)) {
    if (child.is_named() && child.has_children()) Visit(child, owner);
  }
}

void GenericCutter::MarkSkipped(const std::vector<Node>& nodes, bool skipped) {
  for (const Node node : nodes) {
    if (!node) continue;
    uint8_t& mark = marks_[node.index()];
    mark = static_cast<uint8_t>(skipped ? mark | kSkip : mark & ~kSkip);
  }
}

UnitDraft& GenericCutter::AddUnit(UnitKind kind, std::string key, absl::string_view owner,
                                  Node node, const UnitParts& parts) {
  UnitDraft& draft = builder_.Add(kind, std::move(key), owner);
  draft.lines = {node.first_line(), node.last_line()};
  std::vector<Node> made_of;
  if (kind != UnitKind::kBody) made_of = prefix_;
  made_of.insert(made_of.end(), parts.parts.begin(), parts.parts.end());
  if (parts.parts.empty()) made_of.push_back(node);
  MarkSkipped(parts.without, true);
  draft.fingerprint = FingerprintOf(made_of);
  UseWalk walk(this, &draft);
  for (const Node part : made_of) {
    if (!part) continue;
    walk.Walk(part, parts.declared == nullptr ? NameSet() : *parts.declared);
    for (uint32_t i = part.index(); part.has_error() && i < part.subtree_end();) {
      const Node below = part.At(i);
      const bool skipped = (marks_[i] & kSkip) != 0;
      if (!skipped && IsErrorItself(below)) draft.Set(kBroken);
      i = skipped ? below.subtree_end() : i + 1;
    }
  }
  MarkSkipped(parts.without, false);
  return draft;
}

UnitDraft& GenericCutter::AddStatement(Node node, absl::string_view owner, NameSet binds,
                                       const UnitParts& parts) {
  UnitDraft& draft = AddUnit(UnitKind::kStatement, "", owner, node, parts);
  std::vector<absl::string_view> sorted(binds.begin(), binds.end());
  std::sort(sorted.begin(), sorted.end());
  draft.key = absl::StrCat(
      owner, owner.empty() ? "" : ".",
      sorted.empty() ? draft.fingerprint.ToHex().substr(0, 8) : absl::StrJoin(sorted, ","));
  draft.Set(kEffects, binds.empty());
  draft.binds = std::move(binds);
  if (owner.empty() && MayLeaveSomething(node)) callers_.push_back(builder_.drafts().size() - 1);
  return draft;
}

UnitDraft& GenericCutter::AddFunction(const FunctionParts& f) {
  const std::string key = absl::StrCat(f.owner, f.owner.empty() ? "" : ".", f.name, f.overload);
  UnitParts header{.parts = f.header, .without = f.without};
  header.parts.push_back(f.node);
  header.without.push_back(f.body);
  UnitDraft& head = AddUnit(UnitKind::kHeader, key, f.owner, f.node, header);
  head.binds = f.binds.has_value() ? *f.binds : NameSet{f.name};
  head.flags |= f.header_flags;
  if (!f.body) return head;
  NameSet declared = f.parameters ? DeclaredBelow(f.parameters) : NameSet();
  declared.insert(f.declared.begin(), f.declared.end());
  UnitParts inside;
  inside.without = f.without;
  inside.declared = &declared;
  UnitDraft& body = AddUnit(UnitKind::kBody, key, f.owner, f.body, inside);
  body.parameters = declared;
  body.flags |= f.body_flags;
  return body;
}

void GenericCutter::FindMethods(Node body, std::vector<Node>* methods) const {
  for (uint32_t i = body.index() + 1; i < body.subtree_end();) {
    const Node node = body.At(i);
    const uint16_t roles = grammar_.Roles(node);
    if ((roles & Grammar::kMethod) != 0) methods->push_back(node);
    i = (roles & Grammar::kNest) != 0 ? i + 1 : node.subtree_end();
  }
}

void GenericCutter::AddClass(Node node, absl::string_view name, Node body,
                             absl::string_view overload, const std::vector<Node>& without,
                             const std::vector<Node>& also) {
  UnitParts parts{.parts = also, .without = without};
  parts.parts.push_back(node);
  if (body) FindMethods(body, &parts.without);
  AddUnit(UnitKind::kClass, absl::StrCat(name, overload), "", node, parts).binds = {name};
  builder_.AddClass(name, /*plain=*/false);
  if (!body) return;
  const std::string owner(name);
  std::vector<Node> outside;
  std::swap(outside, prefix_);
  for (const Node child : NamedChildren(body)) Visit(child, owner);
  std::swap(outside, prefix_);
}

void GenericCutter::AddUses(Node node, const NameSet& declared, UnitDraft* draft) {
  UseWalk(this, draft).Walk(node, declared);
}

void GenericCutter::DeclaredInto(Node node, NameSet* out) const {
  constexpr uint16_t kNames = Grammar::kName | Grammar::kBoth | Grammar::kMemberName;
  std::vector<Node> todo;
  for (const Node child : Children(node)) {
    if (grammar_.Declares(node, child)) todo.push_back(child);
  }
  while (!todo.empty()) {
    const Node pattern = todo.back();
    todo.pop_back();
    if (grammar_.Has(pattern, Grammar::kComment)) continue;
    if ((grammar_.Roles(pattern) & kNames) != 0 && Binds(pattern.text())) {
      out->insert(pattern.text());
    }
    for (const Node child : Children(pattern)) {
      if (!grammar_.IsValue(pattern, child) && !grammar_.IsMemberField(pattern, child)) {
        todo.push_back(child);
      }
    }
  }
}

NameSet GenericCutter::Declared(Node node) const {
  NameSet out;
  if (node) DeclaredInto(node, &out);
  return out;
}

NameSet GenericCutter::DeclaredBelow(Node node) const {
  NameSet out;
  ForEachNode(node, [&](Node n) {
    if (grammar_.Has(n, Grammar::kDeclares)) DeclaredInto(n, &out);
  });
  return out;
}

NameSet GenericCutter::NamesIn(Node pattern) const {
  NameSet out;
  ForEachNode(pattern, [&](Node n) {
    if ((grammar_.Roles(n) & (Grammar::kName | Grammar::kBoth)) != 0) out.insert(n.text());
  });
  return out;
}

bool GenericCutter::AnyBelow(Node node, Grammar::Role role) const {
  for (uint32_t i = node.index(); i < node.subtree_end(); ++i) {
    if (grammar_.Has(node.At(i), role)) return true;
  }
  return false;
}

std::vector<Node> GenericCutter::Below(Node node, Grammar::Role role, Node without) const {
  std::vector<Node> out;
  for (uint32_t i = node.index() + 1; i < node.subtree_end();) {
    const Node below = node.At(i);
    const bool found = grammar_.Has(below, role);
    if (found && below != without) out.push_back(below);
    i = found || below == without ? below.subtree_end() : i + 1;
  }
  return out;
}

// A variable that its file never uses, set by a call, is there for what the call does: it registers
// something.
void GenericCutter::AddUnusedCalls() {
  std::vector<UnitDraft>& drafts = builder_.drafts();
  absl::flat_hash_map<absl::string_view, int> uses;
  for (const size_t caller : callers_) {
    for (const absl::string_view name : drafts[caller].binds) uses.emplace(name, 0);
  }
  if (uses.empty()) return;
  // Every unit counts once.
  for (const UnitDraft& draft : drafts) {
    for (const NameSet* used : {&draft.free, &draft.members}) {
      for (const absl::string_view name : *used) {
        const auto it = uses.find(name);
        if (it != uses.end() && (used == &draft.free || !draft.free.contains(name))) ++it->second;
      }
    }
  }
  for (const size_t caller : callers_) {
    UnitDraft& draft = drafts[caller];
    const bool used =
        std::any_of(draft.binds.begin(), draft.binds.end(), [&](absl::string_view name) {
          const bool by_itself = draft.free.contains(name) || draft.members.contains(name);
          return uses[name] > (by_itself ? 1 : 0);
        });
    if (!used) draft.Set(kEffects);
  }
}

}  // namespace testselect
