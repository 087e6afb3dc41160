// Results that a runner printed among what the tests printed themselves: `mocha --reporter json >
// mocha.json` also holds the output of console.log, `rspec --format json > rspec.json` SimpleCov's
// last words.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/ingest/json_reader.h"

namespace testselect {

// Where in `head` the object lies whose first member is one of `keys`; npos: nowhere.
size_t FindPrintedObject(absl::string_view head, absl::Span<const absl::string_view> keys);

// Whether a report with such an object may begin with `head`: what came before the object in a
// report of its own is the tool's affair.
bool MayHoldPrintedObject(absl::string_view head, absl::Span<const absl::string_view> keys);

// As JsonReader::Start, at that object where the begin of the report shows it.
absl::Status StartPrinted(ReportSource* source, JsonReader* json,
                          absl::Span<const absl::string_view> keys);
// Behind the object: ok unless another such object follows, because two runs are two reports. Reads
// to the end.
absl::Status EndPrinted(JsonReader* json, absl::Span<const absl::string_view> keys);

}  // namespace testselect
