#include "server/source/ruby_language.h"

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/source/basic_layer.h"
#include "server/source/cut.h"
#include "server/source/grammars.h"
#include "server/source/ruby_cutter.h"
#include "server/source/statement_kinds.h"

namespace testselect {
namespace {

constexpr absl::string_view kSuffixes[] = {".rb", ".rake", ".ru", ".gemspec"};

// HTTPServer -> http_server, as the file of a constant is called.
std::string FileName(absl::string_view constant) {
  std::string out;
  for (size_t i = 0; i < constant.size(); ++i) {
    const auto upper = [&constant](size_t at) {
      return at < constant.size() && absl::ascii_isupper(static_cast<unsigned char>(constant[at]));
    };
    const bool word_begins =
        upper(i) && i > 0 && (!upper(i - 1) || (i + 1 < constant.size() && !upper(i + 1)));
    if (word_begins && out.back() != '_') out.push_back('_');
    out.push_back(absl::ascii_tolower(static_cast<unsigned char>(constant[i])));
  }
  return out;
}

struct RubyLabel {
  absl::string_view file;
  absl::string_view place;  // "1:2" of [1:2], or "12" of :12
  bool by_line = false;
};

RubyLabel ParseLabel(absl::string_view label) {
  absl::ConsumePrefix(&label, "./");
  RubyLabel out{label, "", false};
  const size_t bracket = label.rfind('[');
  if (bracket != absl::string_view::npos && absl::EndsWith(label, "]")) {
    out.file = label.substr(0, bracket);
    out.place = label.substr(bracket + 1, label.size() - bracket - 2);
    return out;
  }
  const size_t colon = label.rfind(':');
  uint32_t line = 0;
  if (colon != absl::string_view::npos && absl::SimpleAtoi(label.substr(colon + 1), &line)) {
    out.file = label.substr(0, colon);
    out.place = label.substr(colon + 1);
    out.by_line = true;
  }
  return out;
}

class RubyLayer : public BasicLayer {
 public:
  explicit RubyLayer(const TreeView& tree) : BasicLayer(tree, kSuffixes) {}

  std::vector<FileId> Resolve(FileId file, const ImportSource& source) const override;
  std::vector<FileId> ImportsOf(FileId file) const override;
  FileId TestFile(absl::string_view label) const override;
  std::vector<std::string> TestNames(absl::string_view label, FileId test_file) const override;

