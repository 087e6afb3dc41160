#include "server/source/java_language.h"

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/source/basic_layer.h"
#include "server/source/cut.h"
#include "server/source/grammars.h"
#include "server/source/java_cutter.h"
#include "server/source/statement_kinds.h"

namespace testselect {
namespace {

constexpr absl::string_view kSuffixes[] = {".java"};

class JavaLayer : public BasicLayer {
 public:
  explicit JavaLayer(const TreeView& tree) : BasicLayer(tree, kSuffixes) {
    for (const FileId file : paths().all()) {
      by_class_[tree.names().Intern(Stem(tree.Path(file)))].push_back(file);
    }
  }

  std::vector<FileId> Resolve(FileId file, const ImportSource& source) const override;
  std::vector<FileId> ImportsOf(FileId file) const override;
  FileId TestFile(absl::string_view label) const override;
  std::vector<std::string> TestNames(absl::string_view label, FileId) const override {
    std::vector<std::string> parts = Parts(label);
    if (parts.size() > 2) parts.erase(parts.begin(), parts.end() - 2);
    return parts;
  }

 private:
  // `a.b.Class$Inner#method(int)[1]` without what stands in brackets, in parts.
  static std::vector<std::string> Parts(absl::string_view label) {
    label = label.substr(0, label.find_first_of("([{"));
    return absl::StrSplit(label, absl::ByAnyChar(".$#/"), absl::SkipEmpty());
  }
  // Of some files, the one that lies where its package says; the first one otherwise.
  FileId InPackage(absl::Span<const FileId> files, absl::Span<const std::string> package) const;
  // Classes that a unit names without an import: of its own package, or with their packages.
  void Named(const SourceModule& module, const Unit& unit, std::vector<FileId>* out) const;

  absl::flat_hash_map<NameId, std::vector<FileId>> by_class_;
};

std::vector<FileId> JavaLayer::Resolve(FileId, const ImportSource& source) const {
  std::vector<std::string> parts = absl::StrSplit(Text(source.module), '.');
  std::vector<FileId> found;
  // A nested class or a static member lies in the file of its class.
  for (; !parts.empty() && found.empty(); parts.pop_back()) {
    if (parts.back() == "*") {
      const std::string tail =
          absl::StrCat("/", absl::StrJoin(parts.begin(), parts.end() - 1, "/"));
      for (const auto& [folder, files] : paths().folders()) {
        if (absl::EndsWith(absl::StrCat("/", folder), tail)) {
          found.insert(found.end(), files.begin(), files.end());
        }
      }
    } else {
      found = paths().EndingIn(absl::StrCat(absl::StrJoin(parts, "/"), ".java"));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

void JavaLayer::Named(const SourceModule& module, const Unit& unit,
                      std::vector<FileId>* out) const {
  if (unit.kind == UnitKind::kImport || unit.kind == UnitKind::kCondition) return;
  for (const NameSlice slice : {unit.free, unit.members}) {
    for (const NameId word : module.Names(slice)) {
      const auto it = by_class_.find(word);
      if (it == by_class_.end()) continue;
      for (const FileId file : it->second) {
        const NameId package = tree().Module(file).package;
        bool named = package == module.package;
        if (!named && package != kNoName) {
          named = true;
          for (const absl::string_view part : absl::StrSplit(Text(package), '.')) {
            const NameId id = tree().names().Find(part);
            named = named && (module.Contains(unit.free, id) || module.Contains(unit.members, id));
          }
        }
        if (named) out->push_back(file);
      }
    }
  }
}

std::vector<FileId> JavaLayer::ImportsOf(FileId file) const {
  std::vector<FileId> out = BasicLayer::ImportsOf(file);
  const SourceModule& module = tree().Module(file);
  for (const Unit& unit : module.units) Named(module, unit, &out);
  MakeSet(file, &out);
  return out;
}

FileId JavaLayer::InPackage(absl::Span<const FileId> files,
                            absl::Span<const std::string> package) const {
  const std::string tail = absl::StrCat("/", absl::StrJoin(package, "/"));
  for (const FileId file : files) {
    if (absl::EndsWith(absl::StrCat("/", FolderOf(tree().Path(file))), tail)) return file;
  }
  return files.empty() ? kNoFile : files[0];
}

FileId JavaLayer::TestFile(absl::string_view label) const {
  const std::vector<std::string> parts = Parts(label);
  if (parts.empty()) return kNoFile;
  // A nested class stands in the file of the outermost: package parts are those before a class.
  size_t classes = 0;
  while (classes + 1 < parts.size() && absl::ascii_islower(parts[classes][0])) ++classes;
  const auto package = absl::MakeConstSpan(parts).subspan(0, classes);
  if (parts.size() > 1) {
    const std::string key = absl::StrCat(parts[parts.size() - 2], ".", parts.back());
    const auto found = definitions().Of(key);
    if (!found.empty()) return InPackage(found, package);
    // An inherited method: the test is made of its class.
    const auto inherited = definitions().Of(parts[parts.size() - 2]);
    if (!inherited.empty()) return InPackage(inherited, package);
  }
  return InPackage(definitions().Of(parts.back()), package);
}

class Java : public Language {
 public:
  absl::string_view name() const override { return "java"; }
  absl::Span<const absl::string_view> suffixes() const override { return kSuffixes; }
  uint32_t version() const override { return 1; }
  const LanguageTraits& traits() const override {
    static const LanguageTraits& traits = *[] {
      auto* t = new LanguageTraits;
      t->lists_files = {"listFiles", "newDirectoryStream", "walk", "walkFileTree", "ServiceLoader"};
      t->starts_processes = {"ProcessBuilder", "exec"};
      t->by_file = false;
      t->shared_names = true;
      t->imports_stay_in_file = true;
      t->linked = true;
      t->built_first = true;
      return t;
    }();
    return traits;
  }
  SourceModule Cut(absl::string_view, absl::string_view source, NameTable* names) const override {
    return CutWith<JavaCutter>(tree_sitter_java(), source, names);
  }
  std::unique_ptr<StatementReader> Statements(absl::string_view,
                                              absl::string_view source) const override {
    return StatementReader::Read(tree_sitter_java(), JavaStatements(), source);
  }
  std::unique_ptr<TreeLayer> Open(const TreeView& tree) const override {
    return std::make_unique<JavaLayer>(tree);
  }
  bool Sees(absl::string_view, absl::string_view) const override { return true; }
  bool Fits(absl::string_view name) const override {
    static constexpr absl::string_view kNames[] = {
        "toString", "equals",      "hashCode",   "compareTo",   "compare",  "close",
        "run",      "call",        "iterator",   "accept",      "apply",    "get",
        "test",     "writeObject", "readObject", "readResolve", "finalize", "clone"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
  }
};

}  // namespace

const Language& JavaLanguage() {
  static const Java& language = *new Java;
  return language;
}

}  // namespace testselect
