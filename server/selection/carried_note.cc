#include "server/selection/carried_note.h"

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

constexpr uint64_t kVersion = 1;

void PutDigests(std::string* out, const std::vector<Digest>& digests) {
  PutVarint(out, digests.size());
  for (const Digest& digest : digests) absl::StrAppend(out, digest.bytes());
}

absl::StatusOr<std::vector<Digest>> ReadDigests(RecordReader* in) {
  std::vector<Digest> out;
  for (uint64_t left = in->Varint(); left > 0 && in->ok(); --left) {
    TS_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes("segment", in->Fixed(Digest::kBytes)));
    out.push_back(digest);
  }
  return out;
}

}  // namespace

std::string CarriedNotePrefix(absl::string_view repository) {
  return absl::StrCat("carried/", repository, "/");
}

std::string CarriedNoteKey(absl::string_view repository, const Digest& segment) {
  return absl::StrCat(CarriedNotePrefix(repository), segment.ToHex());
}

std::string EncodeCarriedNote(const CarriedNote& note) {
  std::string out;
  PutVarint(&out, kVersion);
  PutVarint(&out, (note.outdated ? 1 : 0) | (note.complete ? 2 : 0));
  PutDigests(&out, note.rest);
  PutDigests(&out, note.moved);
  return out;
}

absl::StatusOr<CarriedNote> DecodeCarriedNote(absl::string_view bytes) {
  const absl::Status malformed = absl::DataLossError("a note of moved evidence is malformed");
  RecordReader in(bytes);
  const uint64_t version = in.Varint(), flags = in.Varint();
  if (!in.ok() || version != kVersion || flags > 3) return malformed;
  CarriedNote note;
  note.outdated = (flags & 1) != 0;
  note.complete = (flags & 2) != 0;
  auto rest = ReadDigests(&in);
  if (!rest.ok()) return malformed;
  auto moved = ReadDigests(&in);
  if (!moved.ok() || !in.ok() || !in.AtEnd()) return malformed;
  note.rest = *std::move(rest);
  note.moved = *std::move(moved);
  return note;
}

}  // namespace testselect
