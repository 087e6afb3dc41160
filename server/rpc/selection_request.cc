// What a request asks: proto -> selection.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/rpc/proto_conversion.h"
#include "server/rpc/selection_conversion.h"
#include "server/rpc/status.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

constexpr size_t kMaxEnvironmentDigest = 200;
constexpr size_t kMaxBranch = 1000;
constexpr double kMaxBudget = 1e9;  // seconds
constexpr uint32_t kMaxShards = 10'000;
constexpr int kMaxBaselineLabels = 1000;

absl::StatusOr<Granularity> GranularityFromProto(v1::Granularity value) {
  switch (value) {
    case v1::GRANULARITY_UNSPECIFIED:
    case v1::GRANULARITY_FUNCTION:
      return Granularity::kFunction;
    case v1::GRANULARITY_LINE:
      return Granularity::kLine;
    case v1::GRANULARITY_FILE:
      return Granularity::kFile;
    case v1::GRANULARITY_PACKAGE:
      return Granularity::kPackage;
    case v1::GRANULARITY_DIFFED_PACKAGE:
      return Granularity::kDiffedPackage;
    default:
      return FieldError("granularity", absl::StrCat(static_cast<int>(value)), "expected 0 to 5");
  }
}

absl::StatusOr<std::optional<bool>> UnknownChangeFromProto(v1::UnknownChange value) {
  switch (value) {
    case v1::UNKNOWN_CHANGE_UNSPECIFIED:
      return std::optional<bool>();
    case v1::UNKNOWN_CHANGE_ALL:
      return std::optional<bool>(true);
    case v1::UNKNOWN_CHANGE_NONE:
      return std::optional<bool>(false);
    default:
      return FieldError("unknown_change", absl::StrCat(static_cast<int>(value)), "expected 0 to 2");
  }
}

absl::Status CheckLabel(absl::string_view field, absl::string_view label) {
  if (label.empty() || !IsUtf8(label)) {
    return FieldError(field, label, "expected a label of at least 1 byte of UTF-8");
  }
  return absl::OkStatus();
}

absl::Status ConvertLists(const v1::SelectTestsRequest& proto, SelectionRequest* request) {
  if (proto.jobs_size() > kMaxJobs) {
    return FieldError("jobs", absl::StrCat(proto.jobs_size(), " jobs"),
                      absl::StrCat("at most ", kMaxJobs));
  }
  for (int i = 0; i < proto.jobs_size(); ++i) {
    TS_ASSIGN_OR_RETURN(JobKey job, JobFromProto(absl::StrCat("jobs[", i, "]"), proto.jobs(i)));
    request->jobs.push_back(std::move(job));
  }
  if (proto.force_labels_size() > static_cast<int>(LabelList::kMaxLabels)) {
    return FieldError("force_labels", absl::StrCat(proto.force_labels_size(), " labels"),
                      absl::StrCat("at most ", LabelList::kMaxLabels));
  }
  for (int i = 0; i < proto.force_labels_size(); ++i) {
    TS_RETURN_IF_ERROR(CheckLabel(absl::StrCat("force_labels[", i, "]"), proto.force_labels(i)));
    request->force_labels.push_back(proto.force_labels(i));
  }
  return absl::OkStatus();
}

absl::Status ConvertBaseline(const v1::SelectTestsRequest& proto, SelectionRequest* request) {
  TS_ASSIGN_OR_RETURN(request->baseline_labels,
                      BaselineFromProto(proto.baseline_labels(),
                                        request->granularity == Granularity::kDiffedPackage));
  return absl::OkStatus();
}

