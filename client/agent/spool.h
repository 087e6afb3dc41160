// Spool: the folder in which finished reports wait for the agent.
//
//   DIR/incoming/NAME/   an entry: a manifest and the reports it names; made elsewhere and renamed
//                        to here, or complete once its manifest is renamed to its name
//   DIR/done/NAME/       what was uploaded: manifest and answer, without the reports
//   DIR/refused/NAME/    what the server refused: everything, and the reason
//   DIR/tmp/             where Put makes entries
//   DIR/agent.lock       held by the agent that works on the spool
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/agent/manifest.h"

namespace testselect::client {

inline constexpr char kDoneFile[] = "result.json";
inline constexpr char kRefusedFile[] = "reason.json";

struct SpoolEntry {
  std::string name;
  absl::Time finished;  // when its manifest was written
};

struct SpoolScan {
  std::vector<SpoolEntry> finished;     // oldest first
  std::vector<std::string> unfinished;  // folders without a manifest
  std::vector<std::string> strays;      // what is no folder: never an entry
};

// Bounds of done/.
struct DoneLimits {
  uint64_t count = 1000;
  absl::Duration age = absl::Hours(7 * 24);
};

struct SpoolCounts {
  uint64_t done = 0, refused = 0;
};

// Thread-safe: it has no state but the folder's name. Errors of all: kPermissionDenied,
// kResourceExhausted (a full disk), kNotFound (what another took away), kUnavailable (I/O).
class Spool {
 public:
  // Creates the folders that are missing.
  static absl::StatusOr<Spool> Open(const std::string& dir);

  // Keeps other agents out until the file descriptor that it returns is closed. kUnavailable if
  // another agent works on the spool.
  absl::StatusOr<int> Lock() const;

  std::string incoming() const;
  // The path of an entry that waits.
  std::string EntryPath(absl::string_view name) const;

  absl::StatusOr<SpoolScan> Scan() const;
  // The manifest of an entry that waits. Errors of ParseManifest too.
  absl::StatusOr<Manifest> ReadManifest(absl::string_view name) const;

  // Moves an entry, with `json` beside its manifest. A name that is taken there gets a number.
  absl::Status MoveToDone(absl::string_view name, absl::string_view json) const;
  absl::Status MoveToRefused(absl::string_view name, absl::string_view json) const;

  // Removes from done/ what is beyond the limits, and from tmp/ what was left there a day ago.
  absl::Status Trim(const DoneLimits& limits, absl::Time now) const;
  absl::StatusOr<SpoolCounts> Count() const;

  // Adds an entry in one step: copies `sources` (paths, one for each of the manifest's reports,
  // then of its outcomes), syncs them, and renames their folder to incoming/. Returns the entry's
  // name. An error leaves nothing in incoming/.
  absl::StatusOr<std::string> Put(const Manifest& manifest,
                                  const std::vector<std::string>& sources) const;

 private:
  explicit Spool(std::string dir) : dir_(std::move(dir)) {}
  absl::Status Move(absl::string_view name, const char* state, const char* file,
                    absl::string_view json, std::string* target) const;

  std::string dir_;
};

}  // namespace testselect::client
