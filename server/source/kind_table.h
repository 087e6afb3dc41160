// KindTable: a grammar's node kinds as an enumeration, so that cutters can switch on them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

struct TSLanguage;

namespace testselect {

// The numbers of all symbols of `language` called `kind` (a grammar may have several).
std::vector<uint16_t> SymbolsOf(const TSLanguage* language, absl::string_view kind);
// How many symbols it has, errors apart.
size_t SymbolCount(const TSLanguage* language);
absl::string_view NameOfSymbol(const TSLanguage* language, uint16_t symbol);

// Says E of each symbol; E{} of those that are not listed, and of errors unless "ERROR" is.
// Immutable. A tree that is parsed with `numbers()` has E in Node::kind_number().
template <typename E>
class KindTable {
  static_assert(sizeof(E) == sizeof(uint8_t));

 public:
  KindTable(const TSLanguage* language,
            std::initializer_list<std::pair<absl::string_view, E>> kinds)
      : of_symbol_(SymbolCount(language) + 1) {
    for (const auto& [name, value] : kinds) {
      for (uint16_t symbol : SymbolsOf(language, name)) {
        of_symbol_[symbol < of_symbol_.size() ? symbol : of_symbol_.size() - 1] =
            static_cast<uint8_t>(value);
      }
    }
  }
  absl::Span<const uint8_t> numbers() const { return of_symbol_; }

 private:
  std::vector<uint8_t> of_symbol_;  // the last is that of errors
};

}  // namespace testselect
