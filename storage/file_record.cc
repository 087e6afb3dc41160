#include "storage/file_record.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

// The grammar is in KEYS.md, "File record". The line side comes first and the label side (the sets)
// last, so that moved lines leave most bytes of a record as they were.

uint32_t FirstLineOf(EvidenceKind kind) { return IsWholeFile(kind) ? 0 : 1; }
// Functions lie inside one another, executed lines do not.
bool MayNest(EvidenceKind kind) {
  return kind == EvidenceKind::kFunction || kind == EvidenceKind::kUsedFixture ||
         kind == EvidenceKind::kCameOrWent;
}

// Sets are numbered in order of first use: "the next new one" is by far the most frequent
// reference.
class SetReferences {
 public:
  uint64_t Encode(uint32_t set) {
    if (set == fresh_) {
      ++fresh_;
      return 0;
    }
    return fresh_ - set;
  }
  // Returns false for a reference to a set before the first.
  bool Decode(uint64_t code, uint32_t* set) {
    if (code > fresh_) return false;
    *set = code == 0 ? fresh_++ : fresh_ - static_cast<uint32_t>(code);
    return true;
  }
  uint32_t seen() const { return fresh_; }

 private:
  uint32_t fresh_ = 0;
};

void EncodeSection(const EvidenceSection& section, SetReferences* references, std::string* out) {
  PutVarint(out, static_cast<uint64_t>(section.kind) * 4 + static_cast<uint64_t>(section.phase));
  PutVarint(out, section.runs.size());
  const bool nested = MayNest(section.kind);
  uint32_t floor = FirstLineOf(section.kind);
  for (const EvidenceRun& run : section.runs) {
    const uint64_t gap = run.first - floor;
    PutVarint(out, static_cast<uint64_t>(run.last - run.first) << 1 | (gap != 0));
    if (gap != 0) PutVarint(out, gap - 1);
    PutVarint(out, references->Encode(run.set));
    floor = nested ? run.first : run.last + 1;
  }
}

// Reads one line range that starts at `floor` or later. False if it passes kMaxLine.
bool DecodeRange(RecordReader* in, uint32_t floor, uint32_t* first, uint32_t* last) {
  const uint64_t head = in->Varint();
  uint64_t gap = 0;
  if ((head & 1) != 0) {
    gap = in->Varint();
    if (gap >= kMaxLine) return false;
    ++gap;
  }
  const uint64_t length = head >> 1;
  if (length > kMaxLine || floor + gap + length > kMaxLine) return false;
  *first = static_cast<uint32_t>(floor + gap);
  *last = static_cast<uint32_t>(floor + gap + length);
  return in->ok();
}

bool DecodeSection(RecordReader* in, SetReferences* references, EvidenceSection* section) {
  const uint64_t tag = in->Varint();
  const uint64_t kind = tag / 4, phase = tag % 4;
  if (kind < 1 || kind > kEvidenceKinds || phase < 1) return false;
  section->kind = static_cast<EvidenceKind>(kind);
  section->phase = static_cast<Phase>(phase);
  const uint64_t count = in->Varint();
  // A run takes at least two bytes: a count beyond that is a lie, and must not size a vector.
  if (!in->ok() || count == 0 || count > in->rest().size() / 2) return false;
  section->runs.resize(count);
  const bool nested = MayNest(section->kind);
  uint32_t floor = FirstLineOf(section->kind);
  for (size_t i = 0; i < count; ++i) {
    EvidenceRun& run = section->runs[i];
    if (!DecodeRange(in, floor, &run.first, &run.last)) return false;
    if (!references->Decode(in->Varint(), &run.set)) return false;
    if (nested && i > 0 && run.first == section->runs[i - 1].first &&
        run.last <= section->runs[i - 1].last) {
      return false;
    }
    floor = nested ? run.first : run.last + 1;
  }
  if (IsWholeFile(section->kind) && (count != 1 || section->runs[0].last != 0)) {
    return false;
  }
  return in->ok();
}

bool DecodeGlobalLines(RecordReader* in, std::vector<LineRange>* ranges) {
  const uint64_t count = in->Varint();
  if (!in->ok() || count > in->rest().size()) return false;
  ranges->resize(count);
  uint32_t floor = 1;
  for (LineRange& range : *ranges) {
    if (!DecodeRange(in, floor, &range.first, &range.last)) return false;
    floor = range.last + 1;
  }
  return true;
}

bool DecodeSets(RecordReader* in, uint32_t used, std::vector<std::string>* sets) {
  const uint64_t count = in->Varint();
  if (!in->ok() || count != used || count > in->rest().size()) return false;
  sets->reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const absl::string_view set = in->Bytes();
    if (set.empty()) return false;  // nobody executed it: such a run is never written
    sets->emplace_back(set);
  }
  return in->ok();
}

bool DecodeSections(RecordReader* in, SetReferences* references, FileEvidence* file) {
  const uint64_t count = in->Varint();
  if (count > kEvidenceKinds * 3) return false;  // in three phases
  uint64_t last_tag = 0;
  for (uint64_t i = 0; i < count; ++i) {
    EvidenceSection& section = file->sections.emplace_back();
    if (!DecodeSection(in, references, &section)) return false;
    const uint64_t tag =
        static_cast<uint64_t>(section.kind) * 4 + static_cast<uint64_t>(section.phase);
    if (tag <= last_tag) return false;
    last_tag = tag;
  }
  return in->ok();
}

}  // namespace

std::string EncodeFileRecord(const FileEvidence& file) {
  std::string out;
  PutVarint(&out, file.sections.size());
  SetReferences references;
  for (const EvidenceSection& section : file.sections) EncodeSection(section, &references, &out);
  PutVarint(&out, file.global_lines.size());
  uint32_t floor = 1;
  for (const LineRange& range : file.global_lines) {
    const uint64_t gap = range.first - floor;
    PutVarint(&out, static_cast<uint64_t>(range.last - range.first) << 1 | (gap != 0));
    if (gap != 0) PutVarint(&out, gap - 1);
    floor = range.last + 1;
  }
  PutVarint(&out, file.sets.size());
  for (const std::string& set : file.sets) PutBytes(&out, set);
  return out;
}

absl::StatusOr<FileEvidence> DecodeFileRecord(absl::string_view path, absl::string_view record) {
  FileEvidence file;
  file.path = std::string(path);
  RecordReader in(record);
  SetReferences references;
  if (!DecodeSections(&in, &references, &file) || !DecodeGlobalLines(&in, &file.global_lines) ||
      !DecodeSets(&in, references.seen(), &file.sets)) {
    return absl::DataLossError(absl::StrCat("the record of ", path, " is malformed"));
  }
  TS_RETURN_IF_ERROR(in.Finish(absl::StrCat("the record of ", path)));
  return file;
}

}  // namespace testselect
