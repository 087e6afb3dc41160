// Which keys an ObjectStore takes.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace testselect {

inline constexpr size_t kMaxObjectKeyBytes = 512;
inline constexpr size_t kMaxObjectKeyPartBytes = 200;  // fits a file name of every file system

// 1 to 512 bytes of [A-Za-z0-9._/-]; no part between slashes is empty, ".", ".." or longer than
// 200.
bool IsObjectKey(absl::string_view key);

// kInvalidArgument naming the key where it is none.
absl::Status CheckObjectKey(absl::string_view key);

// What List takes for `prefix` and `after`: at most 512 bytes of the characters of keys, maybe
// none.
absl::Status CheckKeyBound(absl::string_view name, absl::string_view bound);

}  // namespace testselect
