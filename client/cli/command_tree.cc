#include "client/cli/command_tree.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/exit_code.h"

namespace testselect::client {
namespace {

constexpr char kMark = '\x01';

CLI::Validator TakeMarkOff() {
  return CLI::Validator(
      [](std::string& value) {
        if (!value.empty() && value[0] == kMark) value.erase(0, 1);
        return std::string();
      },
      "");
}

// Adds options of one command with the same manners everywhere.
class Options {
 public:
  explicit Options(CLI::App* app) : app_(app) {}

  CLI::Option* Text(const std::string& flags, std::string& target, const std::string& type,
                    const std::string& doc) {
    return app_->add_option(flags, target, doc)->type_name(type)->transform(TakeMarkOff());
  }
  // One value for each time the flag is given: what follows it is no second one.
  CLI::Option* Repeated(const std::string& flags, std::vector<std::string>& target,
                        const std::string& type, const std::string& doc) {
    return app_->add_option(flags, target, doc)
        ->type_name(type)
        ->allow_extra_args(false)
        ->transform(TakeMarkOff());
  }
  CLI::Option* Choice(const std::string& flags, std::string& target,
                      const std::vector<std::string>& choices, const std::string& doc) {
    CLI::Validator known = CLI::IsMember(choices);
    known.description("");
    std::string type;
    for (const std::string& choice : choices)
      absl::StrAppend(&type, type.empty() ? "" : "|", choice);
    return app_->add_option(flags, target, doc)->type_name(type)->check(known);
  }
  CLI::Option* Seconds(const std::string& flags, double& target, const std::string& doc) {
    return app_->add_option(flags, target, doc)
        ->type_name("SECONDS")
        ->check(CLI::Range(0.0, 1e9).description(""));
  }
  CLI::Option* Count(const std::string& flags, uint32_t& target, uint32_t most,
                     const std::string& doc) {
    return app_->add_option(flags, target, doc)
        ->type_name("N")
        ->check(CLI::Range(uint32_t{1}, most).description(""));
  }
  CLI::Option* Switch(const std::string& flags, bool& target, const std::string& doc) {
    return app_->add_flag(flags, target, doc);
  }

  void Output(CommonOptions& common, bool has_json) {
    Switch("-q,--quiet", common.quiet, "Say nothing but the answer, warnings and errors.");
    Switch("-v,--verbose", common.verbose, "Say more on standard error.");
    if (has_json) Switch("--json", common.json, "Print the answer as one JSON object.");
  }

  void Index(CommonOptions& common, bool has_json) {
    Text("--repo", common.repo, "DIR|NAME",
         "The repository: a directory in it when working in process (default: the working "
         "directory), the name that the server has for it with --server.");
    Text("--server", common.remote.server, "HOST:PORT",
         "The server. Without it the command works in process, on .testselect/ at the top of the "
         "repository.")
        ->envname("TESTSELECT_SERVER");
    Switch("--tls", common.remote.tls, "Use TLS, trusting the system's certificates.");
    Text("--tls-ca", common.remote.tls_ca, "FILE", "Use TLS, trusting these certificates (PEM).");
    Text("--tls-cert", common.remote.tls_cert, "FILE", "This client's certificate (PEM).");
    Text("--tls-key", common.remote.tls_key, "FILE", "The key of --tls-cert (PEM).");
    Text("--token-file", common.remote.token_file, "FILE",
         "A file with the bearer token to show to the server.");
    Seconds(
        "--timeout", common.timeout,
        "Give up after this time, retries included. Default with a server: 3600 for upload, 300 "
        "for select and explain, 120 else; in process: none.");
    Seconds("--lock-wait", common.lock_wait,
            "In process: how long to wait while another command uses .testselect/. Default: 60.");
    Output(common, has_json);
  }

  void Reports(std::string& format, std::string& label, std::string& path_root,
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
    app_->add_option("REPORT", reports,
                     "Reports, plain or compressed with gzip or zstd. LABEL=REPORT names the label "
                     "of a report that has none; the last '=' splits, unless a file of the whole "
                     "name exists.")
        ->type_name("(REPORT | LABEL=REPORT)...")
        ->option_text(" ")
        ->transform(TakeMarkOff());
  }

