#include "client/cli/command_options.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace testselect::client {
namespace {

constexpr char kServerVariable[] = "TESTSELECT_SERVER";

CLI::Validator TakeMarkOff() {
  return CLI::Validator(
      [](std::string& value) {
        if (!value.empty() && value[0] == kArgumentMark) value.erase(0, 1);
        return std::string();
      },
      "");
}

}  // namespace

CLI::App* AddCommand(CLI::App* parent, const std::string& name, const std::string& doc,
                     CommandLine& values, Command command, const std::string& examples) {
  CLI::App* app = parent->add_subcommand(name, doc);
  app->callback([&values, command] { values.command = command; });
  app->footer(absl::StrCat("Examples:\n", examples));
  return app;
}

CLI::Option* CommandOptions::Text(const std::string& flags, std::string& target,
                                  const std::string& type, const std::string& doc) {
  return app_->add_option(flags, target, doc)->type_name(type)->transform(TakeMarkOff());
}

CLI::Option* CommandOptions::Repeated(const std::string& flags, std::vector<std::string>& target,
                                      const std::string& type, const std::string& doc) {
  return app_->add_option(flags, target, doc)
      ->type_name(type)
      ->allow_extra_args(false)
      ->transform(TakeMarkOff());
}

CLI::Option* CommandOptions::Positional(const std::string& name, std::vector<std::string>& target,
                                        const std::string& type, const std::string& doc) {
  return app_->add_option(name, target, doc)->type_name(type)->transform(TakeMarkOff());
}

CLI::Option* CommandOptions::Choice(const std::string& flags, std::string& target,
                                    const std::vector<std::string>& choices,
                                    const std::string& doc) {
  CLI::Validator known = CLI::IsMember(choices);
  known.description("");
  std::string type;
  for (const std::string& choice : choices) absl::StrAppend(&type, type.empty() ? "" : "|", choice);
  return app_->add_option(flags, target, doc)->type_name(type)->check(known);
}

CLI::Option* CommandOptions::Seconds(const std::string& flags, double& target,
                                     const std::string& doc) {
  return app_->add_option(flags, target, doc)
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e9).description(""));
}

CLI::Option* CommandOptions::Count(const std::string& flags, uint32_t& target, uint32_t most,
                                   const std::string& doc, uint32_t least) {
  return app_->add_option(flags, target, doc)
      ->type_name("N")
      ->check(CLI::Range(least, most).description(""));
}

CLI::Option* CommandOptions::Switch(const std::string& flags, bool& target,
                                    const std::string& doc) {
  return app_->add_flag(flags, target, doc);
}

void CommandOptions::Output(CommonOptions& common, bool has_json) {
  Switch("-q,--quiet", common.quiet, "Say nothing but the answer, warnings and errors.");
  Switch("-v,--verbose", common.verbose, "Say more on standard error.");
  if (has_json) Switch("--json", common.json, "Print the answer as one JSON object.");
}

void SettleServer(CommonOptions& common) {
  if (common.upload_server == nullptr) return;
  const char* const other = std::getenv(kServerVariable);
  common.remote.server = !common.upload_server->empty() ? *common.upload_server
                         : other != nullptr             ? other
                                                        : "";
}

void CommandOptions::Server(CommonOptions& common, const std::string& doc, Sends sends) {
  if (sends == Sends::kUploads) {
    // Into a place of its own: CLI11 reads the variables of all commands, whichever is given.
    const auto server = std::make_shared<std::string>();
    Text("--server", *server, "HOST:PORT",
         absl::StrCat(doc, " TESTSELECT_UPLOAD_SERVER comes before TESTSELECT_SERVER."))
        ->envname(kUploadServerVariable);
    app_->preparse_callback([server, &common](size_t) { common.upload_server = server; });
  } else {
    Text("--server", common.remote.server, "HOST:PORT", doc)->envname(kServerVariable);
  }
  Switch("--tls", common.remote.tls, "Use TLS, trusting the system's certificates.");
  Text("--tls-ca", common.remote.tls_ca, "FILE", "Use TLS, trusting these certificates (PEM).");
  Text("--tls-cert", common.remote.tls_cert, "FILE", "This client's certificate (PEM).");
  Text("--tls-key", common.remote.tls_key, "FILE", "The key of --tls-cert (PEM).");
  Text("--token-file", common.remote.token_file, "FILE",
       "A file with the bearer token to show to the server.");
}

