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
  kAssert,
  kAssignment,
  kAttribute,
  kAugmentedAssignment,
  kBlock,
  kBooleanOperator,
  kCall,
  kCasePattern,
  kClass,
  kComma,
  kComment,
  kComparison,
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
  kNotOperator,
  kParameters,
  kParenthesized,
  kPass,
  kPatternList,
  kPositionalSeparator,
  kPrint,
  kRaise,
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

// What a Python file must be parsed with.
absl::Span<const uint8_t> PyKinds();
inline Py KindOf(Node n) { return static_cast<Py>(n.kind_number()); }

class PyProcessNames;

// What one scope of code loads and stores; annotations are left out. Views point into the source.
class PyUses {
 public:
  // Without `processes`, which must outlive it, nothing is said of them.
  explicit PyUses(const PyProcessNames* processes = nullptr) : processes_(processes) {}
  void Visit(Node n);                // null is nothing
  void VisitStatements(Node first);  // a statement and those that follow it in its block
  // loads that are neither stored here (unless declared global) nor in `parameters`
  NameSet Free(const NameSet& parameters = {}) const;

  NameSet loads, stores, members, globals;
  bool starts_process = false;  // it uses what may start a process, if not by a name of its file
  bool names_process = false;   // a word of its strings means such a thing

 private:
  void Store(Node target);
  void Import(Node n);
  void ImportFrom(Node n);
  void Nested(Node function, Node body);
  void VisitClass(Node n);
  void StringWords(Node content);
  void Call(Node n);
  void Prose(Node n);
  void VisitChildren(Node n);
  void Attribute(Node n);
  void Test(Node n);
  void Comparison(Node n);
  void Assigned(Node target, Node value);
  void VisitHarmless(Node n);
  PyUses Inner() const { return PyUses(processes_); }
  void MergeProcesses(const PyUses& inner);

  const PyProcessNames* processes_;
  bool prose_ = false;  // strings with blanks are text for people here
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
