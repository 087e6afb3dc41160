#include "client/cli/exit_code.h"

namespace testselect::client {

ExitCode ExitCodeOf(const absl::Status& status, ExitCode for_invalid) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kAnswered;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return for_invalid;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kCancelled:
      return ExitCode::kUnavailable;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return ExitCode::kNotPermitted;
    default:
      return ExitCode::kInternal;
  }
}

const ExitCodeText kExitCodeTexts[] = {
    {ExitCode::kAnswered,
     "answered; an empty selection is an answer, and so is one cut by --budget"},
    {ExitCode::kFinding,
     "evaluate found a missed failure, replay a difference, doctor a problem, stale files that "
     "differ"},
    {ExitCode::kUsage, "malformed command line or input"},
    {ExitCode::kFallback, "everything runs (only with select --fail-on-fallback)"},
    {ExitCode::kUnavailable,
     "server or index unavailable: not reachable, locked, timed out, disk full (select instead "
     "answers that everything runs, unless it was given no labels)"},
    {ExitCode::kNotFound, "no such repository, commit, label or file"},
    {ExitCode::kRefused,
     "a report is malformed or does not fit the repository; nothing was stored"},
    {ExitCode::kNotPermitted, "not permitted: credentials or file permissions"},
    {ExitCode::kInternal,
     "internal error: a defect, damaged data, or an answer that contradicts itself"},
    {ExitCode::kNotExecuted,
     "run: the runner succeeded, but a selected test was neither executed nor reported"},
    {ExitCode::kNotUploaded, "run: the tests passed, but what they left could not be stored"},
    {ExitCode::kNoRunner,
     "run: the runner cannot be started, or its tests cannot be listed; otherwise run ends with "
     "the "
     "runner's own status"},
    {ExitCode::kInternal, nullptr},
};

}  // namespace testselect::client
