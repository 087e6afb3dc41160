// Source maps (version 3): where the pieces of a generated text come from.
// https://tc39.es/ecma426/
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace testselect {

// A piece of the generated text from this place to the next piece of its line, or to the line's
// end. All numbers from 0; columns in UTF-16 units.
struct MappedPiece {
  uint32_t line = 0, column = 0;
  bool has_source = false;  // false: no source has it, and the next two mean nothing
  uint32_t source = 0, source_line = 0;
};

// Calls `take` for the pieces that "mappings" lists, line by line. kInvalidArgument for text that
// is no mappings, or numbers below 0 or over 2^31.
absl::Status ForEachPiece(absl::string_view mappings,
                          const std::function<void(const MappedPiece&)>& take);

}  // namespace testselect
