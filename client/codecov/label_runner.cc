#include "client/codecov/label_runner.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

RunnerParams Merged(const RunnerConfigs& configs, const std::string& name,
                    const RunnerParams& dynamic) {
  RunnerParams merged = dynamic;
  const auto found = configs.find(name);
  if (found != configs.end()) merged.insert(found->second.begin(), found->second.end());
  return merged;
}

bool HasSettings(const RunnerConfigs& configs, const std::string& name) {
  const auto found = configs.find(name);
  return found != configs.end() && !found->second.empty();
}

}  // namespace

absl::StatusOr<std::unique_ptr<LabelRunner>> MakeLabelRunner(const std::string& name,
                                                             const RunnerConfigs& configs,
                                                             const RunnerParams& dynamic,
                                                             Console& console) {
  if (name == "pytest") {
    const bool old_name = !HasSettings(configs, "pytest") && HasSettings(configs, "python");
    if (old_name) console.Warning("codecov.yml: cli.runners.python is the old name of .pytest");
    return NewPytestLabelRunner(Merged(configs, old_name ? "python" : "pytest", dynamic), console);
  }
  if (name == "dan") return NewDanLabelRunner(Merged(configs, "dan", dynamic), console);
  const auto found = configs.find(name);
  if (found != configs.end()) return NewPythonClassRunner(name, found->second, dynamic);
  std::string known = "pytest, dan";
  for (const auto& [other, params] : configs) {
    if (other != "pytest" && other != "dan" && other != "python") {
      absl::StrAppend(&known, ", ", other);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("--runner-name '", Shorten(name),
                                                 "': no runner of this name; known are ", known,
                                                 " (more: cli.runners in codecov.yml)"));
}

}  // namespace testselect::client