  void Commits(SelectOptions& select) {
    Text("--base", select.base, "SHA", "The commit compared with: 40 hexadecimal digits.");
    Text("--head", select.head, "SHA", "The commit whose tests are chosen: 40 hexadecimal digits.");
    CLI::Option* tree = Switch("--working-tree", select.working_tree,
                               "The files as they are are the head (in process only). --base is "
                               "then HEAD by default.");
    Switch("--staged", select.staged, "What is staged is the head (in process only).")
        ->excludes(tree);
    Repeated("--job", select.jobs, "NAME",
             "Use this job's evidence; may be repeated. NAME stands for all its flavors, "
             "'NAME;os=linux' for one. Default: all jobs.");
    Choice("--granularity", select.granularity, {"function", "line", "file", "package"},
           "How finely the change is compared. line is more precise and less safe. Default: "
           "function.");
    Choice("--unknown-change", select.unknown_change, {"all", "none"},
           "What a change selects that nothing explains. Default: all.");
    Text("--environment", select.environment, "DIGEST",
         "A digest of the installed environment; evidence of another one makes everything run.");
    Repeated("--force", select.force, "LABEL", "Run this label whatever changed; may be repeated.");
    Switch("--run-all", select.run_all, "Run everything, with the fallback RUN_ALL.");
    Switch("--include-building", select.include_building,
           "Also use evidence whose declared shards have not all arrived.");
  }

