// SelectTests and ExplainTest: proto <-> selection.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "server/rpc/received_selection.h"
#include "server/selection/selector.h"
#include "testselect/v1/selection.pb.h"

namespace testselect {

inline constexpr int kMaxJobs = 64;

// The labels of a baseline suite, which go with DIFFED_PACKAGE (`wanted`) and with nothing else.
// kInvalidArgument naming baseline_labels.
absl::StatusOr<std::vector<std::string>> BaselineFromProto(
    const google::protobuf::RepeatedPtrField<std::string>& labels, bool wanted);

// Validates and converts everything but `requested` and the deadline. Errors: kInvalidArgument
// naming field, value and limit.
absl::StatusOr<SelectionRequest> SelectionFromProto(const v1::SelectTestsRequest& proto);

// The requested list; nullptr where none was sent. A list that `selector` remembers is not split
// again; a new one is remembered. `apart` has packed labels that `proto` is without, or is null.
// Errors: kInvalidArgument, kResourceExhausted (too many), kFailedPrecondition (a digest that is
// not known).
absl::StatusOr<std::shared_ptr<const LabelList>> RequestedFromProto(const v1::LabelList& proto,
                                                                    const PackedPieces* apart,
                                                                    Selector* selector);

// kInvalidArgument for a number that is no form.
absl::StatusOr<v1::ListForm> ListFormFromProto(v1::ListForm form);

// How many labels an answer has, by list.
struct ListSizes {
  uint64_t requested = 0, absent = 0, present_diff = 0, global_level = 0, present_report = 0,
           run = 0;
};
ListSizes SizesOf(const SelectionResult& result);

// Cost: linear in the labels for LIST_FORM_STRINGS and LIST_FORM_PACKED, a copy of the bits
// otherwise. `labels_sent` says whether the request named labels.
void SelectionToProto(const SelectionResult& result, v1::ListForm form, bool labels_sent,
                      bool omit_order, v1::SelectTestsResponse* out);

void IndexToProto(const IndexUse& use, v1::IndexUse* out);

void ExplanationToProto(const Explanation& explanation, v1::ExplainTestResponse* out);

}  // namespace testselect
