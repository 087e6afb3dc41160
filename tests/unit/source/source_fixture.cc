#include "tests/unit/source/source_fixture.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/source/grammars.h"
#include "server/source/syntax_tree.h"

namespace testselect {
namespace {

absl::string_view KindName(UnitKind kind) {
  static constexpr absl::string_view kNames[] = {"?",         "import", "statement", "condition",
                                                 "class",     "header", "signature", "annotation",
                                                 "docstring", "body"};
  return kNames[static_cast<int>(kind)];
}

std::string Flags(const Unit& unit) {
  static constexpr std::pair<UnitFlag, absl::string_view> kFlags[] = {
      {kFixture, "FIXTURE"}, {kEverywhere, "EVERYWHERE"},
      {kWide, "WIDE"},       {kEffects, "EFFECTS"},
      {kMemo, "MEMO"},       {kIntrospected, "INTROSPECTED"},
      {kBroken, "BROKEN"}};
  std::string out;
  for (const auto& [flag, name] : kFlags) {
    if (unit.Has(flag)) absl::StrAppend(&out, " ", name);
  }
  return out;
}

void Append(const SourceModule& module, NameSlice slice, absl::string_view title,
            const NameTable& names, std::string* out) {
  if (slice.size == 0) return;
  std::vector<std::string> sorted;
  for (const NameId name : module.Names(slice)) sorted.emplace_back(names.Name(name));
  std::sort(sorted.begin(), sorted.end());
  absl::StrAppend(out, " ", title, "[", absl::StrJoin(sorted, " "), "]");
}

// A statement that binds nothing has a digest for a key.
std::string KeyOf(const Unit& unit, const NameTable& names) {
  const absl::string_view key = names.Name(unit.key);
  const absl::string_view name = key.substr(key.rfind('.') + 1);
  const bool digest = unit.kind == UnitKind::kStatement && unit.binds.size == 0 &&
                      name.find_first_not_of("0123456789abcdef") == absl::string_view::npos;
  return absl::StrCat(key.substr(0, key.size() - name.size()), digest ? "<digest>" : name);
}

std::string Print(const SourceModule& module, const Unit& unit, const NameTable& names,
                  absl::string_view parts) {
  std::string out = absl::StrCat(KindName(unit.kind), " ", KeyOf(unit, names));
  const auto wanted = [parts](char c) { return parts.find(c) != absl::string_view::npos; };
  if (wanted('b')) Append(module, unit.binds, "binds", names, &out);
  if (wanted('f')) Append(module, unit.free, "free", names, &out);
  if (wanted('m')) Append(module, unit.members, "members", names, &out);
  if (wanted('p')) Append(module, unit.parameters, "parameters", names, &out);
  if (wanted('l')) absl::StrAppend(&out, " lines(", unit.lines.first, "-", unit.lines.last, ")");
  if (wanted('+')) {
    Append(module, unit.fragments, "fragments", names, &out);
    if (unit.has_source) {
      absl::StrAppend(&out, " from(", unit.source.level, " ", names.Name(unit.source.module), " ",
                      names.Name(unit.source.name), ")");
    }
    absl::StrAppend(&out, Flags(unit));
  }
  return out;
}

using ById = std::map<std::string, Digest>;

ById Fingerprints(absl::string_view path, absl::string_view source) {
  NameTable names;
  ById out;
  const SourceModule module = LanguageFor(path).Cut(path, source, &names);
  for (const Unit& unit : module.units) {
    out[absl::StrCat(KindName(unit.kind), " ", names.Name(unit.key))] = unit.fingerprint;
  }
  return out;
}

const TSLanguage* GrammarFor(absl::string_view path) {
  const absl::string_view suffix = path.substr(path.rfind('.'));
  if (suffix == ".go") return tree_sitter_go();
  if (suffix == ".c") return tree_sitter_c();
  if (suffix == ".java") return tree_sitter_java();
  if (suffix == ".js") return tree_sitter_javascript();
  if (suffix == ".ts") return tree_sitter_typescript();
  if (suffix == ".tsx") return tree_sitter_tsx();
  if (suffix == ".rs") return tree_sitter_rust();
  if (suffix == ".rb") return tree_sitter_ruby();
  return tree_sitter_cpp();
}

// Another token of the same sort, as far as that is easy.
std::string Mutated(absl::string_view token) {
  const char first = token[0];
  if (absl::ascii_isdigit(static_cast<unsigned char>(first))) return absl::StrCat("7", token);
  if (absl::ascii_isalpha(static_cast<unsigned char>(first)) || first == '_') {
    return absl::StrCat("q", token);
  }
  return token == "+" ? "-" : "+";
}

bool IsToken(Node node) {
  if (node.has_children() || node.text().empty()) return false;
  for (Node n = node; n; n = n.parent()) {
    if (n.IsOneOf({"comment", "line_comment", "block_comment"})) return false;
  }
  // Brackets and separators alone say nothing that the shape of the tree does not say.
  return node.text().find_first_not_of("{}()[];,:.\"'`\r\n\t ") != absl::string_view::npos;
}

}  // namespace

const Language& LanguageFor(absl::string_view path) {
  const Language* language = LanguageOf(path);
  if (language != nullptr) return *language;
  std::fprintf(stderr, "no language for %s\n", std::string(path).c_str());
  std::abort();
}

FakeTree::FakeTree(std::vector<std::pair<std::string, std::string>> files)
    : files_(std::move(files)), modules_(files_.size()) {
  std::sort(files_.begin(), files_.end());
}

FileId FakeTree::Find(absl::string_view path) const {
  for (FileId file = 0; file < files_.size(); ++file) {
    if (files_[file].first == path) return file;
  }
  return kNoFile;
}

bool FakeTree::IsCode(FileId file) const { return LanguageOf(Path(file)) != nullptr; }

const SourceModule& FakeTree::Module(FileId file) const {
  std::unique_ptr<SourceModule>& module = modules_[file];
  if (module == nullptr) {
    module = std::make_unique<SourceModule>(
        LanguageFor(Path(file)).Cut(Path(file), files_[file].second, &names_));
  }
  return *module;
}

const TreeLayer& FakeTree::Layer(absl::string_view path) const {
  const Language& language = LanguageFor(path);
  for (const auto& [known, layer] : layers_) {
    if (known == &language) return *layer;
  }
  layers_.emplace_back(&language, language.Open(*this));
  return *layers_.back().second;
}

std::string FakeTree::Joined(std::vector<FileId> files) const {
  std::set<std::string> paths;
  for (const FileId file : files) paths.emplace(Path(file));
  return absl::StrJoin(paths, " ");
}

std::string FakeTree::Resolved(absl::string_view path, uint32_t level, absl::string_view module,
                               absl::string_view name) const {
  return Joined(
      Layer(path).Resolve(Find(path), {level, names_.Intern(module), names_.Intern(name)}));
}

std::string FakeTree::Imports(absl::string_view path) const {
  return Joined(Layer(path).ImportsOf(Find(path)));
}

std::string FakeTree::Reaches(absl::string_view path) const {
  std::vector<FileId> seen = {Find(path)};
  for (size_t i = 0; i < seen.size(); ++i) {
    if (!IsCode(seen[i])) continue;
    for (const FileId next : Layer(Path(seen[i])).ImportsOf(seen[i])) {
      if (std::find(seen.begin(), seen.end(), next) == seen.end()) seen.push_back(next);
    }
  }
  return Joined(seen);
}

std::string FakeTree::Test(absl::string_view label, absl::string_view language_of) const {
  const TreeLayer& layer = Layer(language_of);
  const FileId file = layer.TestFile(label);
  std::vector<std::string> names = layer.TestNames(label, file);
  names.insert(names.begin(), file == kNoFile ? "" : std::string(Path(file)));
  return absl::StrJoin(names, " ");
}

std::string UnitsOf(absl::string_view path, absl::string_view source, absl::string_view parts) {
  NameTable names;
  const SourceModule module = LanguageFor(path).Cut(path, source, &names);
  std::string out = module.parsed ? "" : "unparsed\n";
  for (const Unit& unit : module.units) {
    absl::StrAppend(&out, Print(module, unit, names, parts), "\n");
  }
  return out;
}

std::string UnitOf(absl::string_view path, absl::string_view source, absl::string_view kind_and_key,
                   absl::string_view parts) {
  NameTable names;
  const SourceModule module = LanguageFor(path).Cut(path, source, &names);
  for (const Unit& unit : module.units) {
    if (Print(module, unit, names, "") == kind_and_key) return Print(module, unit, names, parts);
  }
  return absl::StrCat("no unit '", kind_and_key, "' in:\n", UnitsOf(path, source, ""));
}

std::string UnseenTokens(absl::string_view path, absl::string_view source) {
  const auto tree = SyntaxTree::Parse(GrammarFor(path), source);
  if (!tree.ok()) return std::string(tree.status().message());
  std::vector<std::string> unseen;
  const ById before = Fingerprints(path, source);
  NameTable names;
  ForEachNode(tree->root(), [&](Node node) {
    LanguageFor(path).Cut(path, source.substr(0, node.begin()), &names);  // and it survives
    if (!IsToken(node)) return;
    const std::string changed = absl::StrCat(source.substr(0, node.begin()), Mutated(node.text()),
                                             source.substr(node.end()));
    if (Fingerprints(path, changed) != before) return;
    unseen.push_back(absl::StrCat(node.first_line(), ":", node.text()));
  });
  return absl::StrJoin(unseen, " ");
}

std::string Changed(absl::string_view path, absl::string_view before, absl::string_view after) {
  const ById old_units = Fingerprints(path, before), new_units = Fingerprints(path, after);
  std::set<std::string> changed;
  for (const auto& [id, fingerprint] : old_units) {
    const auto it = new_units.find(id);
    if (it == new_units.end()) {
      changed.insert(absl::StrCat("-", id));
    } else if (it->second != fingerprint) {
      changed.insert(id);
    }
  }
  for (const auto& [id, fingerprint] : new_units) {
    if (!old_units.contains(id)) changed.insert(absl::StrCat("+", id));
  }
  return absl::StrJoin(changed, ", ");
}

}  // namespace testselect
