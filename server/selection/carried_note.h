// CarriedNote: what makes a segment of moved evidence usable (consolidation.h).
//
// Such a segment holds what older commits' segments said of labels, moved to its own commit. The
// note says which of the older segments still have labels that could not be moved; a chain that
// meets it goes on there, and nowhere else. A segment without its note is not used: the note is
// written last.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/model/digest.h"

namespace testselect {

struct CarriedNote {
  // Evidence came later that the segment does not hold: it is not used any more.
  bool outdated = false;
  bool complete = false;      // the chain that was moved reached a full run
  std::vector<Digest> rest;   // older segments that are still needed, newest first
  std::vector<Digest> moved;  // older segments that it stands for

  friend bool operator==(const CarriedNote&, const CarriedNote&) = default;
};

// Notes of one repository begin with this; the segment's id in hex follows.
std::string CarriedNotePrefix(absl::string_view repository);
std::string CarriedNoteKey(absl::string_view repository, const Digest& segment);

std::string EncodeCarriedNote(const CarriedNote& note);
absl::StatusOr<CarriedNote> DecodeCarriedNote(absl::string_view bytes);  // kDataLoss

}  // namespace testselect
