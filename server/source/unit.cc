#include "server/source/unit.h"

#include <algorithm>

namespace testselect {

bool SourceModule::Contains(NameSlice s, NameId name) const {
  const auto names = Names(s);
  return std::binary_search(names.begin(), names.end(), name);
}

bool SourceModule::IsPlain(NameId class_key) const {
  for (const ClassShape& shape : classes) {
    if (shape.key == class_key) return shape.plain;
  }
  return true;
}

size_t SourceModule::memory_bytes() const {
  return sizeof(*this) + units.capacity() * sizeof(Unit) + pool.capacity() * sizeof(NameId) +
         imports.capacity() * sizeof(ImportSource) + classes.capacity() * sizeof(ClassShape);
}

}  // namespace testselect
