#include "server/source/module_builder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace testselect {

absl::string_view NameOfKey(absl::string_view key) {
  key = key.substr(0, key.find('#'));
  const size_t dot = key.rfind('.');
  return dot == absl::string_view::npos ? key : key.substr(dot + 1);
}

void UnitDraft::SetSource(uint32_t level, absl::string_view module, absl::string_view name) {
  has_source = true;
  source_level = level;
  source_module = std::string(module);
  source_name = std::string(name);
}

UnitDraft& ModuleBuilder::Add(UnitKind kind, std::string key, absl::string_view owner) {
  UnitDraft& draft = drafts_.emplace_back();
  draft.kind = kind;
  draft.key = std::move(key);
  draft.owner = std::string(owner);
  return draft;
}

void ModuleBuilder::AddImport(uint32_t level, absl::string_view module, absl::string_view name) {
  const ImportSource source{level, names_.Intern(module), names_.Intern(name)};
  if (std::find(module_.imports.begin(), module_.imports.end(), source) == module_.imports.end()) {
    module_.imports.push_back(source);
  }
}

void ModuleBuilder::AddClass(absl::string_view key, bool plain) {
  const NameId id = names_.Intern(key);
  for (ClassShape& shape : module_.classes) {
    if (shape.key == id) {
      shape.plain = shape.plain && plain;
      return;
    }
  }
  module_.classes.push_back({id, plain});
}

NameSlice ModuleBuilder::Store(const NameSet& set) {
  const NameSlice slice{static_cast<uint32_t>(module_.pool.size()),
                        static_cast<uint32_t>(set.size())};
  for (absl::string_view name : set) module_.pool.push_back(names_.Intern(name));
  std::sort(module_.pool.begin() + slice.begin, module_.pool.end());
  return slice;
}

SourceModule ModuleBuilder::Finish() {
  absl::flat_hash_map<std::pair<UnitKind, std::string>, int> seen;
  for (UnitDraft& draft : drafts_) {
    const int count = ++seen[{draft.kind, draft.key}];
    if (count > 1) absl::StrAppend(&draft.key, "#", count);
    if (draft.has_source) AddImport(draft.source_level, draft.source_module, draft.source_name);
    Unit& unit = module_.units.emplace_back();
    unit.kind = draft.kind;
    unit.flags = draft.flags;
    unit.has_source = draft.has_source;
    unit.key = names_.Intern(draft.key);
    unit.name = names_.Intern(NameOfKey(draft.key));
    unit.owner = names_.Intern(draft.owner);
    unit.lines = draft.lines;
    unit.fingerprint = draft.fingerprint;
    if (draft.has_source) {
      unit.source = {draft.source_level, names_.Intern(draft.source_module),
                     names_.Intern(draft.source_name)};
    }
    unit.binds = Store(draft.binds);
    unit.free = Store(draft.free);
    unit.members = Store(draft.members);
    unit.parameters = Store(draft.parameters);
    unit.fragments = Store(draft.fragments);
  }
  drafts_.clear();
  module_.units.shrink_to_fit();
  module_.pool.shrink_to_fit();
  return std::exchange(module_, SourceModule());
}

}  // namespace testselect
