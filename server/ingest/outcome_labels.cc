#include "server/ingest/outcome_labels.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace testselect {
namespace {

// What runners put between a suite and a test.
constexpr absl::string_view kSeparators[] = {".", "::", "#", " ", " > ", "/"};

const std::string* Lookup(const absl::flat_hash_map<std::string, std::string>& index,
                          absl::string_view key) {
  const auto found = index.find(key);
  return found == index.end() ? nullptr : &found->second;
}

std::string PythonKey(absl::string_view suite, absl::string_view name) {
  return absl::StrCat(suite, "\1", name);
}

// "tests/test_a.py" -> "tests.test_a"
std::string ModuleOf(absl::string_view file) {
  return absl::StrReplaceAll(absl::StripSuffix(file, ".py"), {{"/", "."}, {"\\", "."}});
}

// "test_y[1]" -> "test_y"
absl::string_view WithoutParameters(absl::string_view name) {
  return name.substr(0, name.find('['));
}

// Of what follows '#': the method, "(arguments)" unless empty, "[index]"; a display name is cut
// off. "prefixes(String)[1] [1] a/b" -> "prefixes(String)[1]", "empty() is empty" -> "empty".
std::string MethodKey(absl::string_view text) {
  const size_t name_end = text.find_first_of("([ ");
  std::string key(text.substr(0, name_end));
  if (name_end == absl::string_view::npos) return key;
  text.remove_prefix(name_end);
  if (text[0] == '(') {
    const size_t close = text.find(')');
    if (close == absl::string_view::npos) return key;
    if (close > 1) absl::StrAppend(&key, text.substr(0, close + 1));
    text.remove_prefix(close + 1);
  }
  if (absl::StartsWith(text, "[")) absl::StrAppend(&key, text.substr(0, text.find(']') + 1));
  return key;
}

// As lcov stores a test's name: everything but letters, digits and '_' is '_'.
std::string LcovName(absl::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return out;
}

// Cuts "a." off "a.b.c"; false if there is no dot.
bool CutFirst(absl::string_view* dotted) {
  const size_t dot = dotted->find('.');
  if (dot == absl::string_view::npos) return false;
  dotted->remove_prefix(dot + 1);
  return true;
}

}  // namespace

OutcomeLabels::OutcomeLabels(absl::Span<const std::string> known,
                             absl::Span<const std::string> files) {
  for (const std::string& label : known) AddLabel(label);
  for (const std::string& file : files) AddFile(file);
}

void OutcomeLabels::AddFile(const std::string& path) {
  if (absl::EndsWith(path, ".py")) modules_.emplace(ModuleOf(path), path);
}

void OutcomeLabels::AddLabel(const std::string& label) {
  exact_.emplace(label, label);
  const size_t bracket = label.find('[');
  const absl::string_view head = absl::string_view(label).substr(0, bracket);
  if (absl::StrContains(head, ".py::")) {
    // As pytest's own mangling of a node id into a classname and a name.
    std::vector<std::string> names = absl::StrSplit(head, "::");
    if (bracket != std::string::npos) names.back().append(label, bracket, std::string::npos);
    modules_.emplace(ModuleOf(names[0]), names[0]);
    names[0] = ModuleOf(names[0]);
    const std::string name = names.back();
    names.pop_back();
    python_.emplace(PythonKey(absl::StrJoin(names, "."), name), label);
    return;
  }
  const size_t hash = label.find('#');
  if (hash != std::string::npos) {
    const absl::string_view text(label);
    methods_.emplace(absl::StrCat(text.substr(0, hash), "#", MethodKey(text.substr(hash + 1))),
                     label);
  }
  const size_t bar = label.rfind('|');
  dotted_.emplace(bar == std::string::npos ? label : label.substr(bar + 1), label);
}

const std::string* OutcomeLabels::FindPython(const ReportedTest& test) const {
  if (!test.file.empty()) {
    const std::string id = absl::StrCat(test.file, "::", test.name);
    if (const std::string* label = Lookup(exact_, id)) return label;
  }
  // Leading parts are cut off for junit_prefix and for runs from a folder above.
  absl::string_view suite = test.suite;
  do {
    if (const std::string* label = Lookup(python_, PythonKey(suite, test.name))) return label;
  } while (CutFirst(&suite));
  return nullptr;
}

const std::string* OutcomeLabels::FindJoined(absl::string_view suite,
                                             absl::string_view name) const {
  for (const absl::string_view separator : kSeparators) {
    if (const std::string* label = Lookup(exact_, absl::StrCat(suite, separator, name))) {
      return label;
    }
  }
  return Lookup(methods_, absl::StrCat(suite, "#", MethodKey(name)));
}

const std::string* OutcomeLabels::FindLoose(absl::string_view suite, absl::string_view name) const {
  // Go's subtests belong to their test.
  for (absl::string_view top = name; absl::StrContains(top, '/');) {
    top = top.substr(0, top.rfind('/'));
    if (const std::string* label = Lookup(exact_, absl::StrCat(suite, ".", top))) return label;
  }
  // Qualified names without parameters; the module's folders may be missing.
  const std::string joined = absl::StrCat(suite, ".", WithoutParameters(name));
  absl::string_view dotted = joined;
  do {
    if (const std::string* label = Lookup(dotted_, dotted)) return label;
  } while (CutFirst(&dotted) && absl::StrContains(dotted, '.'));
  return Lookup(exact_, LcovName(absl::StrCat(suite, ".", name)));
}

