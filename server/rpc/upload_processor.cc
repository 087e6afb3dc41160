#include "server/rpc/upload_processor.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/ingest/ingestor.h"
#include "server/rpc/run_evaluation.h"
#include "server/rpc/shared_index.h"
#include "server/rpc/status.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// Measures the stages of an upload.
class Stopwatch {
 public:
  absl::Duration Lap() {
    const absl::Time now = absl::Now();
    return now - std::exchange(last_, now);
  }

 private:
  absl::Time last_ = absl::Now();
};

std::vector<ReportFile> FilesOf(const SpooledUpload& upload) {
  std::vector<ReportFile> files;
  files.reserve(upload.spec().reports.size());
  for (uint32_t i = 0; i < upload.spec().reports.size(); ++i) {
    const ReportSpec& report = upload.spec().reports[i];
    files.push_back({.file = upload.ReportPath(i),
                     .name = report.name.empty() ? absl::StrCat("report ", i) : report.name,
                     .format = report.format,
                     .label = report.label,
                     .outcomes = report.outcomes});
  }
  return files;
}

absl::StatusOr<std::optional<std::string>> TextAt(const GitRepository& repository,
                                                  const ObjectId& tree, const std::string& path) {
  TS_ASSIGN_OR_RETURN(const std::optional<TreeEntry> entry, repository.FindInTree(tree, path));
  const bool is_file = entry.has_value() &&
                       (entry->type == FileType::kRegular || entry->type == FileType::kExecutable);
  if (!is_file) return std::nullopt;
  return repository.ReadBlob(entry->blob);
}

void DescribeSegment(const SegmentInfo& info, v1::UploadCoverageResponse* out) {
  out->set_segment_id(info.id.ToHex());
  const absl::string_view state = SegmentStateName(info.state);
  out->set_state(state.data(), state.size());
}

v1::UploadCoverageResponse Describe(const UploadSpec& spec, const IngestSummary& summary,
                                    const SegmentInfo& info) {
  v1::UploadCoverageResponse response;
  response.set_upload_id(spec.id);
  DescribeSegment(info, &response);
  response.set_labels(summary.labels);
  response.set_files(summary.files);
  response.set_pairs(summary.pairs);
  response.set_global_lines(summary.global_lines);
  response.set_outcomes(summary.outcomes);
  for (const std::string& format : summary.formats) response.add_formats(format);
  for (const std::string& warning : summary.warnings) response.add_warnings(warning);
  if (info.state == SegmentState::kQuarantined) {
    response.add_warnings(
        "the upload is suspiciously small beside the one before it: it is kept, but not used; "
        "seal the index with its quarantined segments if it is right");
  }
  return response;
}

void CountRecords(const IngestSummary& summary, const UploadMetrics& metrics) {
  metrics.labels.Add(static_cast<double>(summary.labels));
  metrics.files.Add(static_cast<double>(summary.files));
  metrics.pairs.Add(static_cast<double>(summary.pairs));
  metrics.global_lines.Add(static_cast<double>(summary.global_lines));
  metrics.outcomes.Add(static_cast<double>(summary.outcomes));
}

}  // namespace

absl::StatusOr<std::optional<v1::UploadCoverageResponse>> UploadProcessor::FindFinished(
    const UploadSpec& spec) const {
  const absl::StatusOr<std::string> note = environment_.store->GetNote(spec.NoteKey());
  if (absl::IsNotFound(note.status())) return std::nullopt;
  TS_RETURN_IF_ERROR(note.status());
  v1::UploadCoverageResponse response;
  if (!response.ParseFromString(*note)) {
    return absl::DataLossError(absl::StrCat("the result of upload ", spec.id, " is unreadable"));
  }
  // Another machine may just have deleted the segment: what is stored is not what was.
  IndexStore& store = *environment_.store;
  if (store.IsShared()) {
    const absl::Status heard = store
                                   .Refresh(spec.header.repository, absl::ZeroDuration(),
                                            absl::Now() + environment_.config->object_store_wait)
                                   .heard;
    if (!heard.ok() && !absl::IsDataLoss(heard)) return absl::UnavailableError(heard.message());
  }
  TS_ASSIGN_OR_RETURN(const std::vector<SegmentInfo> segments,
                      environment_.store->SegmentsAt(spec.header.repository, spec.header.commit));
  for (const SegmentInfo& info : segments) {
    if (info.id.ToHex() != response.segment_id()) continue;
    DescribeSegment(info, &response);  // its state may have changed
    response.set_already_stored(true);
    return response;
  }
  return std::nullopt;  // the segment was deleted since
}

absl::StatusOr<UploadProcessor::Commit> UploadProcessor::FindCommit(const UploadHeader& header,
                                                                    absl::Time deadline) const {
  RepositorySource* repositories = environment_.repositories;
  TS_RETURN_IF_ERROR(repositories->EnsureCommit(header.repository, header.commit, deadline));
  TS_ASSIGN_OR_RETURN(const std::shared_ptr<GitRepository> repository,
                      repositories->Find(header.repository));
  TS_ASSIGN_OR_RETURN(const CommitInfo info, repository->Commit(header.commit));
  TS_ASSIGN_OR_RETURN(const std::shared_ptr<const std::vector<TreeEntry>> entries,
                      repository->ListTree(info.tree));
  Commit commit{.tree = info.tree, .paths = {}, .repository = repository};
  commit.paths.reserve(entries->size());
  for (const TreeEntry& entry : *entries) commit.paths.push_back(entry.path);
  return commit;
}

