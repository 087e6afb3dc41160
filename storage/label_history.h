// LabelHistory: what is remembered of one label's runs in one job, in bounded space.
#pragma once

#include <array>
#include <cstdint>

#include "storage/model/outcome.h"

namespace testselect {

// What all labels of one upload have in common.
struct RunFacts {
  uint32_t tree = 0;  // the first 4 bytes of the tree's id (of the commit's where it is not known)
  // So many labels failed that the cause is hardly in each of them (a database was down): that they
  // passed at the same tree another time makes none of them flaky.
  bool outage = false;
  // The upload is of a branch whose evidence everybody may use. What passes on another one may
  // still fail elsewhere: it ends no failure.
  bool trusted = true;
  uint64_t clock = 0;  // JobHistory's, at this upload
};

// A plain value; persisted by history_codec.h.
struct LabelHistory {
  static constexpr size_t kDurations = 5, kTrees = 4;
  static constexpr uint32_t kRecent = 32;        // runs that the failure rate looks at
  static constexpr uint32_t kFlakyRuns = 50;     // runs for which a label stays known as flaky
  static constexpr double kPriorRuns = 10;       // a label that never ran counts as one that ran
  static constexpr double kPriorFailures = 0.1;  // ten times and failed a tenth of a time

  struct AtTree {
    uint32_t tree = 0;
    bool failed = false;
    friend bool operator==(const AtTree&, const AtTree&) = default;
  };

  Outcome last = Outcome::kUnknown;  // the newest known, skipped included
  bool failed = false;               // the newest run that passed (trusted) or failed: it failed
  uint64_t seen = 0;                 // RunFacts::clock of the last upload that ran it
  uint32_t runs = 0;                 // that passed or failed, as expected or not; attempts count
  uint32_t failures = 0;             // of those
  uint32_t recent = 0;               // bit i: it failed i runs ago
  uint32_t flakes = 0;               // how often it both failed and passed at one tree
  uint32_t runs_since_flake = 0;     // if flakes > 0
  uint8_t durations = 0, trees = 0;  // how many of the arrays' elements are set; newest first
  std::array<uint32_t, kDurations> duration{};  // EncodeSeconds
  std::array<AtTree, kTrees> at_tree{};

  // Takes the outcome of one more upload.
  void Record(const RunFacts& run, const LabelOutcome& outcome);

  // The median of the last known durations of runs that passed (of failed ones, which may end early
  // or hang, only where nothing else is known); < 0: not known. One outlier, and even two in five,
  // move it only to a duration that was measured too.
  double Seconds() const;
  // Of the last kRecent runs, with the prior: between 0 and 1, never either.
  double FailureRate() const;
  bool IsKnownFlaky() const { return flakes > 0 && runs_since_flake < kFlakyRuns; }

  friend bool operator==(const LabelHistory&, const LabelHistory&) = default;

 private:
  void AddRun(const RunFacts& run, bool failed_now);
  void AddDuration(double seconds, bool failed_now);
};

}  // namespace testselect
