#include "server/source/rust_language.h"

#include <algorithm>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/source/basic_layer.h"
#include "server/source/cut.h"
#include "server/source/grammars.h"
#include "server/source/rust_cutter.h"
#include "server/source/statement_kinds.h"

namespace testselect {
namespace {

constexpr absl::string_view kSuffixes[] = {".rs"};

class RustLayer : public BasicLayer {
 public:
  explicit RustLayer(const TreeView& tree);

  std::vector<FileId> Resolve(FileId file, const ImportSource& source) const override;
  std::vector<FileId> ImportsOf(FileId file) const override;
  FileId TestFile(absl::string_view label) const override;
  std::vector<std::string> TestNames(absl::string_view label, FileId) const override;

 private:
  using Parts = std::vector<std::string>;

  // The folder of the crate that a file is part of, "" if none is known.
  absl::string_view Package(absl::string_view path) const;
  // The folder that `crate::` begins in.
  std::string Root(absl::string_view path) const;
  // The folder that the modules below a file's own lie in.
  std::string Below(absl::string_view path) const;
  bool IsRoot(absl::string_view path) const;
  // The file of the longest beginning of `parts` that is a module below `folder`; where none is,
  // that of the folder itself.
  FileId Deepest(absl::string_view folder, absl::Span<const std::string> parts) const;
  FileId OfFolder(absl::string_view folder) const;
  FileId Module(absl::string_view folder) const;  // `folder`.rs or `folder`/mod.rs
  std::vector<FileId> Path(absl::string_view path, const Parts& parts) const;
  // Names of the modules that a file is, from its crate on.
  Parts ModuleOf(absl::string_view path) const;

