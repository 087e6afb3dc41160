// What the fuzzers of report parsers share.
//
// Threat model: anybody who may upload sends any bytes. A parser may refuse them, but may not
// crash, hang, read outside its input, take memory out of proportion to it, or name a file that
// lies outside the repository.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "server/ingest/report_parser.h"

namespace testselect {

// Parses the bytes in pieces of a size that they choose themselves, and finishes the upload.
// Aborts where a rule above is broken.
int FuzzParser(const ReportParser* parser, const uint8_t* data, size_t size);

// Parses into an upload and finishes it; aborts where a file of it lies outside the repository.
void FinishFuzzedUpload(const std::function<absl::Status(EvidenceSink&)>& parse);

}  // namespace testselect
