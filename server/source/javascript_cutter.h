// JavaScriptCutter: JavaScript and TypeScript as units. Types are annotations: the running program
// does not have them, but for classes and enumerations.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/source/generic_cutter.h"

namespace testselect {

// ImportSource::level: a path, or the beginning of one that is made up when the program runs.
enum JavaScriptImport : uint32_t { kJsModule = 0, kJsBeginning = 1 };

// Bound by all units that a module exports.
inline constexpr absl::string_view kExports = "<exports>";

class JavaScriptCutter : public GenericCutter {
 public:
  JavaScriptCutter(const Grammar& grammar, const SyntaxTree& tree, NameTable* names)
      : GenericCutter(grammar, tree, names) {}

 protected:
  void Top(Node node, const std::string& owner) override;
  bool Obeyed(Node comment) const override;
  void Used(Node node, UnitDraft* draft) override;
  bool MayAct(Node call) const override;
  void Finished(Node root) override;

 private:
  struct Source {
    uint32_t level;
    absl::string_view module;
  };
  struct Titled {
    absl::string_view title;
    Node callback;
  };

  bool TopOfTypes(Node node, const std::string& owner);  // false: not TypeScript's

  // Modules (javascript_modules.cc).
  std::optional<Source> Loaded(Node call) const;
  void Import(Node node, absl::string_view local, const Source& source, absl::string_view name,
              std::vector<Node> parts = {});
  void ImportRequired(Node node);
  void FromModule(Node node, absl::string_view path);
  void Export(Node node, const std::string& owner);
  void ExportNames(Node node, const std::vector<Node>& specifiers);
  // What was cut since then binds `name`, too.
  void AlsoBind(size_t first_draft, absl::string_view name);
  bool Required(Node declarator, Node target, Node value);
  void Assignment(Node node, Node left, Node right);
  void Assigned(Node node, std::vector<absl::string_view> path, Node right);
  void ExportsAssigned(Node node, Node right);

  // Modules as a whole (javascript_wholes.cc). What exports binds kExports beside its own name; who
  // uses a module as a whole uses a name that an import of kExports binds.
  void FindModuleNames();
  void AddModuleName(Node local, const Source& source);
  absl::string_view Whole(const Source& source);
  void AddWholes();

  // Declarations.
  void Variable(Node node);
  // `name` is given `value`: a function, a class, an object or anything else.
  void Bind(Node node, absl::string_view name, Node value, absl::string_view owner = "");
  // `apart`: properties that the caller makes units of.
  void Object(Node node, absl::string_view owner, NameSet binds, Node object,
              std::vector<Node> apart = {});
  void Function(Node node, absl::string_view name, absl::string_view owner, Node function,
                std::optional<NameSet> binds = std::nullopt);
  void Class(Node node, absl::string_view name, Node definition);
  void Field(Node node, absl::string_view owner, Node name);
  // What the decorators among the children of `node` begin with.
  void AddDecorators(Node node, NameSet* names) const;
  // TypeScript leaves an import out that is there for types alone: a unit says of the others that
  // their modules are loaded.
  void AddLoads();
  void Annotation(absl::string_view key, absl::string_view owner, Node node, NameSet binds,
                  std::vector<Node> types);
  void Expression(Node node, Node value);
  std::optional<Titled> TitledCall(Node call) const;
  void Callback(Node node, Node call, const Titled& titled);
  bool WritesSharedState(Node body, const NameSet& free) const;

  std::vector<std::pair<size_t, Node>> bodies_;  // drafts of functions
  NameSet variables_;                            // of the module
  bool module_names_known_ = false;
  // Local names that stand for modules, anywhere in the file.
  absl::flat_hash_map<absl::string_view, std::vector<Source>> module_names_;
  std::map<std::pair<uint32_t, absl::string_view>, absl::string_view> wholes_;
};

const Grammar& JavaScriptGrammar();
const Grammar& TypeScriptGrammar();
const Grammar& TsxGrammar();

// Functions that load a module: require, import, jest.mock.
bool IsJsLoader(absl::string_view called);
bool IsJsFunction(Node value);
// Whether more is done with `value`, a module, than to take members out of it by name.
bool IsTakenWhole(Node value);

}  // namespace testselect
