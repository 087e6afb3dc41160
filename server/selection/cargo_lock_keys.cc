// FlattenKeys for Cargo.lock, whose array of packages would else be one value.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <sstream>

#include "absl/strings/str_cat.h"
#include "server/selection/flat_key_writer.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

std::string Text(const toml::node& node) {
  std::ostringstream text;
  node.visit([&text](const auto& n) { text << n; });
  return text.str();
}

// What has no source is a member of the workspace, or lies beside it: its code is what changes say.
absl::Status Flatten(const toml::table& package, FlatKeyBudget& budget, FlatKeys& keys) {
  const std::string name(package["name"].value_or(std::string_view()));
  const std::string version(package["version"].value_or(std::string_view()));
  const bool own = !package.contains("source");
  const std::string key =
      own ? JoinKey("own", name) : JoinKey("package", absl::StrCat(name, " ", version));
  for (const auto& [member, node] : package) {
    TS_RETURN_IF_ERROR(budget.Spend(2));
    keys.emplace(JoinKey(key, absl::string_view(member.str().data(), member.str().size())),
                 Text(node));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FlatKeys> FlattenCargoLock(absl::string_view text) {
  TS_ASSIGN_OR_RETURN(FlatKeys keys, FlattenToml(text));  // says what is wrong with it
  keys.erase("package");
  const toml::parse_result parsed = toml::parse(std::string_view(text.data(), text.size()));
  FlatKeyBudget budget;
  const toml::array* const packages = parsed.table()["package"].as_array();
  if (packages == nullptr) return keys;
  for (const toml::node& node : *packages) {
    const toml::table* const package = node.as_table();
    if (package == nullptr) return absl::InvalidArgumentError("a package that is no table");
    TS_RETURN_IF_ERROR(Flatten(*package, budget, keys));
  }
  return keys;
}

}  // namespace testselect
