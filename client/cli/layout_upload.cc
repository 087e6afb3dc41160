#include "client/cli/layout_upload.h"

#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/cli/target.h"
#include "client/cli/upload_call.h"
#include "client/files.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

constexpr char kDataFormat[] = "go-covdata";
constexpr char kProfileFormat[] = "go-cover-text";
constexpr char kEmptyProfile[] = "mode: set\n";

// What metadata.json says instead of the suite's name.
absl::Status ReadMetadata(const std::string& file, LayoutSuite* suite) {
  const absl::StatusOr<std::string> text = ReadFile(file);
  if (absl::IsNotFound(text.status())) return absl::OkStatus();
  if (!text.ok()) return text.status();
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const simdjson::padded_string padded(*text);
  const simdjson::error_code code = parser.parse(padded).get_object().get(object);
  if (code != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", simdjson::error_message(code)));
  }
  const std::pair<const char*, std::string*> fields[] = {{"job_name", &suite->job},
                                                         {"test", &suite->test}};
  for (const auto& [key, target] : fields) {
    std::string_view value;
    if (object[key].get(value) == simdjson::SUCCESS && !value.empty()) *target = value;
  }
  return absl::OkStatus();
}

// Copies Go's coverage data to a folder of its own, as a profile may lie beside it. Returns whether
// there is data of a program that ran.
absl::StatusOr<bool> CopyBinaryCoverage(const std::string& from, const std::string& to) {
  std::error_code error;
  bool ran = false;
  fs::create_directory(to, error);
  if (error) return ErrnoStatus(to, error.value());
  for (const fs::directory_entry& entry : fs::directory_iterator(from, error)) {
    const std::string name = entry.path().filename().string();
    const bool counters = absl::StartsWith(name, "covcounters.");
    if (!counters && !absl::StartsWith(name, "covmeta.")) continue;
    fs::copy_file(entry.path(), fs::path(to) / name, error);
    if (error) return ErrnoStatus(entry.path().string(), error.value());
    ran |= counters;
  }
  if (error) return ErrnoStatus(from, error.value());
  return ran;
}

// The report of a suite: Go's data, copied to `scratch`, or a profile.
absl::StatusOr<UploadReport> ReportOf(const LayoutSuite& suite, const std::string& scratch,
                                      size_t number) {
  const std::string coverage = suite.folder + "/coverage";
  UploadReport report{absl::StrCat(scratch, "/", number), kDataFormat, suite.test, false};
  report.name = coverage;
  TS_ASSIGN_OR_RETURN(const bool ran, CopyBinaryCoverage(coverage, report.path));
  if (ran) return report;
  report.path = coverage + "/coverage.txt";
  report.format = kProfileFormat;
  std::error_code error;
  if (fs::exists(report.path, error)) return report;
  return absl::NotFoundError("it holds neither covcounters.* nor coverage.txt");
}

// The reports of a job, by its name.
using JobReports = std::map<std::string, std::vector<UploadReport>>;

absl::StatusOr<JobReports> ReportsByJob(const std::vector<LayoutSuite>& suites,
                                        const std::string& scratch, Console& console) {
  JobReports jobs;
  for (size_t i = 0; i < suites.size(); ++i) {
    const LayoutSuite& suite = suites[i];
    absl::StatusOr<UploadReport> report = ReportOf(suite, scratch, i);
    if (!report.ok()) {
      console.Warning(absl::StrCat(suite.folder, "/coverage: ", report.status().message(),
                                   "; nothing is known of '", Shorten(suite.test),
                                   "', so it always runs"));
      report =
          UploadReport{absl::StrCat(scratch, "/", i, ".none"), kProfileFormat, suite.test, false};
      report->name = suite.folder + "/coverage";
      TS_RETURN_IF_ERROR(WriteFileAtomically(report->path, kEmptyProfile));
    }
    jobs[suite.job].push_back(*std::move(report));
  }
  return jobs;
}

absl::Status CheckOptions(const UploadOptions& options) {
  if (options.reports.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--layout datadog: expected one folder of suites, not ", options.reports.size()));
  }
  if (!options.label.empty() || !options.format.empty() || !options.reports_from.empty() ||
      !options.spool.empty() || !options.outcomes.empty()) {
    return absl::InvalidArgumentError(
        "--layout datadog names labels, jobs and formats itself: leave --label, --format, "
        "--reports-from, --outcomes and --spool out");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<LayoutSuite>> FindSuites(const std::string& folder, Console& console) {
  std::error_code error;
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error) && fs::is_directory(entry.path() / "coverage", error)) {
      names.push_back(entry.path().filename().string());
    }
  }
  if (error) return ErrnoStatus(folder, error.value());
  if (names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder, ": no folder in it has a folder coverage/"));
  }
  std::sort(names.begin(), names.end());
  std::vector<LayoutSuite> suites;
  for (const std::string& name : names) {
    LayoutSuite& suite = suites.emplace_back(LayoutSuite{folder + "/" + name, name, name});
    const absl::Status read = ReadMetadata(suite.folder + "/metadata.json", &suite);
    if (!read.ok()) {
      console.Warning(
          absl::StrCat(read.message(), "; the suite counts as job and test '", Shorten(name), "'"));
    }
  }
  return suites;
}

ExitCode UploadLayout(const CommonOptions& common, const UploadOptions& options, Console& console) {
  if (absl::Status usable = CheckOptions(options); !usable.ok()) return console.Fail(usable);
  if (absl::Status usable = CheckUpload(common, options); !usable.ok()) return console.Fail(usable);
  const auto suites = FindSuites(options.reports[0], console);
  if (!suites.ok()) return console.Fail(suites.status());
  const auto scratch = ScratchFolder::Create("layout");
  if (!scratch.ok()) return console.Fail(scratch.status());
  absl::StatusOr<JobReports> jobs = ReportsByJob(*suites, scratch->path(), console);
  if (!jobs.ok()) return console.Fail(jobs.status());
  std::string text;
  JsonWriter json;
  json.BeginObject().Key("jobs").BeginObject();
  for (auto& [job, reports] : *jobs) {
    UploadOptions upload = options;
    upload.job = job;
    const StoredUpload stored = StoreReports(common, upload, std::move(reports), console);
    if (!stored.answer.ok()) return console.Fail(stored.answer.status(), stored.for_invalid);
    absl::StrAppend(&text, "job ", job, ": ", CountText(stored.answer->labels()), " labels, ",
                    CountText(stored.answer->files()), " files in segment ",
                    stored.answer->segment_id(), " (", stored.answer->state(), ")\n");
    json.Key(job).Json(UploadJson(*stored.answer));
  }
  json.EndObject().EndObject();
  const absl::Status printed = console.Print(common.json    ? std::move(json).Finish()
                                             : common.quiet ? std::string()
                                                            : text);
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace testselect::client
