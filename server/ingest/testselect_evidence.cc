// The project's own recorders' format: proto/testselect/v1/evidence.proto, records that each stand
// after their length.
//
// What a fixture did is added to each test that used it, as the test's own. Unknown fields are
// skipped, unknown records are not. Memory: one record, and the fixtures' observations.
#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/formats.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/wire_fields.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "testselect-evidence";
constexpr uint64_t kVersion = 1;
constexpr size_t kMaxRecordBytes = 64 << 20;
constexpr uint64_t kMaxFixtures = 1'000'000;

absl::Status Malformed(absl::string_view what) { return absl::InvalidArgumentError(what); }

// Pairs of lines, checked.
absl::StatusOr<std::vector<LineRange>> Ranges(const std::vector<uint32_t>& numbers,
                                              absl::string_view name) {
  if (numbers.size() % 2 != 0) return Malformed(absl::StrCat(name, ": a range has no end"));
  std::vector<LineRange> ranges;
  for (size_t i = 0; i < numbers.size(); i += 2) {
    const LineRange range{numbers[i], numbers[i + 1]};
    if (range.first < 1 || range.last < range.first || range.last > kMaxLine) {
      return Malformed(absl::StrCat(name, ": ", range.first, " to ", range.last,
                                    " is no range of lines from 1 to ", kMaxLine));
    }
    ranges.push_back(range);
  }
  return ranges;
}

struct Observation {
  FileId file = kIgnoredFile;
  LineBits lines;
  std::vector<LineRange> functions;
  bool opened = false, imported = false;
};

struct Fixture {
  FileId file = kIgnoredFile;
  LineRange range;
  std::vector<Observation> observed;
  std::vector<uint32_t> fixtures;
  bool opaque = false;
};

class Report {
 public:
  Report(ReportSource* source, EvidenceSink* sink) : source_(*source), sink_(*sink) {}

  absl::Status Parse() {
    for (;;) {
      auto record = NextRecord();
      if (!record.ok()) return At(record.status());
      if (!record->has_value()) break;
      TS_RETURN_IF_ERROR(At(TakeRecord(**record)));
      ++number_;
    }
    if (!ended_) return At(Malformed("the report ends without an end record: it is cut off"));
    sink_.SuiteOrder(order_);
    return absl::OkStatus();
  }

 private:
  absl::Status At(const absl::Status& status) const {
    if (status.ok()) return status;
    return AtPlace(status, source_.name(), kName, absl::StrCat("record ", number_ + 1));
  }

  // At least `size` unread bytes in buffer_, or all there are.
  absl::Status Fill(size_t size) {
    if (buffer_.size() - at_ >= size) return absl::OkStatus();
    buffer_.erase(0, at_);
    at_ = 0;
    while (buffer_.size() < size) {
      const size_t had = buffer_.size(), piece = std::max<size_t>(size - had, 64 << 10);
      buffer_.resize(had + piece);
      TS_ASSIGN_OR_RETURN(const size_t got, source_.Read(buffer_.data() + had, piece));
      buffer_.resize(had + got);
      if (got == 0) break;
    }
    return absl::OkStatus();
  }

  // The next record's bytes, valid until the next call; nothing at the report's end.
  absl::StatusOr<std::optional<absl::string_view>> NextRecord() {
    constexpr size_t kMaxVarint = 10;
    TS_RETURN_IF_ERROR(Fill(kMaxVarint));
    if (at_ == buffer_.size()) return std::nullopt;
    if (ended_) return Malformed("something follows the end record");
    RecordReader in(absl::string_view(buffer_).substr(at_));
    const size_t unread = in.rest().size();
    const uint64_t size = in.Varint();
    if (!in.ok()) return Malformed("the record's length is cut off");
    if (size > kMaxRecordBytes) {
      return Malformed(absl::StrCat("a length of ", size, " bytes; at most ", kMaxRecordBytes));
    }
    at_ += unread - in.rest().size();
    TS_RETURN_IF_ERROR(Fill(size));
    if (buffer_.size() - at_ < size) {
      return Malformed(absl::StrCat("the record has ", buffer_.size() - at_, " of ", size,
                                    " bytes: the report is cut off"));
    }
    const absl::string_view record = absl::string_view(buffer_).substr(at_, size);
    at_ += size;
    return record;
  }

