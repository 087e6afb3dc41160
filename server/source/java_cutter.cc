#include "server/source/java_cutter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/source/grammars.h"

namespace testselect {
namespace {

const Grammar& JavaGrammar() {
  static const Grammar& grammar = *new Grammar(
      tree_sitter_java(),
      {.names = {"identifier", "type_identifier"},
       .strings = {"string_fragment"},
       .verbatim = {"string_literal", "character_literal"},
       .blocks = {"block", "lambda_expression", "for_statement", "enhanced_for_statement",
                  "catch_clause", "constructor_body", "try_with_resources_statement",
                  "method_declaration", "constructor_declaration", "switch_block"},
       .methods = {"method_declaration", "constructor_declaration",
                   "compact_constructor_declaration"},
       .nests = {"class_declaration", "interface_declaration", "enum_declaration",
                 "record_declaration", "annotation_type_declaration", "class_body",
                 "interface_body", "enum_body", "enum_body_declarations", "annotation_type_body"},
       .comments = {"line_comment", "block_comment"},
       .calls = {"method_invocation", "object_creation_expression"},
       .writes = {"assignment_expression", "update_expression", "method_invocation"},
       .member_fields = {{"method_invocation", "name"}, {"field_access", "field"}},
       .declares = {{"formal_parameter", "name"},
                    {"variable_declarator", "name"},
                    {"enhanced_for_statement", "name"},
                    {"catch_formal_parameter", "name"},
                    {"lambda_expression", "parameters"},
                    {"resource", "name"},
                    {"instanceof_expression", "name"}},
       .values = {"value", "right", "arguments", "type"}});
  return grammar;
}

absl::string_view TextOf(Node node) { return node ? node.text() : ""; }

bool IsType(absl::string_view kind) {
  return kind == "class_declaration" || kind == "interface_declaration" ||
         kind == "enum_declaration" || kind == "record_declaration" ||
         kind == "annotation_type_declaration";
}

bool IsMethod(absl::string_view kind) {
  return kind == "method_declaration" || kind == "constructor_declaration" ||
         kind == "compact_constructor_declaration";
}

bool IsStatic(Node declaration) {
  for (const Node child : Children(declaration)) {
    if (child.Is("modifiers") && absl::StrContains(child.text(), "static")) return true;
  }
  return false;
}

bool ChangesWhatItIsCalledOn(absl::string_view method) {
  static constexpr absl::string_view kPrefixes[] = {
      "add",  "clear", "compute",  "increment", "merge", "offer",     "poll",
      "push", "put",   "register", "remove",    "set",   "getAndSet", "getAndInc"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [method](absl::string_view p) { return absl::StartsWith(method, p); });
}

}  // namespace

JavaCutter::JavaCutter(const SyntaxTree& tree, NameTable* names)
    : GenericCutter(JavaGrammar(), tree, names) {}

void JavaCutter::Top(Node node, const std::string& owner) {
  const absl::string_view kind = node.kind();
  if (kind == "package_declaration") {
    Node name;  // the last of them: annotations stand before
    for (const Node child : NamedChildren(node)) name = child;
    builder().SetPackage(Keep(Squeezed(TextOf(name))));
    AddUnit(UnitKind::kCondition, "package", "", node);
  } else if (kind == "import_declaration") {
    Import(node);
  } else if (IsType(kind)) {
    Type(node);
  } else if (IsMethod(kind)) {
    Method(node, owner);
  } else if (kind == "field_declaration" || kind == "constant_declaration") {
    Field(node, owner);
  } else if (kind == "enum_constant" || kind == "annotation_type_element_declaration") {
    AddStatement(node, owner, {TextOf(node.Field("name"))});
  } else if (kind == "enum_body_declarations") {
    for (const Node child : NamedChildren(node)) Visit(child, owner);
  } else if (node.is_named()) {
    AddStatement(node, owner, {});
    CalledAtStart(node);
  }
}

void JavaCutter::Import(Node node) {
  absl::string_view path = absl::StripAsciiWhitespace(absl::StripPrefix(node.text(), "import"));
  path = absl::StripAsciiWhitespace(absl::StripSuffix(path, ";"));
  absl::string_view bare = path;
  if (absl::ConsumePrefix(&bare, "static")) bare = absl::StripAsciiWhitespace(bare);
  const absl::string_view name = bare.substr(bare.rfind('.') + 1);
  UnitDraft& unit = AddUnit(UnitKind::kImport, std::string(path), "", node);
  unit.free.clear();
  unit.members.clear();
  unit.SetSource(0, bare, "");
  if (name != "*") unit.binds = {name};
}

void JavaCutter::Type(Node node) {
  const absl::string_view name = TextOf(node.Field("name"));
  AddClass(node, name, node.Field("body"));
  const Node components = node.Field("parameters");  // of a record: what its accessors are called
  if (!node.Is("record_declaration") || !components) return;
  for (const Node component : NamedChildren(components)) {
    if (const Node called = component.Field("name")) {
      AddStatement(component, name, {called.text()});
    }
  }
}

void JavaCutter::Method(Node node, const std::string& owner) {
  const Node parameters = node.Field("parameters"), body = node.Field("body");
  UnitDraft& last = AddFunction({.node = node,
                                 .name = TextOf(node.Field("name")),
                                 .owner = owner,
                                 .body = body,
                                 .parameters = parameters,
                                 .overload = absl::StrCat("#", Squeezed(TextOf(parameters)))});
  if (!body) return;
  last.lines.first = node.first_line();  // a constructor begins where it is declared
  bodies_.emplace_back(builder().drafts().size() - 1, body);
}

void JavaCutter::Field(Node node, const std::string& owner) {
  NameSet names;
  for (const Node child : Children(node)) {
    if (child.Is("variable_declarator")) names.insert(TextOf(child.Field("name")));
  }
  const bool is_static = node.Is("constant_declaration") || IsStatic(node);
  if (is_static) statics_.insert(names.begin(), names.end());
  AddStatement(node, owner, std::move(names));
  if (is_static) CalledAtStart(node);
}

void JavaCutter::CalledAtStart(Node node) {
  ForEachNode(node, [this](Node n) {
    if (!grammar().Has(n, Grammar::kCall)) return;
    const Node called = n.Field(n.Is("method_invocation") ? "name" : "type");
    if (called) at_start_.insert(called.text().substr(0, called.text().find('<')));
  });
}

bool JavaCutter::WritesSharedState(Node body, const NameSet& free) const {
  for (uint32_t i = body.index(); i < body.subtree_end(); ++i) {
    const Node node = body.At(i);
    if (!grammar().Has(node, Grammar::kWrite)) continue;
    Node on = node.Field("left");
    if (node.Is("update_expression")) on = node.first_named_child();
    if (node.Is("method_invocation")) {
      if (!ChangesWhatItIsCalledOn(TextOf(node.Field("name")))) continue;
      on = node.Field("object");
    }
    while (on && on.IsOneOf({"field_access", "array_access", "parenthesized_expression"})) {
      // Class.field = ...
      const Node field = on.Field("field"), object = on.Field("object");
      if (field && object && statics_.contains(field.text())) return true;
      if (field && object && object.Is("identifier") && !object.text().empty() &&
          absl::ascii_isupper(static_cast<unsigned char>(object.text()[0]))) {
        return true;
      }
      on = object ? object : on.first_named_child();
    }
    if (on && on.Is("identifier") && statics_.contains(on.text()) && free.contains(on.text())) {
      return true;
    }
  }
  return false;
}

// What an initialiser of a class calls runs in the first test that loads the class, and its result
// is there for all.
void JavaCutter::Finished(Node) {
  for (const auto& [draft, body] : bodies_) {
    UnitDraft& unit = builder().drafts()[draft];
    if (at_start_.contains(NameOfKey(unit.key)) || WritesSharedState(body, unit.free)) {
      unit.Set(kMemo);
    }
  }
}

}  // namespace testselect
