// SyntaxTree: a parsed file as one flat array of nodes.
//
// tree-sitter's own nodes find a child by counting from the left; cutters look at every node many
// times. The tree is copied once, by a cursor, into an array whose nodes know their parent, first
// child and next sibling.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

struct TSLanguage;

namespace testselect {

class SyntaxTree;

// A handle, as cheap as a pointer; null where there is no such node. Valid as long as its tree.
class Node {
 public:
  Node() = default;
  explicit operator bool() const { return tree_ != nullptr; }
  uint16_t symbol() const;         // the grammar's number of the node's kind
  absl::string_view kind() const;  // the grammar's name of it, e.g. "function_definition"
  uint8_t kind_number() const;     // of the kinds that the tree was parsed with
  bool Is(absl::string_view kind_name) const { return kind() == kind_name; }
  bool IsOneOf(std::initializer_list<absl::string_view> kinds) const;
  bool is_named() const;
  bool has_error() const;           // a syntax error lies in it
  absl::string_view field() const;  // the name of the parent's field that it fills, or ""
  uint16_t field_id() const;        // the grammar's number of that field, or 0
  absl::string_view text() const;
  // 1-based. Cost: a binary search in the file's lines.
  uint32_t first_line() const;
  uint32_t last_line() const;  // of its last byte (a line end belongs to the line it ends)
  uint32_t begin() const;      // byte offsets
  uint32_t end() const;
  uint32_t index() const { return index_; }  // in preorder; unique in the tree

  Node parent() const;
  Node first_child() const;
  Node next_sibling() const;
  Node prev_sibling() const;  // cost: linear in its place
  Node first_named_child() const;
  Node next_named_sibling() const;
  Node last_child() const;                   // cost: linear in the children
  Node Field(absl::string_view name) const;  // the first child in that field
  bool has_children() const { return static_cast<bool>(first_child()); }
  // The node after this one's subtree in preorder is at `subtree_end()`: all nodes of the subtree
  // are [index(), subtree_end()).
  uint32_t subtree_end() const;
  Node At(uint32_t index) const { return Node(tree_, index); }

  friend bool operator==(const Node&, const Node&) = default;

 private:
  friend class SyntaxTree;
  Node(const SyntaxTree* tree, uint32_t index) : tree_(tree), index_(index) {}
  const SyntaxTree* tree_ = nullptr;
  uint32_t index_ = 0;
};

// Ranges for `for`: all children of a node, and the named ones. A null node has none.
class NodeRange {
 public:
  class Iterator {
   public:
    Iterator(Node node, bool named) : node_(node), named_(named) {}
    Node operator*() const { return node_; }
    Iterator& operator++() {
      node_ = named_ ? node_.next_named_sibling() : node_.next_sibling();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return node_ != other.node_; }

   private:
    Node node_;
    bool named_;
  };
  NodeRange(Node first, bool named) : first_(first), named_(named) {}
  Iterator begin() const { return Iterator(first_, named_); }
  Iterator end() const { return Iterator(Node(), named_); }

 private:
  Node first_;
  bool named_;
};
inline NodeRange Children(Node n) { return NodeRange(n ? n.first_child() : Node(), false); }
inline NodeRange NamedChildren(Node n) {
  return NodeRange(n ? n.first_named_child() : Node(), true);
}

// Calls f(Node) for `root` and everything below it, in source order.
template <typename F>
void ForEachNode(Node root, F f) {
  if (!root) return;
  for (uint32_t i = root.index(); i < root.subtree_end(); ++i) f(root.At(i));
}

// Immutable; may be read by many threads.
class SyntaxTree {
 public:
  // Cutters call themselves for what a node holds; deeper than this, a file written to harm would
  // take a thread's stack.
  static constexpr int kMaxDepth = 1000;

  // Parses `source`, which must outlive the tree. Syntax errors are nodes of the tree, not errors
  // of this function. kInvalidArgument if the source is larger than 2^31 bytes or the grammar is of
  // a version that the linked core refuses; kResourceExhausted if its nodes nest deeper than
  // kMaxDepth. Cost: the parser's, plus about a fifth.
  //
  // `kinds` numbers the nodes' kinds by symbol, its last element those of errors; without it all
  // are 0.
  static absl::StatusOr<SyntaxTree> Parse(const TSLanguage* language, absl::string_view source,
                                          absl::Span<const uint8_t> kinds = {});

  Node root() const { return Node(this, 0); }
  absl::string_view source() const { return source_; }

 private:
  friend class Node;
  struct Record {
    uint32_t begin, end;  // bytes
    uint32_t parent, subtree_end;
    uint16_t symbol, field;
    uint8_t kind;
    bool named, has_error;
    bool last;  // of its parent's children; the next one of any other is at subtree_end
  };
  // Copies what a cursor visits.
  class Copier;

  uint32_t LineAt(uint32_t byte) const;

  const TSLanguage* language_ = nullptr;
  absl::string_view source_;
  std::vector<Record> nodes_;                   // in preorder
  std::vector<uint32_t> line_begins_;           // bytes; of all lines but the first
  std::vector<absl::string_view> field_names_;  // by number
};

// Inline, because cutters ask them of every node.
inline uint16_t Node::symbol() const { return tree_->nodes_[index_].symbol; }
inline uint8_t Node::kind_number() const { return tree_->nodes_[index_].kind; }
inline uint16_t Node::field_id() const { return tree_->nodes_[index_].field; }
inline bool Node::is_named() const { return tree_->nodes_[index_].named; }
inline bool Node::has_error() const { return tree_->nodes_[index_].has_error; }
inline uint32_t Node::first_line() const { return tree_->LineAt(begin()); }
inline uint32_t Node::last_line() const {
  return tree_->LineAt(end() > begin() ? end() - 1 : end());
}
inline uint32_t Node::begin() const { return tree_->nodes_[index_].begin; }
inline uint32_t Node::end() const { return tree_->nodes_[index_].end; }
inline absl::string_view Node::field() const { return tree_->field_names_[field_id()]; }
inline uint32_t Node::subtree_end() const { return tree_->nodes_[index_].subtree_end; }
inline absl::string_view Node::text() const {
  return tree_->source_.substr(begin(), end() - begin());
}
inline Node Node::first_child() const {
  return subtree_end() > index_ + 1 ? Node(tree_, index_ + 1) : Node();
}
inline Node Node::next_sibling() const {
  const SyntaxTree::Record& record = tree_->nodes_[index_];
  return record.last ? Node() : Node(tree_, record.subtree_end);
}

inline Node Node::next_named_sibling() const {
  Node n = next_sibling();
  while (n && !n.is_named()) n = n.next_sibling();
  return n;
}
inline Node Node::first_named_child() const {
  const Node first = first_child();
  return !first || first.is_named() ? first : first.next_named_sibling();
}

}  // namespace testselect
