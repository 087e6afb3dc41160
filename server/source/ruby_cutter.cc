#include "server/source/ruby_cutter.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "server/source/grammars.h"
#include "server/source/words.h"

namespace testselect {
namespace {

const Grammar& RubyGrammar() {
  static const Grammar& grammar = *new Grammar(
      tree_sitter_ruby(),
      {.names = {"identifier", "constant"},
       .member_names = {"instance_variable", "class_variable", "global_variable"},
       .strings = {"string_content", "heredoc_content", "simple_symbol", "hash_key_symbol"},
       .verbatim = {"string", "heredoc_body", "regex", "string_array", "symbol_array", "subshell",
                    "delimited_symbol"},
       .blocks = {"method", "singleton_method", "block", "do_block", "lambda", "class", "module",
                  "singleton_class"},
       .methods = {"method", "singleton_method"},
       .comments = {"comment"},
       .calls = {"call", "element_reference", "scope_resolution"},
       .writes = {"assignment", "operator_assignment", "call"},
       .member_fields = {{"call", "method"}},
       .declares = {{"assignment", "left"},
                    {"operator_assignment", "left"},
                    {"method_parameters", "*"},
                    {"block_parameters", "*"},
                    {"lambda_parameters", "*"},
                    {"exception_variable", "*"},
                    {"for", "pattern"}},
       .values = {"value", "right"}});
  return grammar;
}

absl::string_view TextOf(Node node) { return node ? node.text() : ""; }

bool IsOneOf(absl::string_view word, std::initializer_list<absl::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsExample(absl::string_view method) {
  return IsOneOf(method, {"it", "specify", "example", "scenario", "its", "fit", "xit", "test"});
}

bool IsGroup(absl::string_view method) {
  return IsOneOf(method, {"describe", "context", "feature", "fdescribe", "fcontext", "xdescribe",
                          "xcontext", "shared_examples", "shared_examples_for", "shared_context"});
}

bool IsVisibility(absl::string_view word) {
  return IsOneOf(word, {"private", "protected", "public", "module_function"});
}

// Methods that are given the name of another.
bool TakesAName(absl::string_view method) {
  return IsOneOf(method, {"send", "public_send", "__send__", "method", "instance_method",
                          "define_method", "const_get", "instance_variable_get", "respond_to?",
                          "instance_variable_set", "class_eval", "instance_eval", "try"});
}

// The name that a symbol or a string without anything to fill in says; "" otherwise.
absl::string_view LiteralName(Node node) {
  if (!node) return "";
  if (node.Is("simple_symbol")) return node.text().substr(1);
  if (!node.IsOneOf({"string", "delimited_symbol"})) return "";
  Node content;
  for (const Node child : NamedChildren(node)) {
    if (!child.Is("string_content") || content) return "";
    content = child;
  }
  return TextOf(content);
}

Node FirstArgument(Node call) {
  const Node arguments = call.Field("arguments");
  return arguments ? arguments.first_named_child() : Node();
}

// What a statement consists of: itself and the heredocs behind it.
std::vector<Node> WithHeredocs(Node node) {
  std::vector<Node> parts = {node};
  for (Node n = node.next_sibling(); n && n.IsOneOf({"heredoc_body", "comment"});
       n = n.next_sibling()) {
    if (n.Is("heredoc_body")) parts.push_back(n);
  }
  return parts;
}

}  // namespace

RubyCutter::RubyCutter(const SyntaxTree& tree, NameTable* names)
    : GenericCutter(RubyGrammar(), tree, names) {}

// "# frozen_string_literal: true" and its like.
bool RubyCutter::Obeyed(Node comment) const {
  const absl::string_view text = comment.text();
  return comment.first_line() <= 3 &&
         (absl::StrContains(text, "frozen_string_literal:") || absl::StrContains(text, "coding:") ||
          absl::StartsWith(text, "#!"));
}

UnitDraft& RubyCutter::Statement(Node node, absl::string_view owner, NameSet binds,
                                 std::vector<Node> without) {
  return AddStatement(node, owner, std::move(binds),
                      {.parts = WithHeredocs(node), .without = std::move(without)});
}

void RubyCutter::Top(Node node, const std::string& owner) {
  const absl::string_view kind = node.kind();
  if (!node.is_named() || kind == "heredoc_body" || kind == "empty_statement") return;
  if (kind == "comment") {
    AddUnit(UnitKind::kCondition, "comment", "", node);
  } else if (kind == "class" || kind == "module") {
    const Node name = node.Field("name");
    const Node last = name && name.Is("scope_resolution") ? name.Field("name") : name;
    Class(node, TextOf(last));
  } else if (kind == "singleton_class" && node.Field("body")) {
    const Context context(this, node);
    if (node.Field("value")) Account(node.Field("value"));
    Body(node.Field("body"), owner);
  } else if (kind == "method" || kind == "singleton_method") {
    Method(node, owner);
  } else if (kind == "call") {
    Call(node, owner);
  } else if (kind == "alias") {
    NameSet binds;
    if (node.Field("name")) AddWords(node.Field("name").text(), &binds);
    AddWords(TextOf(node.Field("alias")), &Statement(node, owner, std::move(binds)).members);
  } else if (kind == "assignment" || kind == "operator_assignment") {
    NameSet binds;
    const Node left = node.Field("left");
    ForEachNode(left, [&](Node n) {
      constexpr uint16_t kNames = Grammar::kName | Grammar::kMemberName;
      if ((grammar().Roles(n) & kNames) != 0) binds.insert(n.text());
    });
    const bool plain = left && left.IsOneOf({"constant", "identifier", "left_assignment_list",
                                             "instance_variable", "class_variable"});
    UnitDraft& unit = Statement(node, owner, std::move(binds));
    if (!plain) unit.Set(kEffects);  // it reaches into what others may hold
  } else {
    Statement(node, owner, {}).Set(kEffects);
  }
}

void RubyCutter::Class(Node node, absl::string_view name) {
  const Node body = node.Field("body");
  AddUnit(UnitKind::kClass, std::string(name), "", node, {.without = {body}}).binds = {name};
  builder().AddClass(name, /*plain=*/false);
  if (body) Body(body, std::string(name));
}

void RubyCutter::Body(Node body, const std::string& owner) {
  std::string visibility;
  for (const Node child : NamedChildren(body)) {
    if (child.Is("identifier") && IsVisibility(child.text())) {
      visibility = std::string(child.text());
      Account(child);
      continue;
    }
    const Context context(this, Node(), visibility);
    Visit(child, owner);
  }
}

void RubyCutter::Function(Node node, absl::string_view name, absl::string_view owner, Node body,
                          Node parameters, uint16_t body_flags) {
  UnitDraft& last = AddFunction({.node = node,
                                 .name = name,
                                 .owner = owner,
                                 .body = body,
                                 .parameters = parameters,
                                 .body_flags = body_flags});
  if (!body) return;
  bodies_.emplace_back(builder().drafts().size() - 1, body);
  // It answers to any name, or to those that begin as it looks for.
  if (IsOneOf(name, {"method_missing", "const_missing", "respond_to_missing?"})) {
    last.fragments.insert("");
  }
}

void RubyCutter::Method(Node node, const std::string& owner) {
  const Node parameters = node.Field("parameters");
  const absl::string_view name = TextOf(node.Field("name"));
  const size_t before = builder().drafts().size();
  Function(node, name, owner, node.Field("body"), parameters);
  // `def self.make` keeps its memos in the class, which lives as long as the process.
  absl::string_view attribute = name;
  if (absl::ConsumeSuffix(&attribute, "=")) builder().drafts()[before].binds.insert(attribute);
}

bool RubyCutter::Require(Node node, absl::string_view method, Node first) {
  const bool relative = method == "require_relative";
  const bool autoload = method == "autoload";
  if (!relative && !autoload && !IsOneOf(method, {"require", "load"})) return false;
  const Node path = autoload && first ? first.next_named_sibling() : first;
  const absl::string_view name = LiteralName(path);
  if (name.empty()) return false;
  UnitDraft& unit = AddUnit(UnitKind::kImport, absl::StrCat(method, " ", name), "", node);
  unit.SetSource(relative ? kRubyRelative : kRubyRequire, name, "");
  unit.free.clear();
  unit.members.clear();
  if (autoload) {
    unit.binds = {LiteralName(first)};
  } else {
    unit.Set(kEffects);
  }
  return true;
}

void RubyCutter::Call(Node node, const std::string& owner) {
  const absl::string_view method = TextOf(node.Field("method"));
  const Node first = FirstArgument(node), block = node.Field("block");
  if (Require(node, method, first)) return;
  if (block && WithBlock(node, method, owner, first, block)) return;
  if (IsVisibility(method) && first && first.IsOneOf({"method", "singleton_method"})) {
    const Prefix prefix(this, node);  // private def x
    Visit(first, owner);
    return;
  }
  NameSet binds;
  if (!owner.empty()) {
    // A call in the body of a class makes methods of the names it is given, or changes the class.
    const Node arguments = node.Field("arguments");
    for (const Node argument : arguments ? NamedChildren(arguments) : NodeRange(Node(), true)) {
      const absl::string_view name = LiteralName(argument);
      if (!name.empty()) AddWords(name, &binds);
    }
    if (binds.empty()) binds.insert(Keep(owner));
    Statement(node, owner, std::move(binds));
    return;
  }
  Statement(node, owner, {}).Set(kEffects);
}

bool RubyCutter::WithBlock(Node node, absl::string_view method, const std::string& owner,
                           Node first, Node block) {
  const Node body = block.Field("body");
  const absl::string_view title = LiteralName(first);
  const absl::string_view key =
      Keep(absl::StrReplaceAll(title.empty() ? TextOf(first) : title, {{".", " "}, {"#", " "}}));
  if (IsGroup(method)) {
    AddUnit(UnitKind::kCondition, absl::StrCat(method, " ", key), "", node, {.without = {body}});
    if (body) Body(body, "");
    return true;
  }
  if (IsExample(method)) {
    Function(node, key.empty() ? "example" : key, "", body, block.Field("parameters"));
    return true;
  }
  if (!title.empty() &&
      IsOneOf(method, {"let", "let!", "subject", "subject!", "define_method", "scope"})) {
    Function(node, key, owner, body, block.Field("parameters"));
    return true;
  }
  if (IsOneOf(method, {"subject", "subject!"})) {
    Function(node, "subject", owner, body, block.Field("parameters"));
    return true;
  }
  return false;
}

// Names that code puts together: `send("do_#{x}")`.
void RubyCutter::Used(Node node, UnitDraft* draft) {
  if (!grammar().Has(node, Grammar::kCall) || !node.Is("call")) return;
  const absl::string_view method = TextOf(node.Field("method"));
  const Node first = FirstArgument(node);
  if (!first || !TakesAName(method)) return;
  if (!LiteralName(first).empty()) return;
  const Node content = first.first_named_child();
  const bool begins = content && content.Is("string_content") && IsWord(content.text());
  draft->fragments.insert(begins ? content.text() : "");
}

// Whether it leaves something behind: in a class, a global or a constant; in an instance variable
// of the class itself, for a method of the class.
bool RubyCutter::KeepsState(Node body, bool of_class) const {
  for (uint32_t i = body.index(); i < body.subtree_end(); ++i) {
    const Node node = body.At(i);
    if (!grammar().Has(node, Grammar::kWrite)) continue;
    Node on = node.Field("left");
    if (node.Is("call")) {
      if (!IsOneOf(TextOf(node.Field("method")),
                   {"<<", "push", "store", "merge!", "update", "add", "delete", "clear", "concat",
                    "append", "register"})) {
        continue;
      }
      on = node.Field("receiver");
    }
    while (on && on.Is("element_reference")) on = on.Field("object");
    if (!on) continue;
    if (on.IsOneOf({"class_variable", "global_variable", "constant"})) return true;
    if (of_class && on.Is("instance_variable")) return true;
  }
  return false;
}

void RubyCutter::Finished(Node root) {
  for (const auto& [draft, body] : bodies_) {
    bool of_class = false;
    for (Node n = body.parent(); n && !of_class; n = n.parent()) {
      if (n.Is("singleton_method") || n.Is("singleton_class")) of_class = true;
      if (n.Is("class") || n.Is("module")) break;
    }
    if (KeepsState(body, of_class)) builder().drafts()[draft].Set(kMemo);
  }
  ForEachNode(root, [this](Node n) {
    if (!grammar().Has(n, Grammar::kCall) || !n.Is("call")) return;
    const absl::string_view method = TextOf(n.Field("method"));
    if (!IsOneOf(method, {"require", "require_relative", "load"})) return;
    const absl::string_view name = LiteralName(FirstArgument(n));
    if (name.empty()) return;
    builder().AddImport(method == "require_relative" ? kRubyRelative : kRubyRequire, name, "");
  });
}

}  // namespace testselect
