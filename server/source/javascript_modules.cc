// The part of JavaScriptCutter that is about modules: imports, exports, require.
#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/source/javascript_cutter.h"

namespace testselect {
namespace {

absl::string_view TextOf(Node node) { return node ? node.text() : ""; }

absl::string_view Unquoted(absl::string_view text) {
  return text.size() < 2 ? text : text.substr(1, text.size() - 2);
}

Node ChildOf(Node node, absl::string_view kind) {
  for (const Node child : Children(node)) {
    if (child.Is(kind)) return child;
  }
  return Node();
}

std::vector<Node> AllBelow(Node node, absl::string_view kind) {
  std::vector<Node> out;
  ForEachNode(node, [&](Node n) {
    if (n.Is(kind)) out.push_back(n);
  });
  return out;
}

}  // namespace

bool IsJsLoader(absl::string_view called) {
  if (called == "require" || called == "import") return true;
  for (const absl::string_view object : {"require.", "jest.", "vi.", "import.meta."}) {
    absl::string_view rest = called;
    if (absl::ConsumePrefix(&rest, object)) return IsWord(rest);
  }
  return false;
}

std::optional<JavaScriptCutter::Source> JavaScriptCutter::Loaded(Node call) const {
  if (!call || !grammar().Has(call, Grammar::kCall)) return std::nullopt;
  const Node called = call.Field("function"), arguments = call.Field("arguments");
  // Nearly all calls end here.
  if (!called || !arguments || called.text().empty()) return std::nullopt;
  if (called.end() - called.begin() > 40) return std::nullopt;
  if (std::strchr("rjvi", called.text()[0]) == nullptr || !IsJsLoader(called.text())) {
    return std::nullopt;
  }
  const Node first = arguments.first_named_child();
  if (!first) return std::nullopt;
  for (uint32_t i = first.index(); i < first.subtree_end(); ++i) {
    const Node fragment = first.At(i);
    if (!grammar().Has(fragment, Grammar::kString)) continue;
    if (fragment.begin() - first.begin() > 1) return std::nullopt;
    return Source{first.Is("string") ? kJsModule : kJsBeginning, fragment.text()};
  }
  return std::nullopt;
}

void JavaScriptCutter::Import(Node node, absl::string_view local, const Source& source,
                              absl::string_view name, std::vector<Node> parts) {
  UnitDraft& unit =
      AddUnit(UnitKind::kImport, std::string(local), "", node, {.parts = std::move(parts)});
  unit.SetSource(source.level, source.module, name);
  if (local.empty()) {
    unit.Set(kEffects);
  } else {
    unit.binds = {local};
  }
}

// import x = require('y')
void JavaScriptCutter::ImportRequired(Node node) {
  const Node clause = ChildOf(node, "import_require_clause");
  const Node source = clause ? clause.Field("source") : Node();
  if (source) {
    Import(node, TextOf(clause.first_named_child()), {kJsModule, Unquoted(source.text())},
           "default");
  } else {
    AddStatement(node, "", {}).Set(kEffects);
  }
}

void JavaScriptCutter::FromModule(Node node, absl::string_view path) {
  const bool exported = node.Is("export_statement");
  const Source source{kJsModule, path};
  AccountLeaves(node);
  // What one name depends on: where it comes from, and its own words.
  const auto import = [&](Node n, absl::string_view local, absl::string_view name) {
    Import(n, local, source, name, {node.Field("source"), ChildOf(node, "import_attribute"), n});
    UnitDraft& unit = builder().back();
    unit.free.clear();
    unit.members.clear();
    if (!exported) return;
    unit.binds.insert(kExports);
    if (name.empty() || name == "default") unit.free.insert(Whole(source));
  };
  const std::vector<Node> specifiers =
      AllBelow(node, exported ? "export_specifier" : "import_specifier");
  for (const Node n : specifiers) {
    const Node alias = n.Field("alias"), name = n.Field("name");
    import(n, TextOf(alias ? alias : name), TextOf(name));
  }
  const Node clause = ChildOf(node, "import_clause");
  for (Node n = clause ? clause.first_named_child() : Node(); n; n = n.next_named_sibling()) {
    if (n.Is("identifier")) import(n, n.text(), "default");
    if (n.Is("namespace_import")) import(n, TextOf(n.first_named_child()), "");
  }
  const Node space = ChildOf(node, "namespace_export");  // export * as x from
  if (space) {
    import(node, TextOf(space.first_named_child()), "");
  } else if (exported && specifiers.empty()) {
    AddUnit(UnitKind::kImport, absl::StrCat("* ", path), "", node).SetSource(kJsModule, path, "*");
  } else if (!exported && !clause) {
    import(node, "", "");
  }
}

void JavaScriptCutter::AddLoads() {
  const uint16_t identifier = grammar().Symbol("identifier");
  const uint16_t statement = grammar().Symbol("import_statement");
  if (grammar().Symbol("type_identifier") == 0) return;
  NameSet used;
  std::vector<Node> imports;
  ForEachNode(root(), [&](Node n) {
    if (n.symbol() == statement && ChildOf(n, "import_clause")) imports.push_back(n);
    if (n.symbol() != identifier && !n.Is("shorthand_property_identifier")) return;
    const Node parent = n.parent();
    const bool no_value = parent.IsOneOf({"import_specifier", "import_clause", "namespace_import",
                                          "type_query", "nested_type_identifier"});
    if (!no_value) used.insert(n.text());
  });
  for (const Node import : imports) {
    const Node clause = ChildOf(import, "import_clause");
    const bool real = [&] {
      for (uint32_t i = clause.index(); i < clause.subtree_end(); ++i) {
        if (clause.At(i).symbol() == identifier && used.contains(clause.At(i).text())) return true;
      }
      return false;
    }();
    const absl::string_view module = Unquoted(TextOf(import.Field("source")));
    if (!real || ChildOf(import, "type")) continue;
    UnitDraft& unit = builder().Add(UnitKind::kImport, absl::StrCat("<loads ", module, ">"), "");
    unit.fingerprint = Digest::Of(module);
    unit.lines = {import.first_line(), import.first_line()};
    unit.SetSource(kJsModule, module, "");
  }
}

void JavaScriptCutter::Export(Node node, const std::string& owner) {
  if (const Node source = node.Field("source")) {
    FromModule(node, Unquoted(source.text()));
    return;
  }
  const Node declaration = node.Field("declaration"), value = node.Field("value");
  const size_t before = builder().drafts().size();
  const Prefix prefix(this, node);
  const std::vector<Node> specifiers = AllBelow(ChildOf(node, "export_clause"), "export_specifier");
  if (declaration) {
    Visit(declaration, owner);
  } else if (value) {
    Bind(node, "default", value);
  } else if (!specifiers.empty()) {
    ExportNames(node, specifiers);
  } else {
    AddStatement(node, "", {"default"});  // export = x
  }
  for (const Node child : Children(node)) {
    if (child.Is("default")) AlsoBind(before, "default");
  }
  AlsoBind(before, kExports);
}

void JavaScriptCutter::ExportNames(Node node, const std::vector<Node>& specifiers) {
  AccountLeaves(node);
  for (const Node n : specifiers) {
    const Node alias = n.Field("alias");
    const absl::string_view name = TextOf(alias ? alias : n.Field("name"));
    AddUnit(UnitKind::kStatement, absl::StrCat("export ", name), "", node, {.parts = {n}}).binds = {
        name};
  }
}

void JavaScriptCutter::AlsoBind(size_t first_draft, absl::string_view name) {
  std::vector<UnitDraft>& drafts = builder().drafts();
  for (size_t i = first_draft; i < drafts.size(); ++i) {
    const UnitKind kind = drafts[i].kind;
    const bool skipped =
        kind == UnitKind::kBody || kind == UnitKind::kAnnotation || !drafts[i].owner.empty();
    if (!skipped) drafts[i].binds.insert(name);
  }
}

// const x = require('y'), const {a, b: c} = require('y'), const x = require('y').z
bool JavaScriptCutter::Required(Node declarator, Node target, Node value) {
  if (!value) return false;
  if (value.Is("await_expression")) value = value.first_named_child();
  absl::string_view member;
  std::optional<Source> source = Loaded(value);
  if (value && value.Is("member_expression")) {
    source = Loaded(value.Field("object"));
    member = TextOf(value.Field("property"));
  }
  if (!source) return false;
  if (target.Is("identifier")) {
    Import(declarator, target.text(), *source, member.empty() ? "default" : member);
    return true;
  }
  if (!target.Is("object_pattern") || !member.empty()) return false;
  for (const Node part : NamedChildren(target)) {
    if (part.Is("rest_pattern")) {
      for (const absl::string_view local : NamesIn(part)) {
        Import(declarator, local, *source, kExports);
      }
      continue;
    }
    const Node key = part.Field("key");
    const Node left = part.Field("left");
    for (const absl::string_view local : NamesIn(left ? left : part)) {
      Import(declarator, local, *source, TextOf(key ? key : left ? left : part));
    }
  }
  return true;
}

void JavaScriptCutter::Assignment(Node node, Node left, Node right) {
  NameSet also;  // exports.a = exports.b = ...
  while (right && right.Is("assignment_expression")) {
    const absl::string_view target = TextOf(right.Field("left"));
    also.insert(target.substr(target.rfind('.') + 1));
    right = right.Field("right");
  }
  const size_t before = builder().drafts().size();
  Assigned(node, absl::StrSplit(TextOf(left), '.'), right);
  if (also.erase("exports") > 0) also.insert("default");
  for (const absl::string_view name : also) AlsoBind(before, name);
  const absl::string_view target = TextOf(left);
  if (also.contains("default") || absl::StartsWith(target, "exports") ||
      absl::StartsWith(target, "module.exports")) {
    AlsoBind(before, kExports);
  }
}

void JavaScriptCutter::Assigned(Node node, std::vector<absl::string_view> path, Node right) {
  if (path.size() > 1 && path[0] == "module") path.erase(path.begin());
  const auto prototype = std::find(path.begin(), path.end(), "prototype");
  const std::optional<Source> source = Loaded(right);
  if (path[0] == "exports" && path.size() == 1) {
    ExportsAssigned(node, right);
  } else if (path[0] == "exports" && source) {
    Import(node, path.back(), *source, "default");
  } else if (path[0] == "exports" && path.size() == 2) {
    Bind(node, path[1], right);
  } else if (prototype != path.begin() && path.end() - prototype > 1) {
    const absl::string_view of = *(prototype - 1);
    Bind(node, path.back(), right, of);
    builder().AddClass(of, /*plain=*/false);
  } else {
    // It reaches into something that others may hold: a global, an import.
    NameSet binds;
    for (const absl::string_view part : path) {
      if (IsWord(part)) binds.insert(part);
    }
    AddStatement(node, "", std::move(binds)).Set(kEffects);
  }
}

void JavaScriptCutter::ExportsAssigned(Node node, Node right) {
  if (const auto source = Loaded(right)) {
    UnitDraft& all = AddUnit(UnitKind::kImport, absl::StrCat("* ", source->module), "", node);
    all.binds = {"default"};
    all.SetSource(source->level, source->module, "*");
  }
  if (!right || !right.Is("object")) {
    Bind(node, "default", right);
    return;
  }
  // Each property is a unit of its own, but for what is spread or computed.
  std::vector<Node> apart;
  for (const Node part : NamedChildren(right)) {
    const Node key = part.Field("key");
    const bool pair = part.Is("pair") && key.IsOneOf({"property_identifier", "string"}) &&
                      !IsJsFunction(part.Field("value"));
    if (pair || part.Is("shorthand_property_identifier")) apart.push_back(part);
  }
  Object(node, "", {"default"}, right, apart);
  for (const Node part : apart) {
    const Node key = part.Field("key");
    const absl::string_view name = !key               ? part.text()
                                   : key.Is("string") ? Unquoted(key.text())
                                                      : key.text();
    AddUnit(UnitKind::kStatement, absl::StrCat("export ", name), "", part).binds = {name};
  }
}

}  // namespace testselect
