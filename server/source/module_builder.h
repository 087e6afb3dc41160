// ModuleBuilder: what a language's cutter writes its units to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "server/source/name_table.h"
#include "server/source/unit.h"

namespace testselect {

using NameSet = absl::flat_hash_set<absl::string_view>;

// A unit in the making. Views must live until Finish.
struct UnitDraft {
  UnitKind kind = UnitKind::kStatement;
  std::string key;
  std::string owner;
  Digest fingerprint;
  LineRange lines;
  uint16_t flags = 0;
  NameSet binds, free, members, parameters, fragments;
  bool has_source = false;
  uint32_t source_level = 0;
  std::string source_module, source_name;

  void Set(UnitFlag flag, bool on = true) {
    flags = static_cast<uint16_t>(on ? flags | flag : flags & ~flag);
  }
  bool Has(UnitFlag flag) const { return (flags & flag) != 0; }
  void SetSource(uint32_t level, absl::string_view module, absl::string_view name);
};

// Not thread-safe. `names` must outlive the builder.
class ModuleBuilder {
 public:
  explicit ModuleBuilder(NameTable* names) : names_(*names) { drafts_.reserve(64); }

  UnitDraft& Add(UnitKind kind, std::string key, absl::string_view owner);
  void AddImport(uint32_t level, absl::string_view module, absl::string_view name);
  void AddClass(absl::string_view key, bool plain);
  void SetPackage(absl::string_view package) { module_.package = names_.Intern(package); }
  void SetUnparsed() { module_.parsed = false; }

  std::vector<UnitDraft>& drafts() { return drafts_; }
  // The last unit added; valid until the next Add.
  UnitDraft& back() { return drafts_.back(); }

  // Numbers repeated keys ("f", "f#2", ...), fills in `imports` from the units that have a source,
  // and returns the module. The builder is empty afterwards.
  SourceModule Finish();

 private:
  NameSlice Store(const NameSet& set);

  NameTable& names_;
  std::vector<UnitDraft> drafts_;
  SourceModule module_;
};

// The part of a unit's key that names it: without "#2" and without the owner's.
absl::string_view NameOfKey(absl::string_view key);

}  // namespace testselect
