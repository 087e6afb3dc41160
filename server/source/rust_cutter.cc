#include "server/source/rust_cutter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/source/grammars.h"

namespace testselect {
namespace {

constexpr int kMaxDepth = 100;

const Grammar& RustGrammar() {
  static const Grammar& grammar =
      *new Grammar(tree_sitter_rust(),
                   {.names = {"identifier", "type_identifier"},
                    .member_names = {"field_identifier"},
                    .both = {"shorthand_field_identifier"},
                    .strings = {"string_content"},
                    .verbatim = {"string_literal", "raw_string_literal", "char_literal"},
                    .blocks = {"block", "for_expression", "if_expression", "while_expression",
                               "match_arm", "closure_expression", "function_item", "match_block"},
                    .methods = {"function_item"},
                    .nests = {"declaration_list"},
                    .comments = {"line_comment", "block_comment"},
                    .calls = {"macro_invocation"},
                    .writes = {"assignment_expression", "compound_assignment_expr", "static_item"},
                    .member_fields = {{"token_tree", "*"}},
                    .declares = {{"let_declaration", "pattern"},
                                 {"let_condition", "pattern"},
                                 {"parameter", "pattern"},
                                 {"closure_parameters", "*"},
                                 {"for_expression", "pattern"},
                                 {"match_arm", "pattern"},
                                 {"field_declaration", "name"}},
                    .values = {"value", "type", "condition", "path", "name"},
                    .pattern_values = {{"field_pattern", "name"}, {"match_arm", "value"}}});
  return grammar;
}

absl::string_view TextOf(Node node) { return node ? node.text() : ""; }

bool IsTypeItem(absl::string_view kind) {
  return kind == "struct_item" || kind == "enum_item" || kind == "union_item";
}

// `Stack` of `a::Stack<T>`, `&Stack`, `dyn Stack`.
absl::string_view TypeName(Node type) {
  while (type) {
    if (type.Is("type_identifier")) return type.text();
    if (type.IsOneOf({"scoped_type_identifier", "scoped_identifier"})) {
      return TextOf(type.Field("name"));
    }
    const Node inner = type.Field("type");
    type = inner ? inner : type.first_named_child();
  }
  return "";
}

}  // namespace

RustCutter::RustCutter(const SyntaxTree& tree, NameTable* names)
    : GenericCutter(RustGrammar(), tree, names), obeyed_(tree.root().subtree_end()) {
  FindExamples();
}

bool RustCutter::Binds(absl::string_view name) const {
  // A capital: a constant or a variant.
  return name.empty() || !absl::ascii_isupper(static_cast<unsigned char>(name[0]));
}

// Documentation may hold examples, which are tests: then all lines of it are tokens.
void RustCutter::FindExamples() {
  std::vector<Node> block;
  bool example = false;
  const auto flush = [&] {
    for (const Node comment : block) obeyed_[comment.index()] = example ? 1 : 0;
    block.clear();
    example = false;
  };
  uint32_t last_line = 0;
  ForEachNode(root(), [&](Node n) {
    if (!grammar().Has(n, Grammar::kComment)) return;
    const absl::string_view text = n.text();
    const bool documentation = absl::StartsWith(text, "///") || absl::StartsWith(text, "//!") ||
                               absl::StartsWith(text, "/**") || absl::StartsWith(text, "/*!");
    if (n.first_line() > last_line + 1 || !documentation) flush();
    if (!documentation) return;
    block.push_back(n);
    example = example || absl::StrContains(text, "```");
    last_line = n.last_line();
  });
  flush();
}

void RustCutter::Top(Node node, const std::string& owner) {
  if (!node.is_named()) return;
  if (node.Is("attribute_item") || grammar().Has(node, Grammar::kComment)) {
    attributes_.push_back(node);
    return;
  }
  const std::vector<Node> attributes = std::exchange(attributes_, {});
  Item(node, owner, attributes);
}

void RustCutter::Item(Node node, const std::string& owner, const std::vector<Node>& attributes) {
  const absl::string_view kind = node.kind();
  const auto with = [&attributes](Node n) {
    std::vector<Node> parts = attributes;
    parts.push_back(n);
    return UnitParts{.parts = parts};
  };
  if (kind == "inner_attribute_item" || kind == "shebang") {
    AddUnit(UnitKind::kCondition, std::string(node.text()), "", node);
  } else if (kind == "use_declaration" || kind == "extern_crate_declaration") {
    Import(node, attributes);
  } else if (kind == "mod_item") {
    Module(node, attributes);
  } else if (kind == "function_item" || kind == "function_signature_item") {
    Function(node, owner, attributes);
  } else if (IsTypeItem(kind)) {
    Type(node, attributes);
  } else if (kind == "impl_item") {
    Implementation(node, attributes);
  } else if (kind == "trait_item") {
    AddClass(node, TextOf(node.Field("name")), node.Field("body"), "", {}, attributes);
    attributes_.clear();
  } else if (kind == "const_item" || kind == "static_item" || kind == "type_item" ||
             kind == "associated_type") {
    const absl::string_view name = TextOf(node.Field("name"));
    if (kind == "static_item") statics_.insert(name);
    AddStatement(node, owner, {name}, with(node));
  } else if (kind == "foreign_mod_item" && node.Field("body")) {
    const Context context(this, Node(), TextOf(node.first_named_child()));
    for (const Node child : NamedChildren(node.Field("body"))) Visit(child, owner);
  } else if (kind == "macro_definition") {
    UnitDraft& unit = AddStatement(node, "", {TextOf(node.Field("name"))}, with(node));
    const absl::string_view text = node.text();
    if (absl::StrContains(text, "paste!") || absl::StrContains(text, "concat_idents!")) {
      unit.fragments.insert("");
    }
  } else if (kind != "empty_statement") {
    Macro(node, owner, attributes);
  }
}

// A macro may make anything of the words it is given.
void RustCutter::Macro(Node node, const std::string& owner, const std::vector<Node>& attributes) {
  UnitParts parts{.parts = attributes};
  parts.parts.push_back(node);
  UnitDraft& unit = AddStatement(node, owner, NamesIn(node), parts);
  for (const absl::string_view name : unit.binds) {
    if (!Binds(name)) statics_.insert(name);
  }
}

std::string RustCutter::FromFile(absl::string_view path) const {
  std::vector<std::string> here = inline_;
  std::vector<std::string> parts = absl::StrSplit(path, "::", absl::SkipEmpty());
  size_t used = 0;
  if (used < parts.size() && parts[used] == "self") ++used;
  while (used < parts.size() && parts[used] == "super" && !here.empty()) {
    here.pop_back();
    ++used;
  }
  if (inline_.empty() || used == 0) return std::string(path);
  here.insert(here.begin(), "self");
  here.insert(here.end(), parts.begin() + static_cast<std::ptrdiff_t>(used), parts.end());
  return absl::StrJoin(here, "::");
}

void RustCutter::Flatten(Node node, const std::string& path, int depth,
                         std::vector<Use>* out) const {
  if (!node || depth > kMaxDepth) return;
  const auto joined = [&path](absl::string_view more) {
    return more.empty() ? path : absl::StrCat(path, path.empty() ? "" : "::", more);
  };
  if (node.Is("scoped_use_list")) {
    const std::string inner = joined(Squeezed(TextOf(node.Field("path"))));
    for (const Node child : NamedChildren(node.Field("list"))) {
      Flatten(child, inner, depth + 1, out);
    }
  } else if (node.Is("use_list")) {
    for (const Node child : NamedChildren(node)) Flatten(child, path, depth + 1, out);
  } else if (node.Is("use_wildcard")) {
    const Node inner = node.first_named_child();
    out->push_back({joined(inner ? Squeezed(inner.text()) : ""), "*", ""});
  } else if (node.Is("use_as_clause")) {
    const size_t before = out->size();
    Flatten(node.Field("path"), path, depth + 1, out);
    for (size_t i = before; i < out->size(); ++i)
      (*out)[i].local = std::string(TextOf(node.Field("alias")));
  } else if (node.Is("scoped_identifier")) {
    const absl::string_view name = TextOf(node.Field("name"));
    out->push_back({joined(Squeezed(TextOf(node.Field("path")))), name, std::string(name)});
  } else if (node.Is("self")) {
    out->push_back({path, "", path.substr(path.rfind(':') + 1)});
  } else if (!grammar().Has(node, Grammar::kComment)) {
    out->push_back({path, node.text(), std::string(node.text())});
  }
}

void RustCutter::Import(Node node, const std::vector<Node>& attributes) {
  std::vector<Use> uses;
  const Node argument = node.Field("argument");
  if (argument) {
    Flatten(argument, "", 0, &uses);
  } else {
    const Node name = node.Field("name"), alias = node.Field("alias");
    uses.push_back({std::string(TextOf(name)), "", std::string(TextOf(alias ? alias : name))});
  }
  for (const Node child : Children(node)) {
    if (child != argument) Account(child);
  }
  for (const Node attribute : attributes) Account(attribute);
  if (argument) Account(argument);
  const std::string mark = [&] {  // attributes and visibility change every name
    std::string out;
    for (const Node attribute : attributes) absl::StrAppend(&out, Squeezed(attribute.text()), " ");
    for (const Node child : Children(node)) {
      if (child.Is("visibility_modifier")) absl::StrAppend(&out, Squeezed(child.text()));
    }
    return out;
  }();
  for (const Use& use : uses) {
    const std::string path = FromFile(use.path);
    UnitDraft& unit =
        builder().Add(UnitKind::kImport, absl::StrCat(use.local, " ", path, "::", use.name), "");
    TokenDigest digest;
    for (const absl::string_view part :
         {context(), absl::string_view(mark), absl::string_view(path), use.name,
          absl::string_view(use.local)}) {
      digest.Add(part);
    }
    unit.fingerprint = digest.Finish();
    unit.lines = {node.first_line(), node.last_line()};
    unit.SetSource(kRustUse, path, use.name);
    if (use.name != "*" && use.local != "_") unit.binds = {Keep(use.local)};
    if (use.path == "std::process" && use.name == "Command") {
      commands_.insert(Keep(use.local));
    }
  }
}

void RustCutter::Module(Node node, const std::vector<Node>& attributes) {
  const absl::string_view name = TextOf(node.Field("name"));
  const Node body = node.Field("body");
  UnitParts parts{.parts = attributes, .without = {body}};
  parts.parts.push_back(node);
  if (body) {
    AddUnit(UnitKind::kCondition, absl::StrCat("mod ", name), "", node, parts);
    std::string words(name);
    for (const Node attribute : attributes) absl::StrAppend(&words, Squeezed(attribute.text()));
    const Context context(this, Node(), words);
    inline_.emplace_back(name);
    for (const Node child : NamedChildren(body)) Visit(child, "");
    attributes_.clear();
    inline_.pop_back();
    return;
  }
  UnitDraft& unit = AddUnit(UnitKind::kImport, absl::StrCat("mod ", name), "", node, parts);
  unit.binds = {name};
  std::vector<std::string> path = inline_;
  path.emplace_back(name);
  unit.SetSource(kRustMod, absl::StrJoin(path, "/"), "");
  for (const Node attribute : attributes) {
    if (!absl::StartsWith(Squeezed(attribute.text()), "#[path=")) continue;
    const std::vector<absl::string_view> quoted = absl::StrSplit(attribute.text(), '"');
    if (quoted.size() > 2) unit.SetSource(kRustPath, quoted[1], "");
  }
}

void RustCutter::Type(Node node, const std::vector<Node>& attributes) {
  const absl::string_view name = TextOf(node.Field("name"));
  UnitParts parts{.parts = attributes};
  parts.parts.push_back(node);
  AddUnit(UnitKind::kClass, std::string(name), "", node, parts).binds = {name};
  builder().AddClass(name, /*plain=*/false);
  const Node body = node.Field("body");
  if (!body) return;
  for (const Node member : NamedChildren(body)) {
    const absl::string_view called = TextOf(member.Field("name"));
    if (called.empty()) continue;
    // A variant can be imported without its enumeration.
    if (member.Is("field_declaration")) AddStatement(member, name, {called});
    if (member.Is("enum_variant")) AddStatement(member, "", {called});
  }
}

void RustCutter::Implementation(Node node, const std::vector<Node>& attributes) {
  const Node type = node.Field("type"), trait = node.Field("trait");
  const absl::string_view name = TypeName(type);
  const std::string overload =
      absl::StrCat("#impl ", trait ? Squeezed(trait.text()) : "", " for ", Squeezed(TextOf(type)));
  AddClass(node, name.empty() ? "<type>" : name, node.Field("body"), overload, {}, attributes);
  attributes_.clear();
}

void RustCutter::Function(Node node, const std::string& owner,
                          const std::vector<Node>& attributes) {
  FunctionParts f{.node = node,
                  .name = TextOf(node.Field("name")),
                  .owner = owner,
                  .body = node.Field("body"),
                  .parameters = node.Field("parameters"),
                  .header = attributes};
  for (const Node child : Children(node)) {
    // Evaluated by the compiler: users see its result without calling it.
    if (child.Is("function_modifiers") && absl::StrContains(child.text(), "const")) {
      f.body_flags = kMemo;
    }
  }
  UnitDraft& last = AddFunction(f);
  if (!f.body) return;
  last.lines.first = node.first_line();  // where tools count the call
  bodies_.emplace_back(builder().drafts().size() - 1, f.body);
}

bool RustCutter::KeepsState(Node body, const NameSet& free) const {
  for (const absl::string_view name : statics_) {
    if (free.contains(name)) return true;
  }
  for (uint32_t i = body.index(); i < body.subtree_end(); ++i) {
    const Node node = body.At(i);
    if (!grammar().Has(node, Grammar::kWrite)) continue;
    if (node.Is("static_item")) return true;
    Node left = node.Field("left");
    while (left && left.has_children()) left = left.first_named_child();
    if (left && left.Is("identifier") && free.contains(left.text())) return true;
  }
  return false;
}

void RustCutter::Finished(Node root) {
  for (const auto& [draft, body] : bodies_) {
    UnitDraft& unit = builder().drafts()[draft];
    if (KeepsState(body, unit.free)) unit.Set(kMemo);
  }
  // `Command` is everybody's word; the module it comes from is not.
  for (UnitDraft& unit : builder().drafts()) {
    for (const absl::string_view command : commands_) {
      if (unit.free.contains(command)) unit.members.insert("process");
    }
  }
  AddPaths(root);
}

}  // namespace testselect
