#include "storage/model/outcome.h"

namespace testselect {

absl::string_view OutcomeName(Outcome o) {
  switch (o) {
    case Outcome::kUnknown:
      return "unknown";
    case Outcome::kPassed:
      return "passed";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kError:
      return "error";
    case Outcome::kSkipped:
      return "skipped";
    case Outcome::kXfailed:
      return "xfailed";
    case Outcome::kXpassed:
      return "xpassed";
  }
  return "unknown";
}

}  // namespace testselect
