// Datadog's per-test coverage (the payloads of its tracers for citestcov and citestcycle), in
// MessagePack.
//
//   citestcov    {version, coverages: [{test_session_id, test_suite_id, span_id,
//                  files: [{filename, bitmap}]}]}
//   citestcycle  {version, metadata: {"*": {tag: text}}, events: [{type: "test", content:
//                  {span_id, test_suite_id, start, duration, meta: {tag: text}}}]}
//
// A record names its test by the span of the test's event (a record without a span: all tests of
// its suite), so coverage without its events is refused. Bit i of a bitmap is line i, the most
// significant bit of a byte first; bit 0 is no line: alone it says, as a file without a bitmap
// does, that the test used the file. File names begin with '/', below the repository's top. Lines
// that ran while the test's modules were imported are in every record. Memory: the names of all
// tests, and one record.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/datadog_events.h"
#include "server/ingest/formats.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/msgpack_reader.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/report_folder.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// "coverages" and "events" as keys.
constexpr absl::string_view kCoveragesKey =
    "\xA9"
    "coverages";
constexpr absl::string_view kEventsKey =
    "\xA6"
    "events";
constexpr absl::string_view kMetadataKey =
    "\xA8"
    "metadata";

bool BeginsAsMap(absl::string_view head) {
  if (head.empty()) return false;
  const auto first = static_cast<uint8_t>(head[0]);
  return (first >= 0x80 && first <= 0x8F) || first == 0xDE || first == 0xDF;
}

// Which of the two payloads it is, by the first keys of the map: tests and files have any names.
constexpr size_t kFirstKeysBytes = 64;

bool IsCoverage(absl::string_view head) {
  return BeginsAsMap(head) && absl::StrContains(head.substr(0, kFirstKeysBytes), kCoveragesKey);
}
bool IsEvents(absl::string_view head) {
  const absl::string_view keys = head.substr(0, kFirstKeysBytes);
  return BeginsAsMap(head) &&
         (absl::StrContains(keys, kMetadataKey) || absl::StrContains(keys, kEventsKey));
}

// The lines of a bitmap; *whole where it says that the file was used.
LineBits LinesOf(absl::string_view bitmap, bool* whole) {
  LineBits lines;
  for (size_t i = 0; i < bitmap.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bitmap[i]);
    for (unsigned bit = 0; byte != 0 && bit < 8; ++bit) {
      if ((byte & 0x80u >> bit) != 0) lines.Add(static_cast<uint32_t>(i * 8 + bit));
    }
  }
  *whole = lines.empty() && !bitmap.empty() && (static_cast<uint8_t>(bitmap[0]) & 0x80u) != 0;
  return lines;
}

// One citestcov report.
class Coverage {
 public:
  Coverage(ReportSource* source, const DatadogEvents& events, EvidenceSink* sink)
      : name_(source->name()), events_(events), sink_(sink), reader_(source, kDatadogCitestcov) {}

  absl::Status Read() {
    TS_ASSIGN_OR_RETURN(const uint64_t members, reader_.Map());
    bool seen = false;
    for (uint64_t i = 0; i < members; ++i) {
      TS_ASSIGN_OR_RETURN(const std::string key, Key());
      if (key != "coverages") {
        TS_RETURN_IF_ERROR(reader_.Skip());
        continue;
      }
      seen = true;
      TS_ASSIGN_OR_RETURN(const uint64_t records, reader_.Array());
      for (uint64_t n = 0; n < records; ++n) TS_RETURN_IF_ERROR(ReadRecord());
    }
    TS_RETURN_IF_ERROR(reader_.ExpectEnd());
    return seen ? absl::OkStatus() : reader_.Error("the map has neither 'coverages' nor 'events'");
  }

 private:
  struct File {
    std::string name, bitmap;
    bool has_bitmap = false;
  };

  absl::StatusOr<std::string> Key() {
    TS_ASSIGN_OR_RETURN(const absl::string_view key, reader_.Text());
    return std::string(key);
  }

  absl::Status ReadRecord() {
    uint64_t span = 0, suite = 0;
    files_.clear();
    TS_ASSIGN_OR_RETURN(const uint64_t members, reader_.Map());
    for (uint64_t i = 0; i < members; ++i) {
      TS_ASSIGN_OR_RETURN(const std::string key, Key());
      if (key == "span_id") {
        TS_RETURN_IF_ERROR(ReadId(&span));
      } else if (key == "test_suite_id") {
        TS_RETURN_IF_ERROR(ReadId(&suite));
      } else if (key == "files") {
        TS_ASSIGN_OR_RETURN(const uint64_t files, reader_.Array());
        for (uint64_t n = 0; n < files; ++n) TS_RETURN_IF_ERROR(ReadFile());
      } else {
        TS_RETURN_IF_ERROR(reader_.Skip());
      }
    }
    return reader_.AtByte(TakeRecord(span, suite));
  }

