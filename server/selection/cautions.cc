#include "server/selection/cautions.h"

#include "absl/strings/str_cat.h"
#include "storage/model/text.h"

namespace testselect {

std::string CautionOfLines() {
  return "granularity line is less safe: it trusts that every statement is seen where it runs";
}

std::string CautionOfBaseline(const std::vector<std::string>& labels, bool found) {
  const std::string baseline =
      absl::StrCat("the baseline ('", Shorten(labels.empty() ? "" : labels.front()), "'",
                   labels.size() > 1 ? absl::StrCat(" and ", labels.size() - 1, " more") : "", ")");
  if (!found) {
    return absl::StrCat("granularity diffed-package: the evidence has no label of ", baseline,
                        ", so nothing was taken off and it is as package");
  }
  return absl::StrCat("granularity diffed-package is less safe: a change of what ", baseline,
                      " executes too selects no other label that executes it");
}

std::string CautionOfKeys(const std::string& job) {
  return absl::StrCat("job '", job,
                      "' has an imported index: it knows of a change what its keys say, and no "
                      "names, imports or lines");
}

}  // namespace testselect
