#include "server/selection/decision.h"

#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/selection/note_fields.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr uint64_t kVersion = 1;
constexpr uint64_t kMaxSegments = 1'000'000;

// One number for the switches of a request.
constexpr uint64_t kRunAll = 1, kIncludeBuilding = 2, kOmitOrder = 4, kLabelsRequested = 8;
// The record ends with what was remembered; older ones have nothing of it.
constexpr uint64_t kRemembered = 16;
constexpr uint64_t kBaseline = 32;  // labels of a baseline follow those that are forced
constexpr uint64_t kAllSwitches = 63;

bool HasRemembered(const SelectionBasis& basis) {
  return !basis.failed.empty() || !basis.unreadable.empty();
}

void PutRequest(const Decision& decision, std::string* out) {
  const SelectionRequest& request = decision.request;
  PutBytes(out, request.repository);
  absl::StrAppend(out, request.base.bytes(), request.head.bytes());
  PutVarint(out, request.jobs.size());
  for (const JobKey& job : request.jobs) PutBytes(out, job.ToString());
  PutVarint(out, static_cast<uint64_t>(request.granularity));
  const std::optional<bool>& unknown = request.unknown_change_selects_all;
  PutVarint(out, !unknown.has_value() ? 0 : *unknown ? 1 : 2);
  PutBytes(out, request.environment_digest);
  PutBytes(out, request.branch);
  PutVarint(out, (request.run_all ? kRunAll : 0) |
                     (request.include_building ? kIncludeBuilding : 0) |
                     (request.omit_order ? kOmitOrder : 0) |
                     (decision.labels_requested ? kLabelsRequested : 0) |
                     (HasRemembered(*decision.answer.basis) ? kRemembered : 0) |
                     (request.baseline_labels.empty() ? 0 : kBaseline));
  PutVarint(out, request.force_labels.size());
  for (const std::string& label : request.force_labels) PutBytes(out, label);
  if (request.baseline_labels.empty()) return;
  PutVarint(out, request.baseline_labels.size());
  for (const std::string& label : request.baseline_labels) PutBytes(out, label);
}

// Returns the switches.
uint64_t ReadRequest(NoteReader& in, Decision* decision) {
  SelectionRequest& request = decision->request;
  request.repository = in.Text();
  request.base = in.ReadObjectId();
  request.head = in.ReadObjectId();
  for (size_t left = in.Count(); left > 0 && in.ok(); --left) request.jobs.push_back(in.Job());
  const uint64_t granularity = in.VarintUpTo(static_cast<uint64_t>(Granularity::kDiffedPackage));
  if (granularity == 0) in.Fail();
  request.granularity = static_cast<Granularity>(granularity);
  const uint64_t unknown = in.VarintUpTo(2);
  if (unknown != 0) request.unknown_change_selects_all = unknown == 1;
  request.environment_digest = in.Bytes();
  request.branch = in.Bytes();
  const uint64_t switches = in.VarintUpTo(kAllSwitches);
  request.run_all = (switches & kRunAll) != 0;
  request.include_building = (switches & kIncludeBuilding) != 0;
  request.omit_order = (switches & kOmitOrder) != 0;
  decision->labels_requested = (switches & kLabelsRequested) != 0;
  for (size_t left = in.Count(); left > 0 && in.ok(); --left) {
    request.force_labels.push_back(in.Text());
  }
  if ((switches & kBaseline) == 0) return switches;
  size_t labels = in.Count();
  if (labels == 0) in.Fail();
  for (; labels > 0 && in.ok(); --labels) request.baseline_labels.push_back(in.Text());
  return switches;
}

void PutLabels(const LabelsByJob& of_jobs, std::string* out) {
  PutVarint(out, of_jobs.size());
  for (const auto& [job, labels] : of_jobs) {
    PutBytes(out, job);
    PutVarint(out, labels.size());
    for (const std::string& label : labels) PutBytes(out, label);
  }
}

void ReadLabels(NoteReader& in, LabelsByJob* of_jobs) {
  for (size_t jobs = in.Count(); jobs > 0 && in.ok(); --jobs) {
    std::vector<std::string>& labels = (*of_jobs)[in.Job().ToString()];
    if (!labels.empty()) in.Fail();
    for (size_t left = in.Count(); left > 0 && in.ok(); --left) labels.push_back(in.Text());
  }
}

void PutBasis(const SelectionBasis& basis, std::string* out) {
  PutVarint(out, basis.segments.size());
  for (const Digest& segment : basis.segments) absl::StrAppend(out, segment.bytes());
  absl::StrAppend(out, basis.rule_file.bytes());
  PutLabels(basis.missed, out);
}

