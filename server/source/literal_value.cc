#include "server/source/literal_value.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/source/grammars.h"
#include "server/source/syntax_tree.h"

namespace testselect {
namespace {

constexpr int kMaxDepth = 100;

std::string StringOf(Node node) {
  std::string out;
  for (const Node part : NamedChildren(node)) {
    if (part.Is("string_fragment")) {
      absl::StrAppend(&out, part.text());
    } else if (part.Is("escape_sequence") && part.text().size() == 2) {
      out.push_back(part.text()[1]);  // of those that patterns and paths need
    }
  }
  return out;
}

LiteralValue ValueOf(Node node, int depth) {
  LiteralValue value;
  if (!node || depth > kMaxDepth) return value;
  if (node.IsOneOf({"string", "template_string"})) {
    value.kind = LiteralValue::Kind::kString;
    value.string = StringOf(node);
  } else if (node.Is("array")) {
    value.kind = LiteralValue::Kind::kArray;
    for (const Node child : NamedChildren(node)) {
      value.items.push_back({"", ValueOf(child, depth + 1)});
    }
  } else if (node.Is("object")) {
    value.kind = LiteralValue::Kind::kObject;
    for (const Node pair : NamedChildren(node)) {
      const Node key = pair.Field("key");
      if (!key) continue;
      value.items.push_back({key.Is("string") ? StringOf(key) : std::string(key.text()),
                             ValueOf(pair.Field("value"), depth + 1)});
    }
  }
  return value;
}

void AddStrings(const LiteralValue& value, std::vector<std::string>* out) {
  if (value.kind == LiteralValue::Kind::kString) out->push_back(value.string);
  for (const auto& [key, item] : value.items) AddStrings(item, out);
}

}  // namespace

LiteralValue LiteralValue::OfJson(absl::string_view text) {
  const std::string program = absl::StrCat("x = ", text);
  const auto tree = SyntaxTree::Parse(tree_sitter_javascript(), program);
  if (!tree.ok()) return {};
  LiteralValue found;
  ForEachNode(tree->root(), [&found](Node n) {
    if (found.kind != Kind::kObject && n.IsOneOf({"object", "array"})) found = ValueOf(n, 0);
  });
  return found;
}

LiteralValue LiteralValue::ObjectsOfProgram(absl::string_view text) {
  LiteralValue all;
  all.kind = Kind::kArray;
  const auto tree = SyntaxTree::Parse(tree_sitter_typescript(), text);
  if (!tree.ok()) return all;
  const Node root = tree->root();
  for (uint32_t i = 0; i < root.subtree_end();) {
    const Node node = root.At(i);
    const bool object = node.Is("object");
    if (object) all.items.push_back({"", ValueOf(node, 0)});
    i = object ? node.subtree_end() : i + 1;
  }
  return all;
}

const LiteralValue* LiteralValue::Find(absl::string_view key) const {
  if (kind != Kind::kObject) return nullptr;
  for (const auto& [name, value] : items) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::vector<std::string> LiteralValue::Strings() const {
  std::vector<std::string> out;
  AddStrings(*this, &out);
  return out;
}

}  // namespace testselect
