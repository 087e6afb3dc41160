#include "server/ingest/parse_error.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "storage/model/evidence.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

bool AllDigits(absl::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return true;
}

}  // namespace

absl::Status ReportError(absl::string_view report, absl::string_view format,
                         absl::string_view place, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(report, ": ", format, ": ", place, ": ", what));
}

absl::Status AtPlace(const absl::Status& status, absl::string_view report, absl::string_view format,
                     absl::string_view place) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(report, ": ", format, ": ", place, ": ", status.message()));
}

std::string Quoted(absl::string_view value) { return absl::StrCat("'", Shorten(value), "'"); }

absl::StatusOr<uint32_t> ParseLine(absl::string_view digits) {
  uint64_t n = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') n = UINT64_MAX;
    if (n > kMaxLine) break;
    n = n * 10 + static_cast<uint64_t>(c - '0');
  }
  if (n <= kMaxLine && !digits.empty()) return static_cast<uint32_t>(n);
  if (AllDigits(digits)) {
    return absl::InvalidArgumentError(
        absl::StrCat("line number ", Quoted(digits), " is greater than ", kMaxLine));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("line number ", Quoted(digits), " is no number from 0 to ", kMaxLine));
}

absl::StatusOr<bool> ParseCount(absl::string_view text) {
  if (AllDigits(text)) return text.find_first_not_of('0') != absl::string_view::npos;
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || std::isnan(value)) {
    return absl::InvalidArgumentError(absl::StrCat("count ", Quoted(text), " is no number"));
  }
  return value != 0;
}

absl::StatusOr<double> ParseSeconds(absl::string_view text) {
  double value = 0;
  const std::string plain = absl::StrReplaceAll(text, {{",", ""}});
  if (!absl::SimpleAtod(plain, &value) || !std::isfinite(value) || value < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("duration ", Quoted(text), " is no number of seconds"));
  }
  return value;
}

absl::Status RequireLabel(absl::string_view report, absl::string_view format,
                          absl::string_view label) {
  if (!label.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(report, ": ", format,
                   ": the report names no test: give its label with the upload (--label LABEL, or "
                   "LABEL=REPORT)"));
}

}  // namespace testselect
