// UploadSpec: what an upload's header says, validated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/ingest/path_mapper.h"
#include "storage/model/digest.h"
#include "storage/model/upload.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect {

inline constexpr int kMaxReports = 100'000;
inline constexpr uint64_t kMaxChunkBytes = 4ull << 20;

// One report, as its sender declares it.
struct ReportSpec {
  std::string name, format, label;
  bool outcomes = false;
  uint64_t size = 0;  // bytes as they are sent
  Digest digest;      // of those
};

struct UploadSpec {
  std::string id;       // 32 hex digits; equal headers have equal ids
  UploadHeader header;  // its tree is not known yet
  PathRules paths;
  std::vector<ReportSpec> reports;

  uint64_t total_bytes() const;
  // The key of the note that remembers the answer of the finished upload.
  std::string NoteKey() const;
};

// The prefix of the notes of all uploads of a commit.
std::string UploadNotePrefix(absl::string_view repository, const ObjectId& commit);

// kInvalidArgument naming field, value and limit. `max_report_bytes` limits each report's size.
absl::StatusOr<UploadSpec> UploadFromProto(const v1::UploadHeader& proto,
                                           uint64_t max_report_bytes);

}  // namespace testselect
