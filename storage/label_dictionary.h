// InternedLabelDictionary: the LabelDictionary of both engines, and the codec of its pieces.
//
// A dictionary is cut into pieces of kLabelsPerPiece names. A dictionary that extends another one
// has equal pieces but for the last ones, and so shares them in the store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/bytes_interner.h"
#include "storage/index_store.h"
#include "storage/model/digest.h"

namespace testselect {

inline constexpr size_t kLabelsPerPiece = 4096;

// The names of one piece; 1 to kLabelsPerPiece of them. Equal names give equal bytes. The grammar
// is in KEYS.md, "Dictionary piece".
std::string EncodeDictionaryPiece(absl::Span<const std::string> names);
// Appends the names to `names`. kDataLoss if `piece` is malformed or has a name that is in `names`
// already.
absl::Status DecodeDictionaryPiece(absl::string_view piece, BytesInterner* names);

// All pieces of `labels`, and the id of the dictionary they make.
std::vector<std::string> EncodeDictionary(absl::Span<const std::string> labels);
Digest DictionaryId(absl::Span<const Digest> pieces);

// Immutable, thread-safe.
class InternedLabelDictionary final : public LabelDictionary {
 public:
  InternedLabelDictionary(BytesInterner names, const Digest& id)
      : names_(std::move(names)), id_(id) {}
  size_t size() const override { return names_.size(); }
  absl::string_view Name(LabelNumber n) const override { return names_.Get(n); }
  LabelNumber Find(absl::string_view name) const override { return names_.Find(name); }
  const Digest& id() const override { return id_; }
  size_t memory_bytes() const { return names_.memory_bytes(); }

 private:
  const BytesInterner names_;
  const Digest id_;
};

// kInvalidArgument if a name repeats or is empty.
absl::StatusOr<std::shared_ptr<const LabelDictionary>> NewLabelDictionary(
    absl::Span<const std::string> labels);

}  // namespace testselect