void PutRemembered(const SelectionBasis& basis, std::string* out) {
  if (!HasRemembered(basis)) return;
  PutLabels(basis.failed, out);
  PutLabels(basis.unreadable, out);
}

std::shared_ptr<SelectionBasis> ReadBasis(NoteReader& in) {
  auto basis = std::make_shared<SelectionBasis>();
  for (uint64_t left = in.VarintUpTo(kMaxSegments); left > 0 && in.ok(); --left) {
    basis->segments.push_back(in.ReadDigest());
  }
  basis->rule_file = in.ReadObjectId();
  ReadLabels(in, &basis->missed);
  return basis;
}

void PutIndex(const std::vector<IndexUse>& index, std::string* out) {
  PutVarint(out, index.size());
  for (const IndexUse& use : index) {
    PutBytes(out, use.job.ToString());
    absl::StrAppend(out, use.commit.bytes());
    PutVarint(out, use.distance);
    PutVarint(out, static_cast<uint64_t>(use.state));
    PutVarint(out, use.segments);
    PutTime(out, use.created);
  }
}

std::vector<IndexUse> ReadIndex(NoteReader& in) {
  std::vector<IndexUse> index;
  for (size_t left = in.Count(); left > 0 && in.ok(); --left) {
    IndexUse& use = index.emplace_back();
    use.job = in.Job();
    use.commit = in.ReadObjectId();
    use.distance = static_cast<uint32_t>(in.VarintUpTo(UINT32_MAX));
    const uint64_t state = in.VarintUpTo(static_cast<uint64_t>(SegmentState::kSealed));
    if (state == 0) in.Fail();
    use.state = static_cast<SegmentState>(state);
    use.segments = static_cast<uint32_t>(in.VarintUpTo(UINT32_MAX));
    use.created = in.Time();
  }
  return index;
}

void PutAnswer(const Decision& decision, std::string* out) {
  const Selection& answer = decision.answer;
  PutIndex(answer.index, out);
  PutVarint(out, answer.fallback.has_value() ? static_cast<uint64_t>(answer.fallback->code) : 0);
  if (answer.fallback.has_value()) PutBytes(out, answer.fallback->message);
  for (const std::string* bits :
       {&answer.absent, &answer.present_diff, &answer.global_level, &answer.present_report}) {
    PutSet(out, SetOfBits(*bits));
  }
  PutVarint(out, answer.run_count);
  // Without the zeros at the end, so that codes that come later do not change older records.
  size_t reasons = answer.reasons.size();
  while (reasons > 0 && answer.reasons[reasons - 1] == 0) --reasons;
  PutVarint(out, reasons);
  for (size_t i = 0; i < reasons; ++i) PutVarint(out, answer.reasons[i]);
  PutDouble(out, answer.run_seconds);
  PutDouble(out, answer.total_seconds);
  PutVarint(out, answer.shadow.has_value() ? 1 : 0);
  if (answer.shadow.has_value()) {
    PutSet(out, SetOfBits(answer.shadow->skip));
    PutVarint(out, answer.shadow->run_count);
    PutDouble(out, answer.shadow->run_seconds);
  }
  absl::StrAppend(out, decision.run_order.bytes());
}

void ReadAnswer(NoteReader& in, Decision* decision) {
  const auto labels = static_cast<size_t>(decision->labels);
  Selection& answer = decision->answer;
  answer.index = ReadIndex(in);
  const uint64_t fallback = in.VarintUpTo(kFallbackCodes - 1);
  if (fallback != 0) answer.fallback = Fallback{static_cast<FallbackCode>(fallback), in.Text()};
  for (std::string* bits :
       {&answer.absent, &answer.present_diff, &answer.global_level, &answer.present_report}) {
    *bits = BitsOfSet(in.Set(labels), labels);
  }
  answer.run_count = in.VarintUpTo(labels);
  const uint64_t reasons = in.VarintUpTo(answer.reasons.size());
  for (uint64_t i = 0; i < reasons; ++i) answer.reasons[i] = in.VarintUpTo(labels);
  answer.run_seconds = in.Double();
  answer.total_seconds = in.Double();
  if (in.Bool()) {
    Shadow& shadow = answer.shadow.emplace();
    shadow.skip = BitsOfSet(in.Set(labels), labels);
    shadow.run_count = in.VarintUpTo(labels);
    shadow.run_seconds = in.Double();
  }
  decision->run_order = in.ReadDigest();
}

}  // namespace

