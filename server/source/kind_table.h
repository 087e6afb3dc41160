// KindTable: a grammar's node kinds as an enumeration, so that cutters can switch on them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/source/syntax_tree.h"

namespace testselect {

// The numbers of all symbols of `language` called `kind` (a grammar may have several).
std::vector<uint16_t> SymbolsOf(const TSLanguage* language, absl::string_view kind);

// Maps a node to E; E{} for kinds that are not listed. Immutable.
template <typename E>
class KindTable {
 public:
  KindTable(const TSLanguage* language,
            std::initializer_list<std::pair<absl::string_view, E>> kinds) {
    for (const auto& [name, value] : kinds) {
      for (uint16_t symbol : SymbolsOf(language, name)) {
        if (symbol >= of_symbol_.size()) of_symbol_.resize(symbol + 1u);
        of_symbol_[symbol] = value;
      }
    }
  }
  E operator()(Node n) const {
    const uint16_t symbol = n.symbol();
    return symbol < of_symbol_.size() ? of_symbol_[symbol] : E{};
  }

 private:
  std::vector<E> of_symbol_;
};

}  // namespace testselect
