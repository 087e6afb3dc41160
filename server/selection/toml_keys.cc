// FlattenKeys for TOML.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <sstream>

#include "server/selection/flat_key_writer.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

absl::Status Flatten(const toml::table& table, const std::string& prefix, int depth,
                     FlatKeyBudget& budget, FlatKeys& keys) {
  TS_RETURN_IF_ERROR(budget.Spend(depth));
  if (table.empty() && !prefix.empty()) keys.emplace(prefix, "{}");
  for (const auto& [name, node] : table) {
    const std::string key =
        JoinKey(prefix, absl::string_view(name.str().data(), name.str().size()));
    if (const toml::table* inner = node.as_table(); inner != nullptr) {
      TS_RETURN_IF_ERROR(Flatten(*inner, key, depth + 1, budget, keys));
      continue;
    }
    std::ostringstream value;
    node.visit([&value](const auto& n) { value << n; });
    keys.emplace(key, value.str());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FlatKeys> FlattenToml(absl::string_view text) {
  // The library wants UTF-8 and says so in exceptions' words where it is not.
  if (!IsUtf8(text)) return absl::InvalidArgumentError("not UTF-8");
  const toml::parse_result parsed = toml::parse(std::string_view(text.data(), text.size()));
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    const std::string_view what = error.description();
    return absl::InvalidArgumentError(
        absl::StrCat("line ", error.source().begin.line, ", column ", error.source().begin.column,
                     ": ", Shorten(absl::string_view(what.data(), what.size()), 200)));
  }
  FlatKeys keys;
  FlatKeyBudget budget;
  TS_RETURN_IF_ERROR(Flatten(parsed.table(), "", 0, budget, keys));
  return keys;
}

}  // namespace testselect
