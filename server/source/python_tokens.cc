// What Python makes of the tokens of a node, for fingerprints.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/source/grammars.h"
#include "server/source/python_syntax.h"

namespace testselect {
namespace {

// Nodes whose commas only separate: the children say what there is.
bool DropsCommas(Py kind) {
  switch (kind) {
    case Py::kArgumentList:
    case Py::kList:
    case Py::kTuple:
    case Py::kParameters:
    case Py::kImportFrom:
    case Py::kExpressionList:
    case Py::kPatternList:
      return true;
    default:
      return false;
  }
}

// "(" and the name of the node's kind.
absl::string_view ShapeOf(Node n) {
  static const auto* const shapes = [] {
    auto* const all = new std::vector<std::string>;
    const TSLanguage* const python = tree_sitter_python();
    for (size_t symbol = 0; symbol < SymbolCount(python); ++symbol) {
      all->push_back(absl::StrCat("(", NameOfSymbol(python, static_cast<uint16_t>(symbol))));
    }
    all->emplace_back("(ERROR");
    return all;
  }();
  return (*shapes)[std::min<size_t>(n.symbol(), shapes->size() - 1)];
}

void AddString(Node n, TokenDigest* digest, bool types, Node without);

void AddTokens(Node n, TokenDigest* digest, bool types, Node without) {
  if (!n || n == without) return;
  const Py kind = KindOf(n);
  switch (kind) {
    case Py::kComment:
    case Py::kLineContinuation:
    case Py::kSemicolon:
      return;
    case Py::kType:
      if (!types) return;
      break;
    case Py::kString:
      AddString(n, digest, types, without);
      return;
    case Py::kTypedParameter:  // without its type it is what stands before the colon
      if (types) break;
      AddTokens(n.first_named_child(), digest, types, without);
      return;
    case Py::kDefaultParameter:
    case Py::kTypedDefaultParameter:
      digest->Add("(default");
      AddTokens(n.Field("name"), digest, types, without);
      if (types) AddTokens(n.Field("type"), digest, types, without);
      AddTokens(n.Field("value"), digest, types, without);
      digest->Add(")");
      return;
    case Py::kParenthesized:
      for (Node child : NamedChildren(n)) AddTokens(child, digest, types, without);
      return;
    case Py::kImportFrom:  // parentheses around the names are layout
      digest->Add("from");
      for (Node child : NamedChildren(n)) {
        digest->Add(child.field());
        AddTokens(child, digest, types, without);
      }
      digest->Add(")");
      return;
    default:
      break;
  }
  const Node first = n.first_child();
  if (!first) {
    const absl::string_view text = absl::StripAsciiWhitespace(n.text());
    if (!text.empty() || n.is_named()) digest->Add(text);
    return;
  }
  // The shape counts as well: `(a + b) * c` has the tokens of `a + b * c` without its parentheses.
  const bool shaped = n.is_named() && first.next_sibling();
  if (shaped) digest->Add(ShapeOf(n));
  const bool drop_commas = DropsCommas(kind);
  for (Node child : Children(n)) {
    if (drop_commas && KindOf(child) == Py::kComma) continue;
    AddTokens(child, digest, types, without);
  }
  if (shaped) digest->Add(")");
}

// Which quotes stand around a string does not matter, its letters (r, b, f) do.
void AddString(Node n, TokenDigest* digest, bool types, Node without) {
  digest->Add("(string");
  for (Node child : Children(n)) {
    switch (KindOf(child)) {
      case Py::kStringStart: {
        std::string prefix;
        for (const char c : child.text()) {
          const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
          if (absl::ascii_isalpha(static_cast<unsigned char>(c)) && lower != 'u') prefix += lower;
        }
        digest->Add(prefix);
        break;
      }
      case Py::kStringContent:
        digest->Add(child.text());  // spaces at its ends belong to it
        break;
      case Py::kStringEnd:
        break;
      default:
        AddTokens(child, digest, types, without);
    }
  }
  digest->Add(")");
}

}  // namespace

void AddPyTokens(Node n, TokenDigest* digest, Node without) {
  AddTokens(n, digest, /*types=*/true, without);
}

void AddPyTokensWithoutTypes(Node n, TokenDigest* digest) {
  AddTokens(n, digest, /*types=*/false, Node());
}

bool IsPyDocstring(Node n) {
  if (KindOf(n) != Py::kExpressionStatement) return false;
  const Node value = n.first_named_child();
  if (!value || value.next_named_sibling()) return false;
  const Py kind = KindOf(value);
  if (kind != Py::kString && kind != Py::kConcatenatedString) return false;
  bool plain = true;
  ForEachNode(value, [&](Node part) {
    if (part.Is("interpolation")) plain = false;
    if (KindOf(part) == Py::kStringStart) {
      for (const char c : part.text()) {
        const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
        if (lower == 'b' || lower == 'f') plain = false;
      }
    }
  });
  return plain;
}

}  // namespace testselect
