// The reason codes of a selection. docs/reasons.md explains each for users.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace testselect {

// Why a label runs. Persisted in decisions: never renumber.
enum class ReasonCode : uint8_t {
  kAbsent = 0,           // never seen by the index
  kCoveredChange = 1,    // it executed a line that was changed or deleted
  kInsertion = 2,        // lines were inserted into a file it executed
  kGlobalLines = 3,      // code that runs outside tests changed
  kUncoveredChange = 4,  // lines changed that nobody was seen to execute, in a file it executed
  kNewFile = 5,          // a file was added, and nothing says who depends on it
  kDeletedFile = 6,      // a file it executed was deleted
  kRenamedFile = 7,      // a file it executed was renamed
  kUnknownFile = 8,      // a file changed that no evidence explains
  kModeChange = 9,       // a file's mode or type changed
  kSubmodule = 10,       // a submodule changed
  kOpenedFile = 11,      // it opened the changed file
  kLastFailed = 12,      // its last outcome is failed
  kEmptyEvidence = 13,   // it ran without leaving any evidence
  kNeverRun = 14,        // selected before, never run since
  kForced = 15,          // the request forces it
  kFallback = 16,        // everything runs; see the fallback
  kBinaryChange = 17,    // a binary file that it opened or executed changed
  kPackage = 18,         // PACKAGE granularity: its folder changed
  kFile = 19,            // FILE granularity: the file changed
  kDataLoss = 20,        // its evidence could not be read
  kSharedSetup = 21,  // set-up or tear-down code changed, which may serve labels it was not seen in
  kRuleRunAll = 22,   // a rule says that the changed path runs everything
  kRuleLabels = 23,   // a rule says that the changed path runs it
  kRuleAlwaysRun = 24,    // a rule says that it always runs
  kRuleError = 25,        // the rules cannot be read
  kEnvironmentFile = 26,  // a file that says what is installed changed
  kNameChange = 27,       // it executed code that uses a name whose meaning changed
  kReach = 28,            // it brings along a file that changed in a way no name follows
  kCanary = 29,           // one of its file's tests: code that runs at import changed
  kGuard = 30,    // it may see the change without naming it: it lists files, reads source, ...
  kProcess = 31,  // it starts processes, and code changed
  kOwnTest = 32,  // its own function or class changed
  kSharedFixture = 33,  // it uses what a fixture wider than a test made
  kMemo = 34,           // it uses what a cached function made
  kImportTime = 35,     // it uses what code made while it was imported
  kDataFile = 36,       // it uses data that code names
  kTooComplex = 37,     // the change touches too much to be followed
  kOpaque = 38,         // it does more than its evidence shows, and code changed
  kUnstable = 39,  // it uses what a function made that labels execute in one run, not in another
  kConfirmedMiss = 40,  // a selection left it out once and it failed; the project runs it since
  kIndexKey = 41,       // an imported index names it under a key that the changed path matches
  kCount = 42,
};

absl::string_view ReasonName(ReasonCode code);  // "COVERED_CHANGE"

// Why everything runs. The numbers are those of the proto's FallbackCode.
enum class FallbackCode : uint8_t {
  kNone = 0,
  kNoIndex = 1,
  kUnknownBase = 2,
  kMissingObject = 3,
  kDataLoss = 4,
  kDeadline = 5,
  kEnvironment = 6,
  kRunAll = 7,
  kUnavailable = 8,
  kMaxWait = 9,
};
absl::string_view FallbackName(FallbackCode code);  // "NO_INDEX"
inline constexpr int kFallbackCodes = 10;

}  // namespace testselect
