// How a label's last run ended.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace testselect {

// Persisted: never renumber.
enum class Outcome : uint8_t {
  kUnknown = 0,
  kPassed = 1,
  kFailed = 2,
  kError = 3,  // failed outside the test's own body (set-up, tear-down, collection)
  kSkipped = 4,
  kXfailed = 5,  // failed as expected
  kXpassed = 6,  // passed though expected to fail
};

// Whether a label that ended so must run again whatever changed (design: failed runs until it
// passes).
constexpr bool MustRerun(Outcome o) { return o == Outcome::kFailed || o == Outcome::kError; }

// Whether an outcome says that a label works, or that it does not: a skipped one says neither.
constexpr bool IsDecided(Outcome o) { return o != Outcome::kUnknown && o != Outcome::kSkipped; }

// "passed", "failed", ...; "unknown" for kUnknown.
absl::string_view OutcomeName(Outcome o);

// What is kept of a label's last run.
struct LabelOutcome {
  Outcome outcome = Outcome::kUnknown;
  double seconds = -1;  // < 0: not known; kept to 4 significant digits, at best 1 microsecond
  bool flaky = false;   // passed, and its report says: only after a failed attempt
  // It did more than its evidence shows: it started a process, a browser, another service.
  bool opaque = false;
  friend bool operator==(const LabelOutcome&, const LabelOutcome&) = default;
};

// The outcome of a label with two results, in either order: namesakes, parameters, or attempts,
// which reports do not tell apart. The worse one stands, so that nothing hides a failure; their
// known times add up. Flaky if it passed and either is; opaque if either is.
LabelOutcome MergeOutcomes(const LabelOutcome& a, const LabelOutcome& b);

}  // namespace testselect