// A pytest node id whose label is spelled in another way: as a qualified name, without parameters,
// or from another folder.
const std::string* OutcomeLabels::FindNodeId(absl::string_view id) const {
  const absl::string_view head = id.substr(0, id.find('['));
  const size_t file_end = head.find(".py::"), last = head.rfind("::");
  if (file_end == absl::string_view::npos) return nullptr;
  const size_t classes = file_end + 3;
  std::string suite = ModuleOf(id.substr(0, classes));
  if (last > classes) {
    absl::StrAppend(&suite, ".",
                    absl::StrReplaceAll(id.substr(classes + 2, last - classes - 2), {{"::", "."}}));
  }
  return FindByName({suite, id.substr(last + 2), ""});
}

const std::string* OutcomeLabels::FindKnown(const ReportedTest& test) const {
  if (const std::string* label = FindByName(test)) return label;
  for (const std::string& alias : test.aliases) {
    if (const std::string* label = Lookup(exact_, alias)) return label;
  }
  // Evidence of a whole test file: its tests are one label.
  return test.file.empty() ? nullptr : Lookup(exact_, test.file);
}

const std::string* OutcomeLabels::FindInFile(const ReportedTest& test) const {
  std::string id = absl::StrCat(test.file, " > ");
  if (!test.suite.empty()) absl::StrAppend(&id, test.suite, " > ");
  return Lookup(exact_, absl::StrCat(id, test.name));
}

const std::string* OutcomeLabels::FindByName(const ReportedTest& test) const {
  if (!test.file.empty()) {
    if (const std::string* label = FindInFile(test)) return label;
  }
  if (test.file_leads || test.whole_file) return nullptr;
  if (test.suite.empty() || test.suite == test.name) {
    if (const std::string* label = Lookup(exact_, test.name)) return label;
    if (const std::string* label = Lookup(exact_, LcovName(test.name))) return label;
    return FindNodeId(test.name);
  }
  if (const std::string* label = FindPython(test)) return label;
  if (const std::string* label = FindJoined(test.suite, test.name)) return label;
  if (const std::string* label = FindLoose(test.suite, test.name)) return label;
  return Lookup(exact_, test.name);
}

// "tests.test_a.TestX", "test_y" -> "tests/test_a.py::TestX::test_y"; "" if no file fits.
std::string OutcomeLabels::PythonId(absl::string_view module, absl::string_view name) const {
  for (absl::string_view prefix = module; !prefix.empty();
       prefix = prefix.substr(0, prefix.rfind('.'))) {
    if (const std::string* file = Lookup(modules_, prefix)) {
      std::string id = *file;
      const absl::string_view classes = module.substr(prefix.size());
      for (const absl::string_view part : absl::StrSplit(classes, '.', absl::SkipEmpty())) {
        absl::StrAppend(&id, "::", part);
      }
      if (!name.empty()) absl::StrAppend(&id, "::", name);
      return id;
    }
    if (prefix.rfind('.') == absl::string_view::npos) break;
  }
  return "";
}

std::string OutcomeLabels::Spell(const ReportedTest& test) const {
  if (test.whole_file) return std::string(test.file);
  if (test.file_leads) return absl::StrCat(test.file, " > ", test.name);
  // A file that could not be collected is a testcase with only a name, or only a suite.
  const bool one_name = test.suite.empty() || test.name.empty() || test.suite == test.name;
  const absl::string_view whole = test.name.empty() ? test.suite : test.name;
  const std::string id = one_name ? PythonId(whole, "") : PythonId(test.suite, test.name);
  if (!id.empty()) return id;
  if (one_name) return std::string(whole);
  if (absl::EndsWith(test.file, ".py")) {
    absl::string_view classes = test.suite;
    absl::ConsumePrefix(&classes, ModuleOf(test.file));
    return absl::StrCat(test.file, absl::StrReplaceAll(classes, {{".", "::"}}), "::", test.name);
  }
  return absl::StrCat(test.suite, ".", test.name);
}

OutcomeMatch OutcomeLabels::Find(const ReportedTest& test) const {
  if (const std::string* label = FindKnown(test)) {
    const std::string whole = absl::StrCat(test.suite, ".", test.name);
    return {*label, true, absl::StartsWith(whole, absl::StrCat(*label, "/"))};
  }
  const std::string spelled = Spell(test);
  return {spelled, exact_.contains(spelled)};
}

std::vector<std::string> OutcomeLabels::OfSuite(absl::string_view suite) const {
  std::vector<std::string> labels;
  std::string python = PythonId(suite, "");
  for (const auto& [label, unused] : exact_) {
    const absl::string_view name = absl::StripPrefix(label, "./");  // RSpec's ids
    for (const absl::string_view prefix : {suite, absl::string_view(python)}) {
      if (prefix.empty() || !absl::StartsWith(name, prefix) || name.size() == prefix.size()) {
        continue;
      }
      const char next = name[prefix.size()];
      if (next == '.' || next == '#' || next == ':' || next == ' ' || next == '[') {
        labels.push_back(label);
        break;
      }
    }
  }
  return labels;
}

}  // namespace testselect
