#include "server/selection/list_delta.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

constexpr size_t kLookAhead = 64;  // labels of the base that may have gone at one place

// Where `label` stands in base[at, at + kLookAhead); base.size() if nowhere.
size_t FindAhead(const LabelList& base, size_t at, absl::string_view label) {
  const size_t end = std::min(base.size(), at + kLookAhead);
  for (size_t i = at; i < end; ++i) {
    if (base[i] == label) return i;
  }
  return base.size();
}

}  // namespace

std::optional<std::string> EncodeListDelta(const LabelList& base, const LabelList& list) {
  if (!base.can_be_packed() || !list.can_be_packed()) return std::nullopt;
  std::string out;
  size_t at = 0;  // in base
  for (size_t i = 0; i < list.size();) {
    const size_t found = FindAhead(base, at, list[i]);
    const size_t skipped = found < base.size() ? found - at : 0;
    size_t copied = 0;
    if (found < base.size()) {
      at = found;
      while (at < base.size() && i < list.size() && base[at] == list[i]) ++at, ++i, ++copied;
    }
    std::string own;
    size_t count = 0;
    while (i < list.size() && FindAhead(base, at, list[i]) == base.size()) {
      PutBytes(&own, list[i]);
      ++i, ++count;
      if (out.size() + own.size() > list.packed().size() / 4) return std::nullopt;
    }
    PutVarint(&out, skipped);
    PutVarint(&out, copied);
    PutVarint(&out, count);
    absl::StrAppend(&out, own);
  }
  return out.size() > list.packed().size() / 4 ? std::nullopt : std::optional(std::move(out));
}

absl::StatusOr<std::shared_ptr<const LabelList>> DecodeListDelta(const LabelList& base,
                                                                 absl::string_view delta) {
  const auto malformed = [] { return absl::DataLossError("a list of labels is malformed"); };
  RecordReader in(delta);
  std::string packed;
  size_t at = 0;
  while (!in.rest().empty()) {
    const uint64_t skipped = in.Varint(), copied = in.Varint(), own = in.Varint();
    if (!in.ok() || skipped > base.size() - at || copied > base.size() - at - skipped) {
      return malformed();
    }
    at += skipped;
    for (const size_t end = at + copied; at < end; ++at) absl::StrAppend(&packed, base[at], "\n");
    for (uint64_t i = 0; i < own && in.ok(); ++i) absl::StrAppend(&packed, in.Bytes(), "\n");
    if (!in.ok()) return malformed();
  }
  auto list = LabelList::FromPacked("labels", packed);
  if (!list.ok()) return malformed();
  return list;
}

}  // namespace testselect
