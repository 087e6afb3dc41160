// ReportParser: one coverage or outcome format. One parser per file, registered in formats.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/ingest/evidence_sink.h"

namespace testselect {

// A report on disk, already decompressed where its parser needs a file.
//
// Parsers read through Read in bounded pieces, or use path() where their library wants a file.
class ReportSource {
 public:
  virtual ~ReportSource() = default;
  // The next bytes, at most `capacity`, into `buffer`; 0 at the end. kInvalidArgument for a broken
  // gzip or zstd stream (naming the byte), kUnavailable for I/O.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t capacity) = 0;
  // A plain file with the decompressed content (made in the spool folder on first call if the
  // report is compressed). Lives as long as this.
  virtual absl::StatusOr<std::string> path() = 0;
  // The first bytes (at most kPeekBytes) of the decompressed content, without consuming them.
  static constexpr size_t kPeekBytes = 128 << 10;
  virtual absl::StatusOr<absl::string_view> Peek() = 0;
  virtual const std::string& name() const = 0;  // for messages, as the user gave it
};

// Opens `file`; gzip and zstd are recognised by their magic. At most `max_bytes` are delivered
// after decompression, then kResourceExhausted naming the limit (gzip bombs). `spool_dir` holds
// temporary files, which are removed with the source.
absl::StatusOr<std::unique_ptr<ReportSource>> OpenReportFile(const std::string& file,
                                                             const std::string& name,
                                                             const std::string& spool_dir,
                                                             uint64_t max_bytes);

// The same report from its first byte, for formats that name at the end what they mention before.
// `source` must outlive it. Cost: where the report is compressed, a decompressed copy on disk.
absl::StatusOr<std::unique_ptr<ReportSource>> ReopenReport(ReportSource& source);

struct ParseOptions {
  // For reports that name no test; empty: such a report is refused. Reports that name tests ignore
  // it.
  std::string label;
  // coverage.py joins a run's own ("static") context and the test's by '|'; the static one alone
  // then marks lines outside tests. True adds those lines to the global ones as well, because a
  // change of them concerns every test. False keeps to the report's words (for inspection).
  bool static_context_is_global = true;
};

class FolderParser;

// Stateless and thread-safe. Parse sends what it finds to the sink; at an error the caller drops
// the whole upload. Errors: kInvalidArgument naming format, place (line or byte) and what was
// found; kUnimplemented for a known format in an unknown version; whatever sink or source returned.
// Memory is bounded by the format's largest record, never by the report (exceptions: parser docs).
class ReportParser {
 public:
  virtual ~ReportParser() = default;
  virtual absl::string_view name() const = 0;     // the --format name: "coveragepy-sqlite"
  virtual absl::string_view summary() const = 0;  // one line for help texts
  virtual bool names_labels() const = 0;          // false: needs ParseOptions::label
  virtual bool is_outcomes() const = 0;           // true: results, no coverage
  // Not null where a report of this format is several files (report_folder.h).
  virtual const FolderParser* folder_parser() const { return nullptr; }
  // Whether content that begins with `head` (up to kPeekBytes) looks like this format.
  virtual bool Recognises(absl::string_view head) const = 0;
  virtual absl::Status Parse(ReportSource& source, const ParseOptions& options,
                             EvidenceSink& sink) const = 0;
};

// All parsers, in the order in which detection asks them. Live for ever.
absl::Span<const ReportParser* const> AllReportParsers();
// By --format name. kInvalidArgument naming the known ones.
absl::StatusOr<const ReportParser*> FindReportParser(absl::string_view name);
// By content. kInvalidArgument with the first bytes and the known formats if none recognises it.
absl::StatusOr<const ReportParser*> DetectReportParser(ReportSource& source);

}  // namespace testselect
