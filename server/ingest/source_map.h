// Source maps (version 3): where the pieces of a generated text come from.
// https://tc39.es/ecma426/
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/json_reader.h"

namespace testselect {

struct SourceMap {
  std::vector<std::string> sources;  // "" for one without a name
  std::string root, mappings;
};

// Reads the object as a report holds it. A map of maps ("sections") has no sources. Errors: the
// reader's, naming the byte.
absl::Status ReadSourceMap(JsonReader* json, SourceMap* map);

// A piece of the generated text from this place to the next piece of its line, or to the line's
// end. All numbers from 0; columns in UTF-16 units.
struct MappedPiece {
  uint32_t line = 0, column = 0;
  bool has_source = false;  // false: no source has it, and the others mean nothing
  uint32_t source = 0, source_line = 0, source_column = 0;
};

// Calls `take` for the pieces that "mappings" lists, line by line. kInvalidArgument for text that
// is no mappings, or numbers below 0 or over 2^31.
absl::Status ForEachPiece(absl::string_view mappings,
                          const std::function<void(const MappedPiece&)>& take);

// Finds the piece that holds a place. Immutable. Memory: 24 bytes for each piece.
class SourcePieces {
 public:
  // kInvalidArgument as ForEachPiece.
  static absl::StatusOr<SourcePieces> Of(const SourceMap& map);
  // Null where the place comes from no source.
  const MappedPiece* Find(uint32_t line, uint32_t column) const;

 private:
  std::vector<MappedPiece> pieces_;  // by their places
};

}  // namespace testselect
