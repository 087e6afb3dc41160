#include "server/rpc/run_evaluation.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "server/ingest/ingestor.h"
#include "server/rpc/decision_recorder.h"
#include "server/rpc/proto_conversion.h"
#include "server/rpc/status.h"
#include "server/selection/evaluator.h"
#include "storage/label_dictionary.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

constexpr int kMaxReports = 1000;
constexpr size_t kMaxNameBytes = 4096;
constexpr uint64_t kMaxUnpackedBytes = 4ull << 30;
constexpr size_t kLoggedLabels = 10;

absl::StatusOr<std::pair<std::string, LabelOutcome>> OutcomeFromProto(
    const std::string& field, const v1::TestOutcome& proto) {
  if (proto.label().empty() || !IsUtf8(proto.label())) {
    return FieldError(field + ".label", proto.label(), "expected at least 1 byte of UTF-8");
  }
  // The numbers are those of Outcome.
  static_assert(static_cast<int>(Outcome::kXpassed) == v1::TEST_STATUS_XPASSED);
  if (proto.status() <= v1::TEST_STATUS_UNSPECIFIED || proto.status() > v1::TEST_STATUS_XPASSED) {
    return FieldError(field + ".status", absl::StrCat(static_cast<int>(proto.status())),
                      "expected 1 to 6");
  }
  if (!std::isfinite(proto.seconds()) || proto.seconds() < 0) {
    return FieldError(field + ".seconds", absl::StrCat(proto.seconds()), "expected 0 or more");
  }
  LabelOutcome outcome;
  outcome.outcome = static_cast<Outcome>(proto.status());
  outcome.seconds = proto.seconds() > 0 ? proto.seconds() : -1;
  outcome.flaky = proto.flaky();
  return std::make_pair(proto.label(), outcome);
}

// A folder below data-dir for the time of a call.
absl::StatusOr<std::string> MakeFolder(const std::string& data_dir) {
  std::string folder = absl::StrCat(data_dir, "/outcomes.XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat(folder, " cannot be created"));
  }
  return folder;
}

absl::StatusOr<std::vector<ReportFile>> WriteReports(const v1::RunOutcomes& run,
                                                     const std::string& folder) {
  std::vector<ReportFile> files;
  for (int i = 0; i < run.reports_size(); ++i) {
    const v1::OutcomeReport& report = run.reports(i);
    const std::string field = absl::StrCat("run.reports[", i, "].name");
    if (report.name().size() > kMaxNameBytes || !IsUtf8(report.name())) {
      return FieldError(field, report.name(), absl::StrCat("at most ", kMaxNameBytes, " bytes"));
    }
    ReportFile file{.file = absl::StrCat(folder, "/", i),
                    .name = report.name().empty() ? absl::StrCat("report ", i) : report.name(),
                    .format = report.format(),
                    .label = "",
                    .outcomes = true};
    std::ofstream out(file.file, std::ios::binary);
    out.write(report.content().data(), static_cast<std::streamsize>(report.content().size()));
    out.close();
    if (!out) return absl::ResourceExhaustedError("no room for the outcomes: is the disk full?");
    files.push_back(std::move(file));
  }
  return files;
}

// What reports at a commit may call tests, beside the labels that were asked about.
absl::Status AddContext(const ServiceEnvironment& environment, const std::string& repository,
                        const ObjectId& head, const JobKey& job,
                        const std::vector<std::string>& known, IngestOptions* options) {
  std::vector<std::string> names;
  absl::flat_hash_set<absl::string_view> seen;
  for (const std::string& label : known) {
    if (seen.insert(label).second) names.push_back(label);
  }
  TS_ASSIGN_OR_RETURN(const auto newest, environment.store->NewestDictionary(repository, job));
  for (size_t n = 0; newest != nullptr && n < newest->size(); ++n) {
    const absl::string_view name = newest->Name(static_cast<LabelNumber>(n));
    if (seen.insert(name).second) names.emplace_back(name);
  }
  if (!names.empty()) {
    TS_ASSIGN_OR_RETURN(options->dictionary, NewLabelDictionary(names));
  }
  // Where git does not know the commit, only the spelling of labels nobody asked about suffers.
  const auto git = environment.repositories->Find(repository);
  if (!git.ok()) return absl::OkStatus();
  const auto commit = (*git)->Commit(head);
  if (!commit.ok()) return absl::OkStatus();
  const auto entries = (*git)->ListTree(commit->tree);
  if (!entries.ok()) return absl::OkStatus();
  for (const TreeEntry& entry : **entries) options->tree_paths.push_back(entry.path);
  return absl::OkStatus();
}

void TakeContent(const SegmentContent& content, ReportedRun* run) {
  content.ran.ForEach([&](LabelNumber n) {
    if (n < content.outcomes.size() && content.outcomes[n].outcome != Outcome::kUnknown) {
      run->outcomes.emplace_back(content.labels[n], content.outcomes[n]);
    }
  });
}

