#include "server/source/javascript_config.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace testselect {
namespace {

constexpr int kMaxExtends = 10;

}  // namespace

std::string Starred(absl::string_view pattern, absl::string_view to, absl::string_view text) {
  const size_t star = pattern.find('*');
  if (star == absl::string_view::npos) return std::string(pattern == text ? to : "");
  const absl::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  if (text.size() < before.size() + after.size() || !absl::StartsWith(text, before) ||
      !absl::EndsWith(text, after)) {
    return "";
  }
  const absl::string_view middle =
      text.substr(before.size(), text.size() - before.size() - after.size());
  return absl::StrReplaceAll(to, {{"*", middle}});
}

namespace {

std::string Rooted(absl::string_view folder, absl::string_view path) {
  return JoinPath(folder, absl::StrReplaceAll(path, {{"<rootDir>", "."}}));
}

// "$1" in `to` becomes what the pattern's first group matched.
std::string WithGroups(absl::string_view to, const std::cmatch& match) {
  std::string out;
  for (size_t i = 0; i < to.size(); ++i) {
    const size_t group =
        to[i] == '$' && i + 1 < to.size() ? static_cast<size_t>(to[i + 1] - '0') : 99;
    if (group > 9) {
      out.push_back(to[i]);
      continue;
    }
    if (group < match.size()) out += match[group].str();
    ++i;
  }
  return out;
}

}  // namespace

JavaScriptConfig::JavaScriptConfig(const TreeView& tree, const TreePaths& paths) : tree_(tree) {
  for (const FileId file : paths.Named("package.json")) ReadPackage(file);
  for (const absl::string_view runner : {"jest.config", "vitest.config", "vite.config"}) {
    for (const FileId file : paths.WithStem(runner)) {
      const LiteralValue all = LiteralValue::ObjectsOfProgram(tree.Text(file));
      for (const auto& [key, object] : all.items) ReadRunner(object, FolderOf(tree.Path(file)));
    }
  }
  for (const absl::string_view name : {"tsconfig.json", "jsconfig.json", "tsconfig.base.json"}) {
    for (const FileId file : paths.Named(name)) ReadCompiler(file);
  }
}

void JavaScriptConfig::ReadPackage(FileId file) {
  Package package;
  package.folder = std::string(FolderOf(tree_.Path(file)));
  package.text = tree_.Text(file);
  const LiteralValue json = LiteralValue::OfJson(package.text);
  if (const LiteralValue* name = json.Find("name")) package.name = name->string;
  for (const absl::string_view key : {"source", "module", "main", "types"}) {
    const LiteralValue* entry = json.Find(key);
    if (entry != nullptr && entry->kind == LiteralValue::Kind::kString) {
      package.entries.push_back(JoinPath(package.folder, entry->string));
    }
  }
  if (const LiteralValue* exported = json.Find("exports")) ReadExports(*exported, &package);
  if (const LiteralValue* scripts = json.Find("scripts")) ReadScripts(*scripts, package.folder);
  if (const LiteralValue* imports = json.Find("imports")) {
    for (const auto& [pattern, value] : imports->items) {
      for (const std::string& path : value.Strings()) {
        package.imports.emplace_back(pattern, JoinPath(package.folder, path));
      }
    }
  }
  for (const absl::string_view runner : {"jest", "mocha", "ava"}) {
    if (const LiteralValue* config = json.Find(runner)) ReadRunner(*config, package.folder);
  }
  packages_.push_back(std::move(package));
}

void JavaScriptConfig::ReadExports(const LiteralValue& exported, Package* package) {
  for (const auto& [key, value] : exported.items) {
    absl::string_view pattern = key;
    if (!absl::ConsumePrefix(&pattern, "./")) continue;
    for (const std::string& path : value.Strings()) {
      package->exports.emplace_back(absl::StrCat("/", pattern), JoinPath(package->folder, path));
    }
  }
  const LiteralValue* top = exported.Find(".");
  if (top == nullptr && !package->exports.empty()) return;
  for (const std::string& path : (top == nullptr ? exported : *top).Strings()) {
    package->entries.push_back(JoinPath(package->folder, path));
  }
}

// node --import ./setup.js --test, mocha -r ./setup.js
void JavaScriptConfig::ReadScripts(const LiteralValue& scripts, absl::string_view folder) {
  for (const auto& [name, script] : scripts.items) {
    const std::string whole = absl::StrCat(name, " ", script.string);
    if (!absl::StrContains(whole, "test") && !absl::StrContains(whole, "mocha")) continue;
    bool preloaded = false;
    for (absl::string_view word : absl::StrSplit(script.string, ' ', absl::SkipEmpty())) {
      for (const absl::string_view option : {"--import=", "--require=", "--file="}) {
        preloaded |= absl::ConsumePrefix(&word, option);
      }
      if (preloaded) setup_.push_back(Rooted(folder, word));
      preloaded = word == "--import" || word == "--require" || word == "-r" || word == "--file";
    }
  }
}

