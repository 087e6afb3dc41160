#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/branch_name.h"
#include "client/cli/commands.h"
#include "client/cli/layout_upload.h"
#include "client/cli/number_text.h"
#include "client/cli/report_argument.h"
#include "client/cli/spool_upload.h"
#include "client/cli/target.h"
#include "client/cli/upload_call.h"
#include "client/upload_client.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

absl::StatusOr<std::vector<ReportArgument>> ArgumentsOf(const UploadOptions& options) {
  return CollectReports(options.reports, options.reports_from, options.label);
}

absl::StatusOr<std::vector<UploadReport>> ReportsOf(const UploadOptions& options) {
  TS_ASSIGN_OR_RETURN(std::vector<ReportArgument> arguments, ArgumentsOf(options));
  std::vector<UploadReport> reports;
  reports.reserve(arguments.size() + options.outcomes.size());
  for (ReportArgument& argument : arguments) {
    reports.push_back({.path = std::move(argument.path),
                       .format = options.format,
                       .label = std::move(argument.label),
                       .with_neighbours = true});
  }
  for (const std::string& file : options.outcomes) reports.push_back({file, "", "", true});
  return reports;
}

std::string AnswerText(const v1::UploadCoverageResponse& stored) {
  return absl::StrCat(stored.already_stored() ? "already stored as segment " : "stored segment ",
                      stored.segment_id(), " (", stored.state(), "): ", CountText(stored.labels()),
                      " labels, ", CountText(stored.files()), " files, ", CountText(stored.pairs()),
                      " pairs, ", CountText(stored.global_lines()), " global lines, ",
                      CountText(stored.outcomes()), " outcomes\n");
}

// With --spool: nothing is sent; the agent does that.
ExitCode PutInSpool(const CommonOptions& common, const UploadOptions& options, Console& console) {
  absl::StatusOr<v1::UploadHeader> header = UploadHeaderOf(options);
  if (!header.ok()) return console.Fail(header.status());
  if (!MayBeRepositoryName(common.repo)) {
    return console.Fail(absl::InvalidArgumentError(absl::StrCat(
        "--repo: with --spool give the NAME under which the agent's server knows the repository",
        common.repo.empty() ? "" : absl::StrCat(", not the path '", Shorten(common.repo), "'"))));
  }
  header->set_repository(common.repo);
  header->set_branch(options.branch.empty() ? BranchOfEnvironment(std::getenv) : options.branch);
  if (options.path_root.empty() && options.path_prefix.empty()) {
    header->set_path_root(CheckoutTop(common));
  }
  const absl::StatusOr<std::vector<ReportArgument>> reports = ArgumentsOf(options);
  if (!reports.ok()) return console.Fail(reports.status());
  const absl::StatusOr<std::string> entry = PutReportsInSpool(
      options.spool, *std::move(header), options.format, *reports, options.outcomes);
  if (!entry.ok()) return console.Fail(entry.status());
  const absl::Status printed =
      console.Print(common.json    ? SpoolEntryJson(*entry)
                    : common.quiet ? std::string()
                                   : absl::StrCat("in the spool as ", *entry, "\n"));
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace

ExitCode RunUpload(const CommonOptions& common, const UploadOptions& options, Console& console) {
  if (!options.layout.empty()) return UploadLayout(common, options, console);
  if (!options.spool.empty()) return PutInSpool(common, options, console);
  // What is wrong with the command line is told before what is wrong with a report.
  if (absl::Status usable = CheckUpload(common, options); !usable.ok()) return console.Fail(usable);
  absl::StatusOr<std::vector<UploadReport>> reports = ReportsOf(options);
  if (!reports.ok()) return console.Fail(reports.status());
  const StoredUpload stored = StoreReports(common, options, *std::move(reports), console);
  if (!stored.answer.ok()) return console.Fail(stored.answer.status(), stored.for_invalid);
  const absl::Status printed = console.Print(common.json    ? UploadJson(*stored.answer)
                                             : common.quiet ? std::string()
                                                            : AnswerText(*stored.answer));
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace testselect::client