void UploadProcessor::KeepUnstable(
    const absl::StatusOr<std::unique_ptr<const IndexKeeper::Before>>& before,
    const SegmentInfo& info, v1::UploadCoverageResponse* response) const {
  const UploadMetrics& metrics = environment_.metrics->upload;
  absl::Status failed = before.status();
  if (before.ok() && *before != nullptr) {
    const auto unstable = environment_.selector->keeper().AddUnstable(**before, info);
    failed = unstable.status();
    if (unstable.ok()) {
      metrics.unstable_labels.Add(static_cast<double>(unstable->labels));
      metrics.unstable_functions.Add(static_cast<double>(unstable->functions));
      response->set_unstable_labels(unstable->labels);
      response->set_unstable_functions(unstable->functions);
    }
  }
  if (failed.ok()) return;
  metrics.compare_failed.Add();
  response->add_warnings(
      absl::StrCat("the upload is stored, but could not be compared with the one before it: ",
                   failed.message()));
  environment_.log->Warning("an upload was not compared with the evidence before it",
                            {{"segment", info.id.ToHex()}, {"error", failed}});
}

// What cannot be put where machines share it need not be parsed.
absl::Status UploadProcessor::CheckShared(const std::string& repository,
                                          absl::Time deadline) const {
  const absl::Status heard = HearOthers(environment_, repository, deadline).heard;
  if (heard.ok() || absl::IsDataLoss(heard)) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "the index is shared, and where it is kept does not answer; nothing was stored: ",
      heard.message()));
}

absl::StatusOr<v1::UploadCoverageResponse> UploadProcessor::Process(SpooledUpload& upload,
                                                                    absl::Time deadline) const {
  const UploadSpec& spec = upload.spec();
  const UploadMetrics& metrics = environment_.metrics->upload;
  Stopwatch watch;
  TS_RETURN_IF_ERROR(CheckShared(spec.header.repository, deadline));
  TS_ASSIGN_OR_RETURN(Commit commit, FindCommit(spec.header, deadline));
  UploadHeader header = spec.header;
  header.tree = commit.tree;
  IngestOptions options;
  options.paths = spec.paths;
  options.tree_paths = std::move(commit.paths);
  options.source_texts = [repository = commit.repository, tree = commit.tree](
                             const std::string& path) { return TextAt(*repository, tree, path); };
  options.spool_dir = upload.work_dir();
  options.max_report_bytes = environment_.config->max_report_bytes;
  TS_ASSIGN_OR_RETURN(options.dictionary,
                      environment_.store->NewestDictionary(header.repository, header.job));
  metrics.prepare_seconds.Observe(watch.Lap());

  TS_ASSIGN_OR_RETURN(const IngestResult parsed, ParseUpload(FilesOf(upload), options));
  metrics.parse_seconds.Observe(watch.Lap());

  TS_ASSIGN_OR_RETURN(const std::vector<SegmentInfo> stored,
                      environment_.store->SegmentsAt(header.repository, header.commit));
  const auto before = environment_.selector->keeper().Look(header);
  TS_RETURN_IF_ERROR(environment_.selector->keeper().BeforeUpload(header));
  IndexStore::CommitOptions commit_options;
  commit_options.quarantine_below = environment_.config->quarantine_below;
  TS_ASSIGN_OR_RETURN(const SegmentInfo info,
                      environment_.store->Commit(header, parsed.content, commit_options));
  // Before it is acknowledged: should this fail, the upload is sent again and counted then.
  TS_RETURN_IF_ERROR(environment_.history->Record(info, parsed.content));
  metrics.store_seconds.Observe(watch.Lap());

  v1::UploadCoverageResponse response = Describe(spec, parsed.summary, info);
  response.set_already_stored(std::any_of(stored.begin(), stored.end(),
                                          [&](const SegmentInfo& s) { return s.id == info.id; }));
  if (!response.already_stored()) CountRecords(parsed.summary, metrics);
  KeepUnstable(before, info, &response);
  metrics.compare_seconds.Observe(watch.Lap());
  if (environment_.config->prepare_sources) {
    environment_.selector->Prepare(header.repository, header.commit);
  }
  environment_.selector->Consolidate(header.repository, header.commit);
  // Also what was stored before: it may have ended between the two.
  HearDecisions(environment_, header.repository);
  EvaluateUpload(environment_, header, parsed.content);
  const absl::Status offered = environment_.history->OfferStart(info);
  if (!offered.ok()) {
    environment_.log->Warning("a history was not offered to other machines",
                              {{"segment", info.id.ToHex()}, {"error", offered}});
  }
  // The segment is durable; that its answer cannot be remembered only costs a later repetition.
  const absl::Status noted =
      environment_.store->PutNote(spec.NoteKey(), response.SerializeAsString());
  if (!noted.ok()) {
    environment_.log->Warning("an upload's answer was not kept",
                              {{"upload", spec.id}, {"error", noted}});
  }
  return response;
}

}  // namespace testselect
