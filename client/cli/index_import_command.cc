// `index import`: the jobs of a dynamic test index, each stored as one upload.
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/dynamic_index.h"
#include "client/cli/index_layout.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/cli/target.h"
#include "client/cli/upload_call.h"
#include "client/files.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr char kFormat[] = "dynamic-test-index";

// The upload's options for a job that is called `name` in the index: NAME or NAME;K=V;...
absl::StatusOr<UploadOptions> OptionsFor(const IndexImportOptions& options,
                                         const std::string& name) {
  const std::string& text = options.as.empty() ? name : options.as;
  TS_ASSIGN_OR_RETURN(const v1::Job job, ParseJob(options.as.empty() ? "job" : "--as", text));
  UploadOptions upload;
  upload.commit = options.commit;
  upload.job = job.name();
  for (const auto& [key, value] : job.flavor()) upload.flavor.push_back(key + "=" + value);
  upload.subset = options.subset;
  upload.branch = options.branch;
  return upload;
}

// Only the job that was asked for.
absl::Status KeepJob(const IndexImportOptions& options, DynamicIndex* index) {
  if (!options.job.empty()) {
    std::erase_if(*index, [&](const auto& job) { return job.first != options.job; });
    if (index->empty()) {
      return absl::NotFoundError(
          absl::StrCat("--job='", Shorten(options.job), "': the index has no such job"));
    }
  }
  if (!options.as.empty() && index->size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--as gives one job another name, and there are ", index->size(), "; name one by --job"));
  }
  return absl::OkStatus();
}

StoredUpload ImportJob(const CommonOptions& common, const UploadOptions& upload,
                       const std::string& name, const JobKeys& keys, Console& console) {
  const auto scratch = ScratchFolder::Create("index");
  if (!scratch.ok()) return {scratch.status(), ExitCode::kUsage};
  const std::string file = scratch->path() + "/index.json";
  const absl::Status written = WriteFileAtomically(file, DynamicIndexJson({{name, keys}}));
  if (!written.ok()) return {written, ExitCode::kUsage};
  UploadReport report{file, kFormat, "", false};
  report.name = absl::StrCat("job ", name);
  return StoreReports(common, upload, {std::move(report)}, console);
}

std::string ImportedText(const std::string& job, const v1::UploadCoverageResponse& stored) {
  return absl::StrCat("job ", job, ": ", stored.already_stored() ? "already stored" : "stored",
                      " as segment ", stored.segment_id(), " (", stored.state(),
                      "): ", CountText(stored.labels()), " labels under ",
                      CountText(stored.files()), " keys\n");
}

absl::StatusOr<DynamicIndex> IndexOf(const IndexImportOptions& options) {
  if (options.file.empty() == options.from.empty()) {
    return absl::InvalidArgumentError("name the index: either FILE or --from BASE");
  }
  if (!options.from.empty()) {
    TS_ASSIGN_OR_RETURN(const auto objects, OpenIndexObjects(options.from));
    return ReadIndex(*objects, options.kind, options.key.empty() ? options.commit : options.key);
  }
  TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.file));
  return ParseDynamicIndex(options.file, text);
}

ExitCode ImportDynamicIndex(const CommonOptions& common, const IndexImportOptions& options,
                            DynamicIndex index, Console& console) {
  if (absl::Status kept = KeepJob(options, &index); !kept.ok()) return console.Fail(kept);
  std::string text;
  JsonWriter json;
  json.BeginObject().Key("jobs").BeginObject();
  for (const auto& [name, keys] : index) {
    if (TestsOf(keys).empty()) {
      console.Warning(absl::StrCat("job '", Shorten(name),
                                   "' names no test: nothing is known of it, so its tests run"));
      continue;
    }
    const absl::StatusOr<UploadOptions> upload = OptionsFor(options, name);
    if (!upload.ok()) return console.Fail(upload.status());
    const StoredUpload stored = ImportJob(common, *upload, name, keys, console);
    if (!stored.answer.ok()) return console.Fail(stored.answer.status(), stored.for_invalid);
    absl::StrAppend(&text, ImportedText(options.as.empty() ? name : options.as, *stored.answer));
    json.Key(options.as.empty() ? name : options.as).Json(UploadJson(*stored.answer));
  }
  json.EndObject().EndObject();
  const absl::Status printed = console.Print(common.json    ? std::move(json).Finish()
                                             : common.quiet ? std::string()
                                                            : text);
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace

ExitCode RunIndexImport(const CommonOptions& common, const IndexImportOptions& options,
                        Console& console) {
  if (absl::Status commit = CheckCommit("--commit", options.commit); !commit.ok()) {
    return console.Fail(commit);
  }
  absl::StatusOr<DynamicIndex> index = IndexOf(options);
  if (!index.ok()) return console.Fail(index.status());
  return ImportDynamicIndex(common, options, *std::move(index), console);
}

}  // namespace testselect::client
