#include "server/source/javascript_language.h"

#include <algorithm>
#include <memory>

#include "absl/base/call_once.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/source/basic_layer.h"
#include "server/source/javascript_config.h"
#include "server/source/javascript_cutter.h"
#include "server/source/statement_kinds.h"

namespace testselect {
namespace {

constexpr absl::string_view kJsSuffixes[] = {".js", ".mjs", ".cjs", ".jsx"};
constexpr absl::string_view kTsSuffixes[] = {".ts", ".tsx", ".mts", ".cts"};
constexpr absl::string_view kEndings[] = {"",     ".js",  ".mjs", ".cjs",  ".jsx", ".ts",
                                          ".tsx", ".mts", ".cts", ".d.ts", ".json"};

bool IsTest(absl::string_view path) {
  for (const absl::string_view folder : {"__tests__/", "tests/", "test/"}) {
    if (absl::StartsWith(path, folder) || absl::StrContains(path, absl::StrCat("/", folder))) {
      return true;
    }
  }
  const absl::string_view name = Stem(path);
  for (const absl::string_view end : {".test", "_test", "-test", ".spec", "_spec", "-spec"}) {
    if (absl::EndsWith(name, end)) return true;
  }
  return name == "test" || absl::StartsWith(name, "test-");
}

bool IsBuiltIn(absl::string_view module) {
  static constexpr absl::string_view kModules[] = {"assert",
                                                   "async_hooks",
                                                   "buffer",
                                                   "child_process",
                                                   "cluster",
                                                   "console",
                                                   "constants",
                                                   "crypto",
                                                   "dgram",
                                                   "dns",
                                                   "domain",
                                                   "events",
                                                   "fs",
                                                   "http",
                                                   "http2",
                                                   "https",
                                                   "inspector",
                                                   "module",
                                                   "net",
                                                   "os",
                                                   "path",
                                                   "perf_hooks",
                                                   "process",
                                                   "punycode",
                                                   "querystring",
                                                   "readline",
                                                   "repl",
                                                   "stream",
                                                   "string_decoder",
                                                   "timers",
                                                   "tls",
                                                   "tty",
                                                   "url",
                                                   "util",
                                                   "v8",
                                                   "vm",
                                                   "wasi",
                                                   "worker_threads",
                                                   "zlib"};
  if (absl::StartsWith(module, "node:")) return true;
  const absl::string_view top = module.substr(0, module.find('/'));
  return std::find(std::begin(kModules), std::end(kModules), top) != std::end(kModules);
}

// "lodash" of "lodash/map", "@x/y" of "@x/y/z".
absl::string_view PackageOf(absl::string_view module) {
  size_t slash = module.find('/');
  if (absl::StartsWith(module, "@") && slash != absl::string_view::npos) {
    slash = module.find('/', slash + 1);
  }
  return module.substr(0, slash);
}

// The literal parts of a title between its placeholders: %s, $name, ${name}.
std::vector<std::string> LiteralParts(absl::string_view title) {
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < title.size(); ++i) {
    const char next = i + 1 < title.size() ? title[i + 1] : ' ';
    const auto in_name = [](char c) {
      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
    };
    if (title[i] == '%' && absl::ascii_isalpha(static_cast<unsigned char>(next))) {
      parts.emplace_back();
      ++i;
    } else if (title[i] == '$' && next == '{') {
      parts.emplace_back();
      i = std::min(title.find('}', i), title.size());
    } else if (title[i] == '$' && in_name(next)) {
      parts.emplace_back();
      while (i + 1 < title.size() && in_name(title[i + 1])) ++i;
    } else {
      parts.back().push_back(title[i]);
    }
  }
  return parts;
}

// Whether `title` ends in those parts with anything between them, at the beginning of a word.
bool EndsInParts(absl::string_view title, const std::vector<std::string>& parts) {
  const auto matches = [&](absl::string_view text) {
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const size_t at = i == 0 ? (absl::StartsWith(text, parts[0]) ? 0 : absl::string_view::npos)
                               : text.find(parts[i]);
      if (at == absl::string_view::npos) return false;
      text.remove_prefix(at + parts[i].size());
    }
    return parts.size() == 1 ? text == parts[0] : absl::EndsWith(text, parts.back());
  };
  if (matches(title)) return true;
  for (size_t i = 0; i < title.size(); ++i) {
    if (title[i] == ' ' && matches(title.substr(i + 1))) return true;
  }
  return false;
}

