// What the readers of all formats share. Private to the FlattenKeys of each format.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/selection/flat_keys.h"

namespace testselect {

absl::StatusOr<FlatKeys> FlattenToml(absl::string_view text);
absl::StatusOr<FlatKeys> FlattenJson(absl::string_view text);
absl::StatusOr<FlatKeys> FlattenYaml(absl::string_view text);
absl::StatusOr<FlatKeys> FlattenIni(absl::string_view text);
absl::StatusOr<FlatKeys> FlattenCargoLock(absl::string_view text);

// Bounds a walk: aliases of YAML make a short text into a tree of any size.
class FlatKeyBudget {
 public:
  static constexpr int kMaxDepth = 100;
  static constexpr size_t kMaxValues = 1'000'000;

  absl::Status Spend(int depth) {
    if (depth > kMaxDepth) {
      return absl::InvalidArgumentError(absl::StrCat("nested deeper than ", kMaxDepth, " levels"));
    }
    if (++spent_ > kMaxValues) {
      return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxValues, " values"));
    }
    return absl::OkStatus();
  }

 private:
  size_t spent_ = 0;
};

// `prefix`.`part`, with the part in quotes where it holds a dot or is empty.
inline std::string JoinKey(absl::string_view prefix, absl::string_view part) {
  const bool quote = part.empty() || part.find('.') != absl::string_view::npos;
  return absl::StrCat(prefix, prefix.empty() ? "" : ".", quote ? "\"" : "", part,
                      quote ? "\"" : "");
}

}  // namespace testselect
