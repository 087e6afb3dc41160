#include "client/codecov/python_host.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/json_writer.h"
#include "client/codecov/label_host.h"
#include "client/codecov/result_file.h"
#include "storage/model/status_macros.h"

namespace testselect::client {

std::string FindPython(const std::string& given) {
  if (!given.empty()) return given;
  const char* path = std::getenv("PATH");
  for (const char* name : {"python", "python3"}) {
    for (const absl::string_view folder : absl::StrSplit(path == nullptr ? "" : path, ':')) {
      if (access(absl::StrCat(folder, "/", name).c_str(), X_OK) == 0) return name;
    }
  }
  return "python3";
}

absl::StatusOr<FinishedProcess> RunPytestWithLongArguments(
    const std::string& python, const std::vector<std::string>& arguments) {
  JsonWriter json;
  json.BeginArray();
  for (const std::string& argument : arguments) json.String(argument);
  json.EndArray();
  TS_ASSIGN_OR_RETURN(const ResultFile file, ResultFile::Write(std::move(json).Finish()));
  return RunProcess({python, "-c", kLabelHost, "pytest", file.path()}, {});
}

}  // namespace testselect::client
