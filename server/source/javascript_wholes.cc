// The part of JavaScriptCutter that is about modules used as a whole: Object.values(module),
// {...module}, module[name], a call with the module as an argument. Members that are taken out by
// name are followed by their names instead.
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/source/javascript_cutter.h"

namespace testselect {
namespace {

absl::string_view TextOf(Node node) { return node ? node.text() : ""; }

// Whether a pattern takes all that it does not name.
bool TakesTheRest(Node pattern) {
  if (!pattern || !pattern.Is("object_pattern")) return true;
  for (const Node part : NamedChildren(pattern)) {
    if (part.Is("rest_pattern")) return true;
  }
  return false;
}

bool Compares(Node expression) {
  const absl::string_view with = TextOf(expression.Field("operator"));
  return with == "===" || with == "!==" || with == "==" || with == "!=" || with == "instanceof";
}

}  // namespace

bool IsTakenWhole(Node value) {
  if (value.Is("shorthand_property_identifier_pattern")) return false;
  const bool name = value.Is("identifier");
  Node parent = value.parent();
  while (parent && parent.IsOneOf({"await_expression", "parenthesized_expression"})) {
    value = parent;
    parent = parent.parent();
  }
  if (!parent) return false;
  const auto is = [&](absl::string_view field) { return parent.Field(field) == value; };
  // import('./m').then(f): the callback is given all of it.
  if (!name && TextOf(parent.Field("property")) == "then") return true;
  if (parent.IsOneOf({"member_expression", "new_expression", "call_expression"})) {
    return !is("object") && !is("constructor") && !is("function");
  }
  if (parent.Is("subscript_expression")) {
    const Node index = parent.Field("index");
    return is("object") && !(index && index.IsOneOf({"string", "number"}));
  }
  if (parent.Is("variable_declarator")) {
    // The variable of a module that is loaded here stands for the module.
    const Node target = parent.Field("name");
    const bool variable = target && target.Is("identifier");
    if (is("name") || (variable && !name)) return false;
    return variable || TakesTheRest(target);
  }
  if (parent.Is("assignment_expression")) {
    return is("right") && TakesTheRest(parent.Field("left"));
  }
  if (parent.IsOneOf({"arrow_function", "for_in_statement", "assignment_pattern"})) {
    return is("body") || is("right");
  }
  if (parent.Is("export_specifier")) return is("name");
  if (parent.Is("binary_expression")) return !Compares(parent);
  return !parent.IsOneOf({"import_clause",
                          "namespace_import",
                          "import_specifier",
                          "import_require_clause",
                          "namespace_export",
                          "expression_statement",
                          "if_statement",
                          "class_heritage",
                          "unary_expression",
                          "formal_parameters",
                          "required_parameter",
                          "optional_parameter",
                          "catch_clause",
                          "function_declaration",
                          "function_expression",
                          "generator_function",
                          "generator_function_declaration",
                          "class_declaration",
                          "class",
                          "extends_clause",
                          "object_pattern",
                          "array_pattern",
                          "rest_pattern",
                          "pair_pattern",
                          "jsx_opening_element",
                          "jsx_closing_element",
                          "jsx_self_closing_element",
                          "nested_identifier",
                          "decorator"});
}

void JavaScriptCutter::AddModuleName(Node local, const Source& source) {
  if (!local || source.module.substr(0, 5) == "node:") return;
  module_names_[local.text()].push_back(source);
  Whole(source);
}

void JavaScriptCutter::FindModuleNames() {
  if (module_names_known_) return;
  module_names_known_ = true;
  const uint16_t import = grammar().Symbol("import_statement");
  const uint16_t declarator = grammar().Symbol("variable_declarator");
  const uint16_t clause = grammar().Symbol("import_clause");
  const uint16_t specifier = grammar().Symbol("import_specifier");
  absl::string_view module;  // of the statement around
  ForEachNode(root(), [&](Node n) {
    if (n.symbol() == import) {
      const absl::string_view quoted = TextOf(n.Field("source"));
      module = quoted.size() < 2 ? "" : quoted.substr(1, quoted.size() - 2);
    } else if (n.symbol() == specifier) {
      const Node alias = n.Field("alias");
      if (TextOf(n.Field("name")) == "default") AddModuleName(alias, {kJsModule, module});
    } else if (n.symbol() == clause) {
      for (const Node part : NamedChildren(n)) {
        if (part.Is("identifier")) AddModuleName(part, {kJsModule, module});
        if (part.Is("namespace_import")) {
          AddModuleName(part.first_named_child(), {kJsModule, module});
        }
      }
    } else if (n.symbol() == declarator) {
      const Node target = n.Field("name");
      Node value = n.Field("value");
      if (value && value.Is("await_expression")) value = value.first_named_child();
      if (!target || !target.Is("identifier")) return;
      if (const auto source = Loaded(value)) AddModuleName(target, *source);
    }
  });
}

// The name that a module as a whole has in this file.
absl::string_view JavaScriptCutter::Whole(const Source& source) {
  absl::string_view& name = wholes_[{source.level, source.module}];
  if (name.empty()) {
    name = Keep(absl::StrCat("<all of ", source.module, source.level == kJsModule ? ">" : "*>"));
  }
  return name;
}

void JavaScriptCutter::Used(Node node, UnitDraft* draft) {
  if (grammar().Has(node, Grammar::kCall)) {
    if (const auto source = Loaded(node)) {
      // What is loaded in the middle of an expression: what it exports is used.
      draft->members.insert("default");
      if (IsTakenWhole(node)) draft->free.insert(Whole(*source));
    }
  }
  FindModuleNames();
  if (module_names_.empty()) return;
  for (const Node child : Children(node)) {
    if ((grammar().Roles(child) & (Grammar::kName | Grammar::kBoth)) == 0) continue;
    const auto it = module_names_.find(child.text());
    if (it == module_names_.end() || !IsTakenWhole(child)) continue;
    for (const Source& source : it->second) draft->free.insert(Whole(source));
  }
}

void JavaScriptCutter::AddWholes() {
  FindModuleNames();
  for (const auto& [source, name] : wholes_) {
    UnitDraft& unit = builder().Add(UnitKind::kImport, std::string(name), "");
    unit.fingerprint = Digest::Of(name);
    unit.lines = {1, 1};
    unit.binds = {name};
    unit.SetSource(source.first, source.second, kExports);
  }
}

}  // namespace testselect
