#include "server/source/grammar.h"

#include <tree_sitter/api.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/strip.h"

namespace testselect {
namespace {

// A table that names what the grammar does not have is a mistake of ours that would lose tests.
void Require(bool found, absl::string_view what, absl::string_view name) {
  if (found) return;
  std::fprintf(stderr, "grammar: no %.*s '%.*s'\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(name.size()), name.data());
  std::abort();
}

}  // namespace

template <typename F>
void Grammar::ForKinds(absl::string_view kind, F f) {
  bool found = absl::ConsumePrefix(&kind, "?");
  for (uint32_t symbol = 0; symbol + 1 < kinds_.size(); ++symbol) {
    const auto id = static_cast<TSSymbol>(symbol);
    if (ts_language_symbol_type(language_, id) != TSSymbolTypeRegular) continue;
    if (absl::string_view(ts_language_symbol_name(language_, id)) != kind) continue;
    f(&kinds_[symbol]);
    found = true;
  }
  Require(found, "kind", kind);
}

Grammar::Fields Grammar::FieldsNamed(absl::string_view field) const {
  if (field == "*") return Fields().set();
  const bool optional = absl::ConsumePrefix(&field, "?");
  const TSFieldId id =
      ts_language_field_id_for_name(language_, field.data(), static_cast<uint32_t>(field.size()));
  Require(id != 0 || optional, "field", field);
  return id == 0 ? Fields() : Fields().set(id);
}

uint16_t Grammar::Symbol(absl::string_view kind) const {
  return ts_language_symbol_for_name(language_, kind.data(), static_cast<uint32_t>(kind.size()),
                                     /*is_named=*/true);
}

void Grammar::SetRole(const GrammarTables::Names& kinds, Role role) {
  for (const absl::string_view kind : kinds) {
    ForKinds(kind, [role](Kind* k) { k->roles = static_cast<uint16_t>(k->roles | role); });
  }
}

Grammar::Grammar(const TSLanguage* language, const GrammarTables& tables) : language_(language) {
  Require(ts_language_field_count(language) < kMaxFields, "room for", "all fields");
  kinds_.resize(ts_language_symbol_count(language) + 1);
  SetRole(tables.names, kName);
  SetRole(tables.member_names, kMemberName);
  SetRole(tables.both, kBoth);
  SetRole(tables.strings, kString);
  SetRole(tables.raw, kRaw);
  SetRole(tables.verbatim, kVerbatim);
  SetRole(tables.blocks, kBlock);
  SetRole(tables.methods, kMethod);
  SetRole(tables.nests, kNest);
  SetRole(tables.comments, kComment);
  SetRole(tables.calls, kCall);
  SetRole(tables.writes, kWrite);
  SetRole(tables.types, kType);
  Fields values;
  for (const absl::string_view field : tables.values) values |= FieldsNamed(field);
  for (Kind& kind : kinds_) kind.values = values;
  for (const auto& [kind, field] : tables.pattern_values) {
    ForKinds(kind, [fields = FieldsNamed(field)](Kind* k) { k->values &= ~fields; });
  }
  for (const auto& [kind, field] : tables.member_fields) {
    ForKinds(kind, [fields = FieldsNamed(field)](Kind* k) {
      k->members |= fields;
      k->roles |= kHasMemberFields;
    });
  }
  for (const auto& [kind, field] : tables.declares) {
    ForKinds(kind, [fields = FieldsNamed(field)](Kind* k) {
      k->declares |= fields;
      k->roles |= kDeclares;
    });
  }
}

}  // namespace testselect
