#include "client/selection_answer.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// What the run list and the four lists say about each label.
enum : uint8_t { kListedToRun = 1, kKnown = 2, kOrdered = 4, kElsewhere = 8 };

absl::Status ReadRunOrder(absl::string_view packed, std::vector<uint8_t>& seen,
                          std::vector<uint32_t>& run) {
  if (packed.size() % 4 != 0) {
    return absl::DataLossError(
        absl::StrCat("run_order: ", packed.size(), " bytes are no list of 32-bit numbers"));
  }
  for (size_t at = 0; at < packed.size(); at += 4) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(packed.data() + at);
    const uint32_t n = static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
                       static_cast<uint32_t>(bytes[2]) << 16 |
                       static_cast<uint32_t>(bytes[3]) << 24;
    if (n >= seen.size()) {
      return absl::DataLossError(
          absl::StrCat("run_order: position ", n, " of ", seen.size(), " labels"));
    }
    if ((seen[n] & kOrdered) != 0) continue;
    seen[n] |= kOrdered;
    run.push_back(n);
  }
  return absl::OkStatus();
}

void SortByLabel(const RequestedLabels& labels, std::vector<uint32_t>& positions) {
  std::sort(positions.begin(), positions.end(),
            [&](uint32_t a, uint32_t b) { return labels[a] < labels[b]; });
}

// Fills `run` and `skip`. Never silently loses a test: what must run by any list, and what no list
// names, runs even if the order left it out.
absl::Status Divide(absl::string_view run_order, SelectionAnswer& answer) {
  std::vector<uint8_t> seen(answer.labels.size(), 0);
  for (const auto* list : {&answer.absent, &answer.present_diff, &answer.global_level}) {
    for (uint32_t n : *list) seen[n] |= kListedToRun;
  }
  for (uint32_t n : answer.present_report) seen[n] |= kKnown;
  TS_RETURN_IF_ERROR(ReadRunOrder(run_order, seen, answer.run));
  for (auto* list : {&answer.over_budget, &answer.other_shards}) {
    std::erase_if(*list, [&](uint32_t n) { return (seen[n] & (kOrdered | kElsewhere)) != 0; });
    for (uint32_t n : *list) seen[n] |= kElsewhere;
  }
  for (uint32_t n = 0; n < seen.size(); ++n) {
    if ((seen[n] & (kOrdered | kElsewhere)) != 0) continue;
    if (seen[n] == kKnown) {
      answer.skip.push_back(n);
    } else {
      answer.run.push_back(n);
    }
  }
  SortByLabel(answer.labels, answer.skip);
  return absl::OkStatus();
}

absl::StatusOr<AnswerShadow> ReadShadow(const v1::Shadow& shadow, const RequestedLabels& labels) {
  AnswerShadow read;
  TS_ASSIGN_OR_RETURN(
      read.skip, PositionsOfBits("shadow.skip_labels", shadow.skip_labels().bits(), labels.size()));
  SortByLabel(labels, read.skip);
  read.run = shadow.run_labels();
  read.run_seconds = shadow.run_seconds();
  return read;
}

AnswerFallback ReadFallback(const v1::Fallback& fallback) {
  return {FallbackCodeName(fallback.code()), fallback.message()};
}

std::map<std::string, uint64_t> ReadReasons(
    const google::protobuf::RepeatedPtrField<v1::ReasonCount>& reasons) {
  std::map<std::string, uint64_t> read;
  for (const v1::ReasonCount& reason : reasons) read[reason.code()] += reason.labels();
  return read;
}

absl::StatusOr<AnswerJob> ReadJob(const v1::JobSelection& job, const RequestedLabels& labels) {
  AnswerJob read;
  read.job = JobText(job.job());
  TS_ASSIGN_OR_RETURN(read.run,
                      PositionsOfBits("jobs.run_labels", job.run_labels().bits(), labels.size()));
  TS_ASSIGN_OR_RETURN(read.skip,
                      PositionsOfBits("jobs.skip_labels", job.skip_labels().bits(), labels.size()));
  // What is in both lists runs.
  const std::set<uint32_t> run(read.run.begin(), read.run.end());
  std::erase_if(read.skip, [&](uint32_t n) { return run.contains(n); });
  SortByLabel(labels, read.run);
  SortByLabel(labels, read.skip);
  read.reasons = ReadReasons(job.reasons());
  if (job.has_fallback()) read.fallback = ReadFallback(job.fallback());
  read.run_seconds = job.run_seconds();
  for (const v1::TriggeringPath& path : job.triggering_paths()) {
    TS_ASSIGN_OR_RETURN(
        read.paths[path.path()],
        PositionsOfBits("jobs.triggering_paths", path.labels().bits(), labels.size()));
  }
  return read;
}

