// The record of one file: FileEvidence <-> bytes. The grammar is in KEYS.md.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/model/file_evidence.h"

namespace testselect {

// The bytes of `file` without its path. Equal evidence gives equal bytes.
std::string EncodeFileRecord(const FileEvidence& file);

// kDataLoss naming `path` if `record` is malformed. Never reads outside `record`.
absl::StatusOr<FileEvidence> DecodeFileRecord(absl::string_view path, absl::string_view record);

}  // namespace testselect
