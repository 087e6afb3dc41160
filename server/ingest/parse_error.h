// The errors of report parsers, and the checks that all formats share.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

// kInvalidArgument "<report>: <format>: line 12: <what>"; `place` is "line 12", "byte 34", "table
// x".
absl::Status ReportError(absl::string_view report, absl::string_view format,
                         absl::string_view place, absl::string_view what);
// The same status with "<report>: <format>: <place>: " before its message.
absl::Status AtPlace(const absl::Status& status, absl::string_view report, absl::string_view format,
                     absl::string_view place);

// `value` in quotes, shortened and escaped (storage/model/text.h).
std::string Quoted(absl::string_view value);

// A line number. 0 (which some tools write and which is no line) to kMaxLine; kInvalidArgument with
// the value and the limit otherwise.
absl::StatusOr<uint32_t> ParseLine(absl::string_view digits);
// An execution count: whether the line was executed. Anything but zero is (negative and huge counts
// are overflows of real tools); kInvalidArgument for what is no number.
absl::StatusOr<bool> ParseCount(absl::string_view text);
// A duration in seconds; commas that group thousands are allowed. kInvalidArgument if it is no
// finite number of at least 0.
absl::StatusOr<double> ParseSeconds(absl::string_view text);

// kInvalidArgument if `report` of `format` names no test and the upload gives no `label`.
absl::Status RequireLabel(absl::string_view report, absl::string_view format,
                          absl::string_view label);

}  // namespace testselect
