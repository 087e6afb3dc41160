#include "server/source/python_syntax.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/source/grammars.h"
#include "server/source/words.h"

namespace testselect {

Py KindOf(Node n) {
  static const auto* const table = new KindTable<Py>(
      tree_sitter_python(), {{"argument_list", Py::kArgumentList},
                             {"as_pattern", Py::kAsPattern},
                             {"as_pattern_target", Py::kAsPatternTarget},
                             {"assignment", Py::kAssignment},
                             {"attribute", Py::kAttribute},
                             {"augmented_assignment", Py::kAugmentedAssignment},
                             {"block", Py::kBlock},
                             {"call", Py::kCall},
                             {"case_pattern", Py::kCasePattern},
                             {"class_definition", Py::kClass},
                             {",", Py::kComma},
                             {"comment", Py::kComment},
                             {"concatenated_string", Py::kConcatenatedString},
                             {"decorated_definition", Py::kDecorated},
                             {"decorator", Py::kDecorator},
                             {"default_parameter", Py::kDefaultParameter},
                             {"delete_statement", Py::kDelete},
                             {"dictionary_splat_pattern", Py::kDictionarySplatPattern},
                             {"dotted_name", Py::kDottedName},
                             {"elif_clause", Py::kElifClause},
                             {"else_clause", Py::kElseClause},
                             {"ERROR", Py::kError},
                             {"except_clause", Py::kExceptClause},
                             {"except_group_clause", Py::kExceptClause},
                             {"exec_statement", Py::kExec},
                             {"expression_list", Py::kExpressionList},
                             {"expression_statement", Py::kExpressionStatement},
                             {"finally_clause", Py::kFinallyClause},
                             {"for_statement", Py::kFor},
                             {"for_in_clause", Py::kForInClause},
                             {"function_definition", Py::kFunction},
                             {"future_import_statement", Py::kFutureImport},
                             {"global_statement", Py::kGlobal},
                             {"identifier", Py::kIdentifier},
                             {"if_statement", Py::kIf},
                             {"import_statement", Py::kImport},
                             {"import_from_statement", Py::kImportFrom},
                             {"keyword_argument", Py::kKeywordArgument},
                             {"keyword_pattern", Py::kKeywordPattern},
                             {"keyword_separator", Py::kKeywordSeparator},
                             {"lambda", Py::kLambda},
                             {"line_continuation", Py::kLineContinuation},
                             {"list", Py::kList},
                             {"list_pattern", Py::kListPattern},
                             {"list_splat", Py::kListSplat},
                             {"list_splat_pattern", Py::kListSplatPattern},
                             {"named_expression", Py::kNamedExpression},
                             {"nonlocal_statement", Py::kNonlocal},
                             {"parameters", Py::kParameters},
                             {"lambda_parameters", Py::kParameters},
                             {"parenthesized_expression", Py::kParenthesized},
                             {"pass_statement", Py::kPass},
                             {"pattern_list", Py::kPatternList},
                             {"positional_separator", Py::kPositionalSeparator},
                             {"print_statement", Py::kPrint},
                             {";", Py::kSemicolon},
                             {"string", Py::kString},
                             {"string_content", Py::kStringContent},
                             {"string_start", Py::kStringStart},
                             {"string_end", Py::kStringEnd},
                             {"subscript", Py::kSubscript},
                             {"try_statement", Py::kTry},
                             {"tuple", Py::kTuple},
                             {"tuple_pattern", Py::kTuplePattern},
                             {"type", Py::kType},
                             {"type_alias_statement", Py::kTypeAlias},
                             {"typed_default_parameter", Py::kTypedDefaultParameter},
                             {"typed_parameter", Py::kTypedParameter},
                             {"while_statement", Py::kWhile},
                             {"wildcard_import", Py::kWildcardImport},
                             {"with_statement", Py::kWith},
                             {"integer", Py::kConstant},
                             {"float", Py::kConstant},
                             {"true", Py::kConstant},
                             {"false", Py::kConstant},
                             {"none", Py::kConstant},
                             {"ellipsis", Py::kConstant}});
  return (*table)(n);
}

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
      return;
    case Py::kAttribute:
      if (const Node member = n.Field("attribute")) members.insert(member.text());
      Visit(n.Field("object"));
      return;
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
      Store(n.Field("left"));
      Visit(n.Field("right"));
      return;
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
      Store(n.Field("name"));
      Visit(n.Field("value"));
      return;
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

// The words between escapes: the n of "\\nname" belongs to no word.
void PyUses::StringWords(Node content) {
  if (content.text().size() > kLongestNamingString) return;
  uint32_t begin = content.begin();
  const absl::string_view text = content.text();
  for (Node escape : NamedChildren(content)) {
    AddWords(text.substr(begin - content.begin(), escape.begin() - begin), &members);
    begin = escape.end();
  }
  AddWords(text.substr(begin - content.begin()), &members);
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
    members.insert(name.text());
    stores.insert(alias ? alias.text() : name.text());
  }
}

void PyUses::Nested(Node function, Node body) {
  const Node parameters = function.Field("parameters");
  if (parameters) {
    for (Node p : NamedChildren(parameters)) Visit(p.Field("value"));
  }
  PyUses inner;
  inner.Visit(body);
  loads.merge(inner.Free(PyParameterNames(parameters)));
  members.merge(inner.members);
  globals.merge(inner.globals);
}

void PyUses::VisitClass(Node n) {
  Visit(n.Field("superclasses"));
  PyUses inner;
  inner.Visit(n.Field("body"));
  loads.merge(inner.loads);
  members.merge(inner.members);
  members.merge(inner.stores);
  if (const Node name = n.Field("name")) stores.insert(name.text());
}

NameSet PyParameterNames(Node parameters) {
  NameSet names;
  if (!parameters) return names;
  for (Node p : NamedChildren(parameters)) {
    Node name = p.Field("name");
    if (!name) name = p;
    // name: int, *args: int, **kwargs
    while (name && KindOf(name) != Py::kIdentifier) name = name.first_named_child();
    if (name) names.insert(name.text());
  }
  return names;
}

}  // namespace testselect
