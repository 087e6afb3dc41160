#include "storage/model/outcome.h"

#include <algorithm>

namespace testselect {
namespace {

// The worse an outcome, the greater its rank.
int Rank(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFailed:
      return 6;
    case Outcome::kError:
      return 5;
    case Outcome::kXpassed:
      return 4;
    case Outcome::kPassed:
      return 3;
    case Outcome::kXfailed:
      return 2;
    case Outcome::kSkipped:
      return 1;
    case Outcome::kUnknown:
      break;
  }
  return 0;
}

}  // namespace

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

LabelOutcome MergeOutcomes(const LabelOutcome& a, const LabelOutcome& b) {
  LabelOutcome out = Rank(a.outcome) >= Rank(b.outcome) ? a : b;
  out.opaque = a.opaque || b.opaque;
  out.flaky = (a.flaky || b.flaky) && out.outcome == Outcome::kPassed;
  out.seconds =
      a.seconds < 0 || b.seconds < 0 ? std::max(a.seconds, b.seconds) : a.seconds + b.seconds;
  return out;
}

}  // namespace testselect
