#include "client/cli/index_key_commands.h"

#include "client/cli/command_options.h"

namespace testselect::client {
namespace {

constexpr char kLayoutDoc[] =
    "BASE/dynamic_test/KIND/KEY/index.json, where BASE is a folder, s3://BUCKET/PREFIX or "
    "file:///FOLDER (an object store)";

}  // namespace

void AddIndexExport(CLI::App* group, CommandLine& values) {
  IndexExportOptions& index = values.index_export;
  CLI::App* app =
      AddCommand(group, "export", "Write a commit's evidence as an index of keys.", values,
                 Command::kIndexExport,
                 "  testselect index export \"$SHA\" --kind package > index.json\n"
                 "  testselect index export \"$SHA\" --kind diffed-package --baseline BaseSuite "
                 "--run-all go.mod\n"
                 "  # where datadog-agent's programs look for it\n"
                 "  testselect index export \"$SHA\" --kind file --to s3://bucket/ci\n");
  CommandOptions options(app);
  options
      .Text("SHA", index.commit, "SHA",
            "The commit: a full id, or a revision of the clone at hand.")
      ->option_text("REQUIRED")
      ->required();
  options.Text("--job", index.job, "NAME",
               "Only this job, NAME or 'NAME;os=linux'. Default: all jobs.");
  options.Choice("--kind", index.kind, {"package", "file", "diffed-package", "line", "function"},
                 "What the keys name: folders, files, folders beyond what --baseline executes, "
                 "lines (PATH:FIRST-LAST) or functions (PATH:NAME). Default: package.");
  options.Repeated("--baseline", index.baseline, "LABEL",
                   "With --kind diffed-package: a label of the baseline suite; may be repeated.");
  options.Repeated("--run-all", index.run_all, "PATTERN",
                   "A key that stands for every test in each job; may be repeated.");
  options.Choice("--format", index.format, {"datadog", "testselect"},
                 "datadog: {job: {key: [tests]}}; testselect: an object that also says what is "
                 "under no key. Default: datadog.");
  options.Text("--out", index.out, "FILE", "Write the index there, in one step.");
  options.Text("--to", index.to, "BASE", std::string("Write it to ") + kLayoutDoc + ".");
  options.Text("--job-id", index.job_id, "ID",
               "With --to: as the part of one CI job, in a folder of this name below KEY.");
  options.Index(values.common, /*has_json=*/false);
}

void AddIndexImport(CLI::App* group, CommandLine& values) {
  IndexImportOptions& index = values.index_import;
  CLI::App* app = AddCommand(
      group, "import", "Store the jobs of an index of keys as evidence.", values,
      Command::kIndexImport,
      "  testselect index import index.json --commit \"$SHA\"\n"
      "  testselect index import index.json --commit \"$SHA\" --job new-e2e-fips --as "
      "'e2e;fips=on'\n"
      "  # what datadog-agent's programs stored\n"
      "  testselect index import --from s3://bucket/ci --kind package --commit \"$SHA\"\n");
  CommandOptions options(app);
  CLI::Option* file = options.Text("FILE", index.file, "FILE",
                                   "The index, {job: {key: [tests]}}; - is standard input.");
  file->option_text(" ");
  options
      .Text("--commit", index.commit, "SHA",
            "The commit that it was made at: a full id, or a revision of the clone at hand.")
      ->required();
  options.Text("--job", index.job, "NAME", "Only this job of the index. Default: all of them.");
  options.Text("--as", index.as, "NAME",
               "What the job is called here, NAME or 'NAME;os=linux'. Default: as in the index.");
  options.Switch("--subset", index.subset,
                 "The index has only a part of its jobs' tests: others keep their evidence.");
  options.Choice("--format", index.format, {"datadog"}, "The only one there is. Default: datadog.");
  options.Text("--branch", index.branch, "NAME",
               "The branch that was tested. Default: as for select.");
  options.Text("--from", index.from, "BASE", std::string("Read it from ") + kLayoutDoc + ".")
      ->excludes(file);
  options.Choice("--kind", index.kind, {"package", "file", "diffed-package", "line", "function"},
                 "With --from: which kind. Default: package.");
  options.Text("--key", index.key, "KEY",
               "With --from: what the index is stored under. Default: --commit, or a beginning of "
               "it of at least 7 digits.");
  options.Index(values.common, /*has_json=*/true, CommandOptions::Sends::kUploads);
}

}  // namespace testselect::client
