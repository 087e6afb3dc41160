// GoEvents: what `go test -json` writes, told as `go test` tells it to a person.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace testselect::client {

// Not thread-safe. Memory: the output of the tests that run at one time, and the longest line.
class GoEvents {
 public:
  // Each name that `-list` prints, with its package.
  using Listed = std::function<void(const std::string& package, const std::string& name)>;

  // `say` is given text to show. With `verbose` everything is shown, else what packages say and
  // what failed tests wrote. `listed` may be null.
  GoEvents(std::function<void(absl::string_view)> say, bool verbose, Listed listed);
  ~GoEvents();
  GoEvents(const GoEvents&) = delete;
  GoEvents& operator=(const GoEvents&) = delete;

  void Take(absl::string_view bytes);  // in pieces of any size
  void Finish();  // what has no line feed, and what tests that never ended wrote

 private:
  struct Parser;
  void TakeLine(absl::string_view line);
  void TakeTestEvent(const std::string& test, absl::string_view action, absl::string_view output);

  const std::function<void(absl::string_view)> say_;
  const bool verbose_;
  const Listed listed_;
  const std::unique_ptr<Parser> parser_;
  std::string line_;                              // not ended yet
  std::map<std::string, std::string> output_of_;  // of tests that run: "pkg.TestX"
};

}  // namespace testselect::client
