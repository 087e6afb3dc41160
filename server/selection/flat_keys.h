// FlatKeys: what a configuration file sets, by key, so that two versions of it can be compared.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

enum class KeyFormat { kToml, kJson, kYaml, kIni, kCargoLock };

// The format that a path's name says: .toml, .json, .yaml, .yml, .ini and .cfg; .flake8,
// .coveragerc and the like are not guessed. Lock files of TOML and YAML (Cargo.lock) neither.
// kNotFound.
absl::StatusOr<KeyFormat> KeyFormatOf(absl::string_view path);

// Dotted key -> its values, in one spelling per value and type (a string "1" is not a number 1).
// Tables are taken apart; a list is one value, and so is an empty table. A part of a key that holds
// a dot is in double quotes, save in INI files, where sections are written with dots. A key that
// is set twice has both values, in order.
using FlatKeys = std::multimap<std::string, std::string>;

// kInvalidArgument naming line and column where the parser knows them, for text that is not
// `format`, and for what is nested or repeated beyond any sense (1,000,000 values, 100 levels).
// INI is read in the dialect of Python's configparser: keys without case, the values of [DEFAULT]
// in every section as well. Of a Cargo.lock the keys are package."NAME VERSION".MEMBER, and
// own.NAME.MEMBER of packages without a source: the members of the workspace.
absl::StatusOr<FlatKeys> FlattenKeys(KeyFormat format, absl::string_view text);

// The keys whose values differ, each once, sorted.
std::vector<std::string> ChangedKeys(const FlatKeys& before, const FlatKeys& after);

// Whether `key` is `prefix` or lies below it. `*` and `?` in `prefix` stay within one part.
bool KeyIsUnder(absl::string_view key, absl::string_view prefix);

}  // namespace testselect