 private:
  CLI::App* const app_;
};

CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& doc,
              CommandLine& values, Command command, const std::string& examples) {
  CLI::App* app = parent->add_subcommand(name, doc);
  app->callback([&values, command] { values.command = command; });
  app->footer(absl::StrCat("Examples:\n", examples));
  return app;
}

void AddUpload(CLI::App* tree, CommandLine& values) {
  UploadOptions& upload = values.upload;
  CLI::App* app = Add(
      tree, "upload", "Store the coverage and the outcomes of one CI job (or shard of it).", values,
      Command::kUpload,
      "  # pytest --cov --cov-context=test --junitxml=junit.xml, then:\n"
      "  testselect upload --commit \"$(git rev-parse HEAD)\" --job unit --outcomes junit.xml "
      ".coverage\n"
      "  # the second of four shards, to a server\n"
      "  testselect upload --server ci:7600 --repo app --commit \"$SHA\" --job unit --shard 2/4 "
      "coverage.json\n"
      "  # one report per test\n"
      "  testselect upload --commit \"$SHA\" 'pkg/a.TestX=x.cov' 'pkg/a.TestY=y.cov'\n");
  Options options(app);
  options.Text("--commit", upload.commit, "SHA", "The tested commit: 40 hexadecimal digits.")
      ->required();
  options.Text("--job", upload.job, "NAME", "The CI job. Default: default.");
  options.Repeated("--flavor", upload.flavor, "K=V", "The job's flavor; may be repeated.");
  options.Text("--shard", upload.shard, "I/N", "Which shard of the job, from 1. Default: 1/1.");
  options.Count("--attempt", upload.attempt, 10'000,
                "Which attempt, from 1; a later one supersedes an earlier one. Default: 1.");
  CLI::Option* full =
      options.Switch("--full", upload.full, "The whole suite (or shard) ran. This is the default.");
  options.Switch("--subset", upload.subset, "Only a part of the suite ran.")->excludes(full);
  options.Repeated("--outcomes", upload.outcomes, "FILE",
                   "Test results, e.g. JUnit XML; may be repeated.");
  options.Text("--environment", upload.environment, "DIGEST",
               "A digest of the installed environment, at most 200 bytes.");
  options.Choice("--isolation", upload.isolation, {"process", "shared"},
                 "Whether each test had a process of its own. Default: not known.");
  options.Reports(upload.format, upload.label, upload.path_root, upload.path_prefix,
                  upload.reports_from, upload.reports);
  options.Index(values.common, /*has_json=*/true);
}

void AddSelect(CLI::App* tree, CommandLine& values) {
  SelectOptions& select = values.select;
  CLI::App* app =
      Add(tree, "select", "Choose which tests must run for a change, and which can be skipped.",
          values, Command::kSelect,
          "  testselect select --base \"$BASE\" --head \"$HEAD\" --labels-command "
          "'pytest --collect-only -q' --format list --out run.txt\n"
          "  pytest @run.txt\n"
          "  # what the edited files need, before committing\n"
          "  testselect select --working-tree --format list\n"
          "  # everything about the decision, from a server, waiting at most ten seconds\n"
          "  testselect select --server ci:7600 --repo app --base \"$BASE\" --head \"$HEAD\" "
          "--labels-file labels.txt --max-wait 10\n");
  Options options(app);
  options.Commits(select);
  CLI::Option* file =
      options.Text("--labels-file", select.labels_file, "FILE|-",
                   "The tests to choose from, one label a line; - is standard input. Default: all "
                   "that the index knows.");
  options
      .Text("--labels-command", select.labels_command, "CMD",
            "A shell command that prints the labels; what `pytest --collect-only -q` prints is "
            "understood. It must succeed.")
      ->excludes(file);
  options.Choice("--format", select.format, {"json", "list", "args"},
                 "json: one object; list: the labels to run, one a line; args: the same on one "
                 "line, quoted for a POSIX shell. Default: json.");
  options.Text("--out", select.out, "FILE", "Write the answer there, in one step.");
  options.Switch("--reasons", select.reasons,
                 "Also print how many labels each reason selected, on standard error.");
  options.Seconds("--max-wait", select.max_wait,
                  "Wait at most this long, then answer that everything runs (MAX_WAIT).");
  options.Switch("--fail-on-fallback", select.fail_on_fallback,
                 "End with status 3 where everything runs because of a fallback.");
  options.Index(values.common, /*has_json=*/false);
}

void AddExplain(CLI::App* tree, CommandLine& values) {
  CLI::App* app = Add(tree, "explain", "Say why one test must run, or can be skipped.", values,
                      Command::kExplain,
                      "  testselect explain 'tests/test_a.py::test_x[1]' --base \"$BASE\" --head "
                      "\"$HEAD\"\n"
                      "  testselect explain tests/test_a.py::test_x --working-tree --json\n");
  Options options(app);
  options.Text("LABEL", values.explain.label, "LABEL", "The test, as its runner names it.")
      ->option_text("REQUIRED")
      ->required();
  options.Commits(values.explain.selection);
  options.Index(values.common, /*has_json=*/true);
}

void AddInspect(CLI::App* tree, CommandLine& values) {
  InspectOptions& inspect = values.inspect;
  CLI::App* app = Add(tree, "inspect", "Show what reports hold, without storing anything.", values,
                      Command::kInspect,
                      "  testselect inspect .coverage\n"
                      "  testselect inspect --json --path-root /build/app coverage.json.gz\n"
                      "  testselect inspect 'Suite.Case=lcov.info'\n");
  Options options(app);
  options.Reports(inspect.format, inspect.label, inspect.path_root, inspect.path_prefix,
                  inspect.reports_from, inspect.reports);
  options.Output(values.common, /*has_json=*/true);
}

void AddIndex(CLI::App* tree, CommandLine& values) {
  IndexOptions& index = values.index;
  CLI::App* group = tree->add_subcommand("index", "Look at the index, and tend it.");
  group->require_subcommand(0, 1);
  const char* job = "Only this job, NAME or 'NAME;os=linux'. Default: all jobs.";
  const auto one_commit = [&](const std::string& name, const std::string& doc, Command command,
                              const std::string& examples) {
    CLI::App* app = Add(group, name, doc, values, command, examples);
    Options(app)
        .Text("SHA", index.commit, "SHA", "The commit: 40 hexadecimal digits.")
        ->option_text("REQUIRED")
        ->required();
    return app;
  };
  CLI::App* list = Add(group, "list", "List the indexed commits, newest upload first.", values,
                       Command::kIndexList,
                       "  testselect index list\n"
                       "  testselect index list --server ci:7600 --repo app --limit 10 --json\n");
  Options(list).Count("--limit", index.limit, 1'000'000, "How many commits at most. Default: 100.");
  Options(list).Index(values.common, /*has_json=*/true);

  CLI::App* show = one_commit("show", "Show what is known of a commit, or of one label at it.",
                              Command::kIndexShow,
                              "  testselect index show \"$SHA\"\n"
                              "  testselect index show \"$SHA\" --label tests/test_a.py::test_x "
                              "--json\n");
  Options(show).Text("--job", index.job, "NAME", job);
  Options(show).Text("--label", index.label, "LABEL", "Show this label's evidence.");
  Options(show).Index(values.common, /*has_json=*/true);

  CLI::App* seal = one_commit("seal", "Make a job's shards usable although others are missing.",
                              Command::kIndexSeal,
                              "  testselect index seal \"$SHA\" --job unit\n"
                              "  testselect index seal \"$SHA\" --include-quarantined\n");
  Options(seal).Text("--job", index.job, "NAME",
                     "The job, NAME or 'NAME;os=linux'. Default: default.");
  Options(seal).Switch("--include-quarantined", index.include_quarantined,
                       "Also make quarantined segments usable.");
  Options(seal).Index(values.common, /*has_json=*/true);

  CLI::App* remove =
      one_commit("delete", "Delete what is known of a commit. Not undoable.", Command::kIndexDelete,
                 "  testselect index delete \"$SHA\"\n"
                 "  testselect index delete \"$SHA\" --job unit\n");
  Options(remove).Text("--job", index.job, "NAME", job);
  Options(remove).Index(values.common, /*has_json=*/true);
}

void AddServe(CLI::App* tree, CommandLine& values) {
  CLI::App* app =
      Add(tree, "serve", "Start testselectd on this repository's .testselect/.", values,
          Command::kServe,
          "  testselect serve\n"
          "  testselect serve --listen 127.0.0.1:0 --metrics-listen ''\n"
          "  # then, elsewhere: testselect select --server 127.0.0.1:7600 --repo local ...\n");
  app->allow_extras();
  Options options(app);
  options.Text(
      "--repo", values.common.repo, "DIR",
      "A directory in the repository. Default: the working directory. The server knows the "
      "repository as 'local'. All other flags are testselectd's: see testselectd --help.");
}

void AddRest(CLI::App* tree, CommandLine& values) {
  CLI::App* version = Add(tree, "version", "Print the version.", values, Command::kVersion,
                          "  testselect version\n");
  Options(version).Switch("--json", values.common.json, "Print it as a JSON object.");
  CLI::App* completion =
      tree->add_subcommand("completion", "Print the completion script of a shell.");
  completion->require_subcommand(0, 1);
  Add(completion, "bash", "For bash.", values, Command::kCompletionBash,
      "  testselect completion bash > /etc/bash_completion.d/testselect\n"
      "  source <(testselect completion bash)\n");
  Add(completion, "zsh", "For zsh.", values, Command::kCompletionZsh,
      "  testselect completion zsh > \"${fpath[1]}/_testselect\"\n");
  // An empty group hides a command.
  tree->add_subcommand("man-page", "Print the man page.")->group("")->callback([&values] {
    values.command = Command::kManPage;
  });
  tree->add_subcommand("markdown", "Print docs/cli.md.")->group("")->callback([&values] {
    values.command = Command::kMarkdown;
  });
}

void CollectVisible(const CLI::App& app, const std::string& prefix,
                    std::vector<NamedCommand>& found) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    const std::string name = absl::StrCat(prefix, command->get_name());
    if (command->get_subcommands([](const CLI::App*) { return true; }).empty()) {
      found.push_back({name, command});
    } else {
      CollectVisible(*command, absl::StrCat(name, " "), found);
    }
  }
}

}  // namespace

