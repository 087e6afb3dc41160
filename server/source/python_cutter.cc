#include "server/source/python_cutter.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "server/source/grammars.h"
#include "server/source/module_builder.h"
#include "server/source/python_facts.h"
#include "server/source/python_processes.h"
#include "server/source/python_syntax.h"

namespace testselect {
namespace {

Digest DigestOf(Node n) {
  TokenDigest digest;
  AddPyTokens(n, &digest);
  return digest.Finish();
}
std::string Mark(const Digest& digest) { return digest.ToHex().substr(0, 8); }

class Cutter {
 public:
  Cutter(absl::string_view source, NameTable* names) : source_(source), builder_(names) {}

  SourceModule Cut() {
    auto tree = SyntaxTree::Parse(tree_sitter_python(), source_, PyKinds());
    if (!tree.ok() || tree->root().Is("ERROR")) {
      builder_.SetUnparsed();
      return builder_.Finish();
    }
    const Node root = tree->root();
    processes_.emplace(root);
    AddMagicComments(root);
    for (Node statement : NamedChildren(root)) {
      const Node assignment = AssignmentOf(statement);
      if (!assignment || KindOf(assignment) != Py::kAssignment) continue;
      const Node value = ValueOf(assignment);
      if (value && !IsConstant(value)) shared_state_.merge(BoundBy(statement));
    }
    Block(root, "");
    AddPyImports(root, &builder_);
    return builder_.Finish();
  }

 private:
  static bool IsConstant(Node value) {
    return KindOf(value) == Py::kConstant || KindOf(value) == Py::kString;
  }

  UnitDraft& Add(UnitKind kind, std::string key, absl::string_view owner, Digest fingerprint,
                 Node at) {
    UnitDraft& draft = builder_.Add(kind, std::move(key), owner);
    draft.fingerprint = fingerprint;
    draft.lines = {at.first_line(), at.last_line()};
    draft.Set(kBroken, at.has_error());
    return draft;
  }

  // What a file says to the interpreter in comments: how to start it and how it is encoded.
  void AddMagicComments(Node root) {
    for (Node n = root.first_child(); n && KindOf(n) == Py::kComment; n = n.next_sibling()) {
      const bool shebang = n.begin() == 0 && absl::StartsWith(n.text(), "#!");
      if (n.first_line() > 2 || !(shebang || absl::StrContains(n.text(), "coding"))) continue;
      TokenDigest digest;
      digest.Add(n.text());
      Add(UnitKind::kCondition, shebang ? "#!" : "#coding", "", digest.Finish(), n);
    }
  }

  void Block(Node block, const std::string& owner) {
    if (!block) return;
    for (Node statement : NamedChildren(block)) Statement(statement, owner);
  }

  void Statement(Node n, const std::string& owner) {
    const std::string inside = owner.empty() ? "" : owner + ".";
    switch (KindOf(n)) {
      case Py::kComment:
      case Py::kPass:
      case Py::kFutureImport:
      case Py::kLineContinuation:
        return;
      case Py::kFunction:
        return Function(n, n, owner);
      case Py::kClass:
        return Class(n, n, owner);
      case Py::kDecorated: {
        const Node inner = n.Field("definition");
        if (!inner) return Other(n, owner);
        return KindOf(inner) == Py::kClass ? Class(inner, n, owner) : Function(inner, n, owner);
      }
      case Py::kIf:
        return If(n, owner);
      case Py::kTry:
        return Try(n, owner);
      case Py::kWith:
        return With(n, owner);
      case Py::kImport:
        return Import(n, owner);
      case Py::kImportFrom:
        return ImportFrom(n, owner);
      default:
        if (IsPyDocstring(n)) {
          Add(UnitKind::kDocstring, inside, owner, DigestOf(n), n);
          return;
        }
        return Other(n, owner);
    }
  }

  void With(Node n, const std::string& owner) {
    for (Node child : NamedChildren(n)) {
      if (child.field() != "body") Condition("with ", child, owner);
    }
    const size_t mark = builder_.drafts().size();
    Block(n.Field("body"), owner);
    DecideUnits(&builder_, mark, owner, "with", PyUses());
  }

  // A condition that no unit stands for, or that does something by itself.
  void Condition(absl::string_view word, Node test, const std::string& owner) {
    if (!test) return;
    PyUses uses;
    uses.Visit(test);
    const Digest fingerprint = DigestOf(test);
    UnitDraft& unit = Add(UnitKind::kCondition,
                          absl::StrCat(owner, owner.empty() ? "" : ".", word, Mark(fingerprint)),
                          owner, fingerprint, test);
    unit.free = std::move(uses.loads);
    unit.members = std::move(uses.members);
  }

