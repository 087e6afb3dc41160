#include "server/ingest/source_map.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr int64_t kMaxNumber = int64_t{1} << 31;

// The six bits that a base64 digit stands for; -1 for other characters.
int Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Takes a number off the front: digits of five bits, the lowest first, a sixth bit where another
// digit follows; the lowest bit of the number is its sign.
absl::StatusOr<int64_t> TakeNumber(absl::string_view* text) {
  uint64_t bits = 0;
  for (int shift = 0; shift <= 35 && !text->empty(); shift += 5) {
    const int digit = Digit(text->front());
    if (digit < 0) break;
    text->remove_prefix(1);
    bits |= static_cast<uint64_t>(digit & 31) << shift;
    if ((digit & 32) != 0) continue;
    const auto number = static_cast<int64_t>(bits >> 1);
    return (bits & 1) != 0 ? -number : number;
  }
  return absl::InvalidArgumentError("the mappings hold a broken number");
}

// Adds the difference at the front of `text` to `number`.
absl::Status Advance(absl::string_view* text, int64_t* number) {
  TS_ASSIGN_OR_RETURN(const int64_t by, TakeNumber(text));
  *number += by;
  if (*number >= 0 && *number <= kMaxNumber) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the mappings lead to ", *number));
}

}  // namespace

absl::Status ReadSourceMap(JsonReader* json, SourceMap* map) {
  const auto read_text = [json](std::string* text) -> absl::Status {
    TS_ASSIGN_OR_RETURN(const char begin, json->PeekChar());
    if (begin != '"') return json->SkipValue();  // null
    TS_ASSIGN_OR_RETURN(*text, json->Text());
    return absl::OkStatus();
  };
  return json->ForEachMember([&](absl::string_view key) -> absl::Status {
    if (key == "mappings") return read_text(&map->mappings);
    if (key == "sourceRoot") return read_text(&map->root);
    if (key != "sources") return json->SkipValue();
    return json->ForEachElement([&] { return read_text(&map->sources.emplace_back()); });
  });
}

absl::Status ForEachPiece(absl::string_view mappings,
                          const std::function<void(const MappedPiece&)>& take) {
  int64_t source = 0, source_line = 0, source_column = 0, name = 0;
  uint32_t line = 0;
  for (const absl::string_view pieces : absl::StrSplit(mappings, ';')) {
    int64_t column = 0;
    for (absl::string_view text : absl::StrSplit(pieces, ',', absl::SkipEmpty())) {
      TS_RETURN_IF_ERROR(Advance(&text, &column));
      MappedPiece piece{.line = line, .column = static_cast<uint32_t>(column)};
      if (!text.empty()) {
        for (int64_t* const number : {&source, &source_line, &source_column}) {
          TS_RETURN_IF_ERROR(Advance(&text, number));
        }
        piece.has_source = true;
        piece.source = static_cast<uint32_t>(source);
        piece.source_line = static_cast<uint32_t>(source_line);
        piece.source_column = static_cast<uint32_t>(source_column);
      }
      if (!text.empty()) TS_RETURN_IF_ERROR(Advance(&text, &name));
      if (!text.empty()) return absl::InvalidArgumentError("the mappings hold six numbers");
      take(piece);
    }
    ++line;
  }
  return absl::OkStatus();
}

absl::StatusOr<SourcePieces> SourcePieces::Of(const SourceMap& map) {
  SourcePieces out;
  TS_RETURN_IF_ERROR(
      ForEachPiece(map.mappings, [&](const MappedPiece& piece) { out.pieces_.push_back(piece); }));
  std::stable_sort(out.pieces_.begin(), out.pieces_.end(),
                   [](const MappedPiece& a, const MappedPiece& b) {
                     return std::pair(a.line, a.column) < std::pair(b.line, b.column);
                   });
  return out;
}

const MappedPiece* SourcePieces::Find(uint32_t line, uint32_t column) const {
  const auto after =
      std::upper_bound(pieces_.begin(), pieces_.end(), std::pair(line, column),
                       [](const std::pair<uint32_t, uint32_t>& place, const MappedPiece& piece) {
                         return place < std::pair(piece.line, piece.column);
                       });
  if (after == pieces_.begin()) return nullptr;
  const MappedPiece& piece = *std::prev(after);
  return piece.line == line && piece.has_source ? &piece : nullptr;
}

}  // namespace testselect
