// LcovFunctions: which functions of an lcov record were entered though the record has no line of
// theirs.
//
//   FN:<line>[,<last line>],<name>     FNL:<index>,<line>[,<last line>]
//   FNDA:<count>,<name>                FNA:<index>,<count>,<name>
//
// Tools that count statements (Istanbul) have no DA line for a function without any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/ingest/line_bits.h"
#include "storage/model/evidence.h"

namespace testselect {

// Not thread-safe. What is malformed is passed over: lines are what a record is about.
class LcovFunctions {
 public:
  // A line of the record; false if `tag` is none of the four.
  bool Take(absl::string_view tag, absl::string_view value);
  // The functions that were entered and hold none of `lines`, from the first line to the last one
  // where that is known. Empties this.
  std::vector<LineRange> TakeEntered(const LineBits& lines);

 private:
  struct Place {
    uint32_t first = 0, last = 0;  // last is 0 where it is not known
  };
  // Functions of one name in the order of the record: a class and another may both have a "get".
  struct Named {
    std::vector<Place> places;
    std::vector<bool> entered;
  };
  void TakePlace(absl::string_view name, absl::string_view lines);
  void TakeCount(absl::string_view name, absl::string_view count);

  absl::flat_hash_map<std::string, Named> by_name_;
  std::vector<uint32_t> starts_;
};

}  // namespace testselect