class JavaScriptLayer : public TreeLayer {
 public:
  explicit JavaScriptLayer(const TreeView& tree)
      : tree_(tree), paths_(tree, {}), config_(tree, paths_) {}

  std::vector<FileId> Resolve(FileId file, const ImportSource& source) const override;
  std::vector<FileId> ImportsOf(FileId file) const override;
  FileId TestFile(absl::string_view label) const override { return tree_.Find(Split(label).first); }
  std::vector<std::string> TestNames(absl::string_view label, FileId test_file) const override;
  bool Known(FileId file, const ImportSource& source) const override;
  bool ImportsLibrary(const ImportSource& source) const override;

 private:
  // `path::describe title` and `path > describe > title`: the path, and titles joined by blanks.
  static std::pair<absl::string_view, std::string> Split(absl::string_view label);
  // The file that a path without its ending, or a folder, means; or kNoFile.
  FileId File(absl::string_view target) const;
  FileId FileItself(absl::string_view target) const;
  void Packages(absl::string_view module, std::vector<FileId>* found) const;
  void Mocks(absl::string_view module, std::vector<FileId>* found) const;
  std::vector<FileId> Beginning(absl::string_view prefix) const;

  const TreeView& tree_;
  TreePaths paths_;
  JavaScriptConfig config_;
  // Packages that some file imports; made at the first question.
  mutable absl::once_flag libraries_made_;
  mutable absl::flat_hash_set<absl::string_view> libraries_;
};

FileId JavaScriptLayer::FileItself(absl::string_view target) const {
  for (const absl::string_view ending : kEndings) {
    const FileId file = tree_.Find(absl::StrCat(target, ending));
    if (file != kNoFile) return file;
  }
  // TypeScript names what the compiler will make of a file.
  for (const auto& [made, from] : {std::pair<absl::string_view, absl::string_view>{".js", ".ts"},
                                   {".js", ".tsx"},
                                   {".jsx", ".tsx"},
                                   {".mjs", ".mts"},
                                   {".cjs", ".cts"}}) {
    absl::string_view bare = target;
    if (!absl::ConsumeSuffix(&bare, made)) continue;
    const FileId file = tree_.Find(absl::StrCat(bare, from));
    if (file != kNoFile) return file;
  }
  return kNoFile;
}

FileId JavaScriptLayer::File(absl::string_view target) const {
  FileId file = FileItself(target);
  if (file != kNoFile) return file;
  if (const JavaScriptConfig::Package* package = config_.PackageAt(target)) {
    for (const std::string& entry : package->entries) {
      file = FileItself(entry);
      if (file == kNoFile) file = FileItself(JoinPath(entry, "index"));
      if (file != kNoFile) return file;
    }
    file = FileItself(JoinPath(target, "src/index"));  // entries that a build will make
    if (file != kNoFile) return file;
  }
  return FileItself(JoinPath(target, "index"));
}

std::vector<FileId> JavaScriptLayer::Beginning(absl::string_view prefix) const {
  std::vector<FileId> out;
  for (FileId file = 0; file < tree_.size(); ++file) {
    if (absl::StartsWith(tree_.Path(file), prefix)) out.push_back(file);
  }
  return out;
}

void JavaScriptLayer::Packages(absl::string_view module, std::vector<FileId>* found) const {
  for (const JavaScriptConfig::Package& package : config_.packages()) {
    absl::string_view rest = module;
    if (package.name.empty() || !absl::ConsumePrefix(&rest, package.name)) continue;
    if (!rest.empty() && rest[0] != '/') continue;
    for (const auto& [pattern, path] : package.exports) {
      const std::string exported = Starred(pattern, path, rest);
      const FileId target = exported.empty() ? kNoFile : FileItself(exported);
      if (target != kNoFile) found->push_back(target);
    }
    FileId file = File(JoinPath(package.folder, rest));
    if (file == kNoFile && !rest.empty()) {
      file = File(JoinPath(package.folder, absl::StrCat("src", rest)));
    }
    if (file != kNoFile) found->push_back(file);
  }
}

