#include "server/source/grammars.h"
#include "server/source/javascript_cutter.h"

namespace testselect {
namespace {

// Shared by the three grammars; "?" marks what JavaScript's lacks.
GrammarTables Tables() {
  return {.names = {"identifier", "?type_identifier"},
          .member_names = {"property_identifier", "private_property_identifier"},
          .both = {"shorthand_property_identifier", "shorthand_property_identifier_pattern"},
          .strings = {"string_fragment"},
          .verbatim = {"string", "template_string", "regex", "?jsx_text"},
          .blocks = {"statement_block", "function_declaration", "generator_function_declaration",
                     "class", "class_declaration", "method_definition", "for_statement",
                     "for_in_statement", "catch_clause", "function_expression", "arrow_function",
                     "generator_function", "?abstract_class_declaration", "switch_body",
                     "class_static_block"},
          .methods = {"method_definition"},
          .comments = {"comment"},
          .calls = {"call_expression", "new_expression"},
          .types = {"?type_annotation", "?type_parameters", "?asserts_annotation",
                    "?type_predicate_annotation", "?implements_clause"},
          .writes = {"assignment_expression", "augmented_assignment_expression",
                     "update_expression", "call_expression"},
          .member_fields = {{"pair_pattern", "key"}},
          .declares = {{"variable_declarator", "name"},
                       {"formal_parameters", "*"},
                       {"arrow_function", "parameter"},
                       {"catch_clause", "parameter"},
                       {"for_in_statement", "left"}},
          .values = {"value", "right", "?type"},
          .pattern_values = {{"pair_pattern", "value"}}};
}

}  // namespace

const Grammar& JavaScriptGrammar() {
  static const Grammar& grammar = *new Grammar(tree_sitter_javascript(), Tables());
  return grammar;
}

const Grammar& TypeScriptGrammar() {
  static const Grammar& grammar = *new Grammar(tree_sitter_typescript(), Tables());
  return grammar;
}

const Grammar& TsxGrammar() {
  static const Grammar& grammar = *new Grammar(tree_sitter_tsx(), Tables());
  return grammar;
}

}  // namespace testselect
