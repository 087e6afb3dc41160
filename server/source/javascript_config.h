// JavaScriptConfig: what package.json, tsconfig.json and the runner's configuration say about
// modules.
#pragma once

#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/source/language.h"
#include "server/source/literal_value.h"
#include "server/source/tree_paths.h"

namespace testselect {

// `to` with what `*` stands for in `pattern`, if `text` is like it; "" otherwise.
std::string Starred(absl::string_view pattern, absl::string_view to, absl::string_view text);

// Immutable once made, thread-safe.
class JavaScriptConfig {
 public:
  struct Package {
    std::string folder, name, text;
    std::vector<std::string> entries;  // what "main", "module", "exports" mean, as paths
    std::vector<std::pair<std::string, std::string>> imports;  // "#x/*" -> path
    std::vector<std::pair<std::string, std::string>> exports;  // "/x/*" after its name -> path
  };

  // `paths` are those of all files of the tree.
  JavaScriptConfig(const TreeView& tree, const TreePaths& paths);

  const std::vector<Package>& packages() const { return packages_; }
  const Package* PackageAt(absl::string_view folder) const;
  // Paths (without endings, maybe) that a module's name may mean to a file because of patterns in
  // the configuration of the runner, of the compiler or of the package.
  std::vector<std::string> Mapped(absl::string_view file, absl::string_view module) const;
  // Paths that the runner, or the script that starts it, loads before each test file.
  const std::vector<std::string>& setup() const { return setup_; }

 private:
  struct Compiler {
    std::string base;  // "" with has_base: the top
    bool has_base = false;
    std::vector<std::pair<std::string, std::string>> paths;  // pattern -> path
  };

  void ReadPackage(FileId file);
  void ReadExports(const LiteralValue& exported, Package* package);
  void ReadScripts(const LiteralValue& scripts, absl::string_view folder);
  void ReadRunner(const LiteralValue& config, absl::string_view folder);
  void ReadCompiler(FileId file);
  // Fills in what `config` and those it extends say, the nearest first.
  void Extend(const LiteralValue& config, absl::string_view path, int depth, Compiler* compiler);

  const TreeView& tree_;
  std::vector<Package> packages_;
  std::vector<std::pair<std::regex, std::string>> mapped_;
  std::vector<std::string> setup_;
  absl::flat_hash_map<std::string, Compiler> compilers_;  // by folder
};

}  // namespace testselect
