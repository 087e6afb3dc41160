// Console: everything the command says that is not its answer, on standard error; and the answer,
// on standard output.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/exit_code.h"

namespace testselect::client {

// Not thread-safe.
class Console {
 public:
  Console(bool quiet, bool verbose);

  void Note(absl::string_view sentence);     // not with --quiet
  void Detail(absl::string_view sentence);   // only with --verbose
  void Warning(absl::string_view sentence);  // always
  // Prints the failure and returns its exit code.
  ExitCode Fail(const absl::Status& status, ExitCode for_invalid = ExitCode::kUsage);

  // A progress bar, where standard error is a terminal; cheap to call often. EndProgress removes
  // it.
  void Progress(absl::string_view what, uint64_t done, uint64_t total);
  void EndProgress();

  // Writes the answer.
  absl::Status Print(absl::string_view answer);

  bool verbose() const { return verbose_; }

 private:
  void Line(absl::string_view color, absl::string_view word, absl::string_view sentence);

  const bool quiet_, verbose_, terminal_, color_;
  absl::Time last_drawn_ = absl::InfinitePast();
  bool bar_shown_ = false;
};

}  // namespace testselect::client
