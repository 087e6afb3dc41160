#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/source/cpp_language.h"
#include "server/source/go_language.h"
#include "server/source/java_language.h"
#include "server/source/javascript_language.h"
#include "server/source/language.h"
#include "server/source/python_language.h"
#include "server/source/ruby_language.h"
#include "server/source/rust_language.h"

namespace testselect {
namespace {

// A file's suffix: from the last dot of its name on, or "".
absl::string_view SuffixOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  const size_t dot = path.rfind('.');
  if (dot == absl::string_view::npos || (slash != absl::string_view::npos && dot < slash))
    return "";
  return path.substr(dot);
}

}  // namespace

absl::Span<const Language* const> Languages() {
  static const auto* const all = new std::vector<const Language*>{
      &PythonLanguage(),     &GoLanguage(),   &CppLanguage(),  &JavaScriptLanguage(),
      &TypeScriptLanguage(), &JavaLanguage(), &RustLanguage(), &RubyLanguage()};
  return *all;
}

const Language* LanguageOf(absl::string_view path) {
  static const auto* const by_suffix = [] {
    auto* map = new absl::flat_hash_map<absl::string_view, const Language*>;
    for (const Language* language : Languages()) {
      for (absl::string_view suffix : language->suffixes()) map->emplace(suffix, language);
    }
    return map;
  }();
  const auto it = by_suffix->find(SuffixOf(path));
  return it == by_suffix->end() ? nullptr : it->second;
}

}  // namespace testselect
