// Statements: what the body of a function is made of, for selections by line.
//
// Units say that a body changed; statements say where in it, and what surely runs just before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "server/source/syntax_tree.h"
#include "storage/model/digest.h"
#include "storage/model/evidence.h"

namespace testselect {

inline constexpr uint32_t kNoStatement = 0xFFFFFFFF;

// One statement, without those in its blocks: of an `if`, its condition.
struct Statement {
  uint32_t owner = kNoStatement;   // whose block it stands in; none: the body itself
  uint32_t block = 0;              // which of the owner's blocks, in the order of the text
  uint32_t before = kNoStatement;  // its neighbour in that block; none: it is the first
  bool called = false;  // its block is run by a call (a function in a function), not by its owner
  bool suspends_itself = false;  // it may be left in its midst and resumed by somebody else (yield)
  bool suspends = false;         // it, or what runs within it
  Digest tokens = {};            // without comments and layout
  std::vector<LineRange> lines = {};  // ascending, disjoint
  std::vector<LineRange> head =
      {};  // those before its first block: they run first, whatever follows
};

// A statement comes after its owner and after its neighbour before it.
struct Outline {
  std::vector<Statement> statements;
  Digest rest;         // of the tokens that are in no statement
  bool jumps = false;  // a `goto`: what stands before does not surely run before
};

// What must be known of a grammar, by its own names of nodes. What is not listed makes statements
// coarser, never wrong.
struct StatementKinds {
  using Names = absl::flat_hash_set<absl::string_view>;
  Names blocks;    // their children are statements
  Names flow;      // between a statement and its blocks: control enters them from the statement
  Names cases;     // in a block and no statements: labels of a switch, and what is below them
  Names suspends;  // leaves the function, to be resumed later
  bool strings_do_nothing = false;  // a statement that is but a string (a docstring) is none
};

// The statements of one file. Immutable; thread-safe.
class StatementReader {
 public:
  // Null where the file cannot be parsed. `kinds` must outlive the reader. Cost: the parser's.
  static std::unique_ptr<StatementReader> Read(const TSLanguage* grammar,
                                               const StatementKinds& kinds,
                                               absl::string_view source);

  // The statements within `lines`, the lines of a body. Nothing where there is a syntax error.
  // Cost: linear in the file's nodes.
  std::optional<Outline> In(LineRange lines) const;

 private:
  StatementReader(const StatementKinds& kinds, absl::string_view source)
      : kinds_(kinds), source_(source) {}

  const StatementKinds& kinds_;
  const std::string source_;
  std::optional<SyntaxTree> tree_;
};

// One place at which two versions of a body part ways.
struct StatementEdit {
  // Who comes there executed `lines` of the old version, if `seen` are lines that the collector
  // reports at all.
  struct Sign {
    std::vector<LineRange> lines, seen;
  };
  bool inserted = false;    // else a statement changed or went
  std::vector<Sign> signs;  // the best first; after the last, only the body as a whole is known
  bool optional = false;    // without any sign the place need not count: what leads to it does
};

// Every place where a run of `after` first does another thing than one of `before` did; nothing
// where that cannot be said. Cost: at worst the product of the lengths of two blocks.
std::optional<std::vector<StatementEdit>> CompareStatements(const Outline& before,
                                                            const Outline& after);

}  // namespace testselect
