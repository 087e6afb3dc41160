#include "storage/label_dictionary.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

size_t SharedPrefix(absl::string_view a, absl::string_view b) {
  const size_t n = std::min(a.size(), b.size());
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n), b.begin()).first -
      a.begin());
}

absl::Status MalformedPiece() {
  return absl::DataLossError("a piece of a label dictionary is malformed");
}

}  // namespace

std::string EncodeDictionaryPiece(absl::Span<const std::string> names) {
  std::string out, suffixes;
  PutVarint(&out, names.size());
  absl::string_view last;
  for (const std::string& name : names) {
    const size_t shared = SharedPrefix(last, name);
    PutVarint(&out, shared);
    PutVarint(&out, name.size() - shared);
    suffixes.append(name, shared);
    last = name;
  }
  return out + suffixes;
}

absl::Status DecodeDictionaryPiece(absl::string_view piece, BytesInterner* names) {
  RecordReader in(piece);
  const uint64_t count = in.Varint();
  if (count < 1 || count > kLabelsPerPiece) return MalformedPiece();
  std::vector<std::pair<uint64_t, uint64_t>> sizes(count);  // shared prefix, suffix
  for (auto& [shared, suffix] : sizes) {
    shared = in.Varint();
    suffix = in.Varint();
  }
  std::string name;
  for (const auto& [shared, suffix] : sizes) {
    if (shared > name.size()) return MalformedPiece();
    name.resize(shared);
    const absl::string_view rest = in.Fixed(suffix);
    name.append(rest.data(), rest.size());
    if (!in.ok() || name.empty()) return MalformedPiece();
    const size_t before = names->size();
    if (names->Intern(name) != before) return MalformedPiece();  // a name has one number
  }
  return in.Finish("a piece of a label dictionary");
}

std::vector<std::string> EncodeDictionary(absl::Span<const std::string> labels) {
  std::vector<std::string> pieces;
  for (size_t at = 0; at < labels.size(); at += kLabelsPerPiece) {
    pieces.push_back(EncodeDictionaryPiece(labels.subspan(at, kLabelsPerPiece)));
  }
  return pieces;
}

Digest DictionaryId(absl::Span<const Digest> pieces) {
  DigestStream stream;
  stream.Update("dictionary");
  for (const Digest& piece : pieces) stream.Update(piece.bytes());
  return stream.Finish();
}

absl::StatusOr<std::shared_ptr<const LabelDictionary>> NewLabelDictionary(
    absl::Span<const std::string> labels) {
  BytesInterner names;
  names.Reserve(labels.size());
  for (const std::string& label : labels) {
    const size_t before = names.size();
    if (label.empty()) return absl::InvalidArgumentError("label: must not be empty");
    if (names.Intern(label) != before) {
      return absl::InvalidArgumentError(absl::StrCat("label: '", label, "' is numbered twice"));
    }
  }
  std::vector<Digest> pieces;
  for (const std::string& piece : EncodeDictionary(labels)) pieces.push_back(Digest::Of(piece));
  return std::make_shared<InternedLabelDictionary>(std::move(names), DictionaryId(pieces));
}

}  // namespace testselect