// A file under __mocks__ stands in for the file beside that folder, or for a package.
void JavaScriptLayer::Mocks(absl::string_view module, std::vector<FileId>* found) const {
  std::vector<std::string> targets;
  for (const FileId file : *found) {
    const absl::string_view path = tree_.Path(file);
    targets.push_back(JoinPath(FolderOf(path), absl::StrCat("__mocks__/", Stem(path))));
  }
  if (!absl::StartsWith(module, ".")) {
    targets.push_back(absl::StrCat("__mocks__/", absl::StripPrefix(module, "node:")));
    for (const JavaScriptConfig::Package& package : config_.packages()) {
      targets.push_back(
          JoinPath(package.folder, absl::StrCat("__mocks__/", absl::StripPrefix(module, "node:"))));
    }
  }
  for (const std::string& target : targets) {
    const FileId mock = File(target);
    if (mock != kNoFile) found->push_back(mock);
  }
}

std::vector<FileId> JavaScriptLayer::Resolve(FileId file, const ImportSource& source) const {
  const absl::string_view path = tree_.Path(file);
  const absl::string_view module = tree_.names().Name(source.module);
  const bool relative = absl::StartsWith(module, ".");
  std::string target = JoinPath(FolderOf(path), module);
  if (source.level == kJsBeginning) {
    if (!relative) return {};
    if (absl::EndsWith(module, "/")) absl::StrAppend(&target, "/");
    return Beginning(target);
  }
  std::vector<FileId> found;
  if (relative) {
    const FileId direct = File(target);
    if (direct != kNoFile) found.push_back(direct);
  }
  for (const std::string& mapped : config_.Mapped(path, module)) {
    const FileId f = File(mapped);
    if (f != kNoFile) found.push_back(f);
  }
  if (!relative) Packages(module, &found);
  Mocks(module, &found);
  return found;
}

std::vector<FileId> JavaScriptLayer::ImportsOf(FileId file) const {
  std::vector<FileId> out;
  for (const ImportSource& source : tree_.Module(file).imports) {
    const std::vector<FileId> found = Resolve(file, source);
    out.insert(out.end(), found.begin(), found.end());
  }
  const absl::string_view path = tree_.Path(file);
  if (IsTest(path)) {
    for (const std::string& setup : config_.setup()) {
      const FileId f = File(setup);
      if (f != kNoFile) out.push_back(f);
    }
    for (const std::string& name :
         {JoinPath(FolderOf(path), absl::StrCat("__snapshots__/", BaseName(path), ".snap")),
          absl::StrCat(path, ".snapshot")}) {
      const FileId snapshot = tree_.Find(name);
      if (snapshot != kNoFile) out.push_back(snapshot);
    }
  }
  MakeSet(file, &out);
  return out;
}

std::pair<absl::string_view, std::string> JavaScriptLayer::Split(absl::string_view label) {
  size_t at = std::min(label.find("::"), label.find(" > "));
  const size_t size = absl::StartsWith(label.substr(std::min(at, label.size())), "::") ? 2 : 3;
  if (at == absl::string_view::npos) return {label, ""};
  return {label.substr(0, at), absl::StrReplaceAll(label.substr(at + size), {{" > ", " "}})};
}

// Titles of tests that the label's title ends in, their placeholders filled in.
std::vector<std::string> JavaScriptLayer::TestNames(absl::string_view label,
                                                    FileId test_file) const {
  if (test_file == kNoFile || !tree_.IsCode(test_file)) return {};
  const std::string title = absl::StrReplaceAll(Split(label).second, {{".", " "}, {"#", " "}});
  std::vector<std::string> out;
  for (const Unit& unit : tree_.Module(test_file).units) {
    if (unit.kind != UnitKind::kBody) continue;
    const absl::string_view name = tree_.names().Name(unit.name);
    if (EndsInParts(title, LiteralParts(name))) out.emplace_back(name);
  }
  return out;
}

