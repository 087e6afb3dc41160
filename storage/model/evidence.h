// What an upload can observe about a label in one file.
#pragma once

#include <cstdint>

namespace testselect {

// A label's number in a label dictionary; dense from 0, in suite order where it is known.
using LabelNumber = uint32_t;
inline constexpr LabelNumber kNoLabel = 0xFFFFFFFF;

// What a record's line range means. Persisted: never renumber.
enum class EvidenceKind : uint8_t {
  kLine = 1,          // these lines were executed
  kFunction = 2,      // the function that spans these lines was entered
  kOpenedFile = 3,    // the file was opened as data; the range is 0-0
  kImportedFile = 4,  // the file was imported meanwhile; the range is 0-0
  kUsedFixture = 5,   // what the fixture that spans these lines made was used
  kCameOrWent = 6,    // the function that spans these lines was executed in one run, not in another
  kIndexKey = 7,      // an imported index names it under a key, which stands in the path's place
};
inline constexpr int kEvidenceKinds = 7;

// Whether code of the file ran.
constexpr bool IsExecution(EvidenceKind kind) {
  return kind == EvidenceKind::kLine || kind == EvidenceKind::kFunction;
}
// Whether the file as a whole is meant, not lines of it.
constexpr bool IsWholeFile(EvidenceKind kind) {
  return kind == EvidenceKind::kOpenedFile || kind == EvidenceKind::kImportedFile ||
         kind == EvidenceKind::kIndexKey;
}

// When in a test's life it was seen. Persisted: never renumber.
enum class Phase : uint8_t {
  kRun = 1,       // the test itself, and everything of a tool that knows no phases
  kSetup = 2,     // set-up code (fixtures)
  kTeardown = 3,  // tear-down code
};

// Lines `first`..`last` of a file, 1-based, both inclusive.
struct LineRange {
  uint32_t first = 0;
  uint32_t last = 0;
  friend bool operator==(const LineRange&, const LineRange&) = default;
};

// The greatest line number taken from a report; a greater one makes the report invalid.
inline constexpr uint32_t kMaxLine = 10'000'000;

}  // namespace testselect
