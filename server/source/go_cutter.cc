#include "server/source/go_cutter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "server/source/go_stdlib.h"
#include "server/source/grammars.h"
#include "server/source/words.h"

namespace testselect {
namespace {

const Grammar& GoGrammar() {
  static const Grammar& grammar = *new Grammar(
      tree_sitter_go(),
      {.names = {"identifier", "type_identifier", "package_identifier"},
       .member_names = {"field_identifier"},
       .strings = {"interpreted_string_literal_content", "raw_string_literal_content"},
       .verbatim = {"interpreted_string_literal", "raw_string_literal", "rune_literal"},
       .blocks = {"block", "if_statement", "for_statement", "expression_case", "type_case",
                  "communication_case", "default_case", "func_literal", "function_declaration",
                  "method_declaration", "type_switch_statement", "expression_switch_statement",
                  "select_statement"},
       .comments = {"comment"},
       .calls = {"call_expression"},
       .writes = {"assignment_statement", "inc_statement", "dec_statement", "unary_expression",
                  "call_expression"},
       .member_fields = {{"keyed_element", "key"}, {"qualified_type", "name"}},
       .declares = {{"short_var_declaration", "left"},
                    {"var_spec", "name"},
                    {"const_spec", "name"},
                    {"range_clause", "left"},
                    {"parameter_declaration", "name"},
                    {"variadic_parameter_declaration", "name"},
                    {"receive_statement", "left"},
                    {"type_switch_statement", "alias"},
                    {"type_parameter_declaration", "name"},
                    {"field_declaration", "name"}},
       .values = {"value", "right", "parameters", "arguments", "type"}});
  return grammar;
}

bool IsBuildTag(absl::string_view comment) {
  return absl::StartsWith(comment, "//go:build") || absl::StartsWith(comment, "// +build");
}

bool IsDirective(absl::string_view comment) {
  if (absl::StartsWith(comment, "//go:generate")) return false;  // for whoever runs it by hand
  return absl::StartsWith(comment, "//go:") || absl::StartsWith(comment, "//export ") ||
         absl::StartsWith(comment, "//line ") || absl::StartsWith(comment, "// +build");
}

absl::string_view Unquoted(absl::string_view text) {
  return text.size() < 2 ? text : text.substr(1, text.size() - 2);
}

// "v2" of "example.com/m/v2".
bool IsMajorVersion(absl::string_view part) {
  return part.size() > 1 && part[0] == 'v' &&
         std::all_of(part.begin() + 1, part.end(), absl::ascii_isdigit);
}

bool Guards(absl::string_view name) {
  const auto among = [name](absl::Span<const absl::string_view> words) {
    return std::find(words.begin(), words.end(), name) != words.end();
  };
  return among(kGoListsFiles) || among(kGoStartsProcesses);
}

// The name that code starts from: `x` of `x.y[1].z`, or null.
Node RootName(Node expression) {
  while (expression && !expression.Is("identifier")) {
    const bool inside = expression.IsOneOf({"selector_expression", "index_expression",
                                            "slice_expression", "parenthesized_expression",
                                            "unary_expression", "type_assertion_expression"});
    if (!inside) return Node();
    const Node operand = expression.Field("operand");
    expression = operand ? operand : expression.first_named_child();
  }
  return expression;
}

// Whether a method of this name likely changes what it is called on.
bool NamesAChange(absl::string_view method) {
  static constexpr absl::string_view kPrefixes[] = {
      "Add", "Append", "Clear", "Delete",  "Do",  "Insert", "Load", "Push", "Put",
      "Reg", "Remove", "Reset", "Replace", "Set", "Store",  "Swap", "Inc",  "Write"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [method](absl::string_view p) {
    return absl::StartsWithIgnoreCase(method, p);
  });
}

// Whether a variable with this declaration refers to something that functions can change.
bool HoldsReference(Node spec) {
  const absl::string_view type = spec.Field("type") ? spec.Field("type").text() : "";
  if (absl::StartsWith(type, "map[") || absl::StartsWith(type, "*") ||
      absl::StartsWith(type, "chan ") || absl::StartsWith(type, "sync.") ||
      absl::StartsWith(type, "atomic.") || absl::StartsWith(type, "[]")) {
    return true;
  }
  const std::string value =
      spec.Field("value") ? std::string(spec.Field("value").text().substr(0, 80)) : "";
  if (absl::StartsWith(value, "errors.")) return false;
  const absl::string_view called = absl::string_view(value).substr(0, value.find('('));
  return absl::StartsWith(value, "&") || absl::StartsWith(value, "map[") ||
         absl::StartsWith(value, "make(") || absl::StartsWith(value, "new(") ||
         absl::StartsWith(value, "sync.") ||
         (called.size() < value.size() && absl::StrContains(absl::AsciiStrToLower(called), "new"));
}

}  // namespace

GoCutter::GoCutter(const SyntaxTree& tree, NameTable* names)
    : GenericCutter(GoGrammar(), tree, names) {
  for (const Node child : Children(root())) {
    if (!child.Is("import_declaration")) continue;
    ForEachNode(child, [this](Node n) { uses_c_ = uses_c_ || n.text() == "\"C\""; });
  }
  MarkStandardNames();
}

// `errors.New` is not the New of any package here, nor `testing.T` its T. Unless something of the
// file has the local name of the package: then it may be a variable that is meant.
void GoCutter::MarkStandardNames() {
  NameSet standard;
  ForEachNode(root(), [&](Node n) {
    if (!n.Is("import_spec")) return;
    const absl::string_view path = Unquoted(n.Field("path").text());
    if (!IsGoStandardPackage(path)) return;
    const absl::string_view local =
        n.Field("name") ? n.Field("name").text() : NameOfGoStandardPackage(path);
    standard.insert(local);
    if (MakesOnlyValues(path)) standard_.insert(local);
  });
  if (standard.empty()) return;
  for (const absl::string_view declared : DeclaredBelow(root())) {
    standard.erase(declared);
    standard_.erase(declared);
  }
  ForEachNode(root(), [&](Node n) {
    const bool type = n.Is("qualified_type");
    if (!type && !n.Is("selector_expression")) return;
    const Node package = n.Field(type ? "package" : "operand");
    const Node name = n.Field(type ? "name" : "field");
    if (!package || !name || !standard.contains(package.text()) || Guards(name.text())) return;
    MarkForeign(name);
  });
}

bool GoCutter::Obeyed(Node comment) const {
  if (IsDirective(comment.text()) || uses_c_) return true;
  Node top = comment;
  while (top.parent() && top.parent() != root()) top = top.parent();
  const Node name = top.Field("name");  // "// Output:" is what an example's output is compared with
  return name && absl::StartsWith(name.text(), "Example");
}

bool GoCutter::MayAct(Node call) const {
  const Node function = call.Field("function");
  if (function && function.Is("identifier")) return !IsGoBuiltIn(function.text());
  if (function && function.Is("parenthesized_expression")) {  // (*T)(nil)
    return !function.first_named_child().Is("unary_expression");
  }
  if (!function || !function.Is("selector_expression")) return true;
  const Node package = function.Field("operand");
  const bool chain = package && package.Is("call_expression") && package.Field("function") &&
                     package.Field("function").Is("selector_expression");
  if (chain) return MayAct(package);  // template.New("a").Parse(text)
  return !package || !package.Is("identifier") || !standard_.contains(package.text());
}

void GoCutter::Comment(Node node) {
  if (absl::StartsWith(node.text(), "//go:embed")) {
    embeds_.push_back(node);
  } else if (IsBuildTag(node.text())) {
    AddUnit(UnitKind::kCondition, "build", "", node);
  } else {
    AddStatement(node, "", {});
  }
}

void GoCutter::Top(Node node, const std::string& owner) {
  const absl::string_view kind = node.kind();
  if (kind == "comment") {
    if (Obeyed(node)) Comment(node);
  } else if (kind == "package_clause") {
    AddUnit(UnitKind::kCondition, "package", "", node);
  } else if (kind == "function_declaration" || kind == "method_declaration") {
    Function(node);
  } else if (kind == "import_spec") {
    Import(node);
  } else if (kind == "type_spec" || kind == "type_alias") {
    Type(node);
  } else if (kind == "var_spec") {
    Variable(node);
  } else if (kind == "const_declaration") {
    Constants(node);
  } else if (kind == "import_declaration" || kind == "type_declaration" ||
             kind == "var_declaration" || kind == "import_spec_list" || kind == "var_spec_list") {
    AccountLeaves(node);
    for (const Node child : Children(node)) Visit(child, owner);
  } else if (node.is_named()) {
    AddStatement(node, "", {});
  }
}

void GoCutter::Function(Node node) {
  const Node name = node.Field("name");
  FunctionParts f{.node = node,
                  .name = name ? name.text() : "",
                  .owner = "",
                  .body = node.Field("body"),
                  .parameters = Node()};
  for (const absl::string_view field : {"receiver", "parameters", "result"}) {
    const Node list = node.Field(field);
    if (!list || !list.Is("parameter_list")) continue;
    // Those of a parameter's own type, func(limit int), are not the function's.
    for (const Node parameter : NamedChildren(list)) {
      const NameSet names = Declared(parameter);
      f.declared.insert(names.begin(), names.end());
    }
  }
  if (const Node receiver = node.Field("receiver")) {
    if (name) MarkForeign(name);  // that it is so called is no use of another class' method
    for (uint32_t i = receiver.index(); i < receiver.subtree_end() && f.owner.empty(); ++i) {
      if (receiver.At(i).Is("type_identifier")) f.owner = receiver.At(i).text();
    }
  } else if (f.name == "init") {
    f.header_flags = kEverywhere;
  }
  UnitDraft& last = AddFunction(f);
  if (!f.body) return;
  last.lines.first = node.first_line();  // where tools that record functions see it entered
  bodies_.emplace_back(builder().drafts().size() - 1, f.body);
}

// iota counts lines: a group that uses it, or repeats values by leaving them out, is one unit.
void GoCutter::Constants(Node node) {
  AccountLeaves(node);
  std::vector<Node> specs;
  bool counted = false;
  ForEachNode(node, [&](Node n) {
    if (n.Is("iota")) counted = true;
  });
  for (const Node child : Children(node)) {
    if (child.Is("comment") && Obeyed(child)) Comment(child);
    if (!child.Is("const_spec")) continue;
    specs.push_back(child);
    if (!child.Field("value")) counted = true;
  }
  const auto add = [this](Node whole, const std::vector<Node>& group) {
    NameSet binds;
    for (const Node spec : group) {
      for (const absl::string_view name : Declared(spec)) binds.insert(name);
    }
    binds.erase("_");
    AddStatement(whole, "", std::move(binds), {.parts = group});
  };
  if (counted && !specs.empty()) {
    add(node, specs);
    return;
  }
  for (const Node spec : specs) add(spec, {spec});
}

void GoCutter::Import(Node node) {
  const absl::string_view path = Unquoted(node.Field("path").text());
  const Node alias = node.Field("name");
  std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  while (parts.size() > 1 && IsMajorVersion(parts.back())) parts.pop_back();
  const absl::string_view local = alias ? alias.text() : parts.back();
  UnitDraft& unit = AddUnit(UnitKind::kImport, absl::StrCat(local, " ", path), "", node);
  unit.SetSource(kGoPackage, path, local == "." ? "*" : "");
  unit.free.clear();
  unit.members.clear();
  if (local == "_" || local == ".") {
    unit.Set(kEffects);
    return;
  }
  unit.binds = {local};
  if (alias || path == "C") {
    imported_.insert(local);
    return;
  }
  // What a package calls itself stands in its own files: gopkg.in/yaml.v3 is yaml, go-cmp is cmp.
  AddWords(local, &unit.binds);
  unit.binds.insert(Keep(absl::StrReplaceAll(local, {{"-", ""}})));
  unit.binds.insert(Keep(absl::StrReplaceAll(local, {{"-", "_"}})));
  for (const absl::string_view name : unit.binds) imported_.insert(name);
  guessed_.push_back(builder().drafts().size() - 1);
}

void GoCutter::Variable(Node node) {
  NameSet binds = Declared(node);
  binds.erase("_");
  if (HoldsReference(node)) shared_.insert(binds.begin(), binds.end());
  UnitParts parts{.parts = embeds_};
  parts.parts.push_back(node);
  const bool assertion = binds.empty() && embeds_.empty() && !Acts(node);
  UnitDraft& unit = AddStatement(node, "", std::move(binds), parts);
  // `var _ Shape = (*Square)(nil)` asks the compiler, and does nothing.
  if (assertion) unit.Set(kEffects, false);
  if (embeds_.empty()) return;
  std::vector<absl::string_view> patterns;
  for (const Node comment : embeds_) {
    patterns.push_back(absl::StripAsciiWhitespace(absl::StripPrefix(comment.text(), "//go:embed")));
  }
  unit.SetSource(kGoEmbed, absl::StrJoin(patterns, " "), "");
  embeds_.clear();
}

void GoCutter::Type(Node node) {
  const Node name = node.Field("name"), type = node.Field("type");
  const absl::string_view of = name ? name.text() : "";
  AddClass(node, of, Node());
  if (!type || !type.IsOneOf({"struct_type", "interface_type"})) return;
  const Node list = type.Is("struct_type") ? type.last_child() : type;
  if (!list) return;
  for (const Node member : Children(list)) Member(member, of);
}

void GoCutter::Member(Node member, absl::string_view of) {
  if (member.Is("method_elem") && member.Field("name")) {
    AddFunction({.node = member,
                 .name = member.Field("name").text(),
                 .owner = of,
                 .body = Node(),
                 .parameters = Node()});
  } else if (member.Is("field_declaration")) {
    const NameSet declared = Declared(member);
    if (!declared.empty()) AddStatement(member, of, declared);
  }
}

void GoCutter::Finished(Node) {
  for (const Node comment : embeds_) AddStatement(comment, "", {});  // of no variable
  MarkUnnamedImports();
  MarkWriters();
}

// An import that nobody names as we guessed is named in another way: everybody may depend on it.
void GoCutter::MarkUnnamedImports() {
  for (const size_t draft : guessed_) {
    UnitDraft& import = builder().drafts()[draft];
    bool used = false;
    for (const UnitDraft& unit : builder().drafts()) {
      for (const absl::string_view name : import.binds) {
        used = used || (&unit != &import && unit.free.contains(name));
      }
      if (used) break;
    }
    if (!used) import.Set(kEffects);
  }
}

// Variables of a package live as long as its test process: who writes to one leaves something
// behind for tests that run later.
void GoCutter::MarkWriters() {
  for (const auto& [draft, body] : bodies_) {
    UnitDraft& unit = builder().drafts()[draft];
    if (WritesSharedState(body, unit.free)) unit.Set(kMemo);
  }
}

bool GoCutter::WritesSharedState(Node body, const NameSet& free) const {
  const auto is_free = [&free](Node name) { return name && free.contains(name.text()); };
  for (uint32_t i = body.index(); i < body.subtree_end(); ++i) {
    const Node node = body.At(i);
    if (!grammar().Has(node, Grammar::kWrite)) continue;
    if (node.Is("assignment_statement")) {
      for (const Node left : NamedChildren(node.Field("left"))) {
        if (left.text() != "_" && is_free(RootName(left))) return true;
      }
    } else if (node.IsOneOf({"inc_statement", "dec_statement"})) {
      if (is_free(RootName(node.first_named_child()))) return true;
    } else if (node.Is("call_expression")) {
      if (Mutates(node, free)) return true;
    } else if (absl::StartsWith(node.text(), "&")) {
      if (is_free(RootName(node.Field("operand")))) return true;
    }
  }
  return false;
}

bool GoCutter::Mutates(Node call, const NameSet& free) const {
  const Node function = call.Field("function");
  if (function && function.Is("selector_expression")) {
    const Node on = RootName(function.Field("operand"));
    if (on && free.contains(on.text()) && !imported_.contains(on.text()) &&
        (shared_.contains(on.text()) || NamesAChange(function.Field("field").text()))) {
      return true;
    }
  }
  for (const Node argument : NamedChildren(call.Field("arguments"))) {
    const bool handed_on = argument.Is("identifier") && shared_.contains(argument.text()) &&
                           free.contains(argument.text());
    const bool reads = function && (function.text() == "len" || function.text() == "cap");
    if (handed_on && !reads) return true;
  }
  return false;
}

}  // namespace testselect
