#include "server/source/cpp_language.h"

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/source/basic_layer.h"
#include "server/source/cpp_cutter.h"
#include "server/source/statement_kinds.h"

namespace testselect {
namespace {

constexpr absl::string_view kSuffixes[] = {".cc",  ".cpp", ".cxx", ".c",   ".h",  ".hh",
                                           ".hpp", ".hxx", ".ipp", ".inl", ".tcc"};

// Whether a header says itself that it is none of C's.
bool IsSurelyCpp(absl::string_view source) {
  return absl::StrContains(source, "::") || absl::StrContains(source, "template <") ||
         absl::StrContains(source, "template<") || absl::StrContains(source, "\nnamespace ");
}

SourceModule CutTree(const Grammar& grammar, const SyntaxTree& tree, NameTable* names) {
  return CppCutter(grammar, tree, names).Cut();
}

bool IsNumber(absl::string_view text) {
  return text.find_first_not_of("0123456789") == absl::string_view::npos;
}

class CppLayer : public BasicLayer {
 public:
  explicit CppLayer(const TreeView& tree) : BasicLayer(tree, kSuffixes), all_paths_(tree, {}) {}

  std::vector<FileId> Resolve(FileId file, const ImportSource& source) const override {
    const absl::string_view path = Text(source.module);
    if (source.level == kCppQuoted) {
      const FileId beside = tree().Find(JoinPath(FolderOf(tree().Path(file)), path));
      if (beside != kNoFile) return {beside};
    }
    return EndingIn(path);
  }

  // What comes to stand before the file that is meant may be meant tomorrow.
  std::vector<FileId> ImportsOf(FileId file) const override {
    std::vector<FileId> out = BasicLayer::ImportsOf(file);
    for (const ImportSource& source : tree().Module(file).imports) {
      const std::vector<FileId> found = EndingIn(Text(source.module));
      out.insert(out.end(), found.begin(), found.end());
    }
    MakeSet(file, &out);
    return out;
  }

  // `Suite.Case`, `Inst/Suite.Case/0`, `Suite/0.Case`; the file of a label of CTest is one of its
  // name, if there is any.
  FileId TestFile(absl::string_view label) const override {
    const std::vector<std::string> names = TestNames(label, kNoFile);
    if (names.size() > 1) {
      const auto found = definitions().Of(absl::StrCat(names[names.size() - 2], ".", names.back()));
      if (!found.empty()) return found[0];
    }
    const auto named = paths().WithStem(label);
    if (!named.empty()) return named[0];
    const auto last = paths().WithStem(names.empty() ? label : absl::string_view(names.back()));
    return last.empty() ? kNoFile : last[0];
  }

  std::vector<std::string> TestNames(absl::string_view label, FileId) const override {
    std::vector<std::string> names;
    for (const absl::string_view part :
         absl::StrSplit(label, absl::ByAnyChar("./"), absl::SkipEmpty())) {
      if (!IsNumber(part)) names.emplace_back(part);
    }
    return names;
  }

 private:
  // Without the folders that the build looks in, every file whose path ends so may be meant.
  std::vector<FileId> EndingIn(absl::string_view path) const {
    std::string tail = JoinPath("", path);
    absl::string_view rest = tail;
    while (absl::ConsumePrefix(&rest, "../")) {
    }
    return all_paths_.EndingIn(rest);
  }

  TreePaths all_paths_;  // data can be included, too
};

class Cpp : public Language {
 public:
  absl::string_view name() const override { return "cpp"; }
  absl::Span<const absl::string_view> suffixes() const override { return kSuffixes; }
  uint32_t version() const override { return 3; }
  const LanguageTraits& traits() const override {
    static const LanguageTraits& traits = *[] {
      auto* t = new LanguageTraits;
      t->lists_files = {"directory_iterator", "recursive_directory_iterator", "opendir", "readdir",
                        "glob"};
      t->starts_processes = {"system", "popen", "fork", "execv", "execvp", "execl", "posix_spawn"};
      t->by_file = false;
      t->shared_names = true;
      t->linked = true;
      t->includes_text = true;
      t->built_first = true;
      t->runs_in_compiler = true;
      return t;
    }();
    return traits;
  }

  // A header's name does not say which of both it is: C++ unless C alone makes sense of it.
  SourceModule Cut(absl::string_view path, absl::string_view source,
                   NameTable* names) const override {
    const bool c_file = absl::EndsWith(path, ".c");
    const Grammar& first = c_file ? CGrammar() : CppGrammar();
    const auto tree = SyntaxTree::Parse(first.language(), source);
    if (!tree.ok()) {
      ModuleBuilder builder(names);
      builder.SetUnparsed();
      return builder.Finish();
    }
    if (absl::EndsWith(path, ".h") && tree->root().has_error() && !IsSurelyCpp(source)) {
      const auto as_c = SyntaxTree::Parse(CGrammar().language(), source);
      if (as_c.ok() && !as_c->root().has_error()) return CutTree(CGrammar(), *as_c, names);
    }
    return CutTree(first, *tree, names);
  }
  std::unique_ptr<StatementReader> Statements(absl::string_view path,
                                              absl::string_view source) const override {
    const Grammar& grammar = absl::EndsWith(path, ".c") ? CGrammar() : CppGrammar();
    return StatementReader::Read(grammar.language(), CppStatements(), source);
  }
  std::unique_ptr<TreeLayer> Open(const TreeView& tree) const override {
    return std::make_unique<CppLayer>(tree);
  }
  bool Sees(absl::string_view, absl::string_view) const override { return true; }
  bool CompiledAlone(absl::string_view path) const override {
    static constexpr absl::string_view kSources[] = {".cc", ".cpp", ".cxx", ".c"};
    return HasSuffix(path, kSources);
  }
  bool Special(absl::string_view name) const override {
    return absl::StartsWith(name, "~") || absl::StartsWith(name, "operator");
  }
  bool Fits(absl::string_view name) const override { return CppLooksFor(name); }
};

}  // namespace

const Language& CppLanguage() {
  static const Cpp& language = *new Cpp;
  return language;
}

}  // namespace testselect
