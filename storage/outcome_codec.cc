#include "storage/outcome_codec.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

constexpr uint64_t kDigitsLimit = 10'000;  // four significant digits
constexpr uint64_t kGreatestExponent = 15;
constexpr double kMostMicros = 1e18;
constexpr uint8_t kFlakyBit = 0x10, kOpaqueBit = 0x20;
constexpr uint8_t kOutcomeMask = 0x0F;
constexpr uint8_t kGreatestOutcome = static_cast<uint8_t>(Outcome::kXpassed);

// digits * 10^exponent microseconds.
struct Duration {
  uint64_t digits = 0, exponent = 0;
};

Duration Round(double seconds) {
  const double micros = std::min(std::round(seconds * 1e6), kMostMicros);
  uint64_t digits = static_cast<uint64_t>(micros);
  Duration d;
  uint64_t scale = 1;
  while (digits / scale >= kDigitsLimit) {
    scale *= 10;
    ++d.exponent;
  }
  d.digits = (digits + scale / 2) / scale;
  if (d.digits >= kDigitsLimit) {  // 9999.6 became 10000: one form per value
    d.digits /= 10;
    ++d.exponent;
  }
  return d;
}

double SecondsOf(const Duration& d) {
  double micros = static_cast<double>(d.digits);
  for (uint64_t i = 0; i < d.exponent; ++i) micros *= 10;
  return micros / 1e6;
}

}  // namespace

double RoundSeconds(double seconds) {
  if (!(seconds >= 0)) return -1;
  return SecondsOf(Round(seconds));
}

uint64_t EncodeSeconds(double seconds) {
  if (!(seconds >= 0)) return 0;
  const Duration d = Round(seconds);
  return (d.digits << 4 | d.exponent) + 1;
}

double DecodeSeconds(uint64_t code) {
  return code == 0 ? -1 : SecondsOf({(code - 1) >> 4, (code - 1) & kGreatestExponent});
}

bool IsSecondsCode(uint64_t code) { return code == 0 || (code - 1) >> 4 < kDigitsLimit; }

std::string EncodeOutcomes(absl::Span<const LabelOutcome> outcomes) {
  std::string out;
  out.reserve(outcomes.size() * 4);
  PutVarint(&out, outcomes.size());
  for (const LabelOutcome& o : outcomes) {
    out.push_back(static_cast<char>(static_cast<uint8_t>(o.outcome) | (o.flaky ? kFlakyBit : 0) |
                                    (o.opaque ? kOpaqueBit : 0)));
  }
  for (const LabelOutcome& o : outcomes) PutVarint(&out, EncodeSeconds(o.seconds));
  return out;
}

absl::StatusOr<std::vector<LabelOutcome>> DecodeOutcomes(absl::string_view encoded, size_t labels) {
  RecordReader in(encoded);
  if (in.Varint() != labels || in.rest().size() / 2 < labels) {
    return absl::DataLossError(
        absl::StrCat("outcomes: the record does not hold those of ", labels, " labels"));
  }
  std::vector<LabelOutcome> out(labels);
  const absl::string_view states = in.Fixed(labels);
  for (size_t i = 0; i < labels; ++i) {
    const uint8_t state = static_cast<uint8_t>(states[i]);
    if ((state & kOutcomeMask) > kGreatestOutcome ||
        (state & ~(kOutcomeMask | kFlakyBit | kOpaqueBit)) != 0) {
      return absl::DataLossError(absl::StrCat("outcomes: ", state, " is no outcome"));
    }
    out[i].outcome = static_cast<Outcome>(state & kOutcomeMask);
    out[i].flaky = (state & kFlakyBit) != 0;
    out[i].opaque = (state & kOpaqueBit) != 0;
  }
  for (size_t i = 0; i < labels; ++i) {
    const uint64_t code = in.Varint();
    if (!IsSecondsCode(code)) return absl::DataLossError("outcomes: a duration is malformed");
    out[i].seconds = DecodeSeconds(code);
  }
  TS_RETURN_IF_ERROR(in.Finish("outcomes"));
  return out;
}

}  // namespace testselect
