// The part of RustCutter that is about paths in code: they lead to files without an import.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/source/rust_cutter.h"

namespace testselect {
namespace {

absl::string_view TextOf(Node node) { return node ? node.text() : ""; }

bool IsPathPart(Node node) {
  return node.IsOneOf({"identifier", "crate", "super", "self", "type_identifier"});
}

}  // namespace

// Paths that code names without importing them lead to files, too.
void RustCutter::AddPaths(Node root) {
  const uint16_t scoped = grammar().Symbol("scoped_identifier");
  const uint16_t scoped_type = grammar().Symbol("scoped_type_identifier");
  const uint16_t tokens = grammar().Symbol("token_tree");
  const uint16_t macro = grammar().Symbol("macro_invocation");
  for (uint32_t i = 0; i < root.subtree_end();) {
    const Node node = root.At(i);
    if (node.symbol() == tokens) AddMacroPath(node);
    if (node.symbol() == macro) AddIncluded(node);
    const bool path = node.symbol() == scoped || node.symbol() == scoped_type;
    if (node.Is("use_declaration")) {
      i = node.subtree_end();
    } else if (path) {
      const std::string text = Squeezed(node.text());
      if (text.find_first_of("<&[(") == std::string::npos) {
        builder().AddImport(kRustUse, text, "");
      }
      i = text.find('<') == std::string::npos ? node.subtree_end() : i + 1;
    } else {
      ++i;
    }
  }
}

void RustCutter::AddMacroPath(Node tokens) {
  std::string path;
  int parts = 0;
  bool joined = false;
  const auto flush = [&] {
    if (parts > 1) builder().AddImport(kRustUse, path, "");
    path.clear();
    parts = 0;
    joined = false;
  };
  for (const Node token : Children(tokens)) {
    if (token.text() == "::" && parts > 0) {
      joined = true;
    } else if (IsPathPart(token)) {
      if (!joined) flush();
      absl::StrAppend(&path, parts > 0 ? "::" : "", token.text());
      ++parts;
      joined = false;
    } else {
      flush();
    }
  }
  flush();
}

void RustCutter::AddIncluded(Node macro) {
  if (!absl::StartsWith(TextOf(macro.Field("macro")), "include")) return;
  const std::vector<absl::string_view> quoted = absl::StrSplit(macro.text(), '"');
  if (quoted.size() == 3) builder().AddImport(kRustPath, quoted[1], "");
}

}  // namespace testselect
