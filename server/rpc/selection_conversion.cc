#include "server/rpc/selection_conversion.h"

#include <bit>
#include <cstring>

#include "server/rpc/proto_conversion.h"

namespace testselect {
namespace {

// The labels of a bit set, in the form that was asked for.
class ListWriter {
 public:
  ListWriter(const LabelList& labels, v1::ListForm form) : labels_(labels), form_(form) {
    // Where a label holds a line feed, the packed form would break it: the strings can carry it.
    if (form_ == v1::LIST_FORM_PACKED && !labels.can_be_packed()) form_ = v1::LIST_FORM_STRINGS;
  }

  void Write(const std::string& bits, v1::LabelSet* out) const {
    if (form_ == v1::LIST_FORM_BITS) {
      out->set_bits(bits);
      out->mutable_bits()->resize((labels_.size() + 7) / 8);
      return;
    }
    std::string packed;
    for (size_t byte = 0; byte < bits.size(); ++byte) {
      for (unsigned rest = static_cast<unsigned char>(bits[byte]); rest != 0; rest &= rest - 1) {
        const size_t i = byte * 8 + static_cast<size_t>(std::countr_zero(rest));
        if (i >= labels_.size()) return;
        const absl::string_view label = labels_[i];
        if (form_ == v1::LIST_FORM_PACKED) {
          packed.append(label.data(), label.size());
          packed.push_back('\n');
        } else {
          out->add_labels(label.data(), label.size());
        }
      }
    }
    if (form_ == v1::LIST_FORM_PACKED) out->set_packed(std::move(packed));
  }

