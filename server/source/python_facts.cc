#include "server/source/python_facts.h"

#include <algorithm>
#include <cstddef>

namespace testselect {
namespace {

bool IsMemoDecorator(absl::string_view name) {
  static const auto* const names =
      new NameSet{"lru_cache", "cache", "cached_property", "memoize", "memoized", "singledispatch"};
  return names->contains(name);
}
bool IsMutator(absl::string_view name) {
  static const auto* const names =
      new NameSet{"setdefault", "append", "add", "update", "register", "insert", "pop", "extend"};
  return names->contains(name);
}
// Decorators that read neither the signature nor the docstring of what they wrap.
bool IsPlainDecorator(absl::string_view name) {
  static const auto* const names =
      new NameSet{"property",      "staticmethod", "classmethod",     "contextmanager",
                  "contextlib",    "wraps",        "functools",       "setter",
                  "getter",        "deleter",      "typing",          "t",
                  "final",         "override",     "cached_property", "abc",
                  "abstractmethod"};
  return names->contains(name);
}
// Whether a unit of `owner` comes and goes with the block that it stands in. A body does with its
// header.
bool IsDecided(const UnitDraft& unit, absl::string_view owner) {
  const bool decided = unit.kind == UnitKind::kImport || unit.kind == UnitKind::kStatement ||
                       unit.kind == UnitKind::kClass || unit.kind == UnitKind::kHeader;
  return decided && unit.owner == owner;
}
// Names that an assignment to `n` binds or reaches into.
void AddTargets(Node n, NameSet* out) {
  if (!n) return;
  switch (KindOf(n)) {
    case Py::kIdentifier:
      out->insert(n.text());
      return;
    case Py::kAttribute:
      if (const Node member = n.Field("attribute")) out->insert(member.text());
      AddTargets(n.Field("object"), out);
      return;
    case Py::kSubscript:
      AddTargets(n.Field("value"), out);
      return;
    case Py::kPatternList:
    case Py::kTuplePattern:
    case Py::kListPattern:
    case Py::kListSplatPattern:
    case Py::kTuple:
    case Py::kList:
    case Py::kParenthesized:
    case Py::kExpressionList:
      for (Node child : NamedChildren(n)) AddTargets(child, out);
      return;
    default:
      return;
  }
}

}  // namespace

bool IsWideSetup(absl::string_view name) {
  static const auto* const names =
      new NameSet{"setup_module", "teardown_module", "setUpModule", "tearDownModule",
                  "setup_class",  "teardown_class",  "setUpClass",  "tearDownClass"};
  return names->contains(name);
}

// The assignment that a statement is, or null.
Node AssignmentOf(Node statement) {
  if (KindOf(statement) != Py::kExpressionStatement) return Node();
  const Node inner = statement.first_named_child();
  if (!inner) return Node();
  const Py kind = KindOf(inner);
  return kind == Py::kAssignment || kind == Py::kAugmentedAssignment ? inner : Node();
}

// The last value of `a = b = value`.
Node ValueOf(Node assignment) {
  Node value = assignment.Field("right");
  while (value && KindOf(value) == Py::kAssignment) value = value.Field("right");
  return value;
}

NameSet BoundBy(Node statement) {
  NameSet binds;
  if (Node assignment = AssignmentOf(statement)) {
    for (; assignment; assignment = assignment.Field("right")) {
      if (KindOf(assignment) != Py::kAssignment && KindOf(assignment) != Py::kAugmentedAssignment) {
        break;
      }
      AddTargets(assignment.Field("left"), &binds);
    }
  } else if (KindOf(statement) == Py::kDelete) {
    for (Node child : NamedChildren(statement)) AddTargets(child, &binds);
  } else if (KindOf(statement) == Py::kFor) {
    AddTargets(statement.Field("left"), &binds);
  } else if (KindOf(statement) == Py::kTypeAlias) {
    if (const Node left = statement.first_named_child()) {
      if (const Node name = left.first_named_child()) binds.insert(name.text());
    }
  }
  return binds;
}

bool ForTypeCheckersOnly(Node test) {
  if (!test) return false;
  const Node name = KindOf(test) == Py::kAttribute ? test.Field("attribute") : test;
  return name && name.text() == "TYPE_CHECKING";
}

bool IsMainTest(Node test) {
  if (!test || KindOf(test) != Py::kComparison) return false;
  bool name = false, main = false, others = false;
  for (Node part : Children(test)) {
    const absl::string_view text = part.text();
    if (text == "__name__") {
      name = true;
    } else if (text == "\"__main__\"" || text == "'__main__'") {
      main = true;
    } else {
      others |= text != "==";
    }
  }
  return name && main && !others;
}

bool OnlyAsks(Node test) {
  static const auto* const asking =
      new NameSet{"hasattr",    "getattr",  "isinstance", "issubclass", "callable", "len",
                  "any",        "all",      "bool",       "int",        "str",      "tuple",
                  "startswith", "endswith", "get",        "find_spec"};
  bool only = true;
  ForEachNode(test, [&](Node n) {
    const Py kind = KindOf(n);
    only &= kind != Py::kNamedExpression && !n.Is("await") && !n.Is("yield");
    if (kind != Py::kCall) return;
    const Node function = n.Field("function");
    const Node name =
        function && KindOf(function) == Py::kAttribute ? function.Field("attribute") : function;
    only &= name && asking->contains(name.text());
  });
  return only;
}

void DecideUnits(ModuleBuilder* builder, size_t mark, absl::string_view owner,
                 absl::string_view how, const PyUses& uses) {
  for (size_t i = mark; i < builder->drafts().size(); ++i) {
    UnitDraft& unit = builder->drafts()[i];
    if (!IsDecided(unit, owner)) continue;
    TokenDigest digest;
    digest.Add(how);
    digest.Add(unit.fingerprint.ToHex());
    unit.fingerprint = digest.Finish();
    unit.free.insert(uses.loads.begin(), uses.loads.end());
    unit.members.insert(uses.members.begin(), uses.members.end());
  }
}

bool DecidesUnits(ModuleBuilder& builder, size_t mark, absl::string_view owner) {
  const auto& drafts = builder.drafts();
  return std::any_of(drafts.begin() + static_cast<ptrdiff_t>(mark), drafts.end(),
                     [&](const UnitDraft& unit) { return IsDecided(unit, owner); });
}

std::vector<Node> DecoratorsOf(Node whole) {
  std::vector<Node> decorators;
  if (KindOf(whole) != Py::kDecorated) return decorators;
  for (Node child : NamedChildren(whole)) {
    if (KindOf(child) == Py::kDecorator) decorators.push_back(child);
  }
  return decorators;
}

// The name that a decorator begins with: `app` of @app.route("/").
void AddDecoratorBase(Node decorator, NameSet* out) {
  Node n = decorator.first_named_child();
  while (n && KindOf(n) != Py::kIdentifier) {
    n = KindOf(n) == Py::kCall        ? n.Field("function")
        : KindOf(n) == Py::kAttribute ? n.Field("object")
                                      : Node();
  }
  if (n) out->insert(n.text());
}

PyDecoration DecorationOf(Node whole) {
  PyDecoration d;
  bool scope = false, function_scope = false;
  for (Node decorator : DecoratorsOf(whole)) {
    d.uses.Visit(decorator);
    AddDecoratorBase(decorator, &d.bases);
    AddPyTokens(decorator, &d.digest);
    ForEachNode(decorator, [&](Node part) {
      if (KindOf(part) == Py::kKeywordArgument) {
        const Node keyword = part.Field("name");
        scope |= keyword && keyword.text() == "scope";
        d.everywhere |= keyword && keyword.text() == "autouse";
      }
      if (KindOf(part) == Py::kStringContent) function_scope |= part.text() == "function";
    });
  }
  NameSet named = d.uses.loads;
  named.insert(d.uses.members.begin(), d.uses.members.end());
  d.fixture = named.contains("fixture");
  d.scoped = scope && !function_scope;
  d.overload = named.contains("overload");
  for (absl::string_view name : named) {
    d.memo |= IsMemoDecorator(name);
    d.introspected |= !IsPlainDecorator(name);
  }
  return d;
}

// Whether the function leaves something in the module's variables for the next call.
bool WritesSharedState(Node body, const NameSet& parameters, const NameSet& shared_state) {
  const auto shared = [&](Node value) {
    return value && KindOf(value) == Py::kIdentifier && shared_state.contains(value.text()) &&
           !parameters.contains(value.text());
  };
  const auto reaches_in = [&](Node target) {
    if (!target) return false;
    if (KindOf(target) == Py::kSubscript) return shared(target.Field("value"));
    return KindOf(target) == Py::kAttribute && shared(target.Field("object"));
  };
  bool writes = false;
  ForEachNode(body, [&](Node n) {
    switch (KindOf(n)) {
      case Py::kGlobal:
        writes = true;
        break;
      case Py::kAssignment:
      case Py::kAugmentedAssignment:
        writes |= reaches_in(n.Field("left"));
        break;
      case Py::kCall: {
        const Node function = n.Field("function");
        if (!function || KindOf(function) != Py::kAttribute) break;
        const Node method = function.Field("attribute");
        writes |= method && IsMutator(method.text()) && shared(function.Field("object"));
        break;
      }
      default:
        break;
    }
  });
  return writes;
}

}  // namespace testselect