  absl::Status ReadId(uint64_t* id) {
    TS_ASSIGN_OR_RETURN(const bool nil, reader_.Nil());
    if (nil) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(*id, reader_.Unsigned());
    return absl::OkStatus();
  }

  absl::Status ReadFile() {
    File file;
    TS_ASSIGN_OR_RETURN(const uint64_t members, reader_.Map());
    for (uint64_t i = 0; i < members; ++i) {
      TS_ASSIGN_OR_RETURN(const std::string key, Key());
      if (key == "filename") {
        TS_ASSIGN_OR_RETURN(const absl::string_view name, reader_.TextOrBytes());
        file.name = std::string(name);
      } else if (key == "bitmap") {
        TS_ASSIGN_OR_RETURN(const bool nil, reader_.Nil());
        if (nil) continue;
        TS_ASSIGN_OR_RETURN(const absl::string_view bitmap, reader_.TextOrBytes());
        file.bitmap = std::string(bitmap);
        file.has_bitmap = true;
      } else {
        TS_RETURN_IF_ERROR(reader_.Skip());
      }
    }
    files_.push_back(std::move(file));
    return absl::OkStatus();
  }

  absl::Status TakeRecord(uint64_t span, uint64_t suite) {
    std::vector<const std::string*> labels = events_.LabelsOfSuite(suite);
    if (span != 0) labels = {events_.LabelOf(span)};
    if (labels.empty() || labels[0] == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "no event names the test of ", span != 0 ? "span " : "suite ", span != 0 ? span : suite,
          ": send the citestcycle payloads of the same run too"));
    }
    for (const std::string* const label : labels) {
      TS_ASSIGN_OR_RETURN(const ContextId context, sink_->Context(*label, Phase::kRun));
      for (const File& file : files_) TS_RETURN_IF_ERROR(TakeFile(file, context));
    }
    return absl::OkStatus();
  }

  absl::Status TakeFile(const File& file, ContextId context) {
    if (file.bitmap.size() > kMaxLine / 8 + 1) {
      return absl::InvalidArgumentError(absl::StrCat("file ", Quoted(file.name), " has ",
                                                     file.bitmap.size() * 8,
                                                     " lines; the limit is ", kMaxLine));
    }
    const absl::string_view below = absl::string_view(file.name).substr(
        std::min(file.name.find_first_not_of('/'), file.name.size()));
    TS_ASSIGN_OR_RETURN(const FileId id, sink_->File(below));
    bool whole = !file.has_bitmap;
    const LineBits lines = file.has_bitmap ? LinesOf(file.bitmap, &whole) : LineBits();
    if (whole) sink_->AddOpened(id, context);
    if (!lines.empty()) sink_->AddLineBits(id, context, lines.bits());
    return absl::OkStatus();
  }

  const std::string name_;
  const DatadogEvents& events_;
  EvidenceSink* const sink_;
  MsgpackReader reader_;
  std::vector<File> files_;  // of the record
};

class Parser : public FolderParser {
 public:
  absl::string_view name() const override { return kDatadogCitestcov; }
  absl::string_view summary() const override {
    return "Datadog: citestcov payloads with their citestcycle payloads (MessagePack)";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    return IsCoverage(head) || IsEvents(head);
  }
  absl::Status ParseFolder(const ReportFolder& folder, const ParseOptions&,
                           EvidenceSink& sink) const override {
    DatadogEvents events;
    std::vector<size_t> coverage;
    for (size_t i = 0; i < folder.paths().size(); ++i) {
      TS_ASSIGN_OR_RETURN(const auto source, folder.Open(i));
      TS_ASSIGN_OR_RETURN(const absl::string_view head, source->Peek());
      if (IsEvents(head)) {
        TS_RETURN_IF_ERROR(events.Read(*source));
      } else {
        coverage.push_back(i);
      }
    }
    for (const size_t i : coverage) {
      TS_ASSIGN_OR_RETURN(const auto source, folder.Open(i));
      TS_RETURN_IF_ERROR(Coverage(source.get(), events, &sink).Read());
    }
    return events.SendOutcomes(sink);
  }
};

}  // namespace

const ReportParser* DatadogCitestcovParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