bool JavaScriptLayer::Known(FileId file, const ImportSource& source) const {
  const absl::string_view module = tree_.names().Name(source.module);
  if (!Resolve(file, source).empty() || IsBuiltIn(module)) return true;
  if (absl::StartsWith(module, ".")) return false;
  const std::string quoted = absl::StrCat("\"", PackageOf(module), "\"");
  for (const JavaScriptConfig::Package& package : config_.packages()) {
    if (absl::StrContains(package.text, quoted)) return true;
  }
  return false;
}

bool JavaScriptLayer::ImportsLibrary(const ImportSource& source) const {
  absl::call_once(libraries_made_, [this] {
    for (FileId file = 0; file < tree_.size(); ++file) {
      const absl::string_view path = tree_.Path(file);
      if (!tree_.IsCode(file) || (!HasSuffix(path, kJsSuffixes) && !HasSuffix(path, kTsSuffixes))) {
        continue;
      }
      for (const ImportSource& import : tree_.Module(file).imports) {
        libraries_.insert(PackageOf(tree_.names().Name(import.module)));
      }
    }
  });
  const absl::string_view module = tree_.names().Name(source.module);
  return !absl::StartsWith(module, ".") && libraries_.contains(PackageOf(module));
}

class JavaScript : public Language {
 public:
  absl::string_view name() const override { return "javascript"; }
  absl::string_view family() const override { return "javascript"; }
  absl::Span<const absl::string_view> suffixes() const override { return kJsSuffixes; }
  uint32_t version() const override { return 4; }
  const LanguageTraits& traits() const override {
    static const LanguageTraits& traits = *[] {
      auto* t = new LanguageTraits;
      t->imports_run = true;
      t->reads_signatures = {"getMetadata"};  // of decorators, where types are emitted
      t->reads_source = {"readFileSync", "readFile"};
      t->lists_files = {"readdir", "readdirSync", "glob", "globSync", "sync"};
      t->starts_processes = {"child_process", "spawn",        "spawnSync", "execSync",
                             "execFile",      "execFileSync", "fork",      "Worker"};
      return t;
    }();
    return traits;
  }
  SourceModule Cut(absl::string_view path, absl::string_view source,
                   NameTable* names) const override {
    return CutBy(GrammarOf(path), source, names);
  }
  std::unique_ptr<StatementReader> Statements(absl::string_view path,
                                              absl::string_view source) const override {
    return StatementReader::Read(GrammarOf(path).language(), JavaScriptStatements(), source);
  }
  std::unique_ptr<TreeLayer> Open(const TreeView& tree) const override {
    return std::make_unique<JavaScriptLayer>(tree);
  }
  bool Fits(absl::string_view name) const override {
    if (absl::StartsWith(name, "[")) return true;  // [Symbol.iterator], or computed
    static constexpr absl::string_view kNames[] = {"toString",    "toJSON", "valueOf", "then",
                                                   "constructor", "next",   "return",  "inspect"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
  }

 private:
  static const Grammar& GrammarOf(absl::string_view path) {
    if (absl::EndsWith(path, ".tsx")) return TsxGrammar();
    return HasSuffix(path, kTsSuffixes) ? TypeScriptGrammar() : JavaScriptGrammar();
  }
  static SourceModule CutBy(const Grammar& grammar, absl::string_view source, NameTable* names) {
    const auto tree = SyntaxTree::Parse(grammar.language(), source);
    if (tree.ok()) return JavaScriptCutter(grammar, *tree, names).Cut();
    ModuleBuilder builder(names);
    builder.SetUnparsed();
    return builder.Finish();
  }
};

class TypeScript : public JavaScript {
 public:
  absl::string_view name() const override { return "typescript"; }
  absl::Span<const absl::string_view> suffixes() const override { return kTsSuffixes; }
};

}  // namespace

const Language& JavaScriptLanguage() {
  static const JavaScript& language = *new JavaScript;
  return language;
}

const Language& TypeScriptLanguage() {
  static const TypeScript& language = *new TypeScript;
  return language;
}

}  // namespace testselect
