#include "server/source/python_language.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/base/call_once.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/source/grammars.h"
#include "server/source/python_cutter.h"
#include "server/source/python_processes.h"
#include "server/source/python_stdlib.h"
#include "server/source/statement_kinds.h"

namespace testselect {
namespace {

absl::string_view FolderOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? "" : path.substr(0, slash);
}

std::string Join(absl::string_view folder, absl::string_view name) {
  return folder.empty() ? std::string(name) : absl::StrCat(folder, "/", name);
}

// The names under which the files of a tree are imported: they follow from the paths alone.
// Immutable, so that trees with the same paths share one.
class ModuleNames {
 public:
  explicit ModuleNames(const TreeView& tree) : of_file_(tree.size()) {
    size_t names = 0;  // that files have at most: growing the table costs more than filling it
    for (FileId file = 0; file < tree.size(); ++file) {
      if (IsPython(tree, file)) names += 1 + absl::c_count(tree.Path(file), '/');
    }
    files_.reserve(names);
    for (FileId file = 0; file < tree.size(); ++file) {
      if (IsPython(tree, file)) Add(tree, file);
    }
  }

  // "" for what is not Python.
  const std::string& Of(FileId file) const { return of_file_[file]; }
  // The files that an import of `module` may mean, ascending.
  absl::Span<const FileId> Files(absl::string_view module) const {
    const auto it = files_.find(module);
    return it == files_.end() ? absl::Span<const FileId>() : it->second;
  }

 private:
  static bool IsPython(const TreeView& tree, FileId file) {
    return tree.IsCode(file) && absl::EndsWith(tree.Path(file), ".py");
  }

  void Add(const TreeView& tree, FileId file) {
    of_file_[file] = ModuleName(tree, tree.Path(file));
    files_[of_file_[file]].push_back(file);
    // Folders need no __init__.py to be packages.
    std::string longer = of_file_[file];
    for (absl::string_view folder : FoldersAbove(tree.Path(file), longer)) {
      longer = absl::StrCat(folder, ".", longer);
      files_[longer].push_back(file);
    }
  }

  // The folders above the one that `module` begins in, the nearest first.
  static std::vector<absl::string_view> FoldersAbove(absl::string_view path,
                                                     absl::string_view module) {
    std::vector<absl::string_view> parts = absl::StrSplit(FolderOf(path), '/', absl::SkipEmpty());
    const bool package = absl::EndsWith(path, "/__init__.py");
    const size_t named =
        static_cast<size_t>(std::count(module.begin(), module.end(), '.')) + (package ? 1 : 0);
    parts.resize(parts.size() - std::min(named, parts.size()));
    std::reverse(parts.begin(), parts.end());
    return parts;
  }

  // The dotted name under which a file is imported: from the topmost folder of its package on.
  static std::string ModuleName(const TreeView& tree, absl::string_view path) {
    const std::vector<absl::string_view> parts =
        absl::StrSplit(path.substr(0, path.size() - 3), '/');
    size_t top = parts.size() - 1;
    absl::string_view folder = FolderOf(path);
    while (top > 0 && tree.Find(Join(folder, "__init__.py")) != kNoFile) {
      --top;
      folder = FolderOf(folder);
    }
    std::string name(parts[top]);
    for (size_t i = top + 1; i < parts.size(); ++i) {
      if (i + 1 == parts.size() && parts[i] == "__init__") break;
      absl::StrAppend(&name, ".", parts[i]);
    }
    return name;
  }

  std::vector<std::string> of_file_;
  absl::flat_hash_map<std::string, std::vector<FileId>> files_;
};

class PythonLayer final : public TreeLayer {
 public:
  explicit PythonLayer(const TreeView& tree)
      : tree_(tree), modules_(std::make_shared<const ModuleNames>(tree)) {}
  // Of a tree with the same paths.
  PythonLayer(const TreeView& tree, const PythonLayer& like)
      : tree_(tree), modules_(like.modules_) {}

  std::vector<FileId> Resolve(FileId file, const ImportSource& source) const override {
    const std::string module = Absolute(file, source);
    const absl::string_view name = tree_.names().Name(source.name);
    std::vector<FileId> found;
    if (!name.empty() && name != "*") Append(absl::StrCat(module, ".", name), &found);
    Append(module, &found);
    return found;
  }

  std::vector<FileId> ImportsOf(FileId file) const override {
    std::vector<FileId> found;
    for (const ImportSource& source : tree_.Module(file).imports) {
      const std::vector<FileId> targets = Resolve(file, source);
      found.insert(found.end(), targets.begin(), targets.end());
      // Importing a.b.c runs a and a.b.
      const std::string module = Absolute(file, source);
      for (size_t dot = module.find('.'); dot != std::string::npos;
           dot = module.find('.', dot + 1)) {
        Append(module.substr(0, dot), &found);
      }
    }
    // Packages and conftest.py above it run first.
    absl::string_view folder = tree_.Path(file);
    do {
      folder = FolderOf(folder);
      for (absl::string_view name : {"conftest.py", "__init__.py"}) {
        if (const FileId above = tree_.Find(Join(folder, name)); above != kNoFile) {
          found.push_back(above);
        }
      }
    } while (!folder.empty());
    return found;
  }

