#include "client/codecov/pytest_arguments.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace testselect::client {
namespace {

// The id without parameters. A path may hold a bracket too.
absl::string_view FunctionOf(absl::string_view label) {
  const size_t names = label.find("::");
  const size_t bracket = label.find('[', names == absl::string_view::npos ? 0 : names);
  return label.substr(0, bracket);
}

}  // namespace

std::vector<std::string> PytestArguments(const std::vector<std::string>& collected,
                                         const std::vector<std::string>& run) {
  const absl::flat_hash_set<absl::string_view> wanted(run.begin(), run.end());
  absl::flat_hash_set<absl::string_view> not_whole;
  for (const std::string& label : collected) {
    if (!wanted.contains(label)) not_whole.insert(FunctionOf(label));
  }
  std::vector<std::string> arguments;
  absl::flat_hash_set<absl::string_view> done;
  const absl::flat_hash_set<absl::string_view> known(collected.begin(), collected.end());
  for (const std::string& label : collected) {
    if (!wanted.contains(label)) continue;
    const absl::string_view function = FunctionOf(label);
    const absl::string_view argument = not_whole.contains(function) ? label : function;
    if (done.insert(argument).second) arguments.emplace_back(argument);
  }
  for (const std::string& label : run) {
    if (!known.contains(label) && done.insert(label).second) arguments.push_back(label);
  }
  return arguments;
}

}  // namespace testselect::client
