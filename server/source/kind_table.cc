#include "server/source/kind_table.h"

#include <tree_sitter/api.h>

namespace testselect {

std::vector<uint16_t> SymbolsOf(const TSLanguage* language, absl::string_view kind) {
  std::vector<uint16_t> found;
  if (kind == "ERROR") found.push_back(static_cast<uint16_t>(-1));
  for (uint32_t i = 0; i < ts_language_symbol_count(language); ++i) {
    const auto symbol = static_cast<TSSymbol>(i);
    if (kind == ts_language_symbol_name(language, symbol)) found.push_back(symbol);
  }
  return found;
}

size_t SymbolCount(const TSLanguage* language) { return ts_language_symbol_count(language); }

absl::string_view NameOfSymbol(const TSLanguage* language, uint16_t symbol) {
  return ts_language_symbol_name(language, symbol);
}

}  // namespace testselect