absl::Status ConvertParts(const v1::SelectTestsRequest& proto, SelectionRequest* request) {
  // Not a number is no limit that could be kept.
  if (!(proto.budget_seconds() >= 0 && proto.budget_seconds() <= kMaxBudget)) {
    return FieldError("budget_seconds", absl::StrCat(proto.budget_seconds()),
                      absl::StrCat("expected 0 to ", kMaxBudget));
  }
  if (proto.shard_count() > kMaxShards) {
    return FieldError("shard_count", absl::StrCat(proto.shard_count()),
                      absl::StrCat("at most ", kMaxShards));
  }
  request->budget_seconds = proto.budget_seconds();
  request->shard_count = std::max(1u, proto.shard_count());
  if (proto.shard_index() >= request->shard_count) {
    return FieldError(
        "shard_index", absl::StrCat(proto.shard_index()),
        absl::StrCat("expected less than shard_count, which is ", request->shard_count));
  }
  request->shard_index = proto.shard_index();
  if (proto.omit_order() && (request->budget_seconds > 0 || request->shard_count > 1)) {
    return FieldError("omit_order", "true",
                      "there is no part of a run list that is left out; leave budget_seconds and "
                      "shard_count out too");
  }
  request->per_job = proto.per_job();
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const LabelList>> ListOfDigest(const std::string& bytes,
                                                              const Selector& selector) {
  const absl::StatusOr<Digest> digest = Digest::FromBytes("requested.digest", bytes);
  if (!digest.ok()) return WithField(digest.status(), "requested.digest");
  std::shared_ptr<const LabelList> known = selector.FindList(*digest);
  if (known != nullptr) return known;
  return WithReason(
      WithField(absl::FailedPreconditionError(absl::StrCat(
                    "requested.digest='", digest->ToHex(),
                    "': this server does not know the list; send the labels themselves, once")),
                "requested.digest", digest->ToHex()),
      "LABEL_LIST_UNKNOWN");
}

absl::StatusOr<std::shared_ptr<const LabelList>> ListOfPacked(const PackedPieces& packed,
                                                              const Selector& selector) {
  std::shared_ptr<const LabelList> known = selector.FindList(packed.digest);
  if (known != nullptr) return known;
  auto list = LabelList::FromPacked("requested.packed", packed.pieces, packed.digest);
  if (!list.ok()) return WithField(list.status(), "requested.packed");
  return list;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> BaselineFromProto(
    const google::protobuf::RepeatedPtrField<std::string>& labels, bool wanted) {
  if (wanted && labels.empty()) {
    return FieldError("baseline_labels", "", "DIFFED_PACKAGE needs the labels of the baseline");
  }
  if (!wanted && !labels.empty()) {
    return FieldError("baseline_labels", labels[0], "goes with DIFFED_PACKAGE alone");
  }
  if (labels.size() > kMaxBaselineLabels) {
    return FieldError("baseline_labels", absl::StrCat(labels.size(), " labels"),
                      absl::StrCat("at most ", kMaxBaselineLabels));
  }
  for (int i = 0; i < labels.size(); ++i) {
    TS_RETURN_IF_ERROR(CheckLabel(absl::StrCat("baseline_labels[", i, "]"), labels[i]));
  }
  return std::vector<std::string>(labels.begin(), labels.end());
}

absl::StatusOr<SelectionRequest> SelectionFromProto(const v1::SelectTestsRequest& proto) {
  SelectionRequest request;
  TS_ASSIGN_OR_RETURN(request.repository, RepositoryFromProto("repository", proto.repository()));
  TS_ASSIGN_OR_RETURN(request.base, BaseFromProto("base", proto.base()));
  TS_ASSIGN_OR_RETURN(request.head, CommitFromProto("head", proto.head()));
  if (request.base == request.head) {
    return FieldError("head", proto.head(), "is the same commit as base; there is no change");
  }
  TS_ASSIGN_OR_RETURN(request.granularity, GranularityFromProto(proto.granularity()));
  TS_ASSIGN_OR_RETURN(request.unknown_change_selects_all,
                      UnknownChangeFromProto(proto.unknown_change()));
  TS_RETURN_IF_ERROR(ListFormFromProto(proto.list_form()).status());
  if (proto.environment_digest().size() > kMaxEnvironmentDigest) {
    return FieldError("environment_digest", proto.environment_digest(),
                      absl::StrCat("at most ", kMaxEnvironmentDigest, " bytes"));
  }
  request.environment_digest = proto.environment_digest();
  if (proto.branch().size() > kMaxBranch) {
    return FieldError("branch", proto.branch(), absl::StrCat("at most ", kMaxBranch, " bytes"));
  }
  request.branch = proto.branch();
  request.run_all = proto.run_all();
  request.include_building = proto.include_building();
  request.omit_order = proto.omit_order();
  request.triggering_paths = proto.triggering_paths();
  TS_RETURN_IF_ERROR(ConvertLists(proto, &request));
  TS_RETURN_IF_ERROR(ConvertBaseline(proto, &request));
  TS_RETURN_IF_ERROR(ConvertParts(proto, &request));
  return request;
}

absl::StatusOr<std::shared_ptr<const LabelList>> RequestedFromProto(const v1::LabelList& proto,
                                                                    const PackedPieces* apart,
                                                                    Selector* selector) {
  const bool packed = apart != nullptr || !proto.packed().empty();
  const int forms = (proto.labels_size() > 0) + packed + !proto.digest().empty();
  if (forms > 1) {
    return FieldError("requested", absl::StrCat(forms, " forms"),
                      "at most one of labels, packed and digest may be set");
  }
  if (forms == 0) return std::shared_ptr<const LabelList>();
  if (!proto.digest().empty()) return ListOfDigest(proto.digest(), *selector);
  absl::StatusOr<std::shared_ptr<const LabelList>> list;
  if (packed) {
    list = apart != nullptr
               ? ListOfPacked(*apart, *selector)
               : ListOfPacked({{proto.packed()}, LabelList::DigestOfPacked({proto.packed()})},
                              *selector);
  } else {
    const std::vector<absl::string_view> labels(proto.labels().begin(), proto.labels().end());
    list = LabelList::FromStrings("requested.labels", labels);
    if (!list.ok()) return WithField(list.status(), "requested.labels");
  }
  if (list.ok()) selector->RememberList(*list);
  return list;
}

absl::StatusOr<v1::ListForm> ListFormFromProto(v1::ListForm form) {
  switch (form) {
    case v1::LIST_FORM_UNSPECIFIED:
    case v1::LIST_FORM_STRINGS:
      return v1::LIST_FORM_STRINGS;
    case v1::LIST_FORM_PACKED:
    case v1::LIST_FORM_BITS:
      return form;
    default:
      return FieldError("list_form", absl::StrCat(static_cast<int>(form)), "expected 0 to 3");
  }
}

}  // namespace testselect
