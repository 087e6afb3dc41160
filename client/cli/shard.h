// The --shard I/N argument.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

struct Shard {
  uint32_t index = 0;  // from 0
  uint32_t count = 1;
};

// "1/4" is the first of four. kInvalidArgument naming the value and the limits (1 to 10,000).
absl::StatusOr<Shard> ParseShard(absl::string_view text);

}  // namespace testselect::client
