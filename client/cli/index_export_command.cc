// `index export`: a commit's evidence as an index of keys.
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/dynamic_index.h"
#include "client/cli/index_layout.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/cli/target.h"
#include "client/files.h"
#include "client/retry.h"
#include "client/selection_answer.h"
#include "client/status_mapping.h"
#include "storage/model/status_macros.h"
#include "testselect/v1/index.grpc.pb.h"

namespace testselect::client {
namespace {

constexpr absl::Duration kTimeout = absl::Minutes(10);
constexpr char kEveryTest[] = "*";

v1::IndexKind KindOf(const std::string& name) {
  if (name == "file") return v1::INDEX_KIND_FILE;
  if (name == "diffed-package") return v1::INDEX_KIND_DIFFED_PACKAGE;
  if (name == "line") return v1::INDEX_KIND_LINE;
  if (name == "function") return v1::INDEX_KIND_FUNCTION;
  return v1::INDEX_KIND_PACKAGE;
}

// What the service knows of each job.
struct Exported {
  DynamicIndex index;
  std::map<std::string, uint64_t> without_keys;  // labels, by job
};

absl::Status AddJob(const v1::ExportIndexResponse& job, const std::vector<std::string>& run_all,
                    Exported* out) {
  const std::string name = JobText(job.job());
  JobKeys& keys = out->index[name];
  for (const v1::IndexKey& key : job.keys()) {
    std::vector<std::string>& tests = keys[key.key()];
    for (const uint32_t n : key.labels()) {
      if (n >= static_cast<uint32_t>(job.labels_size())) {
        return absl::DataLossError("the answer names a label that it does not list");
      }
      tests.push_back(job.labels(static_cast<int>(n)));
    }
    if (key.every_label()) tests.emplace_back(kEveryTest);
  }
  for (const std::string& pattern : run_all) {
    std::vector<std::string>& tests = keys[pattern];
    if (tests.empty() || tests.back() != kEveryTest) tests.emplace_back(kEveryTest);
  }
  out->without_keys[name] = job.labels_without_keys();
  return absl::OkStatus();
}

absl::StatusOr<v1::ExportIndexRequest> RequestOf(const IndexExportOptions& options) {
  v1::ExportIndexRequest request;
  TS_RETURN_IF_ERROR(CheckCommit("SHA", options.commit));
  request.set_commit(options.commit);
  if (!options.job.empty()) {
    TS_ASSIGN_OR_RETURN(*request.mutable_job(), ParseJob("--job", options.job));
  }
  request.set_kind(KindOf(options.kind));
  if ((options.kind == "diffed-package") == options.baseline.empty()) {
    return absl::InvalidArgumentError("--kind diffed-package and --baseline LABEL go together");
  }
  if (!options.job_id.empty() && options.to.empty()) {
    return absl::InvalidArgumentError("--job-id goes with --to");
  }
  for (const std::string& label : options.baseline) request.add_baseline_labels(label);
  return request;
}

absl::StatusOr<Exported> ExportAll(const CommonOptions& common, const IndexExportOptions& options,
                                   Console& console) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  TS_ASSIGN_OR_RETURN(v1::ExportIndexRequest request, RequestOf(options));
  const absl::Time deadline = DeadlineOf(common, kTimeout);
  TS_ASSIGN_OR_RETURN(const Target target, OpenTarget(common, deadline, console));
  const auto stub = v1::IndexService::NewStub(target.connection->channel());
  request.set_repository(target.repository);
  Exported out;
  do {
    v1::ExportIndexResponse job;
    TS_RETURN_IF_ERROR(CallWithRetry(target.connection->retry(), deadline, [&] {
      job.Clear();
      auto context = target.connection->NewContext(deadline);
      return FromGrpcStatus("exporting the index", stub->ExportIndex(context.get(), request, &job));
    }));
    const std::string name = JobText(job.job());
    for (const std::string& warning : job.warnings()) {
      console.Warning(absl::StrCat("job ", name, ": ", warning));
    }
    if (job.labels_without_keys() > 0) {
      console.Warning(absl::StrCat("job ", name, ": ", CountText(job.labels_without_keys()),
                                   " tests are under no key, so they must always run"));
    }
    TS_RETURN_IF_ERROR(AddJob(job, options.run_all, &out));
    request.set_page_token(job.next_page_token());
  } while (!request.page_token().empty());
  return out;
}

std::string ExportedJson(const IndexExportOptions& options, const Exported& exported) {
  if (options.format == "datadog") return DynamicIndexJson(exported.index);
  JsonWriter json;
  json.BeginObject().Key("commit").String(options.commit).Key("kind").String(options.kind);
  json.Key("jobs").BeginObject();
  for (const auto& [job, keys] : exported.index) {
    json.Key(job).BeginObject();
    json.Key("tests_without_keys").Number(exported.without_keys.at(job));
    json.Key("keys").BeginObject();
    for (const auto& [key, tests] : keys) {
      json.Key(key).BeginArray();
      for (const std::string& test : tests) json.String(test);
      json.EndArray();
    }
    json.EndObject().EndObject();
  }
  json.EndObject().EndObject();
  return std::move(json).Finish();
}

absl::Status Deliver(const IndexExportOptions& options, const Exported& exported,
                     Console& console) {
  if (!options.to.empty()) {
    TS_ASSIGN_OR_RETURN(const auto objects, OpenIndexObjects(options.to));
    TS_ASSIGN_OR_RETURN(const std::string name, WriteIndex(*objects, options.kind, options.commit,
                                                           options.job_id, exported.index));
    console.Note(absl::StrCat("written to ", name, " in ", objects->description()));
    if (options.out.empty()) return absl::OkStatus();
  }
  const std::string text = ExportedJson(options, exported);
  if (options.out.empty() || options.out == "-") return console.Print(text);
  return WriteFileAtomically(options.out, text);
}

}  // namespace

ExitCode RunIndexExport(const CommonOptions& common, const IndexExportOptions& options,
                        Console& console) {
  const absl::StatusOr<Exported> exported = ExportAll(common, options, console);
  if (!exported.ok()) return console.Fail(exported.status());
  const absl::Status delivered = Deliver(options, *exported, console);
  return delivered.ok() ? ExitCode::kAnswered : console.Fail(delivered);
}

}  // namespace testselect::client
