#include "storage/shared_layout.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/blob_codec.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"
#include "storage/segment_row.h"

namespace testselect {
namespace {

constexpr absl::string_view kMagic = "testselect objects";
constexpr uint64_t kVersion = 1;
constexpr size_t kTimeDigits = 16;
constexpr size_t kIdDigits = 2 * Digest::kBytes;

// A repository's name may be any text; its digest is a good key.
std::string Folder(absl::string_view kind, absl::string_view name) {
  return absl::StrCat(kind, "/", Digest::Of(name).ToHex(), "/");
}

std::string Stamp(absl::Time time, const Digest& id) {
  const auto micros = static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixMicros(time)));
  return absl::StrCat(absl::Hex(micros, absl::kZeroPad16), "-", id.ToHex());
}

absl::string_view Suffix(SharedEventKind kind) {
  switch (kind) {
    case SharedEventKind::kSegment:
      return ".segment";
    case SharedEventKind::kSeal:
      return ".seal";
    case SharedEventKind::kNotes:
      break;
  }
  return ".notes";
}

}  // namespace

std::string EncodeSharedFormat(const Digest& store) {
  return absl::StrCat(kMagic, " ", kVersion, "\n", store.ToHex(), "\n");
}

absl::StatusOr<Digest> DecodeSharedFormat(absl::string_view bytes) {
  const std::string begin = absl::StrCat(kMagic, " ", kVersion, "\n");
  if (absl::StartsWith(bytes, begin)) {
    const absl::string_view id = bytes.substr(begin.size());
    if (id.size() == kIdDigits + 1 && id.back() == '\n') {
      return Digest::FromHex("store", id.substr(0, kIdDigits));
    }
  }
  return absl::FailedPreconditionError(absl::StrCat("the object store's format is '",
                                                    bytes.substr(0, bytes.find('\n')).substr(0, 60),
                                                    "', not '", kMagic, " ", kVersion, "'"));
}

absl::Status CheckSharedStore(ObjectStore* objects, const Digest& store) {
  const absl::StatusOr<std::string> format = objects->Get(kSharedFormatKey);
  if (!format.ok() && !absl::IsNotFound(format.status())) return format.status();
  if (format.ok()) {
    TS_ASSIGN_OR_RETURN(const Digest id, DecodeSharedFormat(*format));
    if (id == store) return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat(objects->description(), " holds ", format.ok() ? "another index" : "no index",
                   ", and this machine has a part of one: is it mounted, is it the right bucket?"));
}

std::string SharedBlobKey(const Digest& blob) {
  const std::string hex = blob.ToHex();
  return absl::StrCat(kSharedBlobPrefix, hex.substr(0, 2), "/", hex.substr(2));
}
std::string SharedContentKey(const Digest& content) {
  return absl::StrCat(kSharedContentPrefix, content.ToHex());
}

std::string SharedEventPrefix(absl::string_view repository) { return Folder("index", repository); }

std::string SharedEventKey(absl::string_view repository, const SharedEventName& name) {
  return absl::StrCat(SharedEventPrefix(repository), Stamp(name.time, name.id), Suffix(name.kind));
}

absl::StatusOr<SharedEventName> ParseSharedEventKey(absl::string_view key) {
  const absl::string_view name = key.substr(key.rfind('/') + 1);
  SharedEventName out;
  uint64_t micros = 0;
  bool known = false;
  for (const auto kind :
       {SharedEventKind::kSegment, SharedEventKind::kSeal, SharedEventKind::kNotes}) {
    if (absl::EndsWith(name, Suffix(kind))) {
      out.kind = kind;
      known = name.size() == kTimeDigits + 1 + kIdDigits + Suffix(kind).size();
    }
  }
  if (!known || name[kTimeDigits] != '-' ||
      !absl::SimpleHexAtoi(name.substr(0, kTimeDigits), &micros)) {
    return absl::DataLossError(absl::StrCat("object '", key, "' has no name of an event"));
  }
  out.time = absl::FromUnixMicros(static_cast<int64_t>(micros));
  TS_ASSIGN_OR_RETURN(out.id, Digest::FromHex("id", name.substr(kTimeDigits + 1, kIdDigits)));
  return out;
}

std::string SharedRecordPrefix(absl::string_view repository) {
  return Folder("records", repository);
}
std::string SharedRecordKey(absl::string_view repository, absl::Time time, const Digest& id) {
  return absl::StrCat(SharedRecordPrefix(repository), Stamp(time, id));
}