  void If(Node n, const std::string& owner) {
    const size_t all = builder_.drafts().size();
    std::string how;
    std::vector<Node> tests;
    PyUses uses;
    const auto branch = [&](Node test, Node block, absl::string_view word) {
      absl::StrAppend(&how, word);
      if (test) {
        absl::StrAppend(&how, DigestOf(test).ToHex(), test.has_error() ? "!" : "");
        uses.Visit(test);
        tests.push_back(test);
      }
      const size_t mark = builder_.drafts().size();
      Block(block, owner);
      if (!tests.empty()) DecideUnits(&builder_, mark, owner, how, uses);
    };
    const Node first = n.Field("condition");
    if (IsMainTest(first) && owner.empty()) {
      AsAProgram(n);
    } else if (!ForTypeCheckersOnly(first)) {
      branch(first, n.Field("consequence"), "if");
    }
    for (Node child : NamedChildren(n)) {
      if (KindOf(child) == Py::kElifClause) {
        branch(child.Field("condition"), child.Field("consequence"), "elif");
      } else if (KindOf(child) == Py::kElseClause) {
        branch(Node(), child.Field("body"), "else");
      } else if (KindOf(child) == Py::kError) {
        Other(child, owner);
      }
    }
    const bool stands = DecidesUnits(builder_, all, owner);
    for (Node test : tests) {
      if (!stands || !OnlyAsks(test) || test.has_error()) Condition("if ", test, owner);
    }
  }

  // What importing the file leaves alone.
  void AsAProgram(Node n) {
    TokenDigest digest;
    AddPyTokens(n.Field("condition"), &digest);
    AddPyTokens(n.Field("consequence"), &digest);
    Add(UnitKind::kStatement, "__main__", "", digest.Finish(), n);
  }

  void Try(Node n, const std::string& owner) {
    for (Node child : NamedChildren(n)) {
      const Py kind = KindOf(child);
      const size_t mark = builder_.drafts().size();
      if (kind == Py::kBlock) {
        Block(child, owner);
        DecideUnits(&builder_, mark, owner, "try", PyUses());
      } else if (kind == Py::kExceptClause) {
        Handler(child, owner);
      } else if (kind == Py::kElseClause || kind == Py::kFinallyClause) {
        for (Node part : NamedChildren(child)) {
          if (KindOf(part) == Py::kBlock) Block(part, owner);
        }
        DecideUnits(&builder_, mark, owner, kind == Py::kElseClause ? "else" : "finally", PyUses());
      } else if (kind == Py::kError) {
        Other(child, owner);
      }
    }
  }

  // Where an exception is not caught any more, the file is not imported.
  void Handler(Node n, const std::string& owner) {
    PyUses uses;
    TokenDigest caught;
    const size_t mark = builder_.drafts().size();
    for (Node part : NamedChildren(n)) {
      if (KindOf(part) == Py::kBlock) {
        Block(part, owner);
      } else if (KindOf(part) != Py::kComment) {
        AddPyTokens(part, &caught);
        uses.Visit(part);
        if (!OnlyAsks(part) || part.has_error()) Condition("except ", part, owner);
      }
    }
    const Digest fingerprint = caught.Finish();
    DecideUnits(&builder_, mark, owner, absl::StrCat("except", fingerprint.ToHex()), uses);
    if (DecidesUnits(builder_, mark, owner)) return;
    Add(UnitKind::kStatement,
        absl::StrCat(owner, owner.empty() ? "" : ".", "except ", Mark(fingerprint)), owner,
        fingerprint, n)
        .Set(kBroken, false);
  }

  void AddImportUnit(Node at, const std::string& owner, absl::string_view local, uint32_t level,
                     absl::string_view module, absl::string_view name, absl::string_view alias) {
    TokenDigest digest;
    digest.Add(absl::StrCat(level));
    digest.Add(module);
    digest.Add(name);
    digest.Add(alias);
    UnitDraft& unit = Add(UnitKind::kImport, absl::StrCat(owner, owner.empty() ? "" : ".", local),
                          owner, digest.Finish(), at);
    unit.binds.insert(local);
    unit.SetSource(level, module, name);
  }

