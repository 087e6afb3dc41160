#include "server/selection/note_fields.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "storage/model/text.h"

namespace testselect {

bool IsSelectionId(absl::string_view text) {
  return text.size() == kSelectionIdChars && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
         });
}

void PutTime(std::string* out, absl::Time time) {
  PutVarint(out, ZigZag(absl::ToUnixMicros(time)));
}

void PutDouble(std::string* out, double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  for (int shift = 0; shift < 64; shift += 8) out->push_back(static_cast<char>(bits >> shift));
}

void PutSet(std::string* out, const DenseLabelSet& set) { PutBytes(out, EncodeLabelSet(set)); }

absl::Status CheckOneForm(absl::string_view what, absl::string_view note,
                          absl::string_view encoded) {
  if (note == encoded) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(what, ": the record is not as it is written"));
}

uint64_t NoteReader::VarintUpTo(uint64_t most) {
  const uint64_t value = in_.Varint();
  if (value <= most) return value;
  Fail();
  return 0;
}

absl::Time NoteReader::Time() { return absl::FromUnixMicros(UnZigZag(in_.Varint())); }

double NoteReader::Double() {
  const absl::string_view bytes = in_.Fixed(8);
  uint64_t bits = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    bits |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  const auto value = std::bit_cast<double>(bits);
  if (std::isfinite(value)) return value;
  Fail();
  return 0;
}

std::string NoteReader::Text() {
  const absl::string_view text = in_.Bytes();
  if (!IsUtf8(text)) Fail();
  return std::string(text);
}

std::string NoteReader::SelectionId() {
  std::string id(in_.Fixed(kSelectionIdChars));
  if (!IsSelectionId(id)) Fail();
  return id;
}

JobKey NoteReader::Job() {
  auto job = JobKey::FromString(Text());
  if (job.ok()) return *std::move(job);
  Fail();
  return JobKey();
}

Digest NoteReader::ReadDigest() {
  const auto digest = Digest::FromBytes("digest", in_.Fixed(Digest::kBytes));
  if (digest.ok()) return *digest;
  Fail();
  return Digest();
}

ObjectId NoteReader::ReadObjectId() {
  const absl::string_view bytes = in_.Fixed(ObjectId::kBytes);
  if (bytes.size() == ObjectId::kBytes) {
    return ObjectId::FromBytes(reinterpret_cast<const unsigned char*>(bytes.data()));
  }
  Fail();
  return ObjectId();
}

DenseLabelSet NoteReader::Set(size_t universe) {
  DenseLabelSet set;
  if (!UnionLabelSet(in_.Bytes(), universe, &set).ok()) Fail();
  return set;
}

size_t NoteReader::Count() { return VarintUpTo(in_.rest().size()); }

absl::Status NoteReader::Finish(absl::string_view what) const {
  if (!ok_) return absl::DataLossError(absl::StrCat(what, ": the record is malformed"));
  return in_.Finish(what);
}

}  // namespace testselect