absl::Status ReadReports(const ServiceEnvironment& environment, const std::string& repository,
                         const ObjectId& head, const v1::RunOutcomes& proto,
                         const std::vector<std::string>& known, ReportedRun* run) {
  if (proto.reports_size() > kMaxReports) {
    return FieldError("run.reports", absl::StrCat(proto.reports_size(), " reports"),
                      absl::StrCat("at most ", kMaxReports));
  }
  TS_ASSIGN_OR_RETURN(const std::string folder, MakeFolder(environment.config->data_dir));
  const absl::Cleanup remove = [&folder] {
    std::error_code error;
    std::filesystem::remove_all(folder, error);
  };
  TS_ASSIGN_OR_RETURN(const std::vector<ReportFile> files, WriteReports(proto, folder));
  IngestOptions options;
  options.spool_dir = folder;
  options.max_report_bytes = std::min(environment.config->max_report_bytes, kMaxUnpackedBytes);
  TS_RETURN_IF_ERROR(AddContext(environment, repository, head, run->job, known, &options));
  TS_ASSIGN_OR_RETURN(const IngestResult parsed, ParseUpload(files, options));
  TakeContent(parsed.content, run);
  return absl::OkStatus();
}

double Delta(double now, double before) { return std::max(0.0, now - before); }
double Delta(uint64_t now, uint64_t before) {
  return now > before ? static_cast<double>(now - before) : 0;
}

}  // namespace

absl::Status KnownRepository(const ServiceEnvironment& environment, const std::string& repository) {
  TS_RETURN_IF_ERROR(RepositoryFromProto("repository", repository).status());
  return environment.repositories->Find(repository).status();
}

std::vector<ReportedOutcome> ReportedRun::report() const {
  std::vector<ReportedOutcome> report;
  report.reserve(outcomes.size());
  for (const auto& [label, outcome] : outcomes) report.push_back({label, outcome});
  return report;
}

absl::StatusOr<ReportedRun> ReadRun(const ServiceEnvironment& environment,
                                    const std::string& repository, const ObjectId& head,
                                    const v1::RunOutcomes& run,
                                    const std::vector<std::string>& known) {
  ReportedRun read;
  TS_ASSIGN_OR_RETURN(read.job, JobFromProto("run.job", run.job()));
  if (run.outcomes_size() > static_cast<int>(LabelList::kMaxLabels)) {
    return FieldError("run.outcomes", absl::StrCat(run.outcomes_size(), " outcomes"),
                      absl::StrCat("at most ", LabelList::kMaxLabels));
  }
  for (int i = 0; i < run.outcomes_size(); ++i) {
    TS_ASSIGN_OR_RETURN(auto outcome,
                        OutcomeFromProto(absl::StrCat("run.outcomes[", i, "]"), run.outcomes(i)));
    read.outcomes.push_back(std::move(outcome));
  }
  if (run.reports_size() > 0) {
    TS_RETURN_IF_ERROR(ReadReports(environment, repository, head, run, known, &read));
  }
  return read;
}

void TellJudged(const ServiceEnvironment& environment, const JudgedDecision& judged) {
  const EvaluationSummary& now = judged.evaluation.summary;
  const EvaluationSummary& before = judged.before;
  const JobMetrics& metrics = environment.metrics->decision.OfJob(judged.job.ToString());
  const auto result = now.missed > 0 ? EvaluationResult::kMissed : EvaluationResult::kClean;
  metrics.evaluations[static_cast<size_t>(result)].Add();
  metrics.missed.Add(Delta(now.missed, before.missed));
  metrics.flaky.Add(Delta(now.flaky, before.flaky));
  metrics.saved_seconds.Add(Delta(now.saved_seconds, before.saved_seconds));
  metrics.evaluated_seconds.Add(Delta(now.total_seconds, before.total_seconds));
  metrics.confirmed.Add(static_cast<double>(judged.newly_confirmed));
  if (before.labels == 0 && now.labels > 0) {
    metrics.ratio.Observe(static_cast<double>(now.predicted) / static_cast<double>(now.labels));
  }
  const std::string missed =
      absl::StrJoin(NamesOf(judged.evaluation.missed, *judged.list, kLoggedLabels), ", ");
  environment.log->Log(now.missed > 0 ? LogLevel::kWarning : LogLevel::kInfo,
                       now.missed > 0 ? "a selection missed failures" : "a selection was right",
                       {{"selection", judged.decision.id()},
                        {"job", judged.job.ToString()},
                        {"head", judged.decision.request.head.ToHex()},
                        {"missed", now.missed},
                        {"labels", missed},
                        {"executed", now.executed},
                        {"predicted", now.predicted}});
  if (judged.newly_confirmed > 0) {
    environment.log->Warning("missed labels run always from now on",
                             {{"repository", judged.decision.request.repository},
                              {"job", judged.job.ToString()},
                              {"labels", judged.newly_confirmed},
                              {"examples", missed}});
  }
  if (!judged.confirming.ok()) {
    environment.log->Error("missed labels were not made to run always",
                           {{"selection", judged.decision.id()}, {"error", judged.confirming}});
  }
}

void EvaluateUpload(const ServiceEnvironment& environment, const UploadHeader& header,
                    const SegmentContent& content) {
  if (header.completeness != Completeness::kFull || content.outcomes.empty()) return;
  environment.decisions->Flush(absl::Now() + kRecordingWait);
  ReportedRun run;
  run.job = header.job;
  TakeContent(content, &run);
  const auto judged = environment.evaluator->Report(header.repository, header.commit, run.job,
                                                    run.report(), absl::Now());
  if (!judged.ok()) {
    environment.metrics->decision.OfJob(run.job.ToString())
        .evaluations[static_cast<size_t>(EvaluationResult::kFailed)]
        .Add();
    environment.log->Error("an upload's outcomes were not evaluated",
                           {{"repository", header.repository},
                            {"commit", header.commit.ToHex()},
                            {"error", judged.status()}});
    return;
  }
  for (const JudgedDecision& one : *judged) TellJudged(environment, one);
}

}  // namespace testselect