  void Import(Node n, const std::string& owner) {
    for (Node child : NamedChildren(n)) {
      if (KindOf(child) == Py::kComment) continue;
      const Node alias = child.Field("alias");
      const Node dotted = alias ? child.Field("name") : child;
      const absl::string_view module = dotted.text();
      const absl::string_view local = alias ? alias.text() : module.substr(0, module.find('.'));
      AddImportUnit(n, owner, local, 0, module, "", alias ? alias.text() : "");
    }
  }

  void ImportFrom(Node n, const std::string& owner) {
    const auto [level, module] = PyModuleOf(n);
    for (Node child : NamedChildren(n)) {
      if (KindOf(child) == Py::kWildcardImport) {
        AddImportUnit(n, owner, "*", level, module, "*", "");
      }
      if (child.field() != "name") continue;
      const Node alias = child.Field("alias");
      const absl::string_view name = (alias ? child.Field("name") : child).text();
      AddImportUnit(n, owner, alias ? alias.text() : name, level, module, name,
                    alias ? alias.text() : "");
    }
  }

  void Other(Node n, const std::string& owner) {
    const std::string inside = owner.empty() ? "" : owner + ".";
    const NameSet binds = BoundBy(n);
    std::vector<absl::string_view> sorted(binds.begin(), binds.end());
    std::sort(sorted.begin(), sorted.end());
    const Node assignment = AssignmentOf(n);
    const Node type = assignment ? assignment.Field("type") : Node();
    TokenDigest digest;
    AddPyTokens(n, &digest, type);
    const Digest fingerprint = digest.Finish();
    const std::string key =
        inside + (sorted.empty() ? Mark(fingerprint) : absl::StrJoin(sorted, ","));
    if (type) {
      PyUses in_type;
      for (Node part : NamedChildren(type)) in_type.Visit(part);
      UnitDraft& unit = Add(UnitKind::kAnnotation, key, owner, DigestOf(type), n);
      unit.binds = binds;
      unit.free = std::move(in_type.loads);
      if (!assignment.Field("right")) return;
    }
    PyUses uses(&*processes_);
    uses.Visit(n);
    UnitDraft& unit = Add(UnitKind::kStatement, key, owner, fingerprint, n);
    unit.free = std::move(uses.loads);
    unit.members = std::move(uses.members);
    MarkProcess(uses.starts_process, &unit);
    const Py kind = KindOf(n);
    unit.Set(kEffects, binds.empty() || kind == Py::kFor || kind == Py::kWhile);
    // Python 2's statements are syntax errors to the interpreter.
    if (kind == Py::kPrint || kind == Py::kExec) unit.Set(kBroken);
    unit.binds = binds;
  }

  void Class(Node n, Node whole, const std::string& owner) {
    const Node name = n.Field("name");
    if (!name) return Other(whole, owner);
    const std::string key = absl::StrCat(owner, owner.empty() ? "" : ".", name.text());
    const std::vector<Node> decorators = DecoratorsOf(whole);
    const Node bases = n.Field("superclasses");
    PyUses uses(&*processes_);
    TokenDigest digest;
    for (Node d : decorators) {
      uses.Visit(d);
      AddPyTokens(d, &digest);
    }
    uses.Visit(bases);
    // `class A()` and `class A(object)` are `class A`.
    bool plain = decorators.empty();
    if (bases) {
      for (Node base : NamedChildren(bases)) {
        if (KindOf(base) == Py::kComment) continue;
        AddPyTokens(base, &digest);
        plain = plain && KindOf(base) == Py::kIdentifier && base.text() == "object";
      }
    }
    AddPyTokens(n.Field("type_parameters"), &digest);
    builder_.AddClass(key, plain);
    UnitDraft& unit = Add(UnitKind::kClass, key, owner, digest.Finish(), n);
    unit.Set(kBroken, bases && bases.has_error());
    for (Node d : decorators) AddDecoratorBase(d, &unit.parameters);
    unit.binds.insert(name.text());
    unit.free = std::move(uses.loads);
    unit.members = std::move(uses.members);
    MarkProcess(uses.starts_process, &unit);
    Block(n.Field("body"), key);
  }

  void Function(Node n, Node whole, const std::string& owner) {
    const Node name = n.Field("name");
    const Node body = n.Field("body");
    if (!name || !body) return Other(whole, owner);
    PyDecoration decoration = DecorationOf(whole);
    if (decoration.overload) return;  // for type checkers only
    const std::string key = absl::StrCat(owner, owner.empty() ? "" : ".", name.text());
    const uint16_t common = static_cast<uint16_t>((decoration.fixture ? kFixture : 0) |
                                                  (decoration.introspected ? kIntrospected : 0));
    AddHeader(n, whole, owner, key, common, &decoration);
    AddSignature(n, owner, key);
    AddAnnotation(n, owner, key, common);
    AddBody(n, owner, key, common, decoration);
  }

