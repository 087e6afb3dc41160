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

// A module that is loaded in the middle of an expression: what it exports is used.
void JavaScriptCutter::Used(Node node, UnitDraft* draft) {
  if (grammar().Has(node, Grammar::kCall) && Loaded(node)) draft->members.insert("default");
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
    builder().back().free.clear();
    builder().back().members.clear();
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

void JavaScriptCutter::Export(Node node, const std::string& owner) {
  if (const Node source = node.Field("source")) {
    FromModule(node, Unquoted(source.text()));
    return;
  }
  const Node declaration = node.Field("declaration"), value = node.Field("value");
  const size_t before = builder().drafts().size();
  const Prefix prefix(this, node);
  if (declaration) {
    Visit(declaration, owner);
  } else if (value) {
    Bind(node, "default", value);
  } else {
    NameSet names;
    for (const Node n : AllBelow(node, "export_specifier")) {
      const Node alias = n.Field("alias");
      names.insert(TextOf(alias ? alias : n.Field("name")));
    }
    if (names.empty()) names.insert("default");  // export = x
    AddStatement(node, "", std::move(names));
  }
  for (const Node child : Children(node)) {
    if (child.Is("default")) MarkDefault(before);
  }
}

void JavaScriptCutter::MarkDefault(size_t first_draft) {
  std::vector<UnitDraft>& drafts = builder().drafts();
  for (size_t i = first_draft; i < drafts.size(); ++i) {
    const bool skipped = drafts[i].kind == UnitKind::kBody || !drafts[i].owner.empty();
    if (!skipped) drafts[i].binds.insert("default");
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
  std::vector<UnitDraft>& drafts = builder().drafts();
  for (size_t i = before; i < drafts.size(); ++i) {
    if (drafts[i].kind != UnitKind::kBody && drafts[i].owner.empty()) {
      drafts[i].binds.insert(also.begin(), also.end());
    }
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
  NameSet names = {"default"};
  for (const Node part : NamedChildren(right)) {
    const Node key = part.Field("key"), name = part.Field("name");
    if (part.Is("comment")) continue;
    names.insert(TextOf(key ? key : name ? name : part));
  }
  Object(node, "", std::move(names), right);
}

}  // namespace testselect