DenseLabelSet SetOfBits(absl::string_view bits) {
  DenseLabelSet set(bits.size() * 8);
  for (size_t i = 0; i < bits.size(); ++i) {
    for (unsigned rest = static_cast<unsigned char>(bits[i]); rest != 0; rest &= rest - 1) {
      set.Add(static_cast<LabelNumber>(i * 8 + static_cast<size_t>(std::countr_zero(rest))));
    }
  }
  return set;
}

std::string BitsOfSet(const DenseLabelSet& set, size_t labels) {
  std::string bits((labels + 7) / 8, '\0');
  set.ForEach([&](LabelNumber n) {
    if (n >= labels) return;
    bits[n / 8] = static_cast<char>(static_cast<unsigned char>(bits[n / 8]) | 1u << (n % 8));
  });
  return bits;
}

Digest DigestOfOrder(const std::vector<uint32_t>& run) {
  std::string bytes;
  bytes.reserve(run.size() * 3);
  for (const uint32_t position : run) PutVarint(&bytes, position);
  return Digest::Of(bytes);
}

Decision MakeDecision(const SelectionRequest& request, const SelectionResult& result,
                      absl::Time now, absl::string_view server_version) {
  Decision decision;
  decision.request = request;
  decision.request.requested = nullptr;
  decision.request.deadline = absl::InfiniteFuture();
  decision.labels_requested = request.requested != nullptr;
  decision.list = result.labels->digest();
  decision.labels = result.labels->size();
  const Selection& from = *result.selection;
  Selection& answer = decision.answer;
  answer.id = from.id;
  answer.index = from.index;
  answer.fallback = from.fallback;
  answer.absent = from.absent;
  answer.present_diff = from.present_diff;
  answer.global_level = from.global_level;
  answer.present_report = from.present_report;
  answer.run_count = from.run_count;
  answer.reasons = from.reasons;
  answer.run_seconds = from.run_seconds;
  answer.total_seconds = from.total_seconds;
  answer.shadow = from.shadow;
  answer.basis = from.basis;
  if (!request.omit_order) decision.run_order = DigestOfOrder(from.run);
  decision.created = absl::FromUnixMicros(absl::ToUnixMicros(now));
  decision.server_version = std::string(server_version);
  return decision;
}

DenseLabelSet Predicted(const Decision& decision) {
  const Selection& answer = decision.answer;
  if (answer.shadow.has_value()) {
    DenseLabelSet run(decision.labels);
    if (decision.labels > 0) run.AddRange(0, static_cast<LabelNumber>(decision.labels - 1));
    run -= SetOfBits(answer.shadow->skip);
    return run;
  }
  DenseLabelSet run = SetOfBits(answer.absent);
  run |= SetOfBits(answer.present_diff);
  run |= SetOfBits(answer.global_level);
  return run;
}

std::string EncodeDecision(const Decision& decision) {
  std::string out;
  PutVarint(&out, kVersion);
  absl::StrAppend(&out, decision.answer.id);
  PutTime(&out, decision.created);
  PutBytes(&out, decision.server_version);
  PutRequest(decision, &out);
  absl::StrAppend(&out, decision.list.bytes());
  PutVarint(&out, decision.labels);
  PutBasis(*decision.answer.basis, &out);
  PutAnswer(decision, &out);
  PutRemembered(*decision.answer.basis, &out);
  return out;
}

absl::StatusOr<Decision> DecodeDecision(absl::string_view note) {
  NoteReader in(note);
  if (in.Varint() != kVersion) in.Fail();
  Decision decision;
  decision.answer.id = in.SelectionId();
  decision.created = in.Time();
  decision.server_version = in.Text();
  const uint64_t switches = ReadRequest(in, &decision);
  decision.list = in.ReadDigest();
  decision.labels = in.VarintUpTo(LabelList::kMaxLabels);
  auto basis = ReadBasis(in);
  // Sets are decoded into memory of the list's size: not for a note that is malformed already.
  if (in.ok()) ReadAnswer(in, &decision);
  if (in.ok() && (switches & kRemembered) != 0) {
    ReadLabels(in, &basis->failed);
    ReadLabels(in, &basis->unreadable);
  }
  decision.answer.basis = std::move(basis);
  TS_RETURN_IF_ERROR(in.Finish("a decision"));
  TS_RETURN_IF_ERROR(CheckOneForm("a decision", note, EncodeDecision(decision)));
  return decision;
}

}  // namespace testselect