void CommandOptions::Index(CommonOptions& common, bool has_json, Sends sends) {
  Text("--repo", common.repo, "DIR|NAME",
       "The repository: a directory in it when working in process (default: the working "
       "directory), the name that the server has for it with --server.");
  Server(common,
         "The server. Without it the command works in process, on .testselect/ at the top of the "
         "repository.",
         sends);
  Text("--sources", common.sources, "HOST:PORT",
       "In process: take the sources that .testselect/ has not cut yet from this server, which "
       "keeps those of the commits it has evidence of. The options of TLS and --token-file are for "
       "it then.")
      ->envname("TESTSELECT_SOURCES");
  Seconds("--timeout", common.timeout,
          "Give up after this time, retries included. Default with a server: 3600 for upload "
          "and index retain, 300 for select and explain, 120 else; in process: none.");
  Seconds("--lock-wait", common.lock_wait,
          "In process: how long to wait while another command uses .testselect/. Default: 60.");
  Output(common, has_json);
}

void CommandOptions::Reports(std::string& format, std::string& label, std::string& path_root,
                             std::string& path_prefix, std::string& reports_from,
                             std::vector<std::string>& reports) {
  Text("--format", format, "NAME", "The reports' format; by default found from the content.");
  Text("--label", label, "LABEL",
       "The label of the reports that name no tests and come without LABEL=.");
  Text("--path-root", path_root, "DIR",
       "The folder to take off the file names in the reports, e.g. /build/app. `upload` takes the "
       "top of the checkout it runs in by default.");
  Text("--path-prefix", path_prefix, "P",
       "Where the reports' relative file names begin in the repository, e.g. services/api.");
  Text("--reports-from", reports_from, "FILE",
       "More reports: lines of LABEL<tab>REPORT; a relative REPORT lies beside FILE.");
  Positional(
      "REPORT", reports, "(REPORT | LABEL=REPORT)...",
      "Reports, plain or compressed with gzip or zstd, or folders of them. LABEL=REPORT names "
      "the label of a report that has none; the last '=' splits, unless a file of the whole "
      "name exists.")
      ->option_text(" ");
}

void CommandOptions::Commits(SelectOptions& select) {
  Text("--base", select.base, "SHA",
       "The commit compared with: a full id, or a revision of the clone at hand.");
  Text("--head", select.head, "SHA",
       "The commit whose tests are chosen: a full id, or a revision of the clone at hand.");
  CLI::Option* tree =
      Switch("--working-tree", select.working_tree,
             "The files as they are are the head. --base is then HEAD by default, or "
             "with a server the newest commit before it that was pushed; the "
             "server is shown the files that differ.");
  Switch("--staged", select.staged, "What is staged is the head, else as --working-tree.")
      ->excludes(tree);
  Repeated("--job", select.jobs, "NAME",
           "Use this job's evidence; may be repeated. NAME stands for all its flavors, "
           "'NAME;os=linux' for one. Default: all jobs.");
  Choice("--granularity", select.granularity,
         {"function", "line", "file", "package", "diffed-package"},
         "How finely the change is compared. line, by the statements that changed, is more precise "
         "and less safe; so is diffed-package, which is package without what the labels of "
         "--baseline execute too. Default: function.");
  Repeated("--baseline", select.baseline, "LABEL",
           "With --granularity diffed-package: a label of the baseline suite; may be repeated.");
  Choice("--unknown-change", select.unknown_change, {"all", "none"},
         "What a change selects that nothing explains. Default: what the rule file says, else "
         "all.");
  Text("--branch", select.branch, "NAME",
       "The branch that head is on, for the rule file's policies. Default: what the CI system's "
       "variables say (GITHUB_HEAD_REF, CI_COMMIT_BRANCH, ...); in process else the branch that "
       "is checked out.");
  Text("--environment", select.environment, "DIGEST",
       "A digest of the installed environment; evidence of another one makes everything run.");
  Repeated("--force", select.force, "LABEL", "Run this label whatever changed; may be repeated.");
  Switch("--run-all", select.run_all, "Run everything, with the fallback RUN_ALL.");
  Switch("--include-building", select.include_building,
         "Also use evidence whose declared shards have not all arrived.");
}

}  // namespace testselect::client
