#include "server/source/python_syntax.h"

#include "server/source/grammars.h"

namespace testselect {

absl::Span<const uint8_t> PyKinds() {
  static const auto* const table = new KindTable<Py>(
      tree_sitter_python(), {{"argument_list", Py::kArgumentList},
                             {"as_pattern", Py::kAsPattern},
                             {"as_pattern_target", Py::kAsPatternTarget},
                             {"assert_statement", Py::kAssert},
                             {"assignment", Py::kAssignment},
                             {"attribute", Py::kAttribute},
                             {"augmented_assignment", Py::kAugmentedAssignment},
                             {"block", Py::kBlock},
                             {"boolean_operator", Py::kBooleanOperator},
                             {"call", Py::kCall},
                             {"case_pattern", Py::kCasePattern},
                             {"class_definition", Py::kClass},
                             {",", Py::kComma},
                             {"comment", Py::kComment},
                             {"comparison_operator", Py::kComparison},
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
                             {"not_operator", Py::kNotOperator},
                             {"parameters", Py::kParameters},
                             {"lambda_parameters", Py::kParameters},
                             {"parenthesized_expression", Py::kParenthesized},
                             {"pass_statement", Py::kPass},
                             {"pattern_list", Py::kPatternList},
                             {"positional_separator", Py::kPositionalSeparator},
                             {"print_statement", Py::kPrint},
                             {"raise_statement", Py::kRaise},
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
  return table->numbers();
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
