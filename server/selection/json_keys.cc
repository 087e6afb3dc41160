// FlattenKeys for JSON.
#include <simdjson.h>

#include "server/selection/flat_key_writer.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

absl::Status Flatten(simdjson::dom::element value, const std::string& prefix, int depth,
                     FlatKeyBudget& budget, FlatKeys& keys) {
  TS_RETURN_IF_ERROR(budget.Spend(depth));
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS || object.size() == 0) {
    keys.emplace(prefix, simdjson::minify(value));
    return absl::OkStatus();
  }
  for (const simdjson::dom::key_value_pair field : object) {
    const std::string key = JoinKey(prefix, absl::string_view(field.key.data(), field.key.size()));
    TS_RETURN_IF_ERROR(Flatten(field.value, key, depth + 1, budget, keys));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FlatKeys> FlattenJson(absl::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(text.data(), text.size());
  if (const auto error = parser.parse(padded).get(root); error != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(simdjson::error_message(error));
  }
  FlatKeys keys;
  FlatKeyBudget budget;
  TS_RETURN_IF_ERROR(Flatten(root, "", 0, budget, keys));
  return keys;
}

}  // namespace testselect
