#include "server/source/name_table.h"

namespace testselect {

NameTable::NameTable() {
  names_.emplace_back();
  ids_.emplace(names_.back(), kNoName);
}

NameId NameTable::Intern(absl::string_view name) {
  MutexLock lock(&mutex_);
  const auto it = ids_.find(name);
  if (it != ids_.end()) return it->second;
  const NameId id = static_cast<NameId>(names_.size());
  names_.emplace_back(name);
  ids_.emplace(names_.back(), id);
  return id;
}

NameId NameTable::Find(absl::string_view name) const {
  MutexLock lock(&mutex_);
  const auto it = ids_.find(name);
  return it == ids_.end() ? kNoName : it->second;
}

absl::string_view NameTable::Name(NameId id) const {
  MutexLock lock(&mutex_);
  return names_[id];
}

}  // namespace testselect
