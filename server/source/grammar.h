// Grammar: the roles that node kinds play for the generic cutter, resolved to numbers once.
#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/source/syntax_tree.h"

struct TSLanguage;

namespace testselect {

// What the generic cutter must know of a grammar, by the grammar's own names of nodes and fields.
// Those that only some dialects of a language have begin with "?": "?jsx_text".
struct GrammarTables {
  struct FieldOf {
    absl::string_view kind, field;  // field "*": all children
  };
  using Names = std::vector<absl::string_view>;

  Names names = {};         // leaves that may mean something defined elsewhere
  Names member_names = {};  // leaves that name a member of something
  Names both = {};          // leaves that are a name and a member
  Names strings = {};       // leaves with the text of a string; the words of short ones are members
  Names raw = {};           // leaves of unparsed code: every word is a name and a member
  Names verbatim = {};      // nodes in which layout counts: one token, whatever they are made of
  Names blocks = {};        // nodes that open a scope
  Names methods = {};       // functions in the body of a class, which are units of their own
  Names nests = {};         // what may hold methods in the body of a class (classes, `#if`)
  Names comments = {};
  Names calls = {};   // nodes whose value is the result of some call
  Names types = {};   // types that the running program does not have
  Names writes = {};  // nodes that may change something that lives longer than a function runs
  std::vector<FieldOf> member_fields = {};   // fields whose names are members too
  std::vector<FieldOf> declares = {};        // fields that hold the names a node declares
  Names values = {};                         // fields that are no part of a pattern that declares
  std::vector<FieldOf> pattern_values = {};  // ... but for these
};

// Immutable and thread-safe. Made once for each grammar and kept.
class Grammar {
 public:
  enum Role : uint16_t {
    kName = 1 << 0,
    kMemberName = 1 << 1,
    kBoth = 1 << 2,
    kString = 1 << 3,
    kRaw = 1 << 4,
    kVerbatim = 1 << 5,
    kBlock = 1 << 6,
    kMethod = 1 << 7,
    kNest = 1 << 8,
    kComment = 1 << 9,
    kCall = 1 << 10,
    kDeclares = 1 << 11,
    kHasMemberFields = 1 << 12,
    kWrite = 1 << 13,
    kType = 1 << 14,
  };

  // Every kind and field of `tables` without "?" must exist in the grammar: aborts otherwise.
  Grammar(const TSLanguage* language, const GrammarTables& tables);

  const TSLanguage* language() const { return language_; }
  // The number of a kind of nodes, for comparisons in loops; 0 where the grammar has none.
  uint16_t Symbol(absl::string_view kind) const;
  // All roles of a node, as bits.
  uint16_t Roles(Node node) const { return Of(node).roles; }
  bool Has(Node node, Role role) const { return (Roles(node) & role) != 0; }
  // Whether `child` is where `node` has the names it declares.
  bool Declares(Node node, Node child) const { return Of(node).declares[child.field_id()]; }
  bool IsMemberField(Node node, Node child) const { return Of(node).members[child.field_id()]; }
  // Whether `child` is a value inside of the pattern `node`, rather than a part of it.
  bool IsValue(Node node, Node child) const { return Of(node).values[child.field_id()]; }

 private:
  static constexpr size_t kMaxFields = 128;
  using Fields = std::bitset<kMaxFields>;
  struct Kind {
    uint16_t roles = 0;
    Fields declares, members, values;
  };
  const Kind& Of(Node node) const {  // errors have a number beyond all others
    return kinds_[node.symbol() < kinds_.size() - 1 ? node.symbol() : kinds_.size() - 1];
  }
  // The fields that `field` names: all of them for "*".
  Fields FieldsNamed(absl::string_view field) const;
  template <typename F>
  void ForKinds(absl::string_view kind, F f);
  void SetRole(const GrammarTables::Names& kinds, Role role);

  const TSLanguage* language_;
  std::vector<Kind> kinds_;  // by symbol; the last is that of errors
};

}  // namespace testselect
