// CppCutter: declarations and directives of C and C++ as units.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/source/generic_cutter.h"

namespace testselect {

// ImportSource::level of C and C++: `#include <x>` and `#include "x"`.
enum CppImport : uint32_t { kCppAngled = 0, kCppQuoted = 1 };

// What the language and its library look for by name: nobody need write it.
bool CppLooksFor(absl::string_view name);

// The text of a node that may be null.
inline absl::string_view TextOf(Node node) { return node ? node.text() : ""; }

class CppCutter : public GenericCutter {
 public:
  CppCutter(const Grammar& grammar, const SyntaxTree& tree, NameTable* names);

 protected:
  void Top(Node node, const std::string& owner) override { Item(node, node, owner); }
  void Finished(Node root) override;

 private:
  struct Declarator {
    Node node;    // with its parameters, if it is a function's
    Node target;  // what it declares
    std::string owner;
    absl::string_view name;
    std::string overload;
    NameSet binds;  // what else than its name a function binds
    bool function = false;
  };

  // `whole` is `node` with its `template <...>`.
  void Item(Node whole, Node node, const std::string& owner);
  void Include(Node node);
  void Macro(Node node);
  void Conditional(Node node, const std::string& owner);
  void Namespace(Node node, const std::string& owner);
  void Aggregate(Node whole, Node node);
  void Enumeration(Node node, const std::string& owner);
  void Declaration(Node whole, Node node, const std::string& owner);
  void Variable(Node whole, Node node, const std::string& owner, Node declarator);
  void Function(Node whole, Node node, const Declarator& d);
  // What a function is called, whose it is, and what tells it apart from others.
  void Name(Node node, Declarator* d);
  void NameTest(Node node, Declarator* d);
  void NameOperator(Node parameters, Declarator* d);
  bool ResultTravels(Node node, Node declarator) const;
  void AddIncludeOrder(Node root);
  void AddConditionalIncludes(absl::string_view condition);
  void AddAllIncludes(absl::string_view source);
  bool KeepsState(Node body, const NameSet& free) const;

  std::vector<std::string> namespaces_;          // that are open
  std::vector<std::pair<size_t, Node>> bodies_;  // drafts of functions
  NameSet globals_;                              // variables outside of functions, constants aside
};

const Grammar& CppGrammar();
const Grammar& CGrammar();

}  // namespace testselect
