#include "server/ingest/wire_fields.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

uint64_t LittleEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

}  // namespace

absl::Status ForEachWireField(absl::string_view message,
                              absl::FunctionRef<absl::Status(const WireField&)> take) {
  RecordReader in(message);
  while (in.ok() && !in.AtEnd()) {
    const uint64_t tag = in.Varint(), type = tag % 8;
    WireField field;
    field.number = static_cast<uint32_t>(tag >> 3);
    if (type == kVarint) {
      field.value = in.Varint();
    } else if (type == kFixed64 || type == kFixed32) {
      field.value = LittleEndian(in.Fixed(type == kFixed64 ? 8 : 4));
    } else if (type == kLength) {
      field.is_bytes = true;
      field.bytes = in.Bytes();
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("field ", field.number, " has the unknown wire type ", type));
    }
    if (in.ok()) TS_RETURN_IF_ERROR(take(field));
  }
  return in.ok() ? absl::OkStatus() : absl::InvalidArgumentError("a field is cut off");
}

absl::Status AppendWireNumbers(const WireField& field, absl::string_view name,
                               std::vector<uint32_t>* out) {
  const auto add = [&](uint64_t value) {
    out->push_back(static_cast<uint32_t>(std::min<uint64_t>(value, 0xFFFFFFFF)));
  };
  if (!field.is_bytes) {
    add(field.value);
    return absl::OkStatus();
  }
  RecordReader in(field.bytes);
  while (in.ok() && !in.AtEnd()) add(in.Varint());
  if (in.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ": a number is cut off"));
}

}  // namespace testselect
