#include "client/runners/node_program.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "client/runners/installed.h"
#include "server/selection/environment_kinds.h"
#include "storage/model/status_macros.h"

namespace testselect::client {

std::string NodeProgram(const std::string& folder, absl::string_view name) {
  for (std::filesystem::path place = folder;; place = place.parent_path()) {
    const std::filesystem::path program = place / "node_modules" / ".bin" / std::string(name);
    std::error_code error;
    if (std::filesystem::exists(program, error)) return program.string();
    if (!place.has_relative_path()) return std::string(name);
  }
}

absl::StatusOr<std::string> WriteScript(const RunnerSetup& setup, absl::string_view name,
                                        absl::string_view content) {
  std::string path = absl::StrCat(setup.scratch, "/", name);
  TS_RETURN_IF_ERROR(WriteFileAtomically(path, content));
  return path;
}

std::string NulList(const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) list.append(value).push_back('\0');
  return list;
}

std::string NodeEnvironment(const RunnerSetup& setup) {
  std::vector<std::string> lines = InstalledNodePackages(setup.folder, setup.top);
  if (lines.empty()) return "";
  ProcessOptions options;
  options.folder = setup.folder;
  options.out = options.err = ProcessOptions::Output::kCapture;
  const auto node =
      RunProcess({"node", "-p", "process.version + process.platform + process.arch"}, options);
  if (!node.ok() || !node->state.ok()) return "";
  lines.push_back(node->out);
  return InstalledDigest(kNodePackages, lines);
}

std::string FileLabel(const RunnerSetup& setup, absl::string_view file) {
  return std::filesystem::path(std::string(file)).lexically_relative(setup.top).generic_string();
}

std::string LabelFile(const RunnerSetup& setup, absl::string_view label) {
  return (std::filesystem::path(setup.top) / std::string(label)).lexically_normal().string();
}

}  // namespace testselect::client
