#include "storage/segment_manifest.h"

#include "storage/label_dictionary.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

absl::Status Malformed() { return absl::DataLossError("a segment's manifest is malformed"); }

void PutDigest(std::string* out, const Digest& digest) {
  out->append(digest.bytes().data(), digest.bytes().size());
}

absl::StatusOr<Digest> TakeDigest(RecordReader* in) {
  const absl::string_view bytes = in->Fixed(Digest::kBytes);
  if (!in->ok()) return Malformed();
  return Digest::FromBytes("manifest", bytes);
}

absl::Status TakeSet(RecordReader* in, size_t universe, DenseLabelSet* set) {
  const absl::string_view bytes = in->Bytes();
  if (!in->ok()) return Malformed();
  return UnionLabelSet(bytes, universe, set);
}

}  // namespace

std::string EncodeManifest(const SegmentManifest& manifest) {
  std::string out;
  PutVarint(&out, manifest.labels);
  for (const Digest& piece : manifest.pieces) PutDigest(&out, piece);
  PutBytes(&out, EncodeLabelSet(manifest.ran));
  PutBytes(&out, EncodeLabelSet(manifest.empty_evidence));
  PutDigest(&out, manifest.outcomes);
  PutVarint(&out, manifest.packs.size());
  for (const SegmentManifest::Pack& pack : manifest.packs) {
    PutBytes(&out, pack.first_path);
    PutDigest(&out, pack.digest);
  }
  return out;
}

absl::StatusOr<SegmentManifest> DecodeManifest(absl::string_view bytes) {
  RecordReader in(bytes);
  SegmentManifest out;
  const uint64_t labels = in.Varint();
  if (!in.ok() || labels >= kNoLabel) return Malformed();
  out.labels = static_cast<uint32_t>(labels);
  const size_t pieces = (labels + kLabelsPerPiece - 1) / kLabelsPerPiece;
  for (size_t i = 0; i < pieces; ++i) {
    TS_ASSIGN_OR_RETURN(Digest piece, TakeDigest(&in));
    out.pieces.push_back(piece);
  }
  TS_RETURN_IF_ERROR(TakeSet(&in, labels, &out.ran));
  TS_RETURN_IF_ERROR(TakeSet(&in, labels, &out.empty_evidence));
  TS_ASSIGN_OR_RETURN(out.outcomes, TakeDigest(&in));
  const uint64_t packs = in.Varint();
  for (uint64_t i = 0; in.ok() && i < packs; ++i) {
    SegmentManifest::Pack pack;
    pack.first_path = std::string(in.Bytes());
    TS_ASSIGN_OR_RETURN(pack.digest, TakeDigest(&in));
    if (!out.packs.empty() && pack.first_path <= out.packs.back().first_path) return Malformed();
    out.packs.push_back(std::move(pack));
  }
  TS_RETURN_IF_ERROR(in.Finish("a segment's manifest"));
  return out;
}

}  // namespace testselect
