#include "storage/segment_row.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"
#include "storage/segment_header_codec.h"

namespace testselect {
namespace {

constexpr size_t kCheckBytes = 8;

std::string Check(absl::string_view key, absl::string_view body) {
  std::string framed;
  PutBytes(&framed, key);
  DigestStream stream;
  stream.Update(framed);
  stream.Update(body);
  return std::string(stream.Finish().bytes().substr(0, kCheckBytes));
}

absl::Status Malformed(absl::string_view key) {
  return absl::DataLossError(absl::StrCat("row ", absl::CHexEscape(key), " is malformed"));
}

}  // namespace

std::string SealRow(absl::string_view key, absl::string_view body) {
  return absl::StrCat(body, Check(key, body));
}

absl::StatusOr<absl::string_view> OpenRow(absl::string_view key, absl::string_view row) {
  if (row.size() < kCheckBytes) return Malformed(key);
  const absl::string_view body = row.substr(0, row.size() - kCheckBytes);
  if (Check(key, body) != row.substr(body.size())) {
    return absl::DataLossError(
        absl::StrCat("row ", absl::CHexEscape(key), ": the checksum does not match"));
  }
  return body;
}

std::string SegmentRowKey(const Digest& segment) {
  return absl::StrCat(std::string(1, kSegmentRowPrefix), segment.bytes());
}

std::string EncodeSegmentRow(const CatalogEntry& entry) {
  std::string body = EncodeUploadHeader(entry.info.header);
  PutVarint(&body, static_cast<uint64_t>(entry.info.state));
  PutVarint(&body, ZigZag(absl::ToUnixMicros(entry.info.created)));
  PutVarint(&body, entry.info.labels);
  PutVarint(&body, entry.info.files);
  PutVarint(&body, entry.info.pairs);
  PutVarint(&body, entry.info.global_lines);
  PutVarint(&body, entry.dictionary_size);
  absl::StrAppend(&body, entry.dictionary.bytes(), entry.manifest.bytes());
  const std::string& branch = entry.info.header.branch;
  if (entry.info.kinds != 0 || !branch.empty()) PutVarint(&body, entry.info.kinds);
  if (!branch.empty()) PutBytes(&body, branch);
  return SealRow(SegmentRowKey(entry.info.id), body);
}

absl::StatusOr<CatalogEntry> DecodeSegmentRow(absl::string_view key, absl::string_view row) {
  TS_ASSIGN_OR_RETURN(const absl::string_view body, OpenRow(key, row));
  if (key.size() != 1 + Digest::kBytes) return Malformed(key);
  CatalogEntry out;
  TS_ASSIGN_OR_RETURN(out.info.id, Digest::FromBytes("segment", key.substr(1)));
  RecordReader in(body);
  TS_ASSIGN_OR_RETURN(out.info.header, DecodeUploadHeader(&in));
  const uint64_t state = in.Varint();
  out.info.created = absl::FromUnixMicros(UnZigZag(in.Varint()));
  const uint64_t labels = in.Varint(), files = in.Varint();
  out.info.pairs = in.Varint();
  out.info.global_lines = in.Varint();
  const uint64_t dictionary_size = in.Varint();
  const absl::string_view digests = in.Fixed(2 * Digest::kBytes);
  if (!in.AtEnd()) out.info.kinds = static_cast<uint32_t>(in.Varint());
  if (!in.AtEnd()) out.info.header.branch = std::string(in.Bytes());
  if (!in.ok() || state < 1 || state > 4 || labels >= kNoLabel || files >= kNoLabel ||
      dictionary_size >= kNoLabel) {
    return Malformed(key);
  }
  TS_RETURN_IF_ERROR(in.Finish("a segment's row"));
  out.info.state = static_cast<SegmentState>(state);
  out.info.labels = static_cast<uint32_t>(labels);
  out.info.files = static_cast<uint32_t>(files);
  out.dictionary_size = static_cast<uint32_t>(dictionary_size);
  TS_ASSIGN_OR_RETURN(out.dictionary,
                      Digest::FromBytes("dictionary", digests.substr(0, Digest::kBytes)));
  TS_ASSIGN_OR_RETURN(out.manifest, Digest::FromBytes("manifest", digests.substr(Digest::kBytes)));
  return out;
}

}  // namespace testselect
