#include "server/selection/label_list.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/model/text.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

absl::Status TooMany(absl::string_view field) {
  return absl::ResourceExhaustedError(
      absl::StrCat(field, ": has over ", LabelList::kMaxLabels, " labels, which is the limit"));
}

absl::Status EmptyLabel(absl::string_view field, size_t position) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": label ", position, " is empty; labels have at least one byte"));
}

absl::Status NotUtf8(absl::string_view field, size_t position, absl::string_view label) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": label ", position, " '", Shorten(label), "' is not UTF-8"));
}

}  // namespace

Digest LabelList::DigestOfPacked(absl::string_view packed) {
  if (packed.empty() || packed.back() == '\n') return Digest::Of(packed);
  DigestStream stream;
  stream.Update(packed);
  stream.Update("\n");
  return stream.Finish();
}

absl::StatusOr<std::shared_ptr<const LabelList>> LabelList::FromPacked(absl::string_view field,
                                                                       std::string packed) {
  std::shared_ptr<LabelList> list(new LabelList);
  list->text_ = std::move(packed);
  if (!list->text_.empty() && list->text_.back() != '\n') list->text_.push_back('\n');
  const bool utf8 = IsUtf8(list->text_);
  const char* const begin = list->text_.data();
  const char* const end = begin + list->text_.size();
  for (const char* p = begin; p < end;) {
    const char* q = static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
    if (q == p) return EmptyLabel(field, list->ends_.size());
    const absl::string_view label(p, static_cast<size_t>(q - p));
    if (!utf8 && !IsUtf8(label)) return NotUtf8(field, list->ends_.size(), label);
    if (list->ends_.size() == kMaxLabels) return TooMany(field);
    list->ends_.push_back(static_cast<uint64_t>(q - begin));
    p = q + 1;
  }
  list->digest_ = Digest::Of(list->text_);
  return list;
}

absl::StatusOr<std::shared_ptr<const LabelList>> LabelList::FromStrings(
    absl::string_view field, const std::vector<absl::string_view>& labels) {
  if (labels.size() > kMaxLabels) return TooMany(field);
  std::shared_ptr<LabelList> list(new LabelList);
  size_t bytes = 0;
  for (absl::string_view label : labels) bytes += label.size() + 1;
  list->text_.reserve(bytes);
  list->ends_.reserve(labels.size());
  bool line_feeds = false;
  for (absl::string_view label : labels) {
    if (label.empty()) return EmptyLabel(field, list->ends_.size());
    if (!IsUtf8(label)) return NotUtf8(field, list->ends_.size(), label);
    line_feeds |= std::memchr(label.data(), '\n', label.size()) != nullptr;
    list->text_.append(label.data(), label.size());
    list->ends_.push_back(list->text_.size());
    list->text_.push_back('\n');
  }
  list->digest_ = Digest::Of(list->text_);
  if (line_feeds) {
    // The text alone would not tell "a\nb" from "a", "b": let the borders count too.
    std::string borders;
    for (uint64_t end : list->ends_) PutVarint(&borders, end);
    list->digest_ = Digest::Of(absl::StrCat(list->digest_.ToHex(), borders));
  }
  return list;
}

}  // namespace testselect