// What is told of parts of the answer.
absl::Status ReadParts(const v1::SelectTestsResponse& response, SelectionAnswer& answer) {
  const size_t size = answer.labels.size();
  TS_ASSIGN_OR_RETURN(answer.over_budget,
                      PositionsOfBits("over_budget", response.over_budget().bits(), size));
  TS_ASSIGN_OR_RETURN(answer.other_shards,
                      PositionsOfBits("other_shards", response.other_shards().bits(), size));
  answer.cautions.assign(response.cautions().begin(), response.cautions().end());
  TS_ASSIGN_OR_RETURN(answer.known_flaky,
                      PositionsOfBits("known_flaky", response.known_flaky().bits(), size));
  answer.part_seconds = response.part_seconds();
  for (const v1::JobSelection& job : response.jobs()) {
    TS_ASSIGN_OR_RETURN(AnswerJob read, ReadJob(job, answer.labels));
    answer.jobs.push_back(std::move(read));
  }
  return absl::OkStatus();
}

RequestedLabels AllLabels(const v1::SelectTestsResponse& response) {
  if (response.all_labels().empty()) {
    return RequestedLabels::FromPacked(response.all_labels_packed());
  }
  return RequestedLabels::FromStrings(
      std::vector<absl::string_view>(response.all_labels().begin(), response.all_labels().end()));
}

}  // namespace

absl::StatusOr<std::vector<uint32_t>> PositionsOfBits(absl::string_view field,
                                                      absl::string_view bits, size_t size) {
  std::vector<uint32_t> positions;
  for (size_t byte = 0; byte < bits.size(); ++byte) {
    for (uint32_t rest = static_cast<unsigned char>(bits[byte]); rest != 0; rest &= rest - 1) {
      const size_t n = byte * 8 + static_cast<size_t>(std::countr_zero(rest));
      if (n >= size) {
        return absl::DataLossError(
            absl::StrCat(field, ": bit ", n, " is set, there are ", size, " labels"));
      }
      positions.push_back(static_cast<uint32_t>(n));
    }
  }
  return positions;
}

std::string FallbackCodeName(v1::FallbackCode code) {
  const std::string& name = v1::FallbackCode_Name(code);
  if (name.empty()) return absl::StrCat("CODE_", static_cast<int>(code));
  return std::string(absl::StripPrefix(name, "FALLBACK_CODE_"));
}

std::string JobText(const v1::Job& job) {
  std::map<std::string, std::string> flavor(job.flavor().begin(), job.flavor().end());
  std::string text = job.name();
  for (const auto& [key, value] : flavor) absl::StrAppend(&text, ";", key, "=", value);
  return text;
}

absl::StatusOr<SelectionAnswer> DecodeAnswer(const v1::SelectTestsResponse& response,
                                             std::optional<RequestedLabels> requested) {
  SelectionAnswer answer;
  answer.labels = requested.has_value() ? *std::move(requested) : AllLabels(response);
  answer.selection_id = response.selection_id();
  const size_t size = answer.labels.size();
  TS_ASSIGN_OR_RETURN(answer.absent,
                      PositionsOfBits("absent_labels", response.absent_labels().bits(), size));
  TS_ASSIGN_OR_RETURN(
      answer.present_diff,
      PositionsOfBits("present_diff_labels", response.present_diff_labels().bits(), size));
  TS_ASSIGN_OR_RETURN(
      answer.global_level,
      PositionsOfBits("global_level_labels", response.global_level_labels().bits(), size));
  TS_ASSIGN_OR_RETURN(
      answer.present_report,
      PositionsOfBits("present_report_labels", response.present_report_labels().bits(), size));
  TS_RETURN_IF_ERROR(ReadParts(response, answer));
  TS_RETURN_IF_ERROR(Divide(response.run_order(), answer));
  for (const v1::IndexUse& use : response.index()) {
    answer.index.push_back({JobText(use.job()), use.commit(), use.distance(), use.state()});
  }
  answer.degraded = response.degraded();
  if (response.has_fallback()) {
    answer.fallback = ReadFallback(response.fallback());
  }
  answer.reasons = ReadReasons(response.reasons());
  if (response.has_shadow()) {
    TS_ASSIGN_OR_RETURN(answer.shadow, ReadShadow(response.shadow(), answer.labels));
  }
  answer.run_seconds = response.run_seconds();
  answer.total_seconds = response.total_seconds();
  return answer;
}

SelectionAnswer RunEverything(RequestedLabels requested, absl::string_view code,
                              absl::string_view message) {
  SelectionAnswer answer;
  answer.labels = std::move(requested);
  answer.absent.resize(answer.labels.size());
  std::iota(answer.absent.begin(), answer.absent.end(), 0u);
  answer.run = answer.absent;
  answer.fallback = {std::string(code), std::string(message)};
  if (answer.labels.size() > 0) answer.reasons["FALLBACK"] = answer.labels.size();
  return answer;
}

}  // namespace testselect::client