  // `tests/test_a.py::TestX::test_y[1]`, or unittest's `tests.test_a.TestX.test_y`.
  FileId TestFile(absl::string_view label) const override {
    const size_t colons = label.find("::");
    if (const FileId file = tree_.Find(label.substr(0, colons)); file != kNoFile) return file;
    if (colons != absl::string_view::npos) return kNoFile;
    absl::string_view module = label;
    for (size_t dot = module.rfind('.'); dot != absl::string_view::npos; dot = module.rfind('.')) {
      module = module.substr(0, dot);
      const absl::Span<const FileId> files = modules_->Files(module);
      if (!files.empty()) return files.front();
    }
    return kNoFile;
  }

  std::vector<std::string> TestNames(absl::string_view label, FileId test_file) const override {
    std::vector<std::string> names;
    const size_t colons = label.find("::");
    if (colons == absl::string_view::npos) {
      if (test_file == kNoFile || test_file >= tree_.size()) return names;
      const std::string& module = modules_->Of(test_file);
      if (!absl::StartsWith(label, module) || label.size() <= module.size()) return names;
      return absl::StrSplit(label.substr(module.size() + 1), '.');
    }
    // The first '[' ends the names: a parameter may hold "::" itself.
    absl::string_view rest = label.substr(colons + 2);
    for (absl::string_view part : absl::StrSplit(rest.substr(0, rest.find('[')), "::")) {
      names.emplace_back(part);
    }
    return names;
  }

  bool Known(FileId file, const ImportSource& source) const override {
    if (!Resolve(file, source).empty()) return true;
    if (source.level > 0) return false;
    return IsPythonStandardModule(Top(tree_.names().Name(source.module)));
  }

  bool ImportsLibrary(const ImportSource& source) const override {
    absl::call_once(libraries_once_, [this] {
      for (FileId file = 0; file < tree_.size(); ++file) {
        if (modules_->Of(file).empty()) continue;
        for (const ImportSource& s : tree_.Module(file).imports) {
          if (s.level == 0) libraries_.insert(Top(tree_.names().Name(s.module)));
        }
      }
    });
    return source.level == 0 && libraries_.contains(Top(tree_.names().Name(source.module)));
  }

 private:
  static absl::string_view Top(absl::string_view module) {
    return module.substr(0, module.find('.'));
  }

  std::string Absolute(FileId file, const ImportSource& source) const {
    const absl::string_view written = tree_.names().Name(source.module);
    if (source.level == 0) return std::string(written);
    std::vector<absl::string_view> package = absl::StrSplit(modules_->Of(file), '.');
    const bool is_package = absl::EndsWith(tree_.Path(file), "__init__.py");
    const size_t up = source.level - (is_package ? 1 : 0);
    package.resize(package.size() - std::min<size_t>(up, package.size()));
    if (!written.empty()) package.push_back(written);
    std::string absolute;
    for (absl::string_view part : package) {
      absl::StrAppend(&absolute, absolute.empty() ? "" : ".", part);
    }
    return absolute;
  }

  void Append(absl::string_view module, std::vector<FileId>* out) const {
    const absl::Span<const FileId> files = modules_->Files(module);
    out->insert(out->end(), files.begin(), files.end());
  }

  const TreeView& tree_;
  const std::shared_ptr<const ModuleNames> modules_;
  mutable absl::once_flag libraries_once_;
  mutable absl::flat_hash_set<absl::string_view> libraries_;  // top-level modules imported
};

class Python final : public Language {
 public:
  absl::string_view name() const override { return "python"; }
  absl::Span<const absl::string_view> suffixes() const override {
    static constexpr absl::string_view kSuffixes[] = {".py"};
    return kSuffixes;
  }
  const LanguageTraits& traits() const override {
    static const auto* const traits = new LanguageTraits{
        .reads_docstrings = {"__doc__", "getdoc"},
        .reads_signatures = {"get_type_hints", "__annotations__", "signature", "getfullargspec"},
        .builds_from_fields = {"dataclass", "NamedTuple", "TypedDict", "attrs", "define", "fields"},
        .reads_source = {"getsource", "getsourcelines", "findsource"},
        .lists_files = {"iter_modules", "walk_packages", "import_module", "__import__", "listdir",
                        "scandir", "iterdir", "glob", "rglob", "iglob", "walk", "entry_points"},
        .lists_classes = {"__subclasses__"},
        .starts_processes = {kPyStartsProcess},
        .read_by_the_runner = {"__getattr__", "__all__", "pytest_plugins", "pytestmark"},
        .module_setup = {"setup_module", "setUpModule"}};
    return *traits;
  }
  uint32_t version() const override { return 3; }
  SourceModule Cut(absl::string_view, absl::string_view source, NameTable* names) const override {
    return CutPython(source, names);
  }
  std::unique_ptr<StatementReader> Statements(absl::string_view,
                                              absl::string_view source) const override {
    return StatementReader::Read(tree_sitter_python(), PythonStatements(), source);
  }
  std::unique_ptr<TreeLayer> Open(const TreeView& tree) const override {
    return std::make_unique<PythonLayer>(tree);
  }
  std::unique_ptr<TreeLayer> OpenLike(const TreeView& tree, const TreeLayer& like) const override {
    return std::make_unique<PythonLayer>(tree, static_cast<const PythonLayer&>(like));
  }
  bool Special(absl::string_view name) const override {
    return absl::StartsWith(name, "__") && absl::EndsWith(name, "__");
  }
  bool RunnerCalls(absl::string_view name) const override {
    return absl::StartsWith(name, "pytest_");
  }
};

}  // namespace

const Language& PythonLanguage() {
  static const auto* const python = new Python;
  return *python;
}

}  // namespace testselect
