// LineReader: the lines of a text report, in bounded memory.
//
// Takes LF and CR LF, drops a UTF-8 byte order mark. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/report_parser.h"

namespace testselect {

class LineReader {
 public:
  static constexpr size_t kMaxLineBytes = 1 << 20;

  // `source` must outlive this. `format` is for messages.
  LineReader(ReportSource* source, absl::string_view format);

  // The next line without its end, valid until the next call; false at the end. Errors:
  // kInvalidArgument for a line over kMaxLineBytes or with a NUL byte; the source's.
  absl::StatusOr<bool> Next(absl::string_view* line);
  uint64_t line_number() const { return line_number_; }  // of the last line, from 1
  // Whether the last line had a line end.
  bool ended() const { return ended_; }

  // kInvalidArgument "<report>: <format>: line N: <what>".
  absl::Status Error(absl::string_view what) const;
  absl::Status AtLine(const absl::Status& status) const;

 private:
  absl::StatusOr<bool> Fill();

  ReportSource* const source_;
  const std::string format_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;
  bool eof_ = false, ended_ = true;
  uint64_t line_number_ = 0;
};

}  // namespace testselect