  absl::Status TakeRecord(absl::string_view record) {
    int fields = 0;
    TS_RETURN_IF_ERROR(ForEachWireField(record, [&](const WireField& field) -> absl::Status {
      if (++fields > 1) return Malformed("the record is more than one");
      if (!field.is_bytes) return Malformed("the record is none of evidence.proto");
      if (number_ == 0 && field.number != 1) return Malformed("the first record is no start");
      switch (field.number) {
        case 1:
          return TakeStart(field.bytes);
        case 2:
          return TakeFile(field.bytes);
        case 3:
          return TakeFixture(field.bytes);
        case 4:
          return TakeTest(field.bytes);
        case 5:
          return TakeOutside(field.bytes);
        case 6:
          return TakeEnd(field.bytes);
        default:  // evidence of a kind that is not known cannot be left out
          return Malformed(absl::StrCat("records of kind ", field.number, " are not known"));
      }
    }));
    return fields == 1 ? absl::OkStatus() : Malformed("the record is empty");
  }

  absl::Status TakeStart(absl::string_view message) {
    absl::string_view format;
    uint64_t version = 0;
    TS_RETURN_IF_ERROR(ForEachWireField(message, [&](const WireField& field) {
      if (field.number == 1) format = field.bytes;
      if (field.number == 2) version = field.value;
      return absl::OkStatus();
    }));
    if (number_ != 0) return Malformed("a second start");
    if (format != kName) return Malformed(absl::StrCat("format: ", Quoted(format)));
    if (version == kVersion) return absl::OkStatus();
    return absl::UnimplementedError(
        absl::StrCat("version: ", version, " is not known; known is ", kVersion));
  }

  absl::Status TakeFile(absl::string_view message) {
    absl::string_view path;
    TS_RETURN_IF_ERROR(ForEachWireField(message, [&](const WireField& field) {
      if (field.number == 1) path = field.bytes;
      return absl::OkStatus();
    }));
    TS_ASSIGN_OR_RETURN(const FileId file, sink_.File(path));
    files_.push_back(file);
    return absl::OkStatus();
  }

  absl::StatusOr<FileId> FileOf(uint64_t number) const {
    if (number < files_.size()) return files_[number];
    return Malformed(absl::StrCat("file: ", number, "; ", files_.size(), " were named so far"));
  }

  absl::Status TakeObservation(const WireField& field, std::vector<Observation>* out) {
    Observation seen;
    uint64_t file = 0;
    std::vector<uint32_t> lines, functions;
    TS_RETURN_IF_ERROR(ForEachWireField(field.bytes, [&](const WireField& part) -> absl::Status {
      if (part.number == 1) file = part.value;
      if (part.number == 2) return AppendWireNumbers(part, "lines", &lines);
      if (part.number == 3) return AppendWireNumbers(part, "functions", &functions);
      if (part.number == 4) seen.opened = part.value != 0;
      if (part.number == 5) seen.imported = part.value != 0;
      return absl::OkStatus();
    }));
    TS_ASSIGN_OR_RETURN(seen.file, FileOf(file));
    TS_ASSIGN_OR_RETURN(const std::vector<LineRange> executed, Ranges(lines, "lines"));
    for (const LineRange& range : executed) seen.lines.AddRange(range.first, range.last);
    TS_ASSIGN_OR_RETURN(seen.functions, Ranges(functions, "functions"));
    out->push_back(std::move(seen));
    return absl::OkStatus();
  }

  void Tell(const std::vector<Observation>& observed, ContextId context) {
    for (const Observation& seen : observed) {
      sink_.AddLineBits(seen.file, context, seen.lines.bits());
      for (const LineRange& range : seen.functions) sink_.AddFunction(seen.file, context, range);
      if (seen.opened) sink_.AddOpened(seen.file, context);
      if (seen.imported) sink_.AddImported(seen.file, context);
    }
  }

  absl::Status CheckFixtures(const std::vector<uint32_t>& numbers) const {
    for (const uint32_t number : numbers) {
      if (number < fixtures_.size()) continue;
      return Malformed(
          absl::StrCat("fixtures: ", number, "; ", fixtures_.size(), " were named so far"));
    }
    return absl::OkStatus();
  }

