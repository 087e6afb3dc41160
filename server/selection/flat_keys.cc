#include "server/selection/flat_keys.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/selection/flat_key_writer.h"
#include "server/selection/glob.h"

namespace testselect {

absl::StatusOr<KeyFormat> KeyFormatOf(absl::string_view path) {
  if (absl::EndsWith(path, ".toml")) return KeyFormat::kToml;
  if (absl::EndsWith(path, ".json")) return KeyFormat::kJson;
  if (absl::EndsWith(path, ".yaml") || absl::EndsWith(path, ".yml")) return KeyFormat::kYaml;
  if (absl::EndsWith(path, ".ini") || absl::EndsWith(path, ".cfg")) return KeyFormat::kIni;
  return absl::NotFoundError(absl::StrCat("'", path, "' has no format whose keys can be read"));
}

absl::StatusOr<FlatKeys> FlattenKeys(KeyFormat format, absl::string_view text) {
  switch (format) {
    case KeyFormat::kToml:
      return FlattenToml(text);
    case KeyFormat::kJson:
      return FlattenJson(text);
    case KeyFormat::kYaml:
      return FlattenYaml(text);
    case KeyFormat::kCargoLock:
      return FlattenCargoLock(text);
    case KeyFormat::kIni:
      break;
  }
  return FlattenIni(text);
}

std::vector<std::string> ChangedKeys(const FlatKeys& before, const FlatKeys& after) {
  std::vector<std::string> changed;
  const auto compare = [&](const FlatKeys& all, const FlatKeys& others) {
    for (auto it = all.begin(); it != all.end(); it = all.upper_bound(it->first)) {
      const auto here = all.equal_range(it->first);
      const auto there = others.equal_range(it->first);
      if (!std::equal(here.first, here.second, there.first, there.second)) {
        changed.push_back(it->first);
      }
    }
  };
  compare(before, after);
  compare(after, before);
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

namespace {

// The length of the first part of a dotted key; dots in double quotes do not end it.
size_t PartLength(absl::string_view key) {
  bool quoted = false;
  for (size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '"') quoted = !quoted;
    if (key[i] == '.' && !quoted) return i;
  }
  return key.size();
}

}  // namespace

bool KeyIsUnder(absl::string_view key, absl::string_view prefix) {
  while (!prefix.empty()) {
    const size_t wanted = PartLength(prefix), part = PartLength(key);
    if (key.empty() || !FnMatch(prefix.substr(0, wanted), key.substr(0, part))) return false;
    prefix.remove_prefix(std::min(prefix.size(), wanted + 1));
    key.remove_prefix(std::min(key.size(), part + 1));
  }
  return true;
}

}  // namespace testselect
