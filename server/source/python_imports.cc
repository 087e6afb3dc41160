// What a Python file imports, wherever the import stands.
#include "absl/strings/strip.h"
#include "server/source/python_syntax.h"

namespace testselect {
namespace {

// import_module("a.b"), __import__("a.b"), pytest.importorskip("a.b").
void AddDynamicImport(Node call, ModuleBuilder* builder) {
  Node function = call.Field("function");
  if (function && KindOf(function) == Py::kAttribute) function = function.Field("attribute");
  const Node arguments = call.Field("arguments");
  const Node literal = arguments ? arguments.first_named_child() : Node();
  if (!function || !literal || KindOf(literal) != Py::kString) return;
  const absl::string_view name = function.text();
  if (name != "import_module" && name != "__import__" && name != "importorskip") return;
  for (Node part : NamedChildren(literal)) {
    if (KindOf(part) != Py::kStringContent) continue;
    absl::string_view module = part.text();
    uint32_t level = 0;
    while (absl::ConsumePrefix(&module, ".")) ++level;
    builder->AddImport(level, module, "");
  }
}

// pytest_plugins = ["a.b"].
void AddPlugins(Node assignment, ModuleBuilder* builder) {
  const Node left = assignment.Field("left");
  if (!left || left.text() != "pytest_plugins") return;
  ForEachNode(assignment, [&](Node part) {
    if (KindOf(part) == Py::kStringContent) builder->AddImport(0, part.text(), "");
  });
}

}  // namespace

std::pair<uint32_t, absl::string_view> PyModuleOf(Node n) {
  const Node module = n.Field("module_name");
  absl::string_view text = module ? module.text() : absl::string_view();
  uint32_t level = 0;
  while (!text.empty() && (text[0] == '.' || text[0] == ' ')) {
    if (text[0] == '.') ++level;
    text.remove_prefix(1);
  }
  return {level, text};
}

void AddPyImports(Node root, ModuleBuilder* builder) {
  ForEachNode(root, [&](Node n) {
    switch (KindOf(n)) {
      case Py::kImport:
        for (Node child : NamedChildren(n)) {
          if (KindOf(child) == Py::kComment) continue;
          const Node dotted = child.Field("alias") ? child.Field("name") : child;
          builder->AddImport(0, dotted.text(), "");
        }
        break;
      case Py::kImportFrom: {
        const auto [level, module] = PyModuleOf(n);
        for (Node child : NamedChildren(n)) {
          if (KindOf(child) == Py::kWildcardImport) builder->AddImport(level, module, "*");
          if (child.field() != "name") continue;
          builder->AddImport(level, module,
                             (child.Field("alias") ? child.Field("name") : child).text());
        }
        break;
      }
      case Py::kCall:
        AddDynamicImport(n, builder);
        break;
      case Py::kAssignment:
        AddPlugins(n, builder);
        break;
      default:
        break;
    }
  });
}

}  // namespace testselect
