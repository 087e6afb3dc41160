// The fields of a protobuf message, one after the other, for formats that are read without
// generated code. https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace testselect {

struct WireField {
  uint32_t number = 0;
  bool is_bytes = false;
  uint64_t value = 0;       // of a varint; the bits of a fixed64 or fixed32
  absl::string_view bytes;  // of the message: a string, a message, or packed numbers
};

// Calls `take` for each field of `message` and ends with its first error. kInvalidArgument where
// the message is malformed.
absl::Status ForEachWireField(absl::string_view message,
                              absl::FunctionRef<absl::Status(const WireField&)> take);

// Appends the values of a repeated uint32 called `name`, packed or not; greater values become the
// greatest. kInvalidArgument where the packed numbers are malformed.
absl::Status AppendWireNumbers(const WireField& field, absl::string_view name,
                               std::vector<uint32_t>* out);

}  // namespace testselect
