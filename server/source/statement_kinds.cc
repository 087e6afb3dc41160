#include "server/source/statement_kinds.h"

namespace testselect {

const StatementKinds& PythonStatements() {
  static const auto& kinds = *new StatementKinds{
      .blocks = {"block"},
      .flow = {"if_statement", "elif_clause", "else_clause", "for_statement", "while_statement",
               "try_statement", "except_clause", "except_group_clause", "finally_clause",
               "with_statement", "match_statement", "case_clause"},
      .cases = {"case_clause"},
      .suspends = {"yield", "await"},
      .strings_do_nothing = true};
  return kinds;
}

const StatementKinds& GoStatements() {
  static const auto& kinds = *new StatementKinds{
      .blocks = {"block", "expression_case", "default_case", "type_case", "communication_case"},
      .flow = {"if_statement", "for_statement", "labeled_statement", "expression_switch_statement",
               "type_switch_statement", "select_statement"},
      .cases = {"expression_case", "default_case", "type_case", "communication_case"},
      .suspends = {}};
  return kinds;
}

const StatementKinds& CppStatements() {
  static const auto& kinds =
      *new StatementKinds{.blocks = {"compound_statement", "case_statement"},
                          .flow = {"if_statement", "else_clause", "for_statement", "for_range_loop",
                                   "while_statement", "do_statement", "try_statement",
                                   "catch_clause", "switch_statement", "labeled_statement"},
                          .cases = {"case_statement"},
                          .suspends = {"co_await_expression", "co_yield_statement"}};
  return kinds;
}

const StatementKinds& JavaScriptStatements() {
  static const auto& kinds = *new StatementKinds{
      .blocks = {"statement_block", "switch_case", "switch_default"},
      .flow = {"if_statement", "else_clause", "for_statement", "for_in_statement",
               "while_statement", "do_statement", "try_statement", "catch_clause", "finally_clause",
               "switch_statement", "switch_body", "labeled_statement"},
      .cases = {"switch_case", "switch_default"},
      .suspends = {"yield_expression", "await_expression"}};
  return kinds;
}

const StatementKinds& JavaStatements() {
  static const auto& kinds = *new StatementKinds{
      .blocks = {"block", "constructor_body", "switch_block_statement_group"},
      .flow = {"if_statement", "for_statement", "enhanced_for_statement", "while_statement",
               "do_statement", "try_statement", "try_with_resources_statement", "catch_clause",
               "finally_clause", "synchronized_statement", "labeled_statement", "switch_expression",
               "switch_statement", "switch_block", "switch_rule", "expression_statement"},
      .cases = {"switch_block_statement_group", "switch_label"},
      .suspends = {}};
  return kinds;
}

const StatementKinds& RustStatements() {
  static const auto& kinds = *new StatementKinds{
      .blocks = {"block"},
      .flow = {"if_expression", "else_clause", "for_expression", "while_expression",
               "loop_expression", "match_expression", "match_block", "match_arm", "unsafe_block",
               "let_declaration", "expression_statement"},
      .cases = {"label"},
      .suspends = {"await_expression", "yield_expression"}};
  return kinds;
}

const StatementKinds& RubyStatements() {
  static const auto& kinds = *new StatementKinds{
      .blocks = {"body_statement", "block_body", "then", "else", "do", "begin", "ensure"},
      .flow = {"if", "elsif", "unless", "while", "until", "for", "case", "when", "rescue"},
      .cases = {"rescue", "else", "ensure"},
      .suspends = {}};
  return kinds;
}

}  // namespace testselect