  void AddHeader(Node n, Node whole, const std::string& owner, const std::string& key,
                 uint16_t common, PyDecoration* decoration) {
    const Node parameters = n.Field("parameters");
    if (parameters) {
      for (Node p : NamedChildren(parameters)) decoration->uses.Visit(p.Field("value"));
    }
    decoration->digest.Add(n.first_child().text());  // async or def
    UnitDraft& unit = Add(UnitKind::kHeader, key, owner, decoration->digest.Finish(), n);
    unit.flags = common;
    unit.Set(kEverywhere, decoration->everywhere);
    bool broken = parameters && parameters.has_error();
    for (Node child : Children(n)) broken |= KindOf(child) == Py::kError;
    for (Node d : DecoratorsOf(whole)) broken |= d.has_error();
    unit.Set(kBroken, broken);
    unit.binds.insert(n.Field("name").text());
    unit.free = decoration->uses.loads;
    unit.members = decoration->uses.members;
    unit.parameters = decoration->bases;
  }

  void AddSignature(Node n, const std::string& owner, const std::string& key) {
    TokenDigest digest;
    AddPyTokensWithoutTypes(n.Field("parameters"), &digest);
    Add(UnitKind::kSignature, key, owner, digest.Finish(), n).Set(kBroken, false);
  }

  void AddAnnotation(Node n, const std::string& owner, const std::string& key, uint16_t common) {
    TokenDigest digest;
    PyUses uses;
    const auto add = [&](Node type) {
      if (!type) return;
      AddPyTokens(type, &digest);
      for (Node part : NamedChildren(type)) uses.Visit(part);
    };
    if (const Node parameters = n.Field("parameters")) {
      for (Node p : NamedChildren(parameters)) add(p.Field("type"));
    }
    add(n.Field("return_type"));
    add(n.Field("type_parameters"));
    UnitDraft& unit = Add(UnitKind::kAnnotation, key, owner, digest.Finish(), n);
    unit.flags = common;
    unit.free = std::move(uses.loads);
  }

  void AddBody(Node n, const std::string& owner, const std::string& key, uint16_t common,
               const PyDecoration& decoration) {
    const Node body = n.Field("body");
    Node first = body.first_named_child();
    while (first && KindOf(first) == Py::kComment) first = first.next_named_sibling();
    const uint32_t first_line = first ? first.first_line() : body.first_line();
    if (first && IsPyDocstring(first)) {
      Add(UnitKind::kDocstring, key, owner, DigestOf(first), first).flags = common;
      first = first.next_named_sibling();
    }
    TokenDigest digest;
    for (Node s = first; s; s = s.next_named_sibling()) AddPyTokens(s, &digest);
    PyUses uses(&*processes_), defaults(&*processes_);
    uses.VisitStatements(first);
    for (Node p : NamedChildren(n.Field("parameters"))) defaults.Visit(p.Field("value"));
    const NameSet parameters = PyParameterNames(n.Field("parameters"));
    UnitDraft& unit = Add(UnitKind::kBody, key, owner, digest.Finish(), n);
    unit.flags = common;
    unit.lines.first = first_line;
    unit.Set(kBroken, body.has_error() || HasPython2(body));
    unit.Set(kWide, IsWideSetup(NameOfKey(key)) || (decoration.fixture && decoration.scoped));
    unit.Set(kMemo, decoration.memo || WritesSharedState(body, parameters, shared_state_));
    unit.free = uses.Free(parameters);
    unit.members = std::move(uses.members);
    unit.parameters = parameters;
    MarkProcess(uses.starts_process || uses.names_process || defaults.starts_process, &unit);
  }

  void MarkProcess(bool starts, UnitDraft* unit) const {
    for (absl::string_view name : unit->free) starts = starts || processes_->StartsByName(name);
    if (starts) unit->members.insert(kPyStartsProcess);
  }

  static bool HasPython2(Node body) {
    bool found = false;
    ForEachNode(body, [&](Node n) { found |= KindOf(n) == Py::kPrint || KindOf(n) == Py::kExec; });
    return found;
  }

  const absl::string_view source_;
  ModuleBuilder builder_;
  std::optional<PyProcessNames> processes_;
  NameSet shared_state_;  // module-level names of anything but constants
};

}  // namespace

SourceModule CutPython(absl::string_view source, NameTable* names) {
  return Cutter(source, names).Cut();
}

}  // namespace testselect
