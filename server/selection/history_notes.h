// The names of a job's histories among the notes (KEYS.md, "Histories").
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "storage/model/upload.h"

namespace testselect {

// What all of them begin with. Lengths go before the names, so that no two jobs share a prefix.
std::string HistoryPrefix(absl::string_view repository, const JobKey& job);

}  // namespace testselect
