#include "server/source/syntax_tree.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

constexpr uint32_t kNone = 0xFFFFFFFF;

struct ParserDeleter {
  void operator()(TSParser* p) const { ts_parser_delete(p); }
};
struct TreeDeleter {
  void operator()(TSTree* t) const { ts_tree_delete(t); }
};
struct CursorCloser {
  void operator()(TSTreeCursor* c) const { ts_tree_cursor_delete(c); }
};

// The last line that a node has a byte on: an end right after a line end is on the line before.
uint32_t LastLine(TSPoint start, TSPoint end) {
  const uint32_t row = end.column == 0 && end.row > start.row ? end.row - 1 : end.row;
  return row + 1;
}

}  // namespace

absl::StatusOr<SyntaxTree> SyntaxTree::Parse(const TSLanguage* language, absl::string_view source) {
  if (source.size() >= 1u << 31) {
    return absl::InvalidArgumentError(
        absl::StrCat("source: ", source.size(), " bytes; a source file has less than 2147483648"));
  }
  const std::unique_ptr<TSParser, ParserDeleter> parser(ts_parser_new());
  if (!ts_parser_set_language(parser.get(), language)) {
    return absl::InvalidArgumentError(
        absl::StrCat("grammar: version ", ts_language_version(language), " is not supported"));
  }
  const std::unique_ptr<TSTree, TreeDeleter> parsed(ts_parser_parse_string(
      parser.get(), nullptr, source.data(), static_cast<uint32_t>(source.size())));
  if (parsed == nullptr) return absl::InternalError("tree-sitter gave no tree");
  SyntaxTree tree;
  tree.language_ = language;
  tree.source_ = source;
  tree.nodes_.reserve(source.size() / 4 + 16);
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(parsed.get()));
  const std::unique_ptr<TSTreeCursor, CursorCloser> close(&cursor);
  uint32_t parent = kNone, previous = kNone;
  int depth = 0;
  for (bool more = true; more;) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    const TSPoint start = ts_node_start_point(node);
    const uint32_t here = static_cast<uint32_t>(tree.nodes_.size());
    if (previous != kNone) tree.nodes_[previous].next = here;
    tree.nodes_.push_back({ts_node_start_byte(node), ts_node_end_byte(node), start.row + 1,
                           LastLine(start, ts_node_end_point(node)), parent, kNone, 0,
                           ts_node_symbol(node), ts_tree_cursor_current_field_id(&cursor),
                           ts_node_is_named(node), ts_node_has_error(node)});
    if (ts_tree_cursor_goto_first_child(&cursor)) {
      if (++depth > kMaxDepth) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "source: line ", start.row + 1, " nests more than ", kMaxDepth, " levels deep"));
      }
      parent = here;
      previous = kNone;
      continue;
    }
    previous = here;
    tree.nodes_[here].subtree_end = here + 1;
    while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
      if (!ts_tree_cursor_goto_parent(&cursor)) {
        more = false;
        break;
      }
      --depth;
      previous = parent;
      tree.nodes_[previous].subtree_end = static_cast<uint32_t>(tree.nodes_.size());
      parent = tree.nodes_[previous].parent;
    }
  }
  return tree;
}

absl::string_view Node::kind() const { return ts_language_symbol_name(tree_->language_, symbol()); }
bool Node::IsOneOf(std::initializer_list<absl::string_view> kinds) const {
  return std::find(kinds.begin(), kinds.end(), kind()) != kinds.end();
}
absl::string_view Node::field() const {
  const uint16_t id = tree_->nodes_[index_].field;
  return id == 0 ? "" : ts_language_field_name_for_id(tree_->language_, id);
}

Node Node::parent() const {
  const uint32_t parent = tree_->nodes_[index_].parent;
  return parent == kNone ? Node() : Node(tree_, parent);
}

Node Node::prev_sibling() const {
  const Node up = parent();
  Node before;
  if (!up) return before;
  for (Node n = up.first_child(); n && n != *this; n = n.next_sibling()) before = n;
  return before;
}

Node Node::first_named_child() const {
  const Node first = first_child();
  return !first || first.is_named() ? first : first.next_named_sibling();
}

Node Node::next_named_sibling() const {
  Node n = next_sibling();
  while (n && !n.is_named()) n = n.next_sibling();
  return n;
}

Node Node::last_child() const {
  Node last;
  for (Node n = first_child(); n; n = n.next_sibling()) last = n;
  return last;
}

Node Node::Field(absl::string_view name) const {
  for (Node n = first_child(); n; n = n.next_sibling()) {
    if (n.field() == name) return n;
  }
  return Node();
}

}  // namespace testselect
