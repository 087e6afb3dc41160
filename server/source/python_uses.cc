// What a scope of Python code uses: PyUses.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "server/source/python_processes.h"
#include "server/source/python_syntax.h"
#include "server/source/words.h"

namespace testselect {
namespace {

// The words of replacement fields: {0.name}, %(name)s.
void AddFieldWords(absl::string_view text, NameSet* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool brace = text[i] == '{';
    if (!brace && text.substr(i, 2) != "%(") continue;
    const size_t end = std::min(text.find(brace ? '}' : ')', i), text.size());
    AddWords(text.substr(i, end - i), out);
    i = end;
  }
}

}  // namespace

NameSet PyUses::Free(const NameSet& parameters) const {
  NameSet free;
  for (absl::string_view name : loads) {
    if ((stores.contains(name) && !globals.contains(name)) || parameters.contains(name)) continue;
    free.insert(name);
  }
  return free;
}

void PyUses::VisitChildren(Node n) {
  for (Node child : NamedChildren(n)) Visit(child);
}

void PyUses::VisitStatements(Node first) {
  for (Node n = first; n; n = n.next_named_sibling()) Visit(n);
}

void PyUses::Visit(Node n) {
  if (!n) return;
  switch (KindOf(n)) {
    case Py::kComment:
    case Py::kType:
    case Py::kLineContinuation:
    case Py::kFutureImport:
      return;
    case Py::kIdentifier:
      loads.insert(n.text());
      starts_process |= processes_ != nullptr && processes_->StartsAsAWhole(n);
      return;
    case Py::kAttribute:
      return Attribute(n);
    case Py::kIf:
    case Py::kElifClause:
    case Py::kWhile:
      for (Node child : NamedChildren(n)) {
        child.field() == "condition" ? Test(child) : Visit(child);
      }
      return;
    case Py::kCall:
      return Call(n);
    case Py::kRaise:
      for (Node child : NamedChildren(n)) Prose(child);
      return;
    case Py::kAssert:
      for (Node child : NamedChildren(n)) {
        child == n.first_named_child() ? Visit(child) : Prose(child);
      }
      return;
    case Py::kNotOperator:
      return Test(n.Field("argument"));
    case Py::kComparison:
      return Comparison(n);
    case Py::kConcatenatedString: {
      // One string, written in pieces: a long one is text for people.
      size_t size = 0;
      ForEachNode(n, [&](Node part) {
        if (KindOf(part) == Py::kStringContent) size += part.text().size();
      });
      for (Node part : NamedChildren(n)) {
        for (Node piece : NamedChildren(part)) {
          if (KindOf(piece) != Py::kStringContent || size <= kLongestNamingString) Visit(piece);
        }
      }
      return;
    }
    case Py::kStringContent:
      StringWords(n);
      return;
    case Py::kKeywordArgument:
      Visit(n.Field("value"));
      return;
    case Py::kKeywordPattern:
      for (Node child : NamedChildren(n)) {
        if (child.Is("identifier")) {
          members.insert(child.text());
        } else {
          Visit(child);
        }
      }
      return;
    case Py::kCasePattern: {
      // A single name in a pattern is bound; a dotted one is a value.
      const Node inner = n.first_named_child();
      if (inner && KindOf(inner) == Py::kDottedName && inner.first_named_child() &&
          !inner.first_named_child().next_named_sibling()) {
        stores.insert(inner.text());
      } else {
        VisitChildren(n);
      }
      return;
    }
    case Py::kDottedName: {  // in a pattern: a class or a value
      bool first = true;
      for (Node part : NamedChildren(n)) {
        (first ? loads : members).insert(part.text());
        first = false;
      }
      return;
    }
    case Py::kAssignment:
      return Assigned(n.Field("left"), n.Field("right"));
    case Py::kAugmentedAssignment:
    case Py::kForInClause:
      Store(n.Field("left"));
      for (Node child : NamedChildren(n)) {
        if (child.field() != "left") Visit(child);
      }
      return;
    case Py::kFor:
      Store(n.Field("left"));
      for (Node child : NamedChildren(n)) {
        if (child.field() != "left") Visit(child);
      }
      return;
    case Py::kNamedExpression:
      return Assigned(n.Field("name"), n.Field("value"));
    case Py::kAsPatternTarget:
    case Py::kDelete:
      for (Node child : NamedChildren(n)) Store(child);
      return;
    case Py::kGlobal:
      for (Node child : NamedChildren(n)) globals.insert(child.text());
      return;
    case Py::kNonlocal:
      return;
    case Py::kImport:
      Import(n);
      return;
    case Py::kImportFrom:
      ImportFrom(n);
      return;
    case Py::kTypeAlias:
      if (const Node left = n.first_named_child()) {
        if (left.first_named_child()) stores.insert(left.first_named_child().text());
      }
      return;
    case Py::kFunction:
      Nested(n, n.Field("body"));
      if (const Node name = n.Field("name")) stores.insert(name.text());
      return;
    case Py::kLambda:
      Nested(n, n.Field("body"));
      return;
    case Py::kClass:
      VisitClass(n);
      return;
    default:
      VisitChildren(n);
  }
}

