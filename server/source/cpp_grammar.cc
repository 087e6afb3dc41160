#include "server/source/cpp_cutter.h"
#include "server/source/grammars.h"

namespace testselect {
namespace {

GrammarTables Tables() {
  return {
      .names = {"identifier", "type_identifier", "?namespace_identifier", "?literal_suffix"},
      .member_names = {"field_identifier"},
      .strings = {"string_content"},
      .raw = {"preproc_arg"},
      .verbatim = {"string_literal", "?raw_string_literal", "char_literal", "system_lib_string"},
      .blocks = {"compound_statement", "for_statement", "?for_range_loop", "if_statement",
                 "while_statement", "?lambda_expression", "?catch_clause", "function_definition",
                 "switch_statement", "?requires_expression"},
      .methods = {"function_definition"},
      .nests = {"field_declaration", "?class_specifier", "struct_specifier", "union_specifier",
                "field_declaration_list", "preproc_if", "preproc_ifdef", "preproc_else",
                "preproc_elif", "preproc_elifdef", "?template_declaration"},
      .comments = {"comment"},
      .calls = {"call_expression", "argument_list", "initializer_list"},
      .writes = {"assignment_expression", "update_expression", "declaration"},
      .declares = {{"parameter_declaration", "declarator"},
                   {"?optional_parameter_declaration", "declarator"},
                   {"?variadic_parameter_declaration", "declarator"},
                   {"declaration", "declarator"},
                   {"?for_range_loop", "declarator"},
                   {"field_declaration", "declarator"},
                   {"type_definition", "declarator"},
                   {"?alias_declaration", "name"}},
      .values = {"value", "right", "parameters", "size", "arguments", "type", "?default_value"}};
}

}  // namespace

const Grammar& CppGrammar() {
  static const Grammar& grammar = *new Grammar(tree_sitter_cpp(), Tables());
  return grammar;
}

const Grammar& CGrammar() {
  static const Grammar& grammar = *new Grammar(tree_sitter_c(), Tables());
  return grammar;
}

}  // namespace testselect
