// GenericCutter: cuts a file into units by the tables of its grammar.
//
// What all languages have in common is here: scopes, names and members that code uses, tokens,
// functions, classes and statements. A language derives from it and says what a declaration at the
// top of a file or of a class becomes (Top). Cost: less than half of the parser's.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/source/grammar.h"
#include "server/source/module_builder.h"
#include "server/source/syntax_tree.h"
#include "server/source/token_digest.h"
#include "server/source/unit.h"

namespace testselect {

// The nodes that a unit is made of.
struct UnitParts {
  std::vector<Node> parts = {};  // none: the node that the unit stands for
  std::vector<Node> without =
      {};  // what is below them, but not part of the unit; null ones are ignored
  const NameSet* declared = nullptr;  // names that are its own
};

struct FunctionParts {
  Node node;  // all of it
  absl::string_view name;
  absl::string_view owner;                      // the class it is a method of, or ""
  Node body, parameters;                        // null: none
  std::string overload = {};                    // "#..." tells functions of one name apart
  std::optional<NameSet> binds = std::nullopt;  // {name} unless given
  uint16_t header_flags = 0, body_flags = 0;
  std::vector<Node> without = {};  // what belongs to neither header nor body
  NameSet declared = {};           // more parameters
  std::vector<Node> header = {};   // what else than `node` belongs to the header: attributes
};

// Used once, by one thread; `tree` and `names` must outlive it.
class GenericCutter {
 public:
  virtual ~GenericCutter() = default;
  GenericCutter(const GenericCutter&) = delete;
  GenericCutter& operator=(const GenericCutter&) = delete;

  SourceModule Cut();

 protected:
  GenericCutter(const Grammar& grammar, const SyntaxTree& tree, NameTable* names);

  // Adds the units of one child of the file, or of the body of the class `owner`. Comments arrive
  // only if they are obeyed, and errors never.
  virtual void Top(Node node, const std::string& owner) = 0;
  // Whether a comment is an instruction to the compiler or the test runner: a token like others.
  virtual bool Obeyed(Node /*comment*/) const { return false; }
  // Whether a name in a pattern is given its value there, rather than compared with.
  virtual bool Binds(absl::string_view /*name*/) const { return true; }
  // Called for each node that names are looked for in, after its children.
  virtual void Used(Node /*node*/, UnitDraft* /*draft*/) {}
  // Whether making the value of a declaration may leave something behind elsewhere.
  virtual bool MayLeaveSomething(Node declaration) const {
    return AnyBelow(declaration, Grammar::kCall);
  }
  // Called with all units made, to add what only the whole file shows.
  virtual void Finished(Node /*root*/) {}

  // Top for what may be below a declaration. A syntax error hides nothing that is whole in it.
  void Visit(Node node, const std::string& owner);

  // Each returns the unit, valid until the next is added.
  UnitDraft& AddUnit(UnitKind kind, std::string key, absl::string_view owner, Node node,
                     const UnitParts& parts = {});
  // A statement that binds nothing is there for its effects. With nothing better its key is a
  // digest of its tokens.
  UnitDraft& AddStatement(Node node, absl::string_view owner, NameSet binds,
                          const UnitParts& parts = {});
  // The last statement's value comes from a call that its text does not show: where its file never
  // uses it, it is there for what the call does.
  void MarkCaller() { callers_.push_back(builder_.drafts().size() - 1); }
  // A header, and a body if there is one: that is the last unit then, and returned.
  UnitDraft& AddFunction(const FunctionParts& function);
  // The class without its methods, then what is in its body. Its data is part of what it is.
  // Nested classes have no owner: definitions elsewhere cannot tell a class from a namespace.
  void AddClass(Node node, absl::string_view name, Node body, absl::string_view overload = "",
                const std::vector<Node>& without = {}, const std::vector<Node>& also = {});
  // Free names and members of `node` join those of a unit.
  void AddUses(Node node, const NameSet& declared, UnitDraft* draft);

  // What stands around units and is part of none: a namespace, an `#if`, `export const`. While one
  // lives its words are part of every fingerprint.
  class Context {
   public:
    // `words` of its own, and those of `node`'s own leaves (punctuation aside) if it is not null.
    Context(GenericCutter* cutter, Node node, absl::string_view words = "");
    ~Context() { cutter_.context_.resize(size_before_); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

   private:
    GenericCutter& cutter_;
    size_t size_before_;
  };
  // The leaves of a node (punctuation aside), and its decorators, that belong to every unit below
  // it but bodies and members of classes: `export const` of what it declares.
  class Prefix {
   public:
    Prefix(GenericCutter* cutter, Node node);
    ~Prefix() { cutter_.prefix_.resize(size_before_); }
    Prefix(const Prefix&) = delete;
    Prefix& operator=(const Prefix&) = delete;

   private:
    GenericCutter& cutter_;
    size_t size_before_;
  };
  // Says that all tokens of a node are known to some unit by other means than its fingerprint.
  void Account(Node node);
  void AccountLeaves(Node node);  // of the leaves right below it: keywords

  // Names that a declaration declares, members included.
  NameSet Declared(Node node) const;
  // The same of all nodes below `node`.
  NameSet DeclaredBelow(Node node) const;
  // All names in a pattern, wherever they stand.
  NameSet NamesIn(Node pattern) const;
  bool AnyBelow(Node node, Grammar::Role role) const;
  // The topmost nodes with a role below `node`, those below `without` aside.
  std::vector<Node> Below(Node node, Grammar::Role role, Node without = Node()) const;
  Digest Fingerprint(Node node);
  // A view that lives as long as the cutter.
  absl::string_view Keep(std::string text) { return kept_.emplace_back(std::move(text)); }
  // The same without white space.
  static std::string Squeezed(absl::string_view text);

  const Grammar& grammar() const { return grammar_; }
  Node root() const { return tree_.root(); }
  ModuleBuilder& builder() { return builder_; }
  absl::string_view context() const { return context_; }

 private:
  enum Mark : uint8_t { kSkip = 1, kSeen = 2 };
  class UseWalk;

  Digest FingerprintOf(const std::vector<Node>& parts);
  void AddTokens(Node part, TokenDigest* digest);
  void AddGap(uint32_t begin, uint32_t end, TokenDigest* digest);
  void MarkSkipped(const std::vector<Node>& nodes, bool skipped);
  void DeclaredInto(Node node, NameSet* out) const;
  void FindMethods(Node body, std::vector<Node>* methods) const;
  void AddUnusedCalls();
  void AddUnseen();

  const Grammar& grammar_;
  const SyntaxTree& tree_;
  ModuleBuilder builder_;
  std::string context_;
  std::vector<Node> prefix_;
  std::vector<uint8_t> marks_;            // by node index
  std::vector<uint32_t> name_of_;         // by node index: the name of a leaf, from 1; 0: none
  std::vector<absl::string_view> texts_;  // by name
  std::vector<uint32_t> bound_;           // by name: how many scopes around here declare it
  absl::flat_hash_map<absl::string_view, uint32_t> ids_;
  std::vector<size_t> callers_;  // drafts of statements whose value comes from a call
  std::deque<std::string> kept_;
};

// A word: [A-Za-z_][A-Za-z0-9_]*.
bool IsWord(absl::string_view text);

}  // namespace testselect
