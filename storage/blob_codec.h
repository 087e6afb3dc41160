// Blobs: immutable byte strings named by their digest, as they lie in the store: compressed, either
// whole or as a patch of another blob. The grammar is in KEYS.md, "Blob".
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/model/digest.h"

struct ZSTD_CCtx_s;

namespace testselect {

// A blob may be a patch of a patch, up to this many. More would make reading slow and one damaged
// blob costly; fewer would store a far descendant as a large patch of a distant ancestor.
inline constexpr uint32_t kMaxPatchDepth = 8;

// The envelope of a stored blob. The views lie in the stored value.
struct StoredBlob {
  uint32_t depth = 0;  // patches up to the whole blob below; 0: this is whole
  Digest base;         // null at depth 0
  uint64_t raw_size = 0;
  absl::string_view frame;
};

// Compresses. Holds a compressor's memory (some MiB) while it lives. Not thread-safe.
class BlobEncoder {
 public:
  BlobEncoder();
  // The stored form of `raw`, whose digest is `name`.
  std::string Whole(const Digest& name, absl::string_view raw);
  // The same as a patch of `base_raw`. `depth` is that of `base` plus 1, at most kMaxPatchDepth.
  std::string Patch(const Digest& name, absl::string_view raw, const Digest& base,
                    absl::string_view base_raw, uint32_t depth);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* c) const;
  };
  std::string Compress(absl::string_view raw, absl::string_view prefix, int level);
  std::unique_ptr<ZSTD_CCtx_s, Free> compressor_;
};

// Checks the checksum of the stored `value` of `name` and splits it. kDataLoss if it fails.
absl::StatusOr<StoredBlob> ParseBlob(const Digest& name, absl::string_view value);
// Restores the bytes and checks that their digest is `name`; `base_raw` is empty at depth 0.
absl::StatusOr<std::string> DecodeBlob(const Digest& name, const StoredBlob& blob,
                                       absl::string_view base_raw);

}  // namespace testselect
