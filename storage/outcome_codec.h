// Outcomes of an upload's labels <-> bytes. The grammar is in KEYS.md, "Outcomes".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/model/outcome.h"

namespace testselect {

// `seconds` as it is kept: 4 significant digits of whole microseconds, at most 10^12 s; -1 for
// anything negative or not a number.
double RoundSeconds(double seconds);

// A duration as a number, rounded as RoundSeconds; 0 where it is not known, else less than 160,000.
uint64_t EncodeSeconds(double seconds);
// Of EncodeSeconds; -1 for 0. `code` must be one that IsSecondsCode.
double DecodeSeconds(uint64_t code);
bool IsSecondsCode(uint64_t code);

// Durations are rounded as RoundSeconds. Equal outcomes give equal bytes.
std::string EncodeOutcomes(absl::Span<const LabelOutcome> outcomes);
// kDataLoss if `encoded` is malformed or does not hold exactly `labels` outcomes.
absl::StatusOr<std::vector<LabelOutcome>> DecodeOutcomes(absl::string_view encoded, size_t labels);

}  // namespace testselect
