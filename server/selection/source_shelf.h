// SourceShelf: where cut sources are had that another machine made.
//
// Cutting the sources of a whole commit takes seconds; fetching what somebody made of them does
// not. Cut sources are named by blob, language and form, so that what a shelf has is right for
// everybody who asks for that name, and what it lacks is cut here.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace testselect {

// A derived value of IndexStore.
struct CutSource {
  std::string key;
  std::string record;
};

// Thread-safe.
class SourceShelf {
 public:
  virtual ~SourceShelf() = default;
  // What the shelf has of `keys`, in any order; nothing else. Errors say that it could not be
  // asked; nothing is lost but time. Ends at `deadline` as far as the shelf's own calls can.
  virtual absl::StatusOr<std::vector<CutSource>> Fetch(absl::string_view repository,
                                                       absl::Span<const std::string> keys,
                                                       absl::Time deadline) = 0;
};

}  // namespace testselect