  absl::flat_hash_map<std::string, std::string> crates_;  // name -> folder of Cargo.toml
  std::vector<std::string> folders_;                      // of Cargo.toml, the longest first
};

RustLayer::RustLayer(const TreeView& tree) : BasicLayer(tree, kSuffixes) {
  for (FileId file = 0; file < tree.size(); ++file) {
    const absl::string_view path = tree.Path(file);
    if (BaseName(path) != "Cargo.toml") continue;
    const std::string folder(FolderOf(path));
    folders_.push_back(folder);
    absl::string_view section;
    const std::string text = tree.Text(file);
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      line = absl::StripAsciiWhitespace(line);
      if (absl::StartsWith(line, "[")) section = line;
      const std::vector<absl::string_view> quoted = absl::StrSplit(line, '"');
      const bool names = section == "[package]" || section == "[lib]";
      if (names && quoted.size() > 2 && absl::StartsWith(line, "name")) {
        crates_[absl::StrReplaceAll(quoted[1], {{"-", "_"}})] = folder;
      }
    }
  }
  std::sort(folders_.begin(), folders_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
}

absl::string_view RustLayer::Package(absl::string_view path) const {
  for (const std::string& folder : folders_) {
    if (folder.empty() || absl::StartsWith(path, absl::StrCat(folder, "/"))) return folder;
  }
  return "";
}

std::string RustLayer::Root(absl::string_view path) const {
  const absl::string_view package = Package(path);
  absl::string_view rest = path.substr(package.empty() ? 0 : package.size() + 1);
  const absl::string_view top = rest.substr(0, rest.find('/'));
  if (top == "src" && absl::StartsWith(rest, "src/bin/")) return JoinPath(package, "src/bin");
  if (top == "src" || top == "tests" || top == "benches" || top == "examples") {
    return JoinPath(package, top);
  }
  return std::string(FolderOf(path));
}

bool RustLayer::IsRoot(absl::string_view path) const {
  const absl::string_view name = BaseName(path);
  if (name == "lib.rs" || name == "main.rs" || name == "mod.rs" || name == "build.rs") return true;
  const std::string root = Root(path);
  return FolderOf(path) == root && BaseName(root) != "src";
}

std::string RustLayer::Below(absl::string_view path) const {
  return IsRoot(path) ? std::string(FolderOf(path)) : JoinPath(FolderOf(path), Stem(path));
}

FileId RustLayer::Module(absl::string_view folder) const {
  const FileId file = tree().Find(absl::StrCat(folder, ".rs"));
  return file != kNoFile ? file : tree().Find(JoinPath(folder, "mod.rs"));
}

FileId RustLayer::OfFolder(absl::string_view folder) const {
  for (const absl::string_view name : {"lib.rs", "main.rs"}) {
    const FileId file = tree().Find(JoinPath(folder, name));
    if (file != kNoFile) return file;
  }
  return Module(folder);
}

FileId RustLayer::Deepest(absl::string_view folder, absl::Span<const std::string> parts) const {
  for (size_t n = parts.size(); n > 0; --n) {
    const FileId file = Module(JoinPath(folder, absl::StrJoin(parts.subspan(0, n), "/")));
    if (file != kNoFile) return file;
  }
  return OfFolder(folder);
}

std::vector<FileId> RustLayer::Path(absl::string_view path, const Parts& parts) const {
  std::vector<FileId> out;
  const auto add = [&out](FileId file) {
    if (file != kNoFile) out.push_back(file);
  };
  if (parts.empty()) return out;
  absl::Span<const std::string> rest = absl::MakeConstSpan(parts).subspan(1);
  if (parts[0] == "crate") {
    add(Deepest(Root(path), rest));
  } else if (parts[0] == "self" || parts[0] == "super") {
    std::string folder = Below(path);
    size_t up = parts[0] == "super" ? 1 : 0;
    while (!rest.empty() && rest[0] == "super") {
      rest.remove_prefix(1);
      ++up;
    }
    for (; up > 0; --up) folder = std::string(FolderOf(folder));
    const bool here = folder == Below(path);
    const FileId found = Deepest(folder, rest);
    add(here && (found == kNoFile || found == OfFolder(folder)) ? tree().Find(path) : found);
  } else {
    const auto crate = crates_.find(parts[0]);
    if (crate != crates_.end()) add(Deepest(JoinPath(crate->second, "src"), rest));
    // A module below this one, or (of older editions) of the crate.
    for (const std::string& folder : {Below(path), Root(path)}) {
      const FileId module = Module(JoinPath(folder, parts[0]));
      if (module == kNoFile) continue;
      const FileId found = Deepest(JoinPath(folder, parts[0]), rest);
      add(found == kNoFile ? module : found);
    }
  }
  return out;
}

std::vector<FileId> RustLayer::Resolve(FileId file, const ImportSource& source) const {
  const absl::string_view path = tree().Path(file);
  const absl::string_view module = Text(source.module), name = Text(source.name);
  std::vector<FileId> out;
  if (source.level == kRustUse) {
    Parts parts = absl::StrSplit(module, "::", absl::SkipEmpty());
    if (!name.empty() && name != "*") parts.emplace_back(name);
    return Path(path, parts);
  }
  if (source.level == kRustPath) {
    const FileId found = tree().Find(JoinPath(FolderOf(path), module));
    if (found != kNoFile) out.push_back(found);
    return out;
  }
  // Binaries and integration tests of the same folder may share modules.
  for (const std::string& folder : {Below(path), std::string(FolderOf(path))}) {
    const FileId found = Module(JoinPath(folder, module));
    if (found == kNoFile) continue;
    out.push_back(found);
    break;
  }
  return out;
}

// A crate that is named is built from its root, which declares the modules it consists of.
std::vector<FileId> RustLayer::ImportsOf(FileId file) const {
  std::vector<FileId> out = BasicLayer::ImportsOf(file);
  for (const ImportSource& source : tree().Module(file).imports) {
    if (source.level != kRustUse) continue;
    const absl::string_view module = Text(source.module);
    const absl::string_view first = module.substr(0, module.find("::"));
    const auto crate = crates_.find(first.empty() ? Text(source.name) : first);
    if (crate == crates_.end()) continue;
    const FileId root = OfFolder(JoinPath(crate->second, "src"));
    if (root != kNoFile) out.push_back(root);
  }
  MakeSet(file, &out);
  return out;
}

RustLayer::Parts RustLayer::ModuleOf(absl::string_view path) const {
  const std::string root = Root(path);
  std::string inside = Below(path);
  if (IsRoot(path) && BaseName(root) != "src") inside = JoinPath(FolderOf(path), Stem(path));
  absl::string_view rest = inside;
  if (!absl::ConsumePrefix(&rest, root)) return {};
  return absl::StrSplit(rest, '/', absl::SkipEmpty());
}

// `module::path::test`, which its crate's or test target's name may precede ("tally::whole adds");
// `src/a.rs - item (line 3)` of examples.
FileId RustLayer::TestFile(absl::string_view label) const {
  const size_t dash = label.find(" - ");
  if (dash != absl::string_view::npos) {
    const auto found = paths().EndingIn(label.substr(0, dash));
    return found.empty() ? kNoFile : found[0];
  }
  Parts parts = absl::StrSplit(absl::StrReplaceAll(label, {{"$", "::"}, {" ", "::"}}),
                               "::", absl::SkipEmpty());
  FileId best = kNoFile;
  size_t most = 0;
  // The last part that a function is called by: parametrised tests have cases below it.
  for (size_t n = parts.size(); n > 0 && best == kNoFile; --n) {
    for (const FileId file : definitions().Of(parts[n - 1])) {
      const Parts module = ModuleOf(tree().Path(file));
      for (size_t skip = 0; skip < 2; ++skip) {  // with and without the name of the crate
        if (skip + module.size() >= n + 1) continue;
        const bool fits = std::equal(module.begin(), module.end(),
                                     parts.begin() + static_cast<std::ptrdiff_t>(skip));
        if (!fits || (best != kNoFile && module.size() < most)) continue;
        if (best != kNoFile && module.size() == most) continue;
        best = file;
        most = module.size();
      }
    }
    if (best == kNoFile && !definitions().Of(parts[n - 1]).empty()) {
      best = definitions().Of(parts[n - 1])[0];
    }
  }
  return best;
}

std::vector<std::string> RustLayer::TestNames(absl::string_view label, FileId) const {
  if (absl::StrContains(label, " - ")) return {};
  Parts parts = absl::StrSplit(absl::StrReplaceAll(label, {{"$", "::"}, {" ", "::"}}),
                               "::", absl::SkipEmpty());
  if (parts.size() > 2) parts.erase(parts.begin(), parts.end() - 2);
  if (parts.size() == 2 && (parts[0] == "tests" || parts[0] == "test")) parts.erase(parts.begin());
  return parts;
}

class Rust : public Language {
 public:
  absl::string_view name() const override { return "rust"; }
  absl::Span<const absl::string_view> suffixes() const override { return kSuffixes; }
  uint32_t version() const override { return 1; }
  const LanguageTraits& traits() const override {
    static const LanguageTraits& traits = *[] {
      auto* t = new LanguageTraits;
      t->lists_files = {"read_dir", "WalkDir", "glob"};
      t->starts_processes = {"process", "cargo_bin", "assert_cmd", "fork", "execv"};
      t->by_file = false;
      t->shared_names = true;
      t->linked = true;
      t->built_first = true;
      t->runs_in_compiler = true;
      return t;
    }();
    return traits;
  }
  SourceModule Cut(absl::string_view, absl::string_view source, NameTable* names) const override {
    return CutWith<RustCutter>(tree_sitter_rust(), source, names);
  }
  std::unique_ptr<StatementReader> Statements(absl::string_view,
                                              absl::string_view source) const override {
    return StatementReader::Read(tree_sitter_rust(), RustStatements(), source);
  }
  std::unique_ptr<TreeLayer> Open(const TreeView& tree) const override {
    return std::make_unique<RustLayer>(tree);
  }
  bool Sees(absl::string_view, absl::string_view) const override { return true; }
  // Methods of traits that the language and its library call.
  bool Fits(absl::string_view name) const override {
    static constexpr absl::string_view kNames[] = {
        "add",       "add_assign", "as_mut", "as_ref",    "bitand",      "bitor",     "bitxor",
        "borrow",    "clone",      "cmp",    "default",   "deref",       "deref_mut", "deserialize",
        "div",       "drop",       "eq",     "extend",    "fmt",         "from",      "from_iter",
        "from_str",  "hash",       "index",  "index_mut", "into",        "into_iter", "mul",
        "ne",        "neg",        "next",   "not",       "partial_cmp", "poll",      "rem",
        "serialize", "shl",        "shr",    "sub",       "sub_assign",  "to_string", "try_from",
        "try_into"};
    return std::binary_search(std::begin(kNames), std::end(kNames), name);
  }
};

}  // namespace

const Language& RustLanguage() {
  static const Rust& language = *new Rust;
  return language;
}

}  // namespace testselect
