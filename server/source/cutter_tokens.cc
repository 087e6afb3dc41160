// The part of GenericCutter that is about tokens: fingerprints, and that none is forgotten.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/source/generic_cutter.h"
#include "server/source/words.h"

namespace testselect {
namespace {

// Nothing but brackets and separators.
bool IsPunctuation(absl::string_view text) {
  return text.find_first_not_of("{}()[];,:") == absl::string_view::npos;
}

bool IsBlank(absl::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == absl::string_view::npos;
}

// Unparsed code without comments, its white space made equal.
std::string Tidied(absl::string_view code) {
  std::string out;
  char quote = 0;
  for (size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (quote == 0 && c == '/' && i + 1 < code.size() && code[i + 1] == '/') {
      i = std::min(code.find('\n', i), code.size());
      continue;
    }
    const bool layout =
        quote == 0 &&
        (absl::ascii_isspace(static_cast<unsigned char>(c)) ||
         (c == '\\' && i + 1 < code.size() && (code[i + 1] == '\n' || code[i + 1] == '\r')));
    if (layout) {
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
      continue;
    }
    out.push_back(c);
    if (quote != 0 && c == '\\' && i + 1 < code.size()) {
      out.push_back(code[++i]);
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    }
  }
  return std::string(absl::StripAsciiWhitespace(out));
}

}  // namespace

GenericCutter::Context::Context(GenericCutter* cutter, Node node, absl::string_view words)
    : cutter_(*cutter), size_before_(cutter->context_.size()) {
  absl::StrAppend(&cutter_.context_, words);
  if (node) {
    for (const Node child : Children(node)) {
      if (child.has_children() || cutter_.grammar_.Has(child, Grammar::kComment)) continue;
      cutter_.marks_[child.index()] |= kSeen;
      if (!IsPunctuation(child.text())) absl::StrAppend(&cutter_.context_, " ", child.text());
    }
  }
  cutter_.context_.push_back('\n');
}

GenericCutter::Prefix::Prefix(GenericCutter* cutter, Node node)
    : cutter_(*cutter), size_before_(cutter->prefix_.size()) {
  for (const Node child : Children(node)) {
    if (child.has_children() ? !child.Is("decorator") : IsPunctuation(child.text())) continue;
    if (!cutter_.grammar_.Has(child, Grammar::kComment)) cutter_.prefix_.push_back(child);
  }
}

void GenericCutter::Account(Node node) {
  ForEachNode(node, [this](Node n) { marks_[n.index()] |= kSeen; });
}

void GenericCutter::AccountLeaves(Node node) {
  for (const Node child : Children(node)) {
    if (!child.has_children()) marks_[child.index()] |= kSeen;
  }
}

void GenericCutter::AddGap(uint32_t begin, uint32_t end, TokenDigest* digest) {
  if (begin >= end) return;
  const absl::string_view text =
      absl::StripAsciiWhitespace(tree_.source().substr(begin, end - begin));
  // A backslash continues a line, and is layout.
  if (text.find_first_not_of("\\ \t\r\n") != absl::string_view::npos) digest->Add(text);
}

// Leaves by their text, other nodes by their kind: `return x` on one line or on two may be the same
// tokens and not the same thing.
void GenericCutter::AddTokens(Node part, TokenDigest* digest) {
  uint32_t position = part.begin();
  for (uint32_t i = part.index(); i < part.subtree_end();) {
    const Node node = part.At(i);
    const uint16_t roles = grammar_.Roles(node);
    const bool comment = (roles & Grammar::kComment) != 0;
    AddGap(position, node.begin(), digest);
    if ((marks_[i] & kSkip) != 0 || (comment && !Obeyed(node))) {
      i = node.subtree_end();
      position = node.end();
      continue;
    }
    marks_[i] |= kSeen;
    if ((roles & Grammar::kVerbatim) != 0) {
      const absl::string_view text = node.text();
      if (absl::StrContains(text, '\r')) {
        digest->Add(absl::StrReplaceAll(text, {{"\r\n", "\n"}}));
      } else {
        digest->Add(text);
      }
      i = node.subtree_end();
      position = node.end();
    } else if (!node.has_children() || comment) {
      const absl::string_view text = absl::StripAsciiWhitespace(node.text());
      if ((roles & Grammar::kRaw) != 0) {
        digest->Add(Tidied(text));
      } else if (!text.empty()) {
        digest->Add(text);
      }
      i = node.subtree_end();
      position = node.end();
    } else {
      const uint16_t symbol = node.symbol();
      digest->Add(absl::string_view(reinterpret_cast<const char*>(&symbol), sizeof(symbol)));
      position = std::max(position, node.begin());
      ++i;
    }
  }
  AddGap(position, part.end(), digest);
}

Digest GenericCutter::FingerprintOf(const std::vector<Node>& parts) {
  TokenDigest digest;
  digest.Add(context_);
  for (const Node part : parts) {
    if (part) AddTokens(part, &digest);
  }
  return digest.Finish();
}

Digest GenericCutter::Fingerprint(Node node) { return FingerprintOf({node}); }

// Every token is in some unit: those that no language's rules took are one, and everybody who
// reaches the file runs when it changes.
void GenericCutter::AddUnseen() {
  TokenDigest digest;
  UnitDraft rest;
  for (uint32_t i = 0; i < root().subtree_end();) {
    const Node node = root().At(i);
    const uint16_t roles = grammar_.Roles(node);
    const bool comment = (roles & Grammar::kComment) != 0;
    const bool whole = !node.has_children() || comment || (roles & Grammar::kVerbatim) != 0;
    i = whole ? node.subtree_end() : i + 1;
    if (!whole || (marks_[node.index()] & kSeen) != 0 || (comment && !Obeyed(node))) continue;
    if (IsBlank(node.text()) || IsPunctuation(node.text())) continue;
    digest.Add(node.text());
    AddWords(node.text(), &rest.free);
    AddWords(node.text(), &rest.members);
    if (node.parent().Is("ERROR")) rest.Set(kBroken);
    if (rest.lines.first == 0) rest.lines.first = node.first_line();
    rest.lines.last = node.last_line();
  }
  if (rest.lines.first == 0) return;
  UnitDraft& unit = builder_.Add(UnitKind::kStatement, "<rest>", "");
  unit.fingerprint = digest.Finish();
  unit.lines = rest.lines;
  unit.free = std::move(rest.free);
  unit.members = std::move(rest.members);
  unit.flags = rest.flags;
  unit.Set(kEffects);
}

}  // namespace testselect
