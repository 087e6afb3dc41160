#include "server/source/statements.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "server/source/token_digest.h"

namespace testselect {
namespace {

void AddLines(LineRange lines, std::vector<LineRange>* out) {
  if (!out->empty() && lines.first <= out->back().last + 1) {
    out->back().last = std::max(out->back().last, lines.last);
  } else {
    out->push_back(lines);
  }
}

bool IsComment(Node n) { return absl::StrContains(n.kind(), "comment"); }

// Layout counts in it.
bool IsText(Node n) {
  for (absl::string_view part : {"string", "regex", "heredoc", "text"}) {
    if (absl::StrContains(n.kind(), part)) return true;
  }
  return false;
}

// A jump into the midst of a block, or a label that one leads to.
bool IsJump(Node n) {
  if (n.Is("goto_statement")) return true;
  return n.Is("case_statement") && n.parent() && !n.parent().parent().Is("switch_statement");
}

class OutlineMaker {
 public:
  OutlineMaker(const StatementKinds& kinds, absl::string_view source, LineRange lines)
      : kinds_(kinds), source_(source), lines_(lines) {}

  std::optional<Outline> Make(Node root) && {
    Outside(root);
    out_.rest = rest_.Finish();
    if (broken_) return std::nullopt;
    return std::move(out_);
  }

 private:
  // A statement in the making.
  struct Draft {
    uint32_t number;
    uint32_t blocks = 0;
    TokenDigest digest;
  };

  bool IsBlock(Node n) const { return kinds_.blocks.contains(n.kind()); }

  // Whether `n`, a child of a block, is one of its statements.
  bool IsStatement(Node n) const {
    return n.is_named() && n.field().empty() && !IsComment(n) && !kinds_.cases.contains(n.kind());
  }
  // `body` is the field of a case's statements in some grammars.
  bool IsStatementOf(Node block, Node n) const {
    return IsStatement(n) || (n.is_named() && n.field() == "body" && !IsComment(n) &&
                              kinds_.cases.contains(block.kind()));
  }
  bool IsNothing(Node n) const {
    if (!kinds_.strings_do_nothing || !n.Is("expression_statement")) return false;
    const Node value = n.first_named_child();
    if (!value || value.next_named_sibling() || !value.Is("string")) return false;
    for (const Node part : NamedChildren(value)) {
      if (part.Is("interpolation")) return false;
    }
    return true;
  }

  // What is not in a statement of the body: looks for the outermost ones.
  void Outside(Node n) {
    if (n.last_line() < lines_.first || n.first_line() > lines_.last || IsComment(n)) return;
    if (!n.has_children() || IsText(n)) {
      rest_.Add(absl::StripAsciiWhitespace(n.text()));
      return;
    }
    const bool block = IsBlock(n);
    const uint32_t number = block ? roots_++ : 0;
    uint32_t before = kNoStatement;
    for (const Node child : Children(n)) {
      const bool inside = child.first_line() >= lines_.first && child.last_line() <= lines_.last;
      if (!block || !inside || !IsStatementOf(n, child)) {
        Outside(child);
      } else if (!IsNothing(child)) {
        before = Add(child, {.block = number, .before = before});
      }
    }
  }

  uint32_t Add(Node n, Statement statement) {
    Draft draft{static_cast<uint32_t>(out_.statements.size()), 0, {}};
    const uint32_t owner = statement.owner;
    out_.statements.push_back(std::move(statement));
    Own(n, &draft, /*flow=*/true);
    Statement& made = out_.statements[draft.number];
    made.tokens = draft.digest.Finish();
    if (draft.blocks == 0) made.head = made.lines;
    made.suspends |= made.suspends_itself;
    if (owner != kNoStatement && made.suspends && !made.called) {
      out_.statements[owner].suspends = true;
    }
    return draft.number;
  }

  // Takes what belongs to the statement of `draft` alone. `flow`: control comes to `n` from it.
  void Own(Node n, Draft* draft, bool flow) {
    if (IsComment(n)) return;
    broken_ |= n.Is("ERROR");
    if (!n.has_children() || IsText(n)) return Token(n, draft);
    const absl::string_view kind = n.kind();
    const uint16_t symbol = n.symbol();
    draft->digest.Add(absl::string_view(reinterpret_cast<const char*>(&symbol), sizeof(symbol)));
    if (kinds_.suspends.contains(kind)) out_.statements[draft->number].suspends_itself = true;
    out_.jumps |= IsJump(n);
    const bool block = IsBlock(n);
    flow = flow && (block || kinds_.flow.contains(kind));
    if (block) {
      Statement& owner = out_.statements[draft->number];
      if (draft->blocks == 0) owner.head = owner.lines;
    }
    const uint32_t number = block ? draft->blocks++ : 0;
    uint32_t before = kNoStatement, position = n.begin();
    for (const Node child : Children(n)) {
      Gap(position, child.begin(), draft);
      position = child.end();
      if (!block || !IsStatementOf(n, child)) {
        Own(child, draft, flow);
      } else if (!IsNothing(child)) {
        before = Add(child,
                     {.owner = draft->number, .block = number, .before = before, .called = !flow});
      }
    }
    Gap(position, n.end(), draft);
    draft->digest.Add(")");
  }

  void Token(Node n, Draft* draft) {
    const absl::string_view text = absl::StripAsciiWhitespace(n.text());
    if (text.empty() || text == ";") return;  // what separates statements is layout
    draft->digest.Add(absl::StrReplaceAll(text, {{"\r\n", "\n"}}));
    AddLines({n.first_line(), n.last_line()}, &out_.statements[draft->number].lines);
  }

  // Text that the grammar has no node for.
  void Gap(uint32_t begin, uint32_t end, Draft* draft) {
    if (begin >= end) return;
    const absl::string_view text = absl::StripAsciiWhitespace(source_.substr(begin, end - begin));
    if (text.find_first_not_of("\\ \t\r\n") != absl::string_view::npos) draft->digest.Add(text);
  }

  const StatementKinds& kinds_;
  const absl::string_view source_;
  const LineRange lines_;
  Outline out_;
  TokenDigest rest_;
  uint32_t roots_ = 0;
  bool broken_ = false;
};

}  // namespace

std::unique_ptr<StatementReader> StatementReader::Read(const TSLanguage* grammar,
                                                       const StatementKinds& kinds,
                                                       absl::string_view source) {
  std::unique_ptr<StatementReader> reader(new StatementReader(kinds, source));
  auto tree = SyntaxTree::Parse(grammar, reader->source_);
  if (!tree.ok()) return nullptr;
  reader->tree_ = *std::move(tree);
  return reader;
}

std::optional<Outline> StatementReader::In(LineRange lines) const {
  return OutlineMaker(kinds_, source_, lines).Make(tree_->root());
}

}  // namespace testselect
