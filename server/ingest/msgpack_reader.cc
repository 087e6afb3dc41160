#include "server/ingest/msgpack_reader.h"

#include <bit>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kKindNames[] = {
    "nil",   "a boolean", "a number", "a negative number", "a fraction", "text",
    "bytes", "an array",  "a map",    "an extension"};

}  // namespace

absl::Status MsgpackReader::Unwanted(absl::string_view wanted, const Head& found) const {
  return Error(
      absl::StrCat("expected ", wanted, ", found ", kKindNames[static_cast<size_t>(found.kind)]));
}

absl::StatusOr<MsgpackReader::Head> MsgpackReader::ReadHead() {
  if (std::exchange(has_pending_, false)) return pending_;
  TS_ASSIGN_OR_RETURN(const uint8_t first, bytes_.Byte());
  if (first <= 0x7F) return Head{Kind::kUnsigned, first};
  if (first <= 0x8F) return Head{Kind::kMap, static_cast<uint64_t>(first & 0x0F)};
  if (first <= 0x9F) return Head{Kind::kArray, static_cast<uint64_t>(first & 0x0F)};
  if (first <= 0xBF) return Head{Kind::kText, static_cast<uint64_t>(first & 0x1F)};
  if (first >= 0xE0) return Head{Kind::kNegative};
  return ReadLongHead(first);
}

absl::StatusOr<MsgpackReader::Head> MsgpackReader::ReadLongHead(uint8_t first) {
  const auto sized = [&](Kind kind, int bytes, uint64_t more) -> absl::StatusOr<Head> {
    TS_ASSIGN_OR_RETURN(const uint64_t number, bytes_.BigEndian(bytes));
    return Head{kind, number + more};
  };
  switch (first) {
    case 0xC0:
      return Head{Kind::kNil};
    case 0xC2:
    case 0xC3:
      return Head{Kind::kBool, static_cast<uint64_t>(first & 1)};
    case 0xC4:
    case 0xC5:
    case 0xC6:
      return sized(Kind::kBytes, 1 << (first - 0xC4), 0);
    case 0xC7:
    case 0xC8:
    case 0xC9:
      return sized(Kind::kExt, 1 << (first - 0xC7), 1);  // its type is a byte more
    case 0xCA:
      return Float(4);
    case 0xCB:
      return Float(8);
    case 0xCC:
    case 0xCD:
    case 0xCE:
    case 0xCF:
      return sized(Kind::kUnsigned, 1 << (first - 0xCC), 0);
    case 0xD0:
    case 0xD1:
    case 0xD2:
    case 0xD3: {
      const int bytes = 1 << (first - 0xD0);
      TS_ASSIGN_OR_RETURN(const uint64_t number, bytes_.BigEndian(bytes));
      const bool negative = (number >> (8 * bytes - 1)) != 0;
      return Head{negative ? Kind::kNegative : Kind::kUnsigned, number};
    }
    case 0xD4:
    case 0xD5:
    case 0xD6:
    case 0xD7:
    case 0xD8:
      return Head{Kind::kExt, (uint64_t{1} << (first - 0xD4)) + 1};
    case 0xD9:
    case 0xDA:
    case 0xDB:
      return sized(Kind::kText, 1 << (first - 0xD9), 0);
    case 0xDC:
    case 0xDD:
      return sized(Kind::kArray, 2 << (first - 0xDC), 0);
    case 0xDE:
    case 0xDF:
      return sized(Kind::kMap, 2 << (first - 0xDE), 0);
    default:
      return Error(absl::StrCat("no value begins with the byte ", first));
  }
}

absl::StatusOr<MsgpackReader::Head> MsgpackReader::Float(int bytes) {
  TS_ASSIGN_OR_RETURN(const uint64_t bits, bytes_.BigEndian(bytes));
  Head head{Kind::kFloat};
  head.real =
      bytes == 4 ? std::bit_cast<float>(static_cast<uint32_t>(bits)) : std::bit_cast<double>(bits);
  return head;
}

absl::StatusOr<uint64_t> MsgpackReader::Map() {
  TS_ASSIGN_OR_RETURN(const Head head, ReadHead());
  if (head.kind != Kind::kMap) return Unwanted("a map", head);
  return head.number;
}

absl::StatusOr<uint64_t> MsgpackReader::Array() {
  TS_ASSIGN_OR_RETURN(const Head head, ReadHead());
  if (head.kind != Kind::kArray) return Unwanted("an array", head);
  return head.number;
}

absl::StatusOr<absl::string_view> MsgpackReader::Text() {
  TS_ASSIGN_OR_RETURN(const Head head, ReadHead());
  if (head.kind != Kind::kText) return Unwanted("text", head);
  return bytes_.Bytes(head.number);
}

absl::StatusOr<absl::string_view> MsgpackReader::TextOrBytes() {
  TS_ASSIGN_OR_RETURN(const Head head, ReadHead());
  if (head.kind != Kind::kText && head.kind != Kind::kBytes) {
    return Unwanted("text or bytes", head);
  }
  return bytes_.Bytes(head.number);
}

absl::StatusOr<uint64_t> MsgpackReader::Unsigned() {
  TS_ASSIGN_OR_RETURN(const Head head, ReadHead());
  if (head.kind == Kind::kUnsigned) return head.number;
  if (head.kind == Kind::kFloat && head.real >= 0 && head.real < 0x1p64 &&
      std::trunc(head.real) == head.real) {
    return static_cast<uint64_t>(head.real);
  }
  return Unwanted("a number of at least 0", head);
}

absl::StatusOr<bool> MsgpackReader::Nil() {
  TS_ASSIGN_OR_RETURN(const Head head, ReadHead());
  if (head.kind == Kind::kNil) return true;
  pending_ = head;
  has_pending_ = true;
  return false;
}

absl::Status MsgpackReader::Skip() {
  // Each value takes a byte at least, so a report runs out long before this number does.
  for (uint64_t values = 1; values > 0; --values) {
    TS_ASSIGN_OR_RETURN(const Head head, ReadHead());
    switch (head.kind) {
      case Kind::kText:
      case Kind::kBytes:
      case Kind::kExt:
        TS_RETURN_IF_ERROR(bytes_.Skip(head.number));
        break;
      case Kind::kArray:
        values += head.number;
        break;
      case Kind::kMap:
        values += 2 * head.number;
        break;
      default:
        break;
    }
  }
  return absl::OkStatus();
}

absl::Status MsgpackReader::ExpectEnd() {
  TS_ASSIGN_OR_RETURN(const bool end, bytes_.AtEnd());
  return end ? absl::OkStatus() : Error("the report goes on behind its end");
}

}  // namespace testselect
