#include "server/source/syntax_tree.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/source/parse_memory.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr uint32_t kNone = 0xFFFFFFFF;
constexpr uint8_t kNoKind = 0;

struct ParserDeleter {
  void operator()(TSParser* p) const { ts_parser_delete(p); }
};
struct TreeDeleter {
  void operator()(TSTree* t) const {
    if (!ParseMemory::takes_all()) ts_tree_delete(t);
  }
};

}  // namespace

// Nodes are asked for no more than they are copied with: each question is a call into tree-sitter.
class SyntaxTree::Copier {
 public:
  Copier(const TSTree* parsed, absl::Span<const uint8_t> kinds, SyntaxTree* tree)
      : tree_(*tree),
        nodes_(tree->nodes_),
        kinds_(kinds.empty() ? absl::MakeConstSpan(&kNoKind, 1) : kinds),
        cursor_(ts_tree_cursor_new(ts_tree_root_node(parsed))),
        broken_(ts_node_has_error(ts_tree_root_node(parsed))) {}
  ~Copier() { ts_tree_cursor_delete(&cursor_); }
  Copier(const Copier&) = delete;
  Copier& operator=(const Copier&) = delete;

  absl::Status Copy() {
    nodes_.reserve(tree_.source_.size() / 4 + 16);
    uint32_t parent = kNone;
    while (true) {
      const uint32_t here = static_cast<uint32_t>(nodes_.size());
      const uint32_t children = Add(parent);
      if (children != 0 && ts_tree_cursor_goto_first_child(&cursor_)) {
        if (left_.size() == kMaxDepth) {
          return absl::ResourceExhaustedError(
              absl::StrCat("source: line ", tree_.LineAt(nodes_[here].begin), " nests more than ",
                           kMaxDepth, " levels deep"));
        }
        left_.push_back(children - 1);
        parent = here;
        continue;
      }
      nodes_[here].subtree_end = here + 1;
      uint32_t last = here;
      while (!NextSibling()) {
        nodes_[last].last = true;
        if (!ts_tree_cursor_goto_parent(&cursor_)) return absl::OkStatus();
        left_.pop_back();
        last = parent;
        nodes_[last].subtree_end = static_cast<uint32_t>(nodes_.size());
        parent = nodes_[last].parent;
      }
    }
  }

 private:
  // To find that there is none costs the cursor more than to find one: it is not asked where the
  // parent's number of children tells.
  bool NextSibling() {
    if (left_.empty() || left_.back() == 0) return false;
    --left_.back();
    return ts_tree_cursor_goto_next_sibling(&cursor_);
  }
  // The node that the cursor is at. Returns how many children it has.
  uint32_t Add(uint32_t parent) {
    const TSNode node = ts_tree_cursor_current_node(&cursor_);
    const uint16_t symbol = ts_node_symbol(node);
    nodes_.push_back({ts_node_start_byte(node), ts_node_end_byte(node), parent, 0, symbol,
                      ts_tree_cursor_current_field_id(&cursor_),
                      kinds_[std::min<size_t>(symbol, kinds_.size() - 1)], ts_node_is_named(node),
                      broken_ && ts_node_has_error(node), false});
    return ts_node_child_count(node);
  }

  const SyntaxTree& tree_;
  std::vector<Record>& nodes_;
  const absl::Span<const uint8_t> kinds_;
  TSTreeCursor cursor_;
  const bool broken_;
  std::vector<uint32_t> left_;  // of each node above the cursor: children to come
};

absl::StatusOr<SyntaxTree> SyntaxTree::Parse(const TSLanguage* language, absl::string_view source,
                                             absl::Span<const uint8_t> kinds) {
  if (source.size() >= 1u << 31) {
    return absl::InvalidArgumentError(
        absl::StrCat("source: ", source.size(), " bytes; a source file has less than 2147483648"));
  }
  const ParseMemory memory;
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
  for (size_t i = source.find('\n'); i != absl::string_view::npos; i = source.find('\n', i + 1)) {
    tree.line_begins_.push_back(static_cast<uint32_t>(i) + 1);
  }
  tree.field_names_.resize(ts_language_field_count(language) + 1);
  for (size_t i = 1; i < tree.field_names_.size(); ++i) {
    tree.field_names_[i] = ts_language_field_name_for_id(language, static_cast<TSFieldId>(i));
  }
  TS_RETURN_IF_ERROR(Copier(parsed.get(), kinds, &tree).Copy());
  return tree;
}

uint32_t SyntaxTree::LineAt(uint32_t byte) const {
  const auto after = std::upper_bound(line_begins_.begin(), line_begins_.end(), byte);
  return static_cast<uint32_t>(after - line_begins_.begin()) + 1;
}

absl::string_view Node::kind() const { return ts_language_symbol_name(tree_->language_, symbol()); }
bool Node::IsOneOf(std::initializer_list<absl::string_view> kinds) const {
  return std::find(kinds.begin(), kinds.end(), kind()) != kinds.end();
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

Node Node::last_child() const {
  Node last;
  for (Node n = first_child(); n; n = n.next_sibling()) last = n;
  return last;
}

Node Node::Field(absl::string_view name) const {
  for (Node n = first_child(); n; n = n.next_sibling()) {
    if (n.field_id() != 0 && n.field() == name) return n;
  }
  return Node();
}

}  // namespace testselect