void JavaScriptConfig::ReadRunner(const LiteralValue& config, absl::string_view folder) {
  for (const auto& [key, value] : config.items) {
    if (key == "setupFiles" || key == "setupFilesAfterEnv" || key == "globalSetup" ||
        key == "globalTeardown" || key == "testEnvironment" || key == "snapshotSerializers" ||
        key == "resolver" || key == "runner" || key == "transform" || key == "require" ||
        key == "file") {
      for (const std::string& path : value.Strings()) setup_.push_back(Rooted(folder, path));
    } else if (key == "moduleNameMapper") {
      for (const auto& [pattern, to] : value.items) {
        for (const std::string& path : to.Strings()) {
          try {
            mapped_.emplace_back(std::regex(pattern, std::regex::ECMAScript | std::regex::optimize),
                                 Rooted(folder, path));
          } catch (const std::regex_error&) {
            // A pattern of a newer dialect: what it maps to may be brought along by any test.
            setup_.push_back(Rooted(folder, path));
          }
        }
      }
    } else if (key == "alias") {  // of Vite
      for (const auto& [from, to] : value.items) {
        for (const std::string& path : to.Strings()) {
          std::string quoted;
          for (const char c : from) {
            if (absl::StrContains("^$\\.*+?()[]{}|", c)) quoted.push_back('\\');
            quoted.push_back(c);
          }
          mapped_.emplace_back(std::regex(absl::StrCat("^", quoted, "(/.*)?$")),
                               absl::StrCat(Rooted(folder, path), "$1"));
        }
      }
    } else if (value.kind == LiteralValue::Kind::kObject ||
               value.kind == LiteralValue::Kind::kArray) {
      ReadRunner(value, folder);  // projects, presets, vitest's `test`
    }
  }
}

void JavaScriptConfig::ReadCompiler(FileId file) {
  const std::string folder(FolderOf(tree_.Path(file)));
  Extend(LiteralValue::OfJson(tree_.Text(file)), tree_.Path(file), 0, &compilers_[folder]);
}

void JavaScriptConfig::Extend(const LiteralValue& config, absl::string_view path, int depth,
                              Compiler* compiler) {
  const absl::string_view folder = FolderOf(path);
  if (const LiteralValue* options = config.Find("compilerOptions")) {
    const LiteralValue* base = options->Find("baseUrl");
    const std::string here = JoinPath(folder, base == nullptr ? "" : base->string);
    if (base != nullptr && !compiler->has_base) {
      compiler->base = here;
      compiler->has_base = true;
    }
    const LiteralValue* paths = options->Find("paths");
    if (paths != nullptr && compiler->paths.empty()) {
      for (const auto& [pattern, targets] : paths->items) {
        for (const std::string& target : targets.Strings()) {
          compiler->paths.emplace_back(pattern, JoinPath(here, target));
        }
      }
    }
  }
  const LiteralValue* extended = config.Find("extends");
  if (extended == nullptr || depth >= kMaxExtends) return;
  for (const std::string& name : extended->Strings()) {
    const std::string target = JoinPath(folder, name);
    FileId file = tree_.Find(target);
    if (file == kNoFile) file = tree_.Find(absl::StrCat(target, ".json"));
    if (file == kNoFile) continue;
    Extend(LiteralValue::OfJson(tree_.Text(file)), tree_.Path(file), depth + 1, compiler);
  }
}

const JavaScriptConfig::Package* JavaScriptConfig::PackageAt(absl::string_view folder) const {
  for (const Package& package : packages_) {
    if (package.folder == folder) return &package;
  }
  return nullptr;
}

std::vector<std::string> JavaScriptConfig::Mapped(absl::string_view file,
                                                  absl::string_view module) const {
  std::vector<std::string> out;
  for (const auto& [pattern, to] : mapped_) {
    std::cmatch match;
    if (module.size() < 500 &&
        std::regex_search(module.data(), module.data() + module.size(), match, pattern)) {
      out.push_back(WithGroups(to, match));
    }
  }
  if (absl::StartsWith(module, ".")) return out;
  // The nearest configuration above the file alone counts.
  absl::string_view folder = file;
  do {
    folder = FolderOf(folder);
    const auto it = compilers_.find(std::string(folder));
    if (it == compilers_.end()) continue;
    for (const auto& [pattern, to] : it->second.paths) {
      std::string path = Starred(pattern, to, module);
      if (!path.empty()) out.push_back(std::move(path));
    }
    if (it->second.has_base) out.push_back(JoinPath(it->second.base, module));
    break;
  } while (!folder.empty());
  if (!absl::StartsWith(module, "#")) return out;
  for (const Package& package : packages_) {
    for (const auto& [pattern, to] : package.imports) {
      std::string path = Starred(pattern, to, module);
      if (!path.empty()) out.push_back(std::move(path));
    }
  }
  return out;
}

}  // namespace testselect