void PyUses::VisitHarmless(Node n) {
  const PyProcessNames* const processes = std::exchange(processes_, nullptr);
  Visit(n);
  processes_ = processes;
}

void PyUses::MergeProcesses(const PyUses& inner) {
  starts_process |= inner.starts_process;
  names_process |= inner.names_process;
}

void PyUses::Attribute(Node n) {
  const Node member = n.Field("attribute"), object = n.Field("object");
  if (member) members.insert(member.text());
  if (processes_ == nullptr || !member) return Visit(object);
  starts_process |= PyProcessNames::StartsAsAMember(member.text());
  const absl::string_view module = processes_->ModuleOf(object);
  const bool is_module = !processes_->ModuleOf(n).empty();
  starts_process |=
      is_module ? processes_->StartsAsAWhole(n) : PyProcessNames::Starts(module, member.text());
  module.empty() ? Visit(object) : VisitHarmless(object);
}

// Whether there is such a module: `if mp`, `mp is None`, `not mp`, `"mp" in sys.modules`.
void PyUses::Test(Node n) {
  if (!n) return;
  switch (KindOf(n)) {
    case Py::kParenthesized:
    case Py::kBooleanOperator:
      for (Node child : NamedChildren(n)) Test(child);
      return;
    case Py::kIdentifier:
      return VisitHarmless(n);
    default:
      return Visit(n);
  }
}

void PyUses::Comparison(Node n) {
  bool in_modules = false;
  for (Node child : NamedChildren(n)) {
    const Node member = KindOf(child) == Py::kAttribute ? child.Field("attribute") : Node();
    in_modules |= member && member.text() == "modules";
  }
  for (Node child : NamedChildren(n)) {
    const Py kind = KindOf(child);
    const bool harmless = kind == Py::kIdentifier || (in_modules && kind == Py::kString);
    if (harmless) {
      VisitHarmless(child);
    } else {
      kind == Py::kString ? Prose(child) : Visit(child);
    }
  }
}

void PyUses::Assigned(Node target, Node value) {
  Store(target);
  const bool gets = processes_ != nullptr && value && processes_->Gets(target, value);
  gets ? VisitHarmless(value) : Visit(value);
}

// What is said to people, or compared with what is: no name is looked up by a string with blanks.
void PyUses::Prose(Node n) {
  const bool outer = std::exchange(prose_, true);
  Visit(n);
  prose_ = outer;
}

