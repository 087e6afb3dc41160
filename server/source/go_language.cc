#include "server/source/go_language.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/base/call_once.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/source/basic_layer.h"
#include "server/source/cut.h"
#include "server/source/go_cutter.h"
#include "server/source/go_interfaces.h"
#include "server/source/grammars.h"
#include "server/source/statement_kinds.h"

namespace testselect {
namespace {

constexpr absl::string_view kSuffixes[] = {".go"};

bool IsTest(absl::string_view path) { return absl::EndsWith(path, "_test.go"); }

struct GoLabel {
  absl::string_view package, function;
};

// `example.com/m/pkg.TestX/sub` -> package and TestX; empty where the label is none of Go's.
GoLabel ParseLabel(absl::string_view label) {
  size_t best = absl::string_view::npos;
  for (const absl::string_view word : {".Test", ".Benchmark", ".Example", ".Fuzz"}) {
    best = std::min(best, label.find(word));
  }
  if (best == absl::string_view::npos) {
    best = label.rfind('.');
    if (best == absl::string_view::npos || absl::StrContains(label.substr(best), '/')) return {};
    return {label.substr(0, best), label.substr(best + 1)};
  }
  const absl::string_view rest = label.substr(best + 1);
  return {label.substr(0, best), rest.substr(0, rest.find('/'))};
}

class GoLayer : public BasicLayer {
 public:
  explicit GoLayer(const TreeView& tree) : BasicLayer(tree, kSuffixes), all_paths_(tree, {}) {
    for (const FileId file : all_paths_.Named("go.mod")) ReadModule(file);
    // The longest module first: one may lie in another's folder.
    std::sort(roots_.begin(), roots_.end(),
              [](const Root& a, const Root& b) { return a.module.size() > b.module.size(); });
  }

  std::vector<FileId> Resolve(FileId file, const ImportSource& source) const override;
  std::vector<FileId> ImportsOf(FileId file) const override;
  FileId TestFile(absl::string_view label) const override;
  std::vector<std::string> TestNames(absl::string_view label, FileId) const override {
    const GoLabel parsed = ParseLabel(label);
    if (parsed.function.empty()) return {};
    return {std::string(parsed.function)};
  }
  // go test -cover leaves tests out.
  bool Measured(FileId file) const override { return !IsTest(tree().Path(file)); }
  bool AskedFor(absl::string_view method) const override;

 private:
  struct Root {
    std::string module, folder;
  };

  void ReadModule(FileId file);
  // The files of a package: of the tree, or vendored. Empty if it is neither's.
  absl::Span<const FileId> Package(absl::string_view package) const;
  std::vector<FileId> Embedded(FileId file, absl::string_view patterns) const;

  TreePaths all_paths_;
  std::vector<Root> roots_;
  mutable absl::once_flag interfaces_made_;
  mutable GoInterfaces interfaces_;
};

void GoLayer::ReadModule(FileId file) {
  const std::string text = tree().Text(file);
  const std::string folder(FolderOf(tree().Path(file)));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line.substr(0, line.find("//")));
    std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.size() == 2 && words[0] == "module") {
      absl::string_view name = words[1];
      absl::ConsumePrefix(&name, "\"");
      absl::ConsumeSuffix(&name, "\"");
      roots_.push_back({std::string(name), folder});
      continue;
    }
    // replace old [version] => ./folder
    const auto arrow = std::find(words.begin(), words.end(), "=>");
    if (arrow == words.end() || arrow + 1 == words.end()) continue;
    if (!absl::StartsWith(arrow[1], ".")) continue;
    const absl::string_view old = words[0] == "replace" ? words[1] : words[0];
    roots_.push_back({std::string(old), JoinPath(folder, arrow[1])});
  }
}

absl::Span<const FileId> GoLayer::Package(absl::string_view package) const {
  for (const Root& root : roots_) {
    absl::string_view rest = package;
    if (!absl::ConsumePrefix(&rest, root.module)) continue;
    if (!rest.empty() && rest[0] != '/') continue;
    const auto files = paths().InFolder(JoinPath(root.folder, rest));
    if (!files.empty()) return files;
  }
  for (const Root& root : roots_) {
    const auto files = paths().InFolder(JoinPath(root.folder, absl::StrCat("vendor/", package)));
    if (!files.empty()) return files;
  }
  return {};
}

std::vector<FileId> GoLayer::Embedded(FileId file, absl::string_view patterns) const {
  std::vector<FileId> out;
  const absl::string_view here = FolderOf(tree().Path(file));
  for (absl::string_view pattern :
       absl::StrSplit(patterns, absl::ByAnyChar(" \t"), absl::SkipEmpty())) {
    const std::string bare = absl::StrReplaceAll(pattern, {{"\"", ""}, {"`", ""}});
    const std::string glob = JoinPath(here, absl::StripPrefix(bare, "all:"));
    const std::string below = absl::StrCat(glob, "/*");
    for (const FileId f : all_paths_.all()) {
      const absl::string_view path = tree().Path(f);
      if (GlobMatches(glob, path) || GlobMatches(below, path) || glob.empty()) out.push_back(f);
    }
  }
  return out;
}

