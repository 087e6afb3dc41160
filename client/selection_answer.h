// SelectionAnswer: an answer of SelectTests as positions in a label list, checked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/requested_labels.h"
#include "testselect/v1/selection.pb.h"

namespace testselect::client {

// The evidence one job contributed.
struct AnswerIndex {
  std::string job;  // "unit;os=linux"
  std::string commit;
  uint32_t distance = 0;
  std::string state;
};

// Why everything runs.
struct AnswerFallback {
  std::string code;  // "NO_INDEX"
  std::string message;
};

// What could have been skipped on a branch whose policy is shadow.
struct AnswerShadow {
  std::vector<uint32_t> skip;  // by label, bytewise
  uint64_t run = 0;            // how many labels would have run
  double run_seconds = 0;
};

// What the evidence of one job says of the labels it knows.
struct AnswerJob {
  std::string job;                  // "unit;os=linux"
  std::vector<uint32_t> run, skip;  // by label, bytewise
  std::map<std::string, uint64_t> reasons;
  std::optional<AnswerFallback> fallback;
  double run_seconds = 0;
  std::map<std::string, std::vector<uint32_t>> paths;  // by changed path, where they were asked for
};

// A plain value. Positions are those in `labels`; the four lists are in its order.
struct SelectionAnswer {
  std::string selection_id;  // empty for an answer that no service gave
  std::string base, head;    // 40 hexadecimal digits
  std::vector<AnswerIndex> index;
  std::optional<AnswerFallback> fallback;
  std::string degraded;  // why it may rest on an older index than there is; empty: it does not
  RequestedLabels labels;
  std::vector<uint32_t> absent, present_diff, global_level, present_report;
  std::vector<uint32_t> run;   // in running order, each label once
  std::vector<uint32_t> skip;  // by label, bytewise
  std::map<std::string, uint64_t> reasons;
  double run_seconds = 0, total_seconds = 0;
  std::optional<AnswerShadow> shadow;
  // Of a part that was asked for: what must run and is not in `run`.
  std::vector<uint32_t> over_budget;   // in the labels' order
  std::vector<uint32_t> other_shards;  // in the labels' order
  double part_seconds = 0;             // of `run`
  std::vector<AnswerJob> jobs;         // with per_job
  std::vector<uint32_t> known_flaky;   // in the labels' order
  std::vector<std::string> cautions;   // sentences: what makes it less safe
};

// The positions of the set bits among the first `size`. kDataLoss naming `field` where `bits` has
// bits beyond them.
absl::StatusOr<std::vector<uint32_t>> PositionsOfBits(absl::string_view field,
                                                      absl::string_view bits, size_t size);

// Decodes an answer to a request with LIST_FORM_BITS. `requested` are the labels that were sent;
// pass none where all were asked for: the answer then names them. kDataLoss for an answer that
// contradicts itself; a label that the answer puts nowhere, or that the run order forgot, runs.
absl::StatusOr<SelectionAnswer> DecodeAnswer(const v1::SelectTestsResponse& response,
                                             std::optional<RequestedLabels> requested);

// The answer where no service could give one: every label runs, as never seen.
SelectionAnswer RunEverything(RequestedLabels requested, absl::string_view code,
                              absl::string_view message);

// "NO_INDEX" for FALLBACK_CODE_NO_INDEX; "CODE_<n>" for one this client does not know.
std::string FallbackCodeName(v1::FallbackCode code);

// "unit;os=linux", flavors by name.
std::string JobText(const v1::Job& job);

}  // namespace testselect::client
