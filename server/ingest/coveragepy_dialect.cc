#include "server/ingest/coveragepy_dialect.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace testselect {
namespace {

// Whether the first contexts that `head` shows are numbers.
bool HasNumberedContexts(absl::string_view head) {
  constexpr absl::string_view kKey = "\"contexts\"";
  for (size_t at = head.find(kKey); at != absl::string_view::npos; at = head.find(kKey, at + 1)) {
    const size_t open = head.find_first_of("[}", at);
    if (open == absl::string_view::npos) return false;
    const size_t value = head.find_first_not_of(" \r\n\t", open + 1);
    if (head[open] == '}' || value == absl::string_view::npos || head[value] == ']') continue;
    return absl::ascii_isdigit(static_cast<unsigned char>(head[value]));
  }
  return false;
}

}  // namespace

CoveragePyDialect CoveragePyDialectOf(absl::string_view head) {
  const bool report = head.find('{') < 8 && absl::StrContains(head, "\"meta\"") &&
                      (absl::StrContains(head, "\"branch_coverage\"") ||
                       absl::StrContains(head, "\"show_contexts\""));
  // SimpleCov has a "meta" with a "branch_coverage", too.
  if (!report || absl::StrContains(head, "\"simplecov_version\"")) return CoveragePyDialect::kNone;
  const bool labelled = absl::StrContains(head, "\"labels_table\"") || HasNumberedContexts(head);
  return labelled ? CoveragePyDialect::kLabelled : CoveragePyDialect::kPlain;
}

}  // namespace testselect
