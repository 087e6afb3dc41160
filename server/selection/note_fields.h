// Fields that the notes of decisions, evaluations and confirmed misses share, written with the
// primitives of storage/model/varint.h and checked when they are read. KEYS.md has the grammar.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/model/digest.h"
#include "storage/model/label_set.h"
#include "storage/model/object_id.h"
#include "storage/model/upload.h"
#include "storage/model/varint.h"

namespace testselect {

inline constexpr size_t kSelectionIdChars = 32;  // hexadecimal digits, lower case

// Whether `text` is a selection's name as Selector makes them.
bool IsSelectionId(absl::string_view text);

void PutTime(std::string* out, absl::Time time);  // whole microseconds
void PutDouble(std::string* out, double value);   // finite; 8 bytes, little-endian IEEE 754
// Members of `set` as `bytes` of gap runs.
void PutSet(std::string* out, const DenseLabelSet& set);

// Ok if a decoded `note` encodes to itself, else kDataLoss naming `what`: there is one form of each
// value, so no byte of a note goes unheeded.
absl::Status CheckOneForm(absl::string_view what, absl::string_view note,
                          absl::string_view encoded);

// Reads the same. The first thing that is malformed makes ok() false, and every later read gives
// nothing, as with RecordReader.
class NoteReader {
 public:
  explicit NoteReader(absl::string_view note) : in_(note) {}

  uint64_t Varint() { return in_.Varint(); }
  uint64_t VarintUpTo(uint64_t most);
  bool Bool() { return VarintUpTo(1) == 1; }
  absl::Time Time();
  double Double();
  std::string Bytes() { return std::string(in_.Bytes()); }
  std::string Text();  // UTF-8
  std::string SelectionId();
  JobKey Job();
  Digest ReadDigest();
  ObjectId ReadObjectId();
  DenseLabelSet Set(size_t universe);
  // A number of things that take at least one byte each: never more than there are bytes left.
  size_t Count();

  bool ok() const { return ok_ && in_.ok(); }
  void Fail() { ok_ = false; }
  // Ok if everything was well formed and nothing is left; else kDataLoss naming `what`.
  absl::Status Finish(absl::string_view what) const;

 private:
  RecordReader in_;
  bool ok_ = true;
};

}  // namespace testselect
