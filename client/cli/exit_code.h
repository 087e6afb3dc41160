// What the command's exit status means.
#pragma once

#include "absl/status/status.h"

namespace testselect::client {

// Documented in docs/cli.md and the man page; scripts depend on the numbers.
enum class ExitCode : int {
  kAnswered = 0,      // also where the selection is empty
  // evaluate: a missed failure; replay: a difference; doctor: a problem; stale: files that differ
  kFinding = 1,
  kUsage = 2,         // a malformed command line or input
  kFallback = 3,      // everything runs, with select --fail-on-fallback
  kUnavailable = 4,   // the server cannot be reached, the index is locked, a disk is full
  kNotFound = 5,      // no such repository, commit, label or file
  kRefused = 6,       // a report is malformed, or does not fit the repository
  kNotPermitted = 7,  // credentials or file permissions
  kInternal = 8,      // a defect, damaged data, or an answer that contradicts itself
  // Of `run`, which else ends with the runner's own status: beyond what runners use.
  kNotExecuted = 120,  // the runner succeeded, but a selected test was not executed
  kNotUploaded = 121,  // the tests passed, but what they left could not be stored
  kNoRunner = 122,     // the runner cannot be started, or cannot list its tests
};

// The exit code of a failure. kInvalidArgument is `for_invalid`: what a service or a parser refuses
// is not always the command line's fault.
ExitCode ExitCodeOf(const absl::Status& status, ExitCode for_invalid = ExitCode::kUsage);

struct ExitCodeText {
  ExitCode code;
  const char* meaning;
};
// All of them, for help texts; the last one has a null meaning.
extern const ExitCodeText kExitCodeTexts[];

}  // namespace testselect::client
