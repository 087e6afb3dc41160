#include "storage/object_key.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

bool IsKeyText(absl::string_view text) {
  return text.size() <= kMaxObjectKeyBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '/' || c == '-';
         });
}

}  // namespace

bool IsObjectKey(absl::string_view key) {
  if (!IsKeyText(key)) return false;
  for (const absl::string_view part : absl::StrSplit(key, '/')) {
    if (part.empty() || part == "." || part == ".." || part.size() > kMaxObjectKeyPartBytes) {
      return false;
    }
  }
  return true;
}

absl::Status CheckObjectKey(absl::string_view key) {
  if (IsObjectKey(key)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "object key \"", Shorten(key), "\": 1 to ", kMaxObjectKeyBytes,
      " bytes of [A-Za-z0-9._/-] are allowed, and no part that is empty, \".\", \"..\" or longer "
      "than ",
      kMaxObjectKeyPartBytes));
}

absl::Status CheckKeyBound(absl::string_view name, absl::string_view bound) {
  if (IsKeyText(bound)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, "=\"", Shorten(bound), "\": at most ",
                                                 kMaxObjectKeyBytes,
                                                 " bytes of [A-Za-z0-9._/-] are allowed"));
}

}  // namespace testselect
