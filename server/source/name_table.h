// NameTable: every name of every source file, by number.
//
// Walks along names compare and look up names millions of times; a number is cheaper than a
// string. Numbers are those of one process and mean nothing in a store. Grows with the distinct
// names seen and forgets none. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "storage/model/mutex.h"

namespace testselect {

using NameId = uint32_t;
inline constexpr NameId kNoName = 0;  // the empty string's

class NameTable {
 public:
  NameTable();
  // The number of `name`, which is given one if it had none. Cost: a hash and a lock.
  NameId Intern(absl::string_view name);
  // The number of `name`, or kNoName if nothing has that name.
  NameId Find(absl::string_view name) const;
  // Lives as long as the table. `id` must be one of Intern's.
  absl::string_view Name(NameId id) const;

 private:
  mutable Mutex mutex_;
  std::deque<std::string> names_ ABSL_GUARDED_BY(mutex_);  // never moved
  absl::flat_hash_map<absl::string_view, NameId> ids_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace testselect