 private:
  const LabelList& labels_;
  v1::ListForm form_;
};

uint64_t CountBits(const std::string& bits) {
  uint64_t count = 0;
  size_t at = 0;
  for (uint64_t word; at + sizeof word <= bits.size(); at += sizeof word) {
    std::memcpy(&word, bits.data() + at, sizeof word);
    count += static_cast<uint64_t>(std::popcount(word));
  }
  for (; at < bits.size(); ++at) {
    count += static_cast<uint64_t>(std::popcount(static_cast<unsigned char>(bits[at])));
  }
  return count;
}

void FallbackToProto(const Fallback& fallback, v1::Fallback* out) {
  out->set_code(static_cast<v1::FallbackCode>(fallback.code));
  out->set_message(fallback.message);
}

void ReasonsToProto(absl::Span<const uint64_t> reasons,
                    google::protobuf::RepeatedPtrField<v1::ReasonCount>* out) {
  for (size_t code = 0; code < reasons.size(); ++code) {
    if (reasons[code] == 0) continue;
    v1::ReasonCount* count = out->Add();
    const absl::string_view name = ReasonName(static_cast<ReasonCode>(code));
    count->set_code(name.data(), name.size());
    count->set_labels(reasons[code]);
  }
}

void OrderToProto(const std::vector<uint32_t>& run, std::string* order) {
  order->reserve(run.size() * 4);
  for (const uint32_t position : run) {
    for (int shift = 0; shift < 32; shift += 8) {
      order->push_back(static_cast<char>(position >> shift & 0xFF));
    }
  }
}

void PartToProto(const RunPart& part, const ListWriter& writer, v1::SelectTestsResponse* out) {
  OrderToProto(part.run, out->mutable_run_order());
  out->set_part_seconds(part.run_seconds);
  if (!part.over_budget.empty()) writer.Write(part.over_budget, out->mutable_over_budget());
  if (!part.other_shards.empty()) writer.Write(part.other_shards, out->mutable_other_shards());
}

void JobToProto(const JobSelection& job, const ListWriter& writer, v1::JobSelection* out) {
  JobToProto(job.job, out->mutable_job());
  const Selection& selection = *job.selection;
  std::string run = selection.present_report, skip = selection.present_report;
  for (size_t i = 0; i < run.size(); ++i) {
    const int selected = selection.present_diff[i] | selection.global_level[i];
    run[i] = static_cast<char>(run[i] & selected);
    skip[i] = static_cast<char>(skip[i] & ~selected);
  }
  writer.Write(run, out->mutable_run_labels());
  writer.Write(skip, out->mutable_skip_labels());
  // Labels that the job does not know are other jobs', or nobody's yet.
  auto reasons = selection.reasons;
  reasons[static_cast<size_t>(ReasonCode::kAbsent)] = 0;
  ReasonsToProto(reasons, out->mutable_reasons());
  if (selection.fallback.has_value()) {
    FallbackToProto(*selection.fallback, out->mutable_fallback());
  }
  out->set_run_seconds(selection.run_seconds);
  if (selection.fallback.has_value()) return;
  for (const auto& [path, labels] : job.paths) {
    std::string running = labels;
    for (size_t i = 0; i < running.size(); ++i) running[i] = static_cast<char>(running[i] & run[i]);
    if (running.find_first_not_of('\0') == std::string::npos) continue;
    v1::TriggeringPath* to = out->add_triggering_paths();
    to->set_path(path);
    writer.Write(running, to->mutable_labels());
  }
}

void AllLabelsToProto(const LabelList& labels, v1::SelectTestsResponse* out) {
  if (labels.can_be_packed()) {
    out->set_all_labels_packed(labels.packed().data(), labels.packed().size());
    return;
  }
  for (size_t i = 0; i < labels.size(); ++i) {
    out->add_all_labels(labels[i].data(), labels[i].size());
  }
}

}  // namespace

ListSizes SizesOf(const SelectionResult& result) {
  const Selection& selection = *result.selection;
  return {.requested = result.labels->size(),
          .absent = CountBits(selection.absent),
          .present_diff = CountBits(selection.present_diff),
          .global_level = CountBits(selection.global_level),
          .present_report = CountBits(selection.present_report),
          .run = selection.run_count};
}

void IndexToProto(const IndexUse& use, v1::IndexUse* out) {
  JobToProto(use.job, out->mutable_job());
  out->set_commit(use.commit.ToHex());
  out->set_distance(use.distance);
  const absl::string_view state = SegmentStateName(use.state);
  out->set_state(state.data(), state.size());
  out->set_segments(use.segments);
  out->set_created_unix_seconds(absl::ToUnixSeconds(use.created));
}

void SelectionToProto(const SelectionResult& result, v1::ListForm form, bool labels_sent,
                      bool omit_order, v1::SelectTestsResponse* out) {
  const Selection& selection = *result.selection;
  out->set_selection_id(selection.id);
  for (const IndexUse& use : selection.index) IndexToProto(use, out->add_index());
  if (selection.fallback.has_value()) {
    FallbackToProto(*selection.fallback, out->mutable_fallback());
  }
  const ListWriter writer(*result.labels, form);
  writer.Write(selection.absent, out->mutable_absent_labels());
  writer.Write(selection.present_diff, out->mutable_present_diff_labels());
  writer.Write(selection.global_level, out->mutable_global_level_labels());
  writer.Write(selection.present_report, out->mutable_present_report_labels());
  if (selection.shadow.has_value()) {
    v1::Shadow* shadow = out->mutable_shadow();
    writer.Write(selection.shadow->skip, shadow->mutable_skip_labels());
    shadow->set_run_labels(selection.shadow->run_count);
    shadow->set_run_seconds(selection.shadow->run_seconds);
  }
  if (!omit_order) {
    if (result.part.has_value()) {
      PartToProto(*result.part, writer, out);
    } else {
      OrderToProto(selection.run, out->mutable_run_order());
    }
    if (!selection.known_flaky.empty()) {
      writer.Write(selection.known_flaky, out->mutable_known_flaky());
    }
    out->set_run_seconds(selection.run_seconds);
    out->set_total_seconds(selection.total_seconds);
  }
  ReasonsToProto(selection.reasons, out->mutable_reasons());
  for (const JobSelection& job : result.jobs) JobToProto(job, writer, out->add_jobs());
  for (const std::string& caution : selection.cautions) out->add_cautions(caution);
  if (!labels_sent) AllLabelsToProto(*result.labels, out);
  const absl::string_view digest = result.labels->digest().bytes();
  out->set_label_list_digest(digest.data(), digest.size());
}

void ExplanationToProto(const Explanation& explanation, v1::ExplainTestResponse* out) {
  out->set_selected(explanation.selected);
  for (const ReasonEvidence& evidence : explanation.evidence) {
    v1::Evidence* item = out->add_evidence();
    const absl::string_view name = evidence.code ? ReasonName(*evidence.code) : "";
    item->set_code(name.data(), name.size());
    item->set_path(evidence.path);
    item->set_first_line(evidence.lines.first);
    item->set_last_line(evidence.lines.last);
    if (!evidence.commit.IsNull()) item->set_commit(evidence.commit.ToHex());
    item->set_message(evidence.message);
  }
  if (explanation.fallback.has_value()) {
    FallbackToProto(*explanation.fallback, out->mutable_fallback());
  }
}

}  // namespace testselect
