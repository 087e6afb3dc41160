// Upload headers <-> bytes. The grammar is in KEYS.md, "Upload header".
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "storage/model/upload.h"
#include "storage/model/varint.h"

namespace testselect {

// `header` must be valid. Equal headers give equal bytes.
std::string EncodeUploadHeader(const UploadHeader& header);
// Reads one header. kDataLoss if it is malformed or would not pass UploadHeader::Validate.
absl::StatusOr<UploadHeader> DecodeUploadHeader(RecordReader* in);

}  // namespace testselect
