#include "server/source/cpp_cutter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/source/words.h"

namespace testselect {
namespace {

bool IsConditional(absl::string_view kind) {
  return kind == "preproc_if" || kind == "preproc_ifdef" || kind == "preproc_elif" ||
         kind == "preproc_elifdef" || kind == "preproc_else";
}

bool IsAggregate(absl::string_view kind) {
  return kind == "class_specifier" || kind == "struct_specifier" || kind == "union_specifier";
}

bool IsDeclaration(absl::string_view kind) {
  return kind == "function_definition" || kind == "declaration" || kind == "field_declaration" ||
         kind == "type_definition" || kind == "friend_declaration";
}

bool IsWordChar(char c) { return c == '_' || absl::ascii_isalnum(static_cast<unsigned char>(c)); }

// TEST, BENCHMARK_F: no lower-case letter, and some letter.
bool IsAllCapitals(absl::string_view name) {
  return std::any_of(name.begin(), name.end(), absl::ascii_isupper) &&
         std::none_of(name.begin(), name.end(), absl::ascii_islower);
}

// The name that a using-declaration brings here; none for what brings several, or all of them.
NameSet UsedName(absl::string_view text) {
  absl::ConsumeSuffix(&text, ";");
  const absl::string_view name =
      absl::StripAsciiWhitespace(text.substr(std::min(text.size(), text.rfind("::") + 2)));
  const bool one = absl::StrContains(text, "::") && IsWord(name) &&
                   !absl::StrContains(text, " namespace ") && !absl::StrContains(text, " enum ") &&
                   !absl::StrContains(text, ",");
  return one ? NameSet{name} : NameSet{};
}

Node LastItem(Node node) {
  Node last;
  for (const Node child : NamedChildren(node)) {
    if (!child.Is("comment")) last = child;
  }
  return last;
}

// Names that a macro makes by pasting: what is written beside `##` and is no parameter.
void AddFragments(absl::string_view text, const NameSet& parameters, NameSet* out) {
  for (size_t at = text.find("##"); at != absl::string_view::npos; at = text.find("##", at + 2)) {
    size_t begin = at, end = at + 2;
    while (begin > 0 && absl::ascii_isspace(static_cast<unsigned char>(text[begin - 1]))) --begin;
    size_t word = begin;
    while (word > 0 && IsWordChar(text[word - 1])) --word;
    const absl::string_view before = text.substr(word, begin - word);
    while (end < text.size() && absl::ascii_isspace(static_cast<unsigned char>(text[end]))) ++end;
    word = end;
    while (word < text.size() && IsWordChar(text[word])) ++word;
    const absl::string_view after = text.substr(end, word - end);
    bool any = false;
    for (const absl::string_view part : {before, after}) {
      if (part.empty() || parameters.contains(part)) continue;
      out->insert(part);
      any = true;
    }
    if (!any) out->insert("");
  }
}

}  // namespace

bool CppLooksFor(absl::string_view name) {
  static constexpr absl::string_view kNames[] = {"begin", "end",   "get", "what",
                                                 "swap",  "value", "type"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

CppCutter::CppCutter(const Grammar& grammar, const SyntaxTree& tree, NameTable* names)
    : GenericCutter(grammar, tree, names) {}

void CppCutter::Item(Node whole, Node node, const std::string& owner) {
  const absl::string_view kind = node.kind();
  if (!node.is_named() || kind == "comment") return;
  if (kind == "preproc_include") {
    Include(node);
  } else if (kind == "preproc_def" || kind == "preproc_function_def") {
    Macro(node);
  } else if (IsConditional(kind)) {
    Conditional(node, owner);
  } else if (kind == "preproc_call" && Squeezed(TextOf(node.Field("argument"))) == "once") {
    Account(node);
  } else if (kind == "namespace_definition" || kind == "linkage_specification" ||
             kind == "declaration_list") {
    Namespace(node, owner);
  } else if (kind == "template_declaration") {
    const Node last = LastItem(node);
    if (last) Item(whole == node ? node : whole, last, owner);
  } else if (IsAggregate(kind)) {
    Aggregate(whole, node);
  } else if (kind == "enum_specifier") {
    Enumeration(node, owner);
  } else if (IsDeclaration(kind)) {
    Declaration(whole, node, owner);
  } else if (kind == "alias_declaration" || kind == "concept_definition") {
    AddStatement(whole, owner, {TextOf(node.Field("name"))});
  } else if (kind == "using_declaration") {
    AddStatement(whole, owner, UsedName(node.text()));
  } else if (kind != "access_specifier" && kind != "base_class_clause") {
    AddStatement(whole, owner, {});  // instantiations, calls of macros
  }
}

void CppCutter::Macro(Node node) {
  const absl::string_view name = TextOf(node.Field("name"));
  NameSet parameters;
  if (const Node list = node.Field("parameters")) {
    for (const Node p : NamedChildren(list)) parameters.insert(p.text());
  }
  UnitDraft& unit = AddStatement(node, "", {name});
  unit.free.erase(name);
  for (const absl::string_view parameter : parameters) unit.free.erase(parameter);
  AddFragments(node.text(), parameters, &unit.fragments);
}

void CppCutter::Conditional(Node node, const std::string& owner) {
  const Node condition = node.Field("condition");
  const Node test = condition ? condition : node.Field("name");
  const Node directive = node.first_child();
  const std::string mark = absl::StrCat(TextOf(directive), " ", Squeezed(TextOf(test)));
  AccountLeaves(node);
  if (test) {
    AddUnit(UnitKind::kCondition, mark, owner, node, {.parts = {directive, test}});
  }
  const Context context(this, Node(), mark);
  for (const Node child : Children(node)) {
    if (child != directive && child != test) Visit(child, owner);
  }
}

void CppCutter::Namespace(Node node, const std::string& owner) {
  if (node.Is("declaration_list")) {
    for (const Node child : Children(node)) Visit(child, owner);
    return;
  }
  const Node name = node.Field("name"), value = node.Field("value"), body = node.Field("body");
  for (const Node part : {name, value}) {
    if (part) Account(part);
  }
  const Context context(this, node, absl::StrCat(TextOf(name), TextOf(value)));
  const size_t before = namespaces_.size();
  for (const absl::string_view part : absl::StrSplit(TextOf(name), "::", absl::SkipEmpty())) {
    namespaces_.push_back(Squeezed(part));
  }
  if (body) Visit(body, owner);
  namespaces_.resize(before);
}

void CppCutter::Aggregate(Node whole, Node node) {
  const Node name = node.Field("name"), body = node.Field("body");
  const bool special = name && name.Is("template_type");
  absl::string_view simple = TextOf(special ? name.Field("name") : name);
  if (simple.empty()) simple = "<unnamed>";
  if (body) {
    AddClass(whole, simple, body, special ? absl::StrCat("#", name.text()) : "");
  } else {
    AddStatement(whole, "", {simple});  // declared, defined elsewhere
  }
}

void CppCutter::Enumeration(Node node, const std::string& owner) {
  NameSet binds;
  if (node.Field("name")) binds.insert(node.Field("name").text());
  ForEachNode(node, [&binds](Node n) {
    if (n.Is("enumerator")) binds.insert(TextOf(n.Field("name")));
  });
  AddStatement(node, owner, std::move(binds));
}

void CppCutter::Declaration(Node whole, Node node, const std::string& owner) {
  const Node type = node.Field("type");
  if (type && (IsAggregate(type.kind()) || type.Is("enum_specifier")) && type.Field("body")) {
    Visit(type, owner);
  }
  Declarator d;
  d.node = node.Field("declarator");
  while (d.node && d.node.IsOneOf({"pointer_declarator", "reference_declarator"})) {
    const Node inner = d.node.Field("declarator");
    d.node = inner ? inner : d.node.last_child();
  }
  d.function = d.node && d.node.Is("function_declarator");
  if (!d.node || (!d.function && !node.Is("function_definition"))) {
    Variable(whole, node, owner, d.node);
    return;
  }
  d.owner = owner;
  Name(node, &d);
  NameTest(node, &d);
  NameOperator(d.node.Field("parameters"), &d);
  Function(whole, node, d);
}

void CppCutter::Variable(Node whole, Node node, const std::string& owner, Node declarator) {
  NameSet binds = Declared(node);
  if (binds.empty() && !(node.Is("declaration") && declarator)) {
    if (!owner.empty() || node.Is("type_definition")) return;  // its class has its tokens
    if (!node.Field("type") || !node.Field("type").Field("body")) AddStatement(whole, owner, {});
    return;
  }
  const absl::string_view text = node.text();
  const bool constant =
      absl::StartsWith(text, "const") || absl::StrContains(text.substr(0, 64), " const");
  if (owner.empty() && node.Is("declaration") && !constant) {
    globals_.insert(binds.begin(), binds.end());
  }
  AddStatement(whole, owner, std::move(binds));
  // `static Item two;` calls a constructor.
  const Node type = node.Field("type");
  const bool made = type && !type.IsOneOf({"primitive_type", "sized_type_specifier"});
  if (owner.empty() && node.Is("declaration") && made && !absl::StartsWith(text, "extern")) {
    MarkCaller();
  }
}

// A scope before the name of a function is a class unless it is an open namespace. A guess; if it
// is wrong, members and names swap, and both are looked up by name anyway.
void CppCutter::Name(Node node, Declarator* d) {
  const Node inner = d->node.Is("operator_cast") ? Node() : d->node.Field("declarator");
  d->target = inner ? inner : d->node;
  while (d->target.Is("qualified_identifier")) {
    const Node scope = d->target.Field("scope"), name = d->target.Field("name");
    if (!name) break;
    d->target = name;
    if (!scope) continue;
    d->owner = std::string(scope.text().substr(0, scope.text().find('<')));
    if (!name.Is("qualified_identifier") &&
        std::find(namespaces_.begin(), namespaces_.end(), d->owner) != namespaces_.end()) {
      d->owner.clear();
    }
  }
  const bool specialised = d->target.IsOneOf({"template_function", "template_method"});
  d->name = TextOf(specialised ? d->target.Field("name") : d->target);
  if (d->target.Is("operator_cast")) {
    d->name = Keep(absl::StrCat("operator ", Squeezed(TextOf(d->target.Field("type")))));
  }
  d->overload = absl::StrCat("#", Squeezed(TextOf(d->node.Field("parameters"))));
  if (node.Is("friend_declaration")) d->owner.clear();
}

// TEST(Suite, Case) { ... } parses as a function without a type.
void CppCutter::NameTest(Node node, Declarator* d) {
  const Node parameters = d->node.Field("parameters");
  if (node.Field("type") || !d->owner.empty() || !node.Field("body") || !parameters ||
      !IsAllCapitals(d->name)) {
    return;
  }
  std::string name;
  absl::string_view last;
  for (const Node parameter : NamedChildren(parameters)) {
    last = parameter.text();
    absl::StrAppend(&name, name.empty() ? "" : ".", last);
  }
  if (name.empty()) return;
  d->name = Keep(std::move(name));
  d->overload.clear();
  d->binds = {last};
}

// Nobody names an operator: who uses the types of its operands may use it, or the suffix of a
// literal.
void CppCutter::NameOperator(Node parameters, Declarator* d) {
  const bool is_operator = absl::StartsWith(d->name, "operator");
  if (!d->owner.empty() || !parameters || (!is_operator && !CppLooksFor(d->name))) return;
  absl::string_view suffix = d->name;
  if (absl::ConsumePrefix(&suffix, "operator\"\"")) suffix = absl::StripAsciiWhitespace(suffix);
  d->binds = {d->name, suffix};
  ForEachNode(parameters, [d](Node n) {
    if (n.Is("type_identifier")) d->binds.insert(n.text());
  });
}

// A constant expression is evaluated by the compiler, a placeholder's type is what the body says:
// users of such a function see its body without calling it.
bool CppCutter::ResultTravels(Node node, Node declarator) const {
  bool trailing = false;
  for (const Node child : Children(declarator)) {
    trailing = trailing || child.Is("trailing_return_type");
  }
  const Node type = node.Field("type");
  if (type && type.Is("placeholder_type_specifier") && !trailing) return true;
  for (const Node child : NamedChildren(node)) {
    const absl::string_view word = child.text();
    if (word == "constexpr" || word == "consteval" || word == "constinit") return true;
  }
  return false;
}

void CppCutter::Function(Node whole, Node node, const Declarator& d) {
  FunctionParts f{.node = whole,
                  .name = d.name,
                  .owner = d.owner,
                  .body = node.Field("body"),
                  .parameters = d.node.Field("parameters"),
                  .overload = d.overload};
  if (!d.binds.empty()) f.binds = d.binds;
  if (ResultTravels(node, d.node)) f.body_flags = kMemo;
  // Being so called is no use of the name. Without a type it may be a macro's.
  const bool own_name = node.Field("type") || d.name == d.owner;
  if (own_name && !IsAllCapitals(d.name) && !d.target.has_children()) MarkForeign(d.target);
  UnitDraft& last = AddFunction(f);
  if (!f.body) return;
  last.lines.first = node.first_line();  // where tools count the call
  const NameSet parameters = last.parameters;
  for (const Node child : Children(node)) {
    if (child.Is("field_initializer_list")) AddUses(child, parameters, &last);
  }
  bodies_.emplace_back(builder().drafts().size() - 1, f.body);
}

bool CppCutter::KeepsState(Node body, const NameSet& free) const {
  for (uint32_t i = body.index(); i < body.subtree_end(); ++i) {
    const Node node = body.At(i);
    if (!grammar().Has(node, Grammar::kWrite)) continue;
    if (node.Is("declaration")) {
      const absl::string_view text = node.text();
      if (!absl::StartsWith(text, "static ") && !absl::StartsWith(text, "thread_local ")) continue;
      if (absl::StrContains(text.substr(0, 40), "constexpr")) continue;
      return true;
    }
    Node left = node.Field(node.Is("update_expression") ? "argument" : "left");
    while (left && !left.Is("identifier")) left = left.first_named_child();
    if (left && free.contains(left.text()) && globals_.contains(left.text())) return true;
  }
  return false;
}

void CppCutter::Finished(Node root) {
  // A function's own static variables, and those of its file, outlive the call.
  for (const auto& [draft, body] : bodies_) {
    UnitDraft& unit = builder().drafts()[draft];
    if (KeepsState(body, unit.free)) unit.Set(kMemo);
  }
  AddIncludeOrder(root);
  AddAllIncludes(root.text());
}

}  // namespace testselect
