#include "server/source/javascript_cutter.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace testselect {
namespace {

absl::string_view TextOf(Node node) { return node ? node.text() : ""; }

// The words that begin tests and groups of them.
bool IsTestWord(absl::string_view word) {
  static constexpr absl::string_view kWords[] = {"test",    "it",        "describe",  "suite",
                                                 "context", "specify",   "xit",       "fit",
                                                 "xtest",   "xdescribe", "fdescribe", "bench"};
  return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
}

bool IsGroup(absl::string_view called) {
  for (const absl::string_view word : {"describe", "suite", "context", "xdescribe", "fdescribe"}) {
    if (absl::StartsWith(called, word)) return true;
  }
  return false;
}

absl::string_view FirstWord(absl::string_view text) {
  return text.substr(0, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"));
}

bool ChangesWhatItIsCalledOn(absl::string_view method) {
  static constexpr absl::string_view kMethods[] = {
      "add",      "append", "assign", "clear", "delete", "fill",    "pop", "push",
      "register", "set",    "shift",  "sort",  "splice", "unshift", "use"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

// `a` of `a.b[c].d`.
Node RootName(Node expression) {
  while (expression && expression.IsOneOf({"member_expression", "subscript_expression",
                                           "parenthesized_expression", "non_null_expression"})) {
    const Node object = expression.Field("object");
    expression = object ? object : expression.first_named_child();
  }
  return expression && expression.Is("identifier") ? expression : Node();
}

// Makes a value out of its arguments, and nothing else.
bool OnlyMakes(absl::string_view called) {
  static constexpr absl::string_view kMakers[] = {"Array",
                                                  "Array.from",
                                                  "Array.of",
                                                  "BigInt",
                                                  "Boolean",
                                                  "Date",
                                                  "Date.now",
                                                  "Error",
                                                  "JSON.parse",
                                                  "JSON.stringify",
                                                  "Map",
                                                  "Number",
                                                  "Object.create",
                                                  "RegExp",
                                                  "Object.entries",
                                                  "Object.freeze",
                                                  "Object.fromEntries",
                                                  "Object.keys",
                                                  "Object.seal",
                                                  "Object.values",
                                                  "Set",
                                                  "String",
                                                  "String.raw",
                                                  "Symbol",
                                                  "Symbol.for",
                                                  "Uint8Array",
                                                  "URL",
                                                  "URLSearchParams",
                                                  "WeakMap",
                                                  "WeakSet"};
  return std::find(std::begin(kMakers), std::end(kMakers), called) != std::end(kMakers) ||
         absl::StartsWith(called, "Math.");
}

// What a class says of its members without making them.
bool IsMemberOfTypes(Node member) {
  return member.IsOneOf({"method_signature", "abstract_method_signature", "index_signature"});
}

// The lines that are executed when the function is called, and not when it is made: a header's line
// and a closing bracket's are executed then, too.
LineRange LinesOfStatements(Node body) {
  const bool opened = body.IsOneOf({"statement_block", "parenthesized_expression"});
  LineRange lines = {0, 0};
  for (const Node inside : NamedChildren(opened ? body : Node())) {
    if (inside.Is("comment")) continue;
    if (lines.first == 0) lines.first = inside.first_line();
    lines.last = inside.last_line();
  }
  return lines.first == 0 ? LineRange{body.first_line(), body.last_line()} : lines;
}

}  // namespace

bool IsJsFunction(Node value) {
  return value && value.IsOneOf({"function_expression", "arrow_function", "generator_function"});
}

bool JavaScriptCutter::Obeyed(Node comment) const {
  const absl::string_view text = comment.text();
  return absl::StrContains(text, "@jest-environment") || absl::StrContains(text, "@jsx") ||
         absl::StrContains(text, "@vitest-environment");
}

void JavaScriptCutter::Top(Node node, const std::string& owner) {
  const absl::string_view kind = node.kind();
  if (!node.is_named()) return;
  if (kind == "comment") {
    AddUnit(UnitKind::kCondition, "pragma", "", node);
  } else if (kind == "import_statement" && node.Field("source")) {
    const absl::string_view path = node.Field("source").text();
    FromModule(node, path.substr(1, path.size() - 2));
  } else if (kind == "import_statement") {
    ImportRequired(node);
  } else if (kind == "export_statement") {
    Export(node, owner);
  } else if (kind == "lexical_declaration" || kind == "variable_declaration") {
    const Prefix prefix(this, node);
    for (const Node child : NamedChildren(node)) {
      if (child.Is("variable_declarator")) Variable(child);
    }
  } else if (kind == "function_declaration" || kind == "generator_function_declaration") {
    Function(node, TextOf(node.Field("name")), owner, node);
  } else if (kind == "method_definition") {
    const absl::string_view name = TextOf(node.Field("name"));
    std::optional<NameSet> binds;
    if (name == "constructor" && !owner.empty()) binds = {name, Keep(owner)};
    Function(node, name, owner, node, std::move(binds));
  } else if (kind == "class_declaration" || kind == "abstract_class_declaration") {
    Class(node, TextOf(node.Field("name")), node);
  } else if (kind == "field_definition" || kind == "public_field_definition") {
    Field(node, owner, node.Field(kind == "field_definition" ? "property" : "name"));
  } else if (kind == "expression_statement") {
    const Node value = node.first_named_child();
    value ? Expression(node, value) : Account(node);
  } else if (!TopOfTypes(node, owner) && kind != "empty_statement") {
    // The class has the tokens of its own blocks and decorators.
    if (owner.empty() || !node.IsOneOf({"class_static_block", "decorator"})) {
      AddStatement(node, owner, {}).Set(kEffects);
    }
  }
}

bool JavaScriptCutter::TopOfTypes(Node node, const std::string& owner) {
  const absl::string_view kind = node.kind();
  const absl::string_view name = TextOf(node.Field("name"));
  if (kind == "enum_declaration") {
    AddStatement(node, owner, {name});
  } else if (kind == "interface_declaration" || kind == "type_alias_declaration" ||
             kind == "function_signature" || IsMemberOfTypes(node) ||
             kind == "ambient_declaration") {
    Annotation(absl::StrCat(owner, owner.empty() ? "" : ".", name), owner, node,
               name.empty() ? NameSet() : NameSet{name}, {node});
  } else if (kind == "internal_module" || kind == "module") {
    const Node body = node.Field("body");
    if (!body) return false;
    AddUnit(UnitKind::kStatement, std::string(name), owner, node, {.without = {body}})
        .binds.insert(FirstWord(name));
    const Context context(this, Node(), name);
    for (const Node child : NamedChildren(body)) Visit(child, owner);
  } else {
    return false;
  }
  return true;
}

void JavaScriptCutter::Annotation(absl::string_view key, absl::string_view owner, Node node,
                                  NameSet binds, std::vector<Node> types) {
  if (types.empty()) return;
  UnitDraft& unit =
      AddUnit(UnitKind::kAnnotation, std::string(key), owner, node, {.parts = std::move(types)});
  unit.binds = std::move(binds);
  for (const Node child : Children(node)) {
    if (child.Is("decorator")) unit.Set(kIntrospected);
  }
}

void JavaScriptCutter::Function(Node node, absl::string_view name, absl::string_view owner,
                                Node function, std::optional<NameSet> binds) {
  const Node body = function.Field("body");
  const size_t header = builder().drafts().size();
  const std::vector<Node> types = Below(node, Grammar::kType, body);
  FunctionParts f{.node = node,
                  .name = name,
                  .owner = owner,
                  .body = body,
                  .parameters = function.Field("parameters"),
                  .binds = std::move(binds),
                  .without = types};
  if (const Node only = function.Field("parameter")) f.declared = {only.text()};  // x => ...
  AddFunction(f);
  if (body) {
    builder().drafts().back().lines = LinesOfStatements(body);
    bodies_.emplace_back(builder().drafts().size() - 1, body);
  }
  const std::string key = absl::StrCat(owner, owner.empty() ? "" : ".", name);
  Annotation(key, owner, node, {}, types);
  for (const Node parameter : NamedChildren(function.Field("parameters"))) {
    AddDecorators(parameter, &builder().drafts()[header].parameters);
  }
}

void JavaScriptCutter::AddDecorators(Node node, NameSet* names) const {
  for (const Node child : Children(node)) {
    if (!child.Is("decorator")) continue;
    Node value = child.first_named_child();
    if (value && value.Is("call_expression")) value = value.Field("function");
    if (const Node name = RootName(value)) names->insert(name.text());
  }
}

void JavaScriptCutter::Class(Node node, absl::string_view name, Node definition) {
  const Node body = definition.Field("body");
  const size_t unit = builder().drafts().size();
  std::vector<Node> types = Below(node, Grammar::kType, Node());
  for (const Node member : NamedChildren(body)) {
    if (IsMemberOfTypes(member)) types.push_back(member);
  }
  AddClass(node, name, body, "", types);
  NameSet decorators;
  for (const Node of : {node, definition, node.parent(), body}) AddDecorators(of, &decorators);
  builder().drafts()[unit].parameters = std::move(decorators);
  Annotation(name, "", node, {}, Below(node, Grammar::kType, body));
}

void JavaScriptCutter::Field(Node node, absl::string_view owner, Node name) {
  const std::vector<Node> types = Below(node, Grammar::kType);
  AddDecorators(node, &AddStatement(node, owner, {TextOf(name)}, {.without = types}).parameters);
  Annotation(absl::StrCat(owner, ".", TextOf(name)), owner, node, {TextOf(name)}, types);
}

void JavaScriptCutter::Bind(Node node, absl::string_view name, Node value,
                            absl::string_view owner) {
  if (IsJsFunction(value)) {
    Function(node, name, owner, value);
  } else if (value && value.Is("class")) {
    Class(node, name, value);
  } else if (value && value.Is("object") && owner.empty()) {
    Object(node, name, {name}, value);
  } else {
    const std::vector<Node> types = Below(node, Grammar::kType, value);
    AddStatement(node, owner, {name}, {.without = types});
    Annotation(absl::StrCat(owner, owner.empty() ? "" : ".", name), owner, node, {}, types);
  }
}

// An object is like a class: functions in it are units of their own.
void JavaScriptCutter::Object(Node node, absl::string_view owner, NameSet binds, Node object,
                              std::vector<Node> apart) {
  std::vector<Node> functions;
  for (const Node part : NamedChildren(object)) {
    if (part.Is("method_definition") || (part.Is("pair") && IsJsFunction(part.Field("value")))) {
      functions.push_back(part);
    }
  }
  UnitParts rest{.without = std::move(apart)};
  rest.without.insert(rest.without.end(), functions.begin(), functions.end());
  AddStatement(node, "", std::move(binds), rest);
  for (const Node part : functions) {
    const bool method = part.Is("method_definition");
    absl::string_view name = TextOf(part.Field(method ? "name" : "key"));
    if (name.size() > 1 && (name[0] == '\'' || name[0] == '"')) {
      name = name.substr(1, name.size() - 2);
    }
    Function(part, name, owner, method ? part : part.Field("value"));
  }
  if (!owner.empty()) builder().AddClass(owner, /*plain=*/false);
}

void JavaScriptCutter::Variable(Node node) {
  const Node target = node.Field("name"), value = node.Field("value");
  if (!target || Required(node, target, value)) return;
  if (!target.Is("identifier")) {
    AddStatement(node, "", Declared(node));
    return;
  }
  variables_.insert(target.text());
  Bind(node, target.text(), value);
}

void JavaScriptCutter::Expression(Node node, Node value) {
  if (value.Is("assignment_expression")) {
    Assignment(node, value.Field("left"), value.Field("right"));
    return;
  }
  if (value.IsOneOf({"internal_module", "module"}) && TopOfTypes(value, "")) return;
  if (value.Is("call_expression")) {
    if (const auto titled = TitledCall(value)) {
      Callback(node, value, *titled);
      return;
    }
  }
  AddStatement(node, "", {}).Set(kEffects);
}

// test('title', () => ...) and its like.
std::optional<JavaScriptCutter::Titled> JavaScriptCutter::TitledCall(Node call) const {
  const Node arguments = call.Field("arguments");
  if (!arguments || !IsTestWord(FirstWord(TextOf(call.Field("function"))))) return std::nullopt;
  const Node first = arguments.first_named_child();
  if (!first) return std::nullopt;
  for (Node n = first.next_named_sibling(); n; n = n.next_named_sibling()) {
    if (IsJsFunction(n)) return Titled{first.text(), n};
  }
  return std::nullopt;
}

void JavaScriptCutter::Callback(Node node, Node call, const Titled& titled) {
  absl::string_view title = titled.title;
  if (title.size() > 1) title = title.substr(1, title.size() - 2);
  const absl::string_view key = Keep(absl::StrReplaceAll(title, {{".", " "}, {"#", " "}}));
  if (!IsGroup(TextOf(call.Field("function")))) {
    Function(node, key, "", titled.callback);
    return;
  }
  const Node body = titled.callback.Field("body");
  AddUnit(UnitKind::kCondition, std::string(key), "", node, {.without = {body}});
  if (!body) return;
  for (const Node child : NamedChildren(body)) Visit(child, "");
}

bool JavaScriptCutter::MayAct(Node call) const {
  const Node function = call.Field("function");
  return !OnlyMakes(TextOf(function ? function : call.Field("constructor")));
}

// Whether a function leaves something behind in what outlives it: a variable of its module, a
// global, an imported object.
bool JavaScriptCutter::WritesSharedState(Node body, const NameSet& free) const {
  for (uint32_t i = body.index(); i < body.subtree_end(); ++i) {
    const Node node = body.At(i);
    if (!grammar().Has(node, Grammar::kWrite)) continue;
    if (!node.Is("call_expression")) {
      const Node left = node.Field(node.Is("update_expression") ? "argument" : "left");
      const Node name = RootName(left);
      if (name && free.contains(name.text())) return true;
      continue;
    }
    const Node function = node.Field("function");
    if (!function || !function.Is("member_expression")) continue;
    const Node name = RootName(function);
    if (name && variables_.contains(name.text()) && free.contains(name.text()) &&
        ChangesWhatItIsCalledOn(TextOf(function.Field("property")))) {
      return true;
    }
  }
  return false;
}

void JavaScriptCutter::Finished(Node root) {
  for (const auto& [draft, body] : bodies_) {
    UnitDraft& unit = builder().drafts()[draft];
    if (WritesSharedState(body, unit.free)) unit.Set(kMemo);
  }
  AddWholes();
  AddLoads();
  const uint16_t import = grammar().Symbol("import_statement");
  const uint16_t export_ = grammar().Symbol("export_statement");
  ForEachNode(root, [&](Node n) {
    if (n.symbol() == import || n.symbol() == export_) {
      const absl::string_view path = TextOf(n.Field("source"));
      if (path.size() > 2) {
        builder().AddImport(kJsModule, path.substr(1, path.size() - 2), "");
      }
    } else if (grammar().Has(n, Grammar::kCall)) {
      if (const auto source = Loaded(n))
        builder().AddImport(source->level, source->module, "default");
    }
  });
}

}  // namespace testselect