std::unique_ptr<CLI::App> BuildCommandTree(CommandLine& values) {
  auto tree = std::make_unique<CLI::App>(
      "Runs the tests that a change needs: learns from per-test coverage which ones those are.",
      "testselect");
  // None is told by whoever runs the command, with the help of what was named so far.
  tree->require_subcommand(0, 1);
  tree->set_help_flag("-h,--help", "Print this help and exit.");
  std::string codes = "Exit status:\n";
  for (const ExitCodeText* text = kExitCodeTexts; text->meaning != nullptr; ++text) {
    absl::StrAppend(&codes, "  ", static_cast<int>(text->code), "  ", text->meaning, "\n");
  }
  tree->footer(absl::StrCat(codes,
                            "\nExamples:\n"
                            "  testselect upload --commit \"$(git rev-parse HEAD)\" .coverage\n"
                            "  testselect select --working-tree --format list\n"
                            "  testselect select --help\n"));
  AddUpload(tree.get(), values);
  AddSelect(tree.get(), values);
  AddExplain(tree.get(), values);
  AddInspect(tree.get(), values);
  AddIndex(tree.get(), values);
  AddServe(tree.get(), values);
  AddRest(tree.get(), values);
  return tree;
}

std::vector<NamedCommand> VisibleCommands(const CLI::App& tree) {
  std::vector<NamedCommand> found;
  CollectVisible(tree, "", found);
  return found;
}

std::vector<std::string> ProtectArguments(const std::vector<std::string>& arguments) {
  std::vector<std::string> safe;
  bool flags_ended = false;
  for (const std::string& argument : arguments) {
    if (!flags_ended && argument == "--") {
      flags_ended = true;
      continue;
    }
    const bool bracketed = argument.size() > 1 && argument.front() == '[' && argument.back() == ']';
    const bool marked = !argument.empty() && argument.front() == kMark;
    if (flags_ended || bracketed || marked) {
      safe.push_back(std::string(1, kMark) + argument);
    } else {
      safe.push_back(argument);
    }
  }
  return safe;
}

}  // namespace testselect::client