void PyUses::Call(Node n) {
  static const auto* const speaks =
      new NameSet{"warn", "_", "gettext", "ngettext", "pgettext", "gettext_lazy"};
  // What they make is called by its first argument, and by nothing else.
  static const auto* const names_its_result =
      new NameSet{"TypeVar",    "TypeVarTuple", "ParamSpec", "NewType",  "ContextVar",
                  "namedtuple", "NamedTuple",   "TypedDict", "getLogger"};
  const Node function = n.Field("function"), arguments = n.Field("arguments");
  const bool member = function && KindOf(function) == Py::kAttribute;
  const Node last = member ? function.Field("attribute") : function;
  const absl::string_view name = last ? last.text() : absl::string_view();
  Visit(function);
  if (speaks->contains(name)) return Prose(arguments);
  const bool named =
      names_its_result->contains(name) && arguments && KindOf(arguments) == Py::kArgumentList;
  if (!named) return Visit(arguments);
  const Node first = arguments.first_named_child();
  for (Node argument : NamedChildren(arguments)) {
    if (argument != first || KindOf(argument) != Py::kString) Visit(argument);
  }
}

// The words between escapes: the n of "\\nname" belongs to no word.
void PyUses::StringWords(Node content) {
  if (content.text().size() > kLongestNamingString) return;
  NameSet words;
  uint32_t begin = content.begin();
  const absl::string_view text = content.text();
  if (prose_ && absl::StrContains(text, ' ')) {
    AddFieldWords(text, &words);
    members.merge(words);
    return;
  }
  for (Node escape : NamedChildren(content)) {
    AddWords(text.substr(begin - content.begin(), escape.begin() - begin), &words);
    begin = escape.end();
  }
  AddWords(text.substr(begin - content.begin()), &words);
  for (absl::string_view word : words) {
    names_process |= processes_ != nullptr &&
                     (PyProcessNames::NamesModule(word) || PyProcessNames::StartsAsAMember(word));
  }
  members.merge(words);
}

void PyUses::Store(Node target) {
  if (!target) return;
  switch (KindOf(target)) {
    case Py::kIdentifier:
      stores.insert(target.text());
      return;
    case Py::kPatternList:
    case Py::kTuplePattern:
    case Py::kListPattern:
    case Py::kListSplatPattern:
    case Py::kListSplat:
    case Py::kTuple:
    case Py::kList:
    case Py::kParenthesized:
    case Py::kExpressionList:
    case Py::kAsPatternTarget:
      for (Node child : NamedChildren(target)) Store(child);
      return;
    default:
      Visit(target);  // an attribute or an item of something that is loaded
  }
}

void PyUses::Import(Node n) {
  for (Node child : NamedChildren(n)) {
    const Node alias = child.Field("alias");
    const Node dotted = alias ? child.Field("name") : child;
    bool first = true;
    for (Node part : NamedChildren(dotted)) {
      members.insert(part.text());
      if (first && !alias) stores.insert(part.text());
      first = false;
    }
    if (alias) stores.insert(alias.text());
  }
}

void PyUses::ImportFrom(Node n) {
  for (Node child : NamedChildren(n)) {
    if (child.field() != "name") continue;
    const Node alias = child.Field("alias");
    const Node name = alias ? child.Field("name") : child;
    const absl::string_view local = alias ? alias.text() : name.text();
    members.insert(name.text());
    stores.insert(local);
    starts_process |= processes_ != nullptr && processes_->StartsByName(local);
  }
}

void PyUses::Nested(Node function, Node body) {
  const Node parameters = function.Field("parameters");
  if (parameters) {
    for (Node p : NamedChildren(parameters)) Visit(p.Field("value"));
  }
  PyUses inner = Inner();
  inner.Visit(body);
  MergeProcesses(inner);
  loads.merge(inner.Free(PyParameterNames(parameters)));
  members.merge(inner.members);
  globals.merge(inner.globals);
}

void PyUses::VisitClass(Node n) {
  Visit(n.Field("superclasses"));
  PyUses inner = Inner();
  inner.Visit(n.Field("body"));
  MergeProcesses(inner);
  loads.merge(inner.loads);
  members.merge(inner.members);
  members.merge(inner.stores);
  if (const Node name = n.Field("name")) stores.insert(name.text());
}

}  // namespace testselect