std::vector<FileId> GoLayer::Resolve(FileId file, const ImportSource& source) const {
  const absl::string_view module = Text(source.module);
  if (source.level == kGoEmbed) return Embedded(file, module);
  std::vector<FileId> out;
  for (const FileId f : Package(module)) {
    if (!IsTest(tree().Path(f))) out.push_back(f);
  }
  return out;
}

// The files of a package bring each other along. One edge to the next of them, round and round,
// says so with fewer edges than there are pairs; so an import needs to name one file of a package.
std::vector<FileId> GoLayer::ImportsOf(FileId file) const {
  std::vector<FileId> out;
  for (const ImportSource& source : tree().Module(file).imports) {
    std::vector<FileId> found = Resolve(file, source);
    if (source.level == kGoPackage && found.size() > 1) found.resize(1);
    out.insert(out.end(), found.begin(), found.end());
  }
  const bool test = IsTest(tree().Path(file));
  FileId first = kNoFile, next = kNoFile, tested = kNoFile;
  for (const FileId f : paths().InFolder(FolderOf(tree().Path(file)))) {
    if (IsTest(tree().Path(f)) == test) {
      if (first == kNoFile) first = f;
      if (f > file && next == kNoFile) next = f;
    } else if (tested == kNoFile) {
      tested = f;
    }
  }
  out.push_back(next == kNoFile ? first : next);
  if (test && tested != kNoFile) out.push_back(tested);
  MakeSet(file, &out);
  return out;
}

bool GoLayer::AskedFor(absl::string_view method) const {
  absl::call_once(interfaces_made_, [this] {
    for (const FileId file : paths().all()) {
      if (!tree().IsCode(file)) continue;
      const SourceModule& module = tree().Module(file);
      interfaces_.Add(module, tree().names());
      for (const ImportSource& source : module.imports) {
        if (source.level != kGoPackage) continue;
        const absl::string_view package = Text(source.module);
        if (Package(package).empty()) interfaces_.AddLibrary(package);
      }
    }
  });
  return interfaces_.AskFor(tree().names().Find(method), method);
}

FileId GoLayer::TestFile(absl::string_view label) const {
  const GoLabel parsed = ParseLabel(label);
  if (parsed.function.empty()) return kNoFile;
  const absl::string_view package = absl::StripSuffix(parsed.package, "_test");
  absl::Span<const FileId> files = Package(package);
  if (files.empty()) files = paths().InFolder(package);
  if (files.empty()) return kNoFile;
  const absl::string_view folder = FolderOf(tree().Path(files[0]));
  for (const FileId f : definitions().Of(parsed.function)) {
    const absl::string_view path = tree().Path(f);
    if (IsTest(path) && FolderOf(path) == folder) return f;
  }
  return kNoFile;
}

class Go : public Language {
 public:
  absl::string_view name() const override { return "go"; }
  absl::Span<const absl::string_view> suffixes() const override { return kSuffixes; }
  uint32_t version() const override { return 2; }
  const LanguageTraits& traits() const override {
    static const LanguageTraits& traits = *[] {
      auto* t = new LanguageTraits;
      t->lists_files.assign(std::begin(kGoListsFiles), std::end(kGoListsFiles));
      t->starts_processes.assign(std::begin(kGoStartsProcesses), std::end(kGoStartsProcesses));
      t->module_setup = {"TestMain", "init"};
      t->by_file = false;
      t->shared_names = true;
      t->imports_stay_in_file = true;
      t->imports_run = true;
      t->built_first = true;
      t->built_by_package = true;
      return t;
    }();
    return traits;
  }
  SourceModule Cut(absl::string_view, absl::string_view source, NameTable* names) const override {
    return CutWith<GoCutter>(tree_sitter_go(), source, names);
  }
  std::unique_ptr<StatementReader> Statements(absl::string_view,
                                              absl::string_view source) const override {
    return StatementReader::Read(tree_sitter_go(), GoStatements(), source);
  }
  std::unique_ptr<TreeLayer> Open(const TreeView& tree) const override {
    return std::make_unique<GoLayer>(tree);
  }
  bool Sees(absl::string_view user_path, absl::string_view path) const override {
    return FolderOf(user_path) == FolderOf(path);
  }
  // Any method may be what some interface asks for (GoLayer::AskedFor).
  bool Fits(absl::string_view name) const override { return !name.empty() && name != "_"; }
};

}  // namespace

const Language& GoLanguage() {
  static const Go& language = *new Go;
  return language;
}

}  // namespace testselect