  absl::Status TakeFixture(absl::string_view message) {
    Fixture fixture;
    uint64_t file = 0;
    std::vector<uint32_t> range(2);
    TS_RETURN_IF_ERROR(ForEachWireField(message, [&](const WireField& field) -> absl::Status {
      if (field.number == 1) file = field.value;
      if (field.number == 2 || field.number == 3) {
        range[field.number - 2] = static_cast<uint32_t>(std::min<uint64_t>(field.value, ~0u));
      }
      if (field.number == 4) return TakeObservation(field, &fixture.observed);
      if (field.number == 5) return AppendWireNumbers(field, "fixtures", &fixture.fixtures);
      if (field.number == 6) fixture.opaque = field.value != 0;
      return absl::OkStatus();
    }));
    TS_ASSIGN_OR_RETURN(fixture.file, FileOf(file));
    TS_ASSIGN_OR_RETURN(const std::vector<LineRange> ranges, Ranges(range, "first_line"));
    fixture.range = ranges[0];
    TS_RETURN_IF_ERROR(CheckFixtures(fixture.fixtures));
    if (fixtures_.size() == kMaxFixtures) {
      return Malformed(absl::StrCat("more than ", kMaxFixtures, " fixtures"));
    }
    fixtures_.push_back(std::move(fixture));
    return absl::OkStatus();
  }

  absl::Status TakeTest(absl::string_view message) {
    std::string label;
    std::vector<Observation> observed;
    std::vector<uint32_t> fixtures;
    bool opaque = false;
    uint64_t outcome = 0;
    LabelOutcome result;
    TS_RETURN_IF_ERROR(ForEachWireField(message, [&](const WireField& field) -> absl::Status {
      if (field.number == 1) label = std::string(field.bytes);
      if (field.number == 2) return TakeObservation(field, &observed);
      if (field.number == 3) return AppendWireNumbers(field, "fixtures", &fixtures);
      if (field.number == 4) opaque = field.value != 0;
      if (field.number == 5) outcome = field.value;
      if (field.number == 6) result.seconds = std::bit_cast<double>(field.value);
      if (field.number == 7) result.flaky = field.value != 0;
      return absl::OkStatus();
    }));
    if (outcome > static_cast<uint64_t>(Outcome::kXpassed)) {
      return Malformed(absl::StrCat("outcome: ", outcome, " is not known"));
    }
    TS_RETURN_IF_ERROR(CheckFixtures(fixtures));
    TS_ASSIGN_OR_RETURN(const ContextId context, sink_.Context(label, Phase::kRun));
    Tell(observed, context);
    opaque |= UseFixtures(fixtures, context);
    if (opaque) TS_RETURN_IF_ERROR(sink_.MarkOpaque(label));
    result.outcome = static_cast<Outcome>(outcome);
    result.flaky &= result.outcome == Outcome::kPassed;
    if (result.outcome != Outcome::kUnknown) {
      TS_RETURN_IF_ERROR(sink_.AddOutcome({"", label, "", true}, result));
    }
    ++tests_;
    order_.push_back(std::move(label));
    return absl::OkStatus();
  }

  // Tells of the fixtures and of those that they used. Returns whether one is opaque.
  bool UseFixtures(std::vector<uint32_t> todo, ContextId context) {
    bool opaque = false;
    std::vector<bool> done(fixtures_.size(), false);
    while (!todo.empty()) {
      const uint32_t number = todo.back();
      todo.pop_back();
      if (done[number]) continue;
      done[number] = true;
      const Fixture& fixture = fixtures_[number];
      opaque |= fixture.opaque;
      Tell(fixture.observed, context);
      sink_.AddFixtureUse(fixture.file, context, fixture.range);
      todo.insert(todo.end(), fixture.fixtures.begin(), fixture.fixtures.end());
    }
    return opaque;
  }

  absl::Status TakeOutside(absl::string_view message) {
    std::vector<Observation> observed;
    TS_RETURN_IF_ERROR(ForEachWireField(message, [&](const WireField& field) {
      return field.number == 1 ? TakeObservation(field, &observed) : absl::OkStatus();
    }));
    Tell(observed, kGlobalContext);
    return absl::OkStatus();
  }

  absl::Status TakeEnd(absl::string_view message) {
    uint64_t tests = 0;
    TS_RETURN_IF_ERROR(ForEachWireField(message, [&](const WireField& field) {
      if (field.number == 1) tests = field.value;
      return absl::OkStatus();
    }));
    ended_ = true;
    if (tests == tests_) return absl::OkStatus();
    return Malformed(absl::StrCat("tests: ", tests, "; the report has ", tests_));
  }

  ReportSource& source_;
  EvidenceSink& sink_;
  std::string buffer_;
  size_t at_ = 0;        // in buffer_: what is read
  uint64_t number_ = 0;  // of the record, from 0
  uint64_t tests_ = 0;
  bool ended_ = false;
  std::vector<FileId> files_;
  std::vector<Fixture> fixtures_;
  std::vector<std::string> order_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "testselect's own recorders: evidence.proto";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    return absl::StrContains(head.substr(0, 40), kName);
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    return Report(&source, &sink).Parse();
  }
};

}  // namespace

const ReportParser* TestselectEvidenceParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