absl::Time TimeOfSharedRecord(absl::string_view key) {
  const absl::string_view name = key.substr(key.rfind('/') + 1);
  uint64_t micros = 0;
  const bool known = name.size() == kTimeDigits + 1 + kIdDigits &&
                     absl::SimpleHexAtoi(name.substr(0, kTimeDigits), &micros);
  return known ? absl::FromUnixMicros(static_cast<int64_t>(micros)) : absl::InfinitePast();
}

std::string SharedHistoryPrefix(absl::string_view repository, absl::string_view job) {
  return absl::StrCat(Folder("history", repository), Digest::Of(job).ToHex(), "/");
}
std::string SharedHistoryKey(absl::string_view repository, absl::string_view job, absl::Time time,
                             const Digest& id) {
  return absl::StrCat(SharedHistoryPrefix(repository, job), Stamp(time, id));
}

std::string EncodeSharedSegment(absl::string_view key, const SharedSegment& segment) {
  std::string body;
  PutBytes(&body, segment.entry.info.id.bytes());
  PutBytes(&body, EncodeSegmentRow(segment.entry));
  absl::StrAppend(&body, segment.content.bytes());
  return SealRow(key, body);
}

absl::StatusOr<SharedSegment> DecodeSharedSegment(absl::string_view key, absl::string_view bytes) {
  TS_ASSIGN_OR_RETURN(const absl::string_view body, OpenRow(key, bytes));
  RecordReader in(body);
  SharedSegment out;
  TS_ASSIGN_OR_RETURN(const Digest id, Digest::FromBytes("segment", in.Bytes()));
  const absl::string_view row = in.Bytes();
  const absl::string_view content = in.Fixed(Digest::kBytes);
  TS_RETURN_IF_ERROR(in.Finish("a shared segment"));
  TS_ASSIGN_OR_RETURN(out.entry, DecodeSegmentRow(SegmentRowKey(id), row));
  TS_ASSIGN_OR_RETURN(out.content, Digest::FromBytes("content", content));
  return out;
}

std::string EncodeDigests(absl::Span<const Digest> digests) {
  std::string out;
  for (const Digest& digest : digests) absl::StrAppend(&out, digest.bytes());
  return SealRow("digests", out);
}

absl::StatusOr<std::vector<Digest>> DecodeDigests(absl::string_view bytes) {
  TS_ASSIGN_OR_RETURN(absl::string_view rest, OpenRow("digests", bytes));
  std::vector<Digest> out;
  for (; !rest.empty(); rest.remove_prefix(std::min(rest.size(), Digest::kBytes))) {
    TS_ASSIGN_OR_RETURN(out.emplace_back(),
                        Digest::FromBytes("digest", rest.substr(0, Digest::kBytes)));
  }
  return out;
}

std::string EncodeStart(const NoteBatch& notes) {
  const std::string raw = EncodeNotes(notes);
  const Digest name = Digest::Of(raw);
  return absl::StrCat(name.bytes(), BlobEncoder().Whole(name, raw));
}

absl::StatusOr<NoteBatch> DecodeStart(absl::string_view bytes) {
  if (bytes.size() < Digest::kBytes) return absl::DataLossError("a start is cut off");
  TS_ASSIGN_OR_RETURN(const Digest name,
                      Digest::FromBytes("start", bytes.substr(0, Digest::kBytes)));
  TS_ASSIGN_OR_RETURN(const StoredBlob blob, ParseBlob(name, bytes.substr(Digest::kBytes)));
  TS_ASSIGN_OR_RETURN(const std::string raw, DecodeBlob(name, blob, ""));
  return DecodeNotes(raw);
}

std::string EncodeNotes(const NoteBatch& notes) {
  std::string body;
  PutVarint(&body, notes.puts.size());
  for (const auto& [key, value] : notes.puts) {
    PutBytes(&body, key);
    PutBytes(&body, value);
  }
  PutVarint(&body, notes.deletes.size());
  for (const std::string& key : notes.deletes) PutBytes(&body, key);
  return SealRow("notes", body);
}

absl::StatusOr<NoteBatch> DecodeNotes(absl::string_view bytes) {
  TS_ASSIGN_OR_RETURN(const absl::string_view body, OpenRow("notes", bytes));
  RecordReader in(body);
  NoteBatch out;
  for (uint64_t n = in.Varint(); n > 0 && in.ok(); --n) {
    std::string key(in.Bytes());
    out.puts.emplace_back(std::move(key), in.Bytes());
  }
  for (uint64_t n = in.Varint(); n > 0 && in.ok(); --n) out.deletes.emplace_back(in.Bytes());
  TS_RETURN_IF_ERROR(in.Finish("shared notes"));
  return out;
}

}  // namespace testselect
