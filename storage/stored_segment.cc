#include "storage/stored_segment.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/file_record.h"
#include "storage/model/status_macros.h"
#include "storage/outcome_codec.h"
#include "storage/pack_codec.h"

namespace testselect {
namespace {

size_t BytesOf(const FileEvidence& file) {
  size_t bytes = sizeof(file) + file.path.capacity() + file.sets.capacity() * sizeof(file.sets[0]) +
                 file.global_lines.capacity() * sizeof(LineRange);
  for (const EvidenceSection& s : file.sections) {
    bytes += sizeof(s) + s.runs.capacity() * sizeof(EvidenceRun);
  }
  for (const std::string& set : file.sets) bytes += set.size() > 15 ? set.capacity() : 0;
  return bytes;
}

}  // namespace

std::vector<Digest> BlobsOf(const Digest& digest, const SegmentManifest& manifest) {
  std::vector<Digest> out = manifest.pieces;
  out.push_back(digest);
  if (!manifest.outcomes.IsNull()) out.push_back(manifest.outcomes);
  for (const SegmentManifest::Pack& pack : manifest.packs) out.push_back(pack.digest);
  return out;
}

absl::StatusOr<std::shared_ptr<const FileEvidence>> StoredSegment::FindFile(
    absl::string_view path) const {
  const auto after = std::upper_bound(
      content_->manifest.packs.begin(), content_->manifest.packs.end(), path,
      [](absl::string_view p, const SegmentManifest::Pack& pack) { return p < pack.first_path; });
  if (after == content_->manifest.packs.begin()) return nullptr;
  const Digest& name = std::prev(after)->digest;
  const std::string key = absl::StrCat(name.bytes(), path);
  if (std::shared_ptr<const FileEvidence> file = content_->cache->Find(key)) return file;
  TS_ASSIGN_OR_RETURN(const std::shared_ptr<const std::string> pack,
                      content_->blobs->LoadBlob(name));
  TS_ASSIGN_OR_RETURN(const std::optional<absl::string_view> record, FindRecord(*pack, path));
  if (!record.has_value()) return nullptr;
  TS_ASSIGN_OR_RETURN(FileEvidence decoded, DecodeFileRecord(path, *record));
  auto file = std::make_shared<const FileEvidence>(std::move(decoded));
  content_->cache->Insert(key, file, BytesOf(*file) + key.size());
  return file;
}

absl::Status StoredSegment::ForEachFile(std::function<bool(const FileEvidence&)> f) const {
  bool go_on = true;
  for (const SegmentManifest::Pack& entry : content_->manifest.packs) {
    TS_ASSIGN_OR_RETURN(const std::shared_ptr<const std::string> pack,
                        content_->blobs->LoadBlob(entry.digest));
    absl::Status status;
    TS_RETURN_IF_ERROR(ForEachRecord(*pack, [&](absl::string_view path, absl::string_view record) {
      absl::StatusOr<FileEvidence> file = DecodeFileRecord(path, record);
      status = file.status();
      go_on = file.ok() && f(*file);
      return go_on;
    }));
    TS_RETURN_IF_ERROR(status);
    if (!go_on) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const std::vector<LabelOutcome>>> StoredSegment::Outcomes() const {
  if (content_->manifest.outcomes.IsNull()) {
    return std::make_shared<const std::vector<LabelOutcome>>(content_->labels->size());
  }
  TS_ASSIGN_OR_RETURN(const std::shared_ptr<const std::string> bytes,
                      content_->blobs->LoadBlob(content_->manifest.outcomes));
  TS_ASSIGN_OR_RETURN(std::vector<LabelOutcome> outcomes,
                      DecodeOutcomes(*bytes, content_->labels->size()));
  return std::make_shared<const std::vector<LabelOutcome>>(std::move(outcomes));
}

absl::StatusOr<std::shared_ptr<const DenseLabelSet>> StoredSegment::EmptyEvidence() const {
  return std::make_shared<const DenseLabelSet>(content_->manifest.empty_evidence);
}

}  // namespace testselect
