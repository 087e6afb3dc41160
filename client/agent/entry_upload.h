// One attempt to upload an entry of the spool, and what its result means for the entry.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/agent/spool.h"
#include "client/connection.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect::client {

enum class EntryFate : uint8_t {
  kDone,     // moved to done/
  kRefused,  // moved to refused/
  kRetry,    // stays, for a later attempt
  kGone,     // somebody took it away
};

struct EntryResult {
  EntryFate fate = EntryFate::kRetry;
  absl::Status status{};                // why, but for kDone
  bool server_answered = true;          // false: the server could not be reached
  bool moved = true;                    // false: the spool refused the move, which `status` tells
  uint64_t bytes = 0;                   // of the reports
  v1::UploadCoverageResponse stored{};  // of kDone
};

// Uploads `name`, going on where an earlier attempt broke, and moves it where it belongs. Never
// moves what the server may take later. Bounded by `timeout`. `attempt` counts from 1: a commit
// that the server does not know is refused from the tenth on, for it may be pushed late.
EntryResult UploadEntry(const Spool& spool, const Connection& connection, const std::string& name,
                        int attempt, absl::Duration timeout);

// Whether a later attempt may succeed with the same entry.
bool MayBeTakenLater(absl::StatusCode code, int attempt);

}  // namespace testselect::client
