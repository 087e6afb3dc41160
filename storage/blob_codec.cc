#include "storage/blob_codec.h"

#include <zstd.h>

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

constexpr size_t kCheckBytes = 4;
constexpr int kWholeLevel = 9;
constexpr int kPatchLevel = 9;
constexpr uint64_t kMaxRawBytes = uint64_t{1} << 32;
constexpr int kMaxWindowLog = 30;

std::string Check(const Digest& name, absl::string_view body) {
  DigestStream stream;
  stream.Update(name.bytes());
  stream.Update(body);
  return std::string(stream.Finish().bytes().substr(0, kCheckBytes));
}

absl::Status Corrupt(const Digest& name, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("blob ", name.ToHex(), ": ", why));
}

std::string Seal(const Digest& name, const std::string& body) { return Check(name, body) + body; }

struct FreeDecompressor {
  void operator()(ZSTD_DCtx* d) const { ZSTD_freeDCtx(d); }
};

}  // namespace

void BlobEncoder::Free::operator()(ZSTD_CCtx_s* c) const { ZSTD_freeCCtx(c); }

BlobEncoder::BlobEncoder() : compressor_(ZSTD_createCCtx()) {}

std::string BlobEncoder::Compress(absl::string_view raw, absl::string_view prefix, int level) {
  ZSTD_CCtx* c = compressor_.get();
  ZSTD_CCtx_reset(c, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);  // the envelope has the size
  // The window must reach over the prefix and the content, or far matches are lost.
  const int window =
      std::clamp(static_cast<int>(std::bit_width(raw.size() + prefix.size())), 10, kMaxWindowLog);
  ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window);
  if (!prefix.empty()) ZSTD_CCtx_refPrefix(c, prefix.data(), prefix.size());
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  const size_t n = ZSTD_compress2(c, out.data(), out.size(), raw.data(), raw.size());
  // With room for the bound and valid parameters zstd fails only where it gets no memory, as
  // std::string above would.
  out.resize(ZSTD_isError(n) ? 0 : n);
  return out;
}

std::string BlobEncoder::Whole(const Digest& name, absl::string_view raw) {
  std::string body;
  PutVarint(&body, 0);
  PutVarint(&body, raw.size());
  return Seal(name, body + Compress(raw, "", kWholeLevel));
}

std::string BlobEncoder::Patch(const Digest& name, absl::string_view raw, const Digest& base,
                               absl::string_view base_raw, uint32_t depth) {
  std::string body;
  PutVarint(&body, depth);
  body.append(base.bytes().data(), Digest::kBytes);
  PutVarint(&body, raw.size());
  return Seal(name, body + Compress(raw, base_raw, kPatchLevel));
}

absl::StatusOr<StoredBlob> ParseBlob(const Digest& name, absl::string_view value) {
  if (value.size() < kCheckBytes) return Corrupt(name, "the stored value is cut off");
  const absl::string_view body = value.substr(kCheckBytes);
  if (Check(name, body) != value.substr(0, kCheckBytes)) {
    return Corrupt(name, "the checksum does not match");
  }
  RecordReader in(body);
  StoredBlob out;
  const uint64_t depth = in.Varint();
  if (depth > kMaxPatchDepth) return Corrupt(name, "the patch depth is out of range");
  out.depth = static_cast<uint32_t>(depth);
  if (depth > 0) {
    const absl::string_view base = in.Fixed(Digest::kBytes);
    if (!in.ok()) return Corrupt(name, "the envelope is malformed");
    out.base = *Digest::FromBytes("base", base);
  }
  out.raw_size = in.Varint();
  if (!in.ok() || out.raw_size > kMaxRawBytes) return Corrupt(name, "the envelope is malformed");
  out.frame = in.rest();
  return out;
}

absl::StatusOr<std::string> DecodeBlob(const Digest& name, const StoredBlob& blob,
                                       absl::string_view base_raw) {
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> d(ZSTD_createDCtx());
  if (d == nullptr) return absl::UnavailableError("no memory to decompress");
  ZSTD_DCtx_setParameter(d.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  if (!base_raw.empty()) ZSTD_DCtx_refPrefix(d.get(), base_raw.data(), base_raw.size());
  std::string raw(blob.raw_size, '\0');
  const size_t n =
      ZSTD_decompressDCtx(d.get(), raw.data(), raw.size(), blob.frame.data(), blob.frame.size());
  if (ZSTD_isError(n)) return Corrupt(name, ZSTD_getErrorName(n));
  if (n != raw.size()) return Corrupt(name, "the content has another size than stored");
  if (Digest::Of(raw) != name) return Corrupt(name, "the content does not match its name");
  return raw;
}

}  // namespace testselect
