// Node kinds of the Python grammar, and what a scope of Python code uses.
#pragma once

#include <cstdint>
#include <utility>

#include "server/source/kind_table.h"
#include "server/source/module_builder.h"
#include "server/source/syntax_tree.h"
#include "server/source/token_digest.h"

namespace testselect {

enum class Py : uint8_t {
  kOther,
  kArgumentList,
  kAsPattern,
  kAsPatternTarget,
  kAssignment,
  kAttribute,
  kAugmentedAssignment,
  kBlock,
  kCall,
  kCasePattern,
  kClass,
  kComma,
  kComment,
  kConcatenatedString,
  kDecorated,
  kDecorator,
  kDefaultParameter,
  kDelete,
  kDictionarySplatPattern,
  kDottedName,
  kElifClause,
  kElseClause,
  kError,
  kExceptClause,
  kExec,
  kExpressionList,
  kExpressionStatement,
  kFinallyClause,
  kFor,
  kForInClause,
  kFunction,
  kFutureImport,
  kGlobal,
  kIdentifier,
  kIf,
  kImport,
  kImportFrom,
  kKeywordArgument,
  kKeywordPattern,
  kKeywordSeparator,
  kLambda,
  kLineContinuation,
  kList,
  kListPattern,
  kListSplat,
  kListSplatPattern,
  kNamedExpression,
  kNonlocal,
  kParameters,
  kParenthesized,
  kPass,
  kPatternList,
  kPositionalSeparator,
  kPrint,
  kSemicolon,
  kString,
  kStringContent,
  kStringStart,
  kStringEnd,
  kSubscript,
  kTry,
  kTuple,
  kTuplePattern,
  kType,
  kTypeAlias,
  kTypedDefaultParameter,
  kTypedParameter,
  kWhile,
  kWildcardImport,
  kWith,
  kConstant,  // a literal: number, True, None, ...
};

Py KindOf(Node n);

// What one scope of code loads and stores; annotations are left out. Views point into the source.
class PyUses {
 public:
  void Visit(Node n);                // null is nothing
  void VisitStatements(Node first);  // a statement and those that follow it in its block
  // loads that are neither stored here (unless declared global) nor in `parameters`
  NameSet Free(const NameSet& parameters = {}) const;

  NameSet loads, stores, members, globals;

 private:
  void Store(Node target);
  void Import(Node n);
  void ImportFrom(Node n);
  void Nested(Node function, Node body);
  void VisitClass(Node n);
  void StringWords(Node content);
  void VisitChildren(Node n);
};

// Parameters of a function or lambda, `self` and splats included.
NameSet PyParameterNames(Node parameters);

// Adds the tokens of `n`: what Python makes of them, so that quotes, parentheses around an
// expression, trailing commas and line breaks do not count. Subtrees in `without` are left out.
void AddPyTokens(Node n, TokenDigest* digest, Node without = Node());
// Types of parameters and variables are left out.
void AddPyTokensWithoutTypes(Node n, TokenDigest* digest);

// The module of a `from` import, and how many dots it begins with.
std::pair<uint32_t, absl::string_view> PyModuleOf(Node import_from);

// Adds everything that loads a module by a literal name wherever it stands: imports,
// import_module("a.b"), __import__, pytest.importorskip, pytest_plugins.
void AddPyImports(Node root, ModuleBuilder* builder);

// Whether `n` is a statement of nothing but a plain string.
bool IsPyDocstring(Node n);

}  // namespace testselect
