// RequestedLabels: the labels a selection is asked for, in the caller's order.
//
// A value; views into it live as long as it stays where it is (it is not copyable).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

class RequestedLabels {
 public:
  RequestedLabels() = default;
  RequestedLabels(RequestedLabels&&) = default;
  RequestedLabels& operator=(RequestedLabels&&) = default;

  // One label a line. A byte order mark, empty lines, CR at the end of all lines, and repeats (the
  // first one stays) are dropped. kInvalidArgument naming `source` and the line for text that is
  // not UTF-8. Cost: linear; one hash set of views while it runs.
  static absl::StatusOr<RequestedLabels> FromLines(absl::string_view source,
                                                   absl::string_view text);

  // From a packed answer: every label followed by a line feed; nothing is dropped.
  static RequestedLabels FromPacked(std::string packed);
  // From an answer that lists them one by one, as a label may hold a line feed.
  static RequestedLabels FromStrings(const std::vector<absl::string_view>& labels);

  size_t size() const { return ends_.size(); }
  absl::string_view operator[](size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1] + 1;
    return absl::string_view(packed_).substr(begin, ends_[i] - begin);
  }
  // Every label followed by a line feed; no packed list if a label holds one itself.
  const std::string& packed() const { return packed_; }

 private:
  RequestedLabels(const RequestedLabels&) = delete;

  std::string packed_;
  std::vector<size_t> ends_;  // of each label in packed_, its line feed excluded
};

// The labels in what a test runner lists. Where lines look like pytest's node ids ("a.py::b", as
// `pytest --collect-only -q` prints them), only the first block of those is kept: headers before
// it, and the summary and warnings after the empty line that ends it, are dropped. Other output is
// kept whole, one label a line.
std::string LabelLinesOfListing(absl::string_view output);

}  // namespace testselect::client
