#include "server/ingest/side_files.h"

#include <string>

#include "absl/strings/match.h"
#include "server/ingest/xml_reader.h"

namespace testselect {

bool IsSideFile(absl::string_view path, absl::string_view head) {
  const absl::string_view name = path.substr(path.rfind('/') + 1);
  if (absl::EndsWith(name, ".json")) {
    const bool process =
        absl::StrContains(path, "/processinfo/") &&
        (absl::StrContains(head, "\"processes\"") ||
         (absl::StrContains(head, "\"pid\"") && absl::StrContains(head, "\"argv\"")));
    return process || name == ".last_run.json" || name == "coverage-summary.json";
  }
  if (!absl::EndsWith(name, ".xml")) return false;
  const std::string root = FindXmlRoot(head).name;
  return root == "failsafe-summary" || (root == "suite" && name == "testng-failed.xml");
}

}  // namespace testselect
