#include "storage/rocksdb_segment_writer.h"

#include <algorithm>

#include "storage/label_dictionary.h"
#include "storage/model/status_macros.h"
#include "storage/outcome_codec.h"
#include "storage/pack_codec.h"

namespace testselect {

// The stored form: a patch where that is small, else whole. A patch of a chain that is long enough
// already is made of the whole blob at its end.
absl::StatusOr<std::string> SegmentWriter::Encode(const Digest& name, absl::string_view raw,
                                                  const Digest& alike) {
  if (alike.IsNull() || alike == name) return encoder_.Whole(name, raw);
  Digest base = alike;
  TS_ASSIGN_OR_RETURN(uint32_t depth, blobs_.DepthOf(base));
  if (depth >= kMaxPatchDepth) {
    while (depth > 0) {
      TS_ASSIGN_OR_RETURN(base, blobs_.BaseOf(base));
      TS_ASSIGN_OR_RETURN(depth, blobs_.DepthOf(base));
    }
  }
  TS_ASSIGN_OR_RETURN(const std::shared_ptr<const std::string> base_raw, blobs_.LoadBlob(base));
  std::string patch = encoder_.Patch(name, raw, base, *base_raw, depth + 1);
  if (patch.size() * 16 <= raw.size()) return patch;  // far below what the whole could be
  std::string whole = encoder_.Whole(name, raw);
  return patch.size() * 2 <= whole.size() ? patch : whole;
}

absl::Status SegmentWriter::AddBlob(const Digest& name, absl::string_view raw,
                                    const Digest& alike) {
  TS_ASSIGN_OR_RETURN(const bool stored, blobs_.Contains(name));
  const bool drafted = std::any_of(draft_.missing.begin(), draft_.missing.end(),
                                   [&](const auto& missing) { return missing.first == name; });
  if (stored || drafted) return absl::OkStatus();
  TS_ASSIGN_OR_RETURN(std::string encoded, Encode(name, raw, alike));
  draft_.missing.emplace_back(name, std::move(encoded));
  return absl::OkStatus();
}

Digest SegmentWriter::PieceAlike(size_t piece) const {
  if (alike_ == nullptr || piece >= alike_->pieces.size()) return Digest();
  return alike_->pieces[piece];
}

Digest SegmentWriter::PackAlike(absl::string_view first_path) const {
  if (alike_ == nullptr || alike_->packs.empty()) return Digest();
  const auto after = std::upper_bound(
      alike_->packs.begin(), alike_->packs.end(), first_path,
      [](absl::string_view p, const SegmentManifest::Pack& pack) { return p < pack.first_path; });
  return after == alike_->packs.begin() ? after->digest : std::prev(after)->digest;
}

absl::StatusOr<SegmentDraft> SegmentWriter::Write(const SegmentContent& content) {
  SegmentManifest& manifest = draft_.manifest;
  manifest.labels = static_cast<uint32_t>(content.labels.size());
  manifest.ran = content.ran;
  manifest.empty_evidence = content.empty_evidence;
  for (const std::string& piece : EncodeDictionary(content.labels)) {
    const Digest name = Digest::Of(piece);
    TS_RETURN_IF_ERROR(AddBlob(name, piece, PieceAlike(manifest.pieces.size())));
    manifest.pieces.push_back(name);
  }
  draft_.dictionary = DictionaryId(manifest.pieces);
  if (!content.outcomes.empty()) {
    const std::string outcomes = EncodeOutcomes(content.outcomes);
    manifest.outcomes = Digest::Of(outcomes);
    TS_RETURN_IF_ERROR(AddBlob(manifest.outcomes, outcomes, alike_ ? alike_->outcomes : Digest()));
  }
  for (EncodedPack& pack : EncodePacks(content.files)) {
    const Digest name = Digest::Of(pack.bytes);
    TS_RETURN_IF_ERROR(AddBlob(name, pack.bytes, PackAlike(pack.first_path)));
    manifest.packs.push_back({std::move(pack.first_path), name});
  }
  const std::string bytes = EncodeManifest(manifest);
  draft_.manifest_digest = Digest::Of(bytes);
  TS_RETURN_IF_ERROR(AddBlob(draft_.manifest_digest, bytes, alike_digest_));
  return std::move(draft_);
}

}  // namespace testselect
