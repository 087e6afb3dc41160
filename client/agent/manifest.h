// Manifest: what an entry of an agent's spool is, beside its reports. docs/agent.md has the form.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect::client {

inline constexpr char kManifestName[] = "manifest.json";

struct ManifestReport {
  std::string file;  // a name in the entry's folder
  std::string label;
  std::string format;  // empty: found from the content
};

struct Manifest {
  v1::UploadHeader header;  // but for its reports
  std::vector<ManifestReport> reports;
  std::vector<ManifestReport> outcomes;  // without labels
};

// Reads a manifest. kInvalidArgument naming the field, its value and what is expected: an unknown
// or repeated field, a missing one, a value out of its range, a file that is not in the folder
// itself, one that is named twice.
absl::StatusOr<Manifest> ParseManifest(absl::string_view json);

// The reverse: what ParseManifest reads back as the same.
std::string ManifestJson(const Manifest& manifest);

}  // namespace testselect::client