 private:
  // Groups and examples of a file, in the order they are defined.
  std::vector<const Unit*> Runnables(const SourceModule& module) const;
  std::vector<std::string> AtPlace(const SourceModule& module, absl::string_view place) const;
};

std::vector<FileId> RubyLayer::Resolve(FileId file, const ImportSource& source) const {
  const absl::string_view module = Text(source.module);
  const std::string ending = absl::EndsWith(module, ".rb") ? "" : ".rb";
  if (source.level == kRubyRelative || absl::StartsWith(module, ".")) {
    const FileId found =
        tree().Find(absl::StrCat(JoinPath(FolderOf(tree().Path(file)), module), ending));
    if (found != kNoFile) return {found};
    if (source.level == kRubyRelative) return {};
  }
  // Every folder may be one that is searched.
  return paths().EndingIn(absl::StrCat(JoinPath("", module), ending));
}

// What a file requires, and the files that constants it names are loaded from.
std::vector<FileId> RubyLayer::ImportsOf(FileId file) const {
  std::vector<FileId> out = BasicLayer::ImportsOf(file);
  const SourceModule& module = tree().Module(file);
  for (const Unit& unit : module.units) {
    for (const NameSlice slice : {unit.free, unit.members}) {
      for (const NameId id : module.Names(slice)) {
        const absl::string_view name = Text(id);
        if (name.empty() || !absl::ascii_isupper(static_cast<unsigned char>(name[0]))) continue;
        const auto found = paths().WithStem(FileName(name));
        out.insert(out.end(), found.begin(), found.end());
      }
    }
  }
  const absl::string_view path = tree().Path(file);
  if (absl::EndsWith(path, "_spec.rb") || absl::EndsWith(path, "_test.rb")) {
    // .rspec and the runners of tests load these without being asked.
    for (const absl::string_view helper : {"spec_helper.rb", "rails_helper.rb", "test_helper.rb"}) {
      const auto found = paths().Named(helper);
      out.insert(out.end(), found.begin(), found.end());
    }
  }
  MakeSet(file, &out);
  return out;
}

FileId RubyLayer::TestFile(absl::string_view label) const {
  const RubyLabel parsed = ParseLabel(label);
  const FileId file = tree().Find(parsed.file);
  if (file != kNoFile) return file;
  // Minitest: FooTest#test_x
  const std::vector<std::string> parts =
      absl::StrSplit(label, absl::ByAnyChar("#:"), absl::SkipEmpty());
  if (parts.size() < 2) return kNoFile;
  for (const std::string& key :
       {absl::StrCat(parts[parts.size() - 2], ".", parts.back()), parts[parts.size() - 2]}) {
    const auto found = definitions().Of(key);
    if (!found.empty()) return found[0];
  }
  return kNoFile;
}

std::vector<const Unit*> RubyLayer::Runnables(const SourceModule& module) const {
  std::vector<const Unit*> out;
  for (const Unit& unit : module.units) {
    const absl::string_view key = Text(unit.key);
    const bool group = unit.kind == UnitKind::kCondition && key != "comment";
    bool example = false;  // and no `let`: the header says which
    for (const absl::string_view word : {"it", "specify", "example", "scenario", "its"}) {
      example = example || (unit.kind == UnitKind::kHeader &&
                            module.Contains(unit.free, tree().names().Find(word)));
    }
    if (group || example) out.push_back(&unit);
  }
  return out;
}

std::vector<std::string> RubyLayer::AtPlace(const SourceModule& module,
                                            absl::string_view place) const {
  std::vector<const Unit*> runnables = Runnables(module);
  LineRange inside{0, 0xFFFFFFFF};
  const Unit* found = nullptr;
  for (const absl::string_view step : absl::StrSplit(place, ':')) {
    uint32_t number = 0;
    if (!absl::SimpleAtoi(step, &number)) return {};
    found = nullptr;
    uint32_t last_line = 0;
    for (const Unit* unit : runnables) {
      const bool below = unit->lines.first > inside.first && unit->lines.last <= inside.last;
      if (!below || unit->lines.first <= last_line) continue;
      if (--number == 0) {
        found = unit;
        break;
      }
      last_line = unit->lines.last;
    }
    if (found == nullptr) return {};
    inside = found->lines;
  }
  if (found == nullptr || found->kind != UnitKind::kHeader) return {};
  return {std::string(Text(found->name))};
}

std::vector<std::string> RubyLayer::TestNames(absl::string_view label, FileId test_file) const {
  const RubyLabel parsed = ParseLabel(label);
  if (parsed.place.empty()) {
    std::vector<std::string> parts =
        absl::StrSplit(label, absl::ByAnyChar("#:"), absl::SkipEmpty());
    if (parts.size() < 2) return {};
    return {parts[parts.size() - 2], parts.back()};
  }
  if (test_file == kNoFile || !tree().IsCode(test_file)) return {};
  const SourceModule& module = tree().Module(test_file);
  if (!parsed.by_line) return AtPlace(module, parsed.place);
  uint32_t line = 0;
  if (!absl::SimpleAtoi(parsed.place, &line)) return {};
  for (const Unit* unit : Runnables(module)) {
    if (unit->kind == UnitKind::kHeader && unit->lines.first <= line && line <= unit->lines.last) {
      return {std::string(Text(unit->name))};
    }
  }
  return {};
}

class Ruby : public Language {
 public:
  absl::string_view name() const override { return "ruby"; }
  absl::Span<const absl::string_view> suffixes() const override { return kSuffixes; }
  uint32_t version() const override { return 1; }
  const LanguageTraits& traits() const override {
    static const LanguageTraits& traits = *[] {
      auto* t = new LanguageTraits;
      t->reads_source = {"source_location"};
      t->lists_files = {"glob", "Dir", "Find"};
      t->lists_classes = {"subclasses", "descendants", "inherited", "constants", "ObjectSpace"};
      t->starts_processes = {"system",   "spawn",     "popen", "popen3", "capture3",
                             "capture2", "capture2e", "Open3", "fork"};
      t->by_file = false;
      t->shared_names = true;
      t->linked = true;
      return t;
    }();
    return traits;
  }
  SourceModule Cut(absl::string_view, absl::string_view source, NameTable* names) const override {
    return CutWith<RubyCutter>(tree_sitter_ruby(), source, names);
  }
  std::unique_ptr<StatementReader> Statements(absl::string_view,
                                              absl::string_view source) const override {
    return StatementReader::Read(tree_sitter_ruby(), RubyStatements(), source);
  }
  std::unique_ptr<TreeLayer> Open(const TreeView& tree) const override {
    return std::make_unique<RubyLayer>(tree);
  }
  // Constants and methods are found by name when they are used, whoever loaded them.
  bool Sees(absl::string_view, absl::string_view) const override { return true; }
  bool Special(absl::string_view name) const override {
    static constexpr absl::string_view kNames[] = {
        "const_missing",   "extended",     "included",       "inherited", "initialize",
        "initialize_copy", "method_added", "method_missing", "prepended", "respond_to_missing?"};
    return std::binary_search(std::begin(kNames), std::end(kNames), name) ||
           (!name.empty() && !absl::ascii_isalpha(static_cast<unsigned char>(name[0])) &&
            name[0] != '_' && name[0] != '@' && name[0] != '$');  // operators
  }
  bool Fits(absl::string_view name) const override {
    static constexpr absl::string_view kNames[] = {
        "call",   "coerce", "each",    "eql?", "hash",    "inspect", "to_a",
        "to_ary", "to_h",   "to_hash", "to_i", "to_proc", "to_s",    "to_str"};
    return std::binary_search(std::begin(kNames), std::end(kNames), name);
  }
};

}  // namespace

const Language& RubyLanguage() {
  static const Ruby& language = *new Ruby;
  return language;
}

}  // namespace testselect
