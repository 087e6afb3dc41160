#include "client/cli/console.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/number_text.h"
#include "client/files.h"

namespace testselect::client {
namespace {

bool WantsColor(bool terminal) {
  const char* no_color = getenv("NO_COLOR");
  const char* term = getenv("TERM");
  return terminal && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || absl::string_view(term) != "dumb");
}

}  // namespace

Console::Console(bool quiet, bool verbose)
    : quiet_(quiet),
      verbose_(verbose && !quiet),
      terminal_(isatty(STDERR_FILENO) == 1),
      color_(WantsColor(terminal_)) {}

void Console::Line(absl::string_view color, absl::string_view word, absl::string_view sentence) {
  EndProgress();
  std::string line = "testselect: ";
  if (color_ && !color.empty()) {
    absl::StrAppend(&line, color, word, word.empty() ? "" : ": ", "\x1b[0m", sentence, "\n");
  } else {
    absl::StrAppend(&line, word, word.empty() ? "" : ": ", sentence, "\n");
  }
  fwrite(line.data(), 1, line.size(), stderr);
}

void Console::Note(absl::string_view sentence) {
  if (!quiet_) Line("", "", sentence);
}

void Console::Detail(absl::string_view sentence) {
  if (verbose_) Line("", "", sentence);
}

void Console::Warning(absl::string_view sentence) { Line("\x1b[33m", "warning", sentence); }

ExitCode Console::Fail(const absl::Status& status, ExitCode for_invalid) {
  Line("\x1b[31m", "error", absl::string_view(status.message().data(), status.message().size()));
  return ExitCodeOf(status, for_invalid);
}

void Console::Progress(absl::string_view what, uint64_t done, uint64_t total) {
  if (!terminal_ || quiet_ || total == 0) return;
  const absl::Time now = absl::Now();
  if (done < total && now - last_drawn_ < absl::Milliseconds(100)) return;
  last_drawn_ = now;
  bar_shown_ = true;
  constexpr uint64_t kWidth = 30;
  const auto filled = static_cast<size_t>(std::min(
      kWidth,
      static_cast<uint64_t>(static_cast<double>(done) / static_cast<double>(total) * kWidth)));
  const std::string bar = absl::StrCat("\r\x1b[K", what, " [", std::string(filled, '#'),
                                       std::string(kWidth - filled, '.'), "] ", BytesText(done),
                                       " of ", BytesText(total));
  fwrite(bar.data(), 1, bar.size(), stderr);
  fflush(stderr);
}

void Console::EndProgress() {
  if (!bar_shown_) return;
  bar_shown_ = false;
  fputs("\r\x1b[K", stderr);
}

absl::Status Console::Print(absl::string_view answer) {
  EndProgress();
  return WriteAll(STDOUT_FILENO, answer, "standard output");
}

}  // namespace testselect::client
