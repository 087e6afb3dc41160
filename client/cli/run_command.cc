#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/checkout.h"
#include "client/cli/commands.h"
#include "client/cli/executed_labels.h"
#include "client/cli/number_text.h"
#include "client/cli/run_once.h"
#include "client/cli/run_summary.h"
#include "client/cli/selection_call.h"
#include "client/cli/selection_output.h"
#include "client/cli/shard.h"
#include "client/cli/target.h"
#include "client/cli/upload_call.h"
#include "client/files.h"
#include "client/runners/registry.h"
#include "server/git/open_repository.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "storage/model/upload.h"

namespace testselect::client {
namespace {

constexpr size_t kNamed = 10;  // labels that a message names
constexpr char kNoEnvironment[] = "none";

class TestRun {
 public:
  TestRun(const CommonOptions& common, const RunOptions& options, Console& console)
      : common_(common), options_(options), select_(options.select), console_(console) {
    summary_.runner = options.runner;
  }

  ExitCode Go() {
    if (absl::Status prepared = Prepare(); !prepared.ok()) return console_.Fail(prepared);
    absl::StatusOr<ScratchFolder> scratch = ScratchFolder::Create("run");
    if (!scratch.ok()) return console_.Fail(scratch.status());
    SetUp(scratch->path());
    runner_ = kind_->make(setup_);
    absl::StatusOr<CollectedTests> tests = runner_->Collect();
    if (!tests.ok()) return FailWith(tests.status(), ExitCode::kNoRunner);
    if (tests->exit_code != 0) {
      console_.Warning(absl::StrCat(options_.runner, " could not list its tests (status ",
                                    tests->exit_code, "); nothing was run"));
      return static_cast<ExitCode>(tests->exit_code);
    }
    summary_.listed = tests->labels.size();
    UseEnvironment(tests->environment);
    if (absl::Status chosen = Choose(tests->labels); !chosen.ok()) return console_.Fail(chosen);
    if (options_.dry_run) return DryRun();
    if (order_.labels.empty() && tests->runs_unlisted) {
      console_.Note(absl::StrCat("no listed test can be affected; ", options_.runner,
                                 " also runs tests that it does not list"));
    }
    if (!order_.labels.empty() || tests->runs_unlisted) {
      if (absl::Status ran = RunAll(); !ran.ok()) return FailWith(ran, ExitCode::kNoRunner);
      Store();
    } else {
      if (summary_.listed == 0) {
        console_.Warning(absl::StrCat(options_.runner, " lists no tests here: nothing was run"));
      } else {
        console_.Note("nothing to run: no test can be affected");
      }
      summary_.not_uploaded = "nothing ran";
    }
    return Finish();
  }

  const RunSummary& summary() const { return summary_; }

 private:
  ExitCode FailWith(const absl::Status& status, ExitCode code) {
    const ExitCode own = console_.Fail(status);
    return absl::IsInvalidArgument(status) ? own : code;
  }

  // Everything that can be wrong before anything is started.
  absl::Status Prepare() {
    TS_RETURN_IF_ERROR(CheckRepository(common_));
    TS_ASSIGN_OR_RETURN(kind_, FindRunner(options_.runner));
    TS_RETURN_IF_ERROR(UseJob());
    TS_ASSIGN_OR_RETURN(const Shard shard, ParseShard(options_.shard));
    if (shard.count > 1) {
      select_.shard = shard.index + 1;
      select_.shards = shard.count;
    }
    upload_.shard = options_.shard;
    upload_.attempt = options_.attempt;
    upload_.branch = select_.branch;
    return UseCheckout();
  }

  absl::Status UseJob() {
    if (select_.jobs.size() > 1) {
      return absl::InvalidArgumentError("--job: a run belongs to one job; give --job once");
    }
    if (select_.jobs.empty()) select_.jobs.push_back(upload_.job);
    const absl::StatusOr<JobKey> job = JobKey::FromString(select_.jobs[0]);
    if (!job.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--job: ", job.status().message()));
    }
    upload_.job = job->name;
    for (const auto& [key, value] : job->flavor) {
      upload_.flavor.push_back(absl::StrCat(key, "=", value));
    }
    return absl::OkStatus();
  }

  // Which commit the tests run at; what differs from it must not become its evidence.
  absl::Status UseCheckout() {
    const bool remote = !common_.remote.server.empty();
    TS_ASSIGN_OR_RETURN(const Checkout checkout,
                        LookAtCheckout(remote || common_.repo.empty() ? "." : common_.repo));
    const bool local_state = select_.working_tree || select_.staged;
    if (!options_.snapshot.empty()) return UseSnapshot(checkout);
    if (!select_.head.empty() && !local_state) {
      TS_RETURN_IF_ERROR(CheckCommit("--head", select_.head));
      if (absl::AsciiStrToLower(select_.head) != checkout.head) {
        return absl::InvalidArgumentError(
            absl::StrCat("--head ", select_.head, ": the files here are those of ", checkout.head,
                         ", and tests run with the files here; check the head out, or leave --head "
                         "out"));
      }
    } else if (!local_state) {
      // The files as they are stand for HEAD, too: its own evidence then counts.
      select_.working_tree = true;
    }
    if (select_.base.empty()) {
      select_.base = select_.head.empty() ? checkout.head : checkout.parent;
      if (select_.base.empty()) {
        return absl::InvalidArgumentError(
            "--base: the head has no parent to compare with; give --base");
      }
    }
    setup_.top = checkout.top;
    upload_.commit = checkout.head;
    if (!checkout.changed.empty()) {
      not_uploaded_ = absl::StrCat(Shorten(checkout.changed[0]),
                                   checkout.changed.size() > 1 ? " and others differ" : " differs",
                                   " from the commit");
    }
    // Outcomes alone would take the place of the evidence that there is.
    if (options_.no_record) not_uploaded_ = "--no-record";
    if (options_.no_upload) not_uploaded_ = "--no-upload";
    TellDifference(checkout);
    return absl::OkStatus();
  }

  // The files as they are have a commit of their own, which the evidence is of.
  absl::Status UseSnapshot(const Checkout& checkout) {
    setup_.top = checkout.top;
    upload_.commit = options_.snapshot;
    if (options_.no_upload) not_uploaded_ = "--no-upload";
    return absl::OkStatus();
  }

  // Whether the files are still those of the snapshot.
  bool StillTheSame() const {
    if (options_.snapshot.empty()) return true;
    const auto git = OpenGitRepository(setup_.top);
    const auto id = ObjectId::FromHex("snapshot", options_.snapshot);
    if (!git.ok() || !id.ok()) return false;
    const auto commit = (*git)->Commit(*id);
    const auto now = SnapshotTree(setup_.top, /*staged=*/false);
    return commit.ok() && now.ok() && *now == commit->tree;
  }

  void TellDifference(const Checkout& checkout) {
    if (checkout.changed.empty()) return;
    if (select_.working_tree || select_.staged) {
      console_.Note(absl::StrCat(CountText(checkout.changed.size()), " files differ from HEAD (",
                                 Shorten(checkout.changed[0]),
                                 checkout.changed.size() > 1 ? ", ...)" : ")",
                                 ": tests are selected for the files as they are",
                                 not_uploaded_.empty() ? "" : "; nothing is recorded"));
    } else {
      console_.Warning(absl::StrCat(
          CountText(checkout.changed.size()), " files differ from the commit (",
          Shorten(checkout.changed[0]), checkout.changed.size() > 1 ? ", ...)" : ")",
          ": tests are selected for the commit, but run with these files; nothing is uploaded"));
    }
  }

  void SetUp(const std::string& scratch) {
    std::error_code error;
    setup_.folder = std::filesystem::current_path(error).string();
    setup_.scratch = scratch;
    setup_.command = options_.with;
    setup_.arguments = options_.arguments;
    setup_.record = not_uploaded_.empty();
    setup_.runner_output_to_stderr = common_.json;
    setup_.note = [this](absl::string_view sentence) { console_.Note(sentence); };
    setup_.warn = [this](absl::string_view sentence) { console_.Warning(sentence); };
  }

  // What is typed counts, else what the runner found installed. Whoever asks a server about the
  // files as they are may have other packages than CI, whose evidence would then be of no use.
  void UseEnvironment(const std::string& found) {
    const bool desk = !common_.remote.server.empty() && (select_.working_tree || select_.staged);
    if (select_.environment == kNoEnvironment) {
      select_.environment.clear();
    } else if (select_.environment.empty() && !desk) {
      select_.environment = found;
    }
    upload_.environment = select_.environment;
    console_.Detail(absl::StrCat("environment: ",
                                 select_.environment.empty() ? "not known" : select_.environment));
  }

  // Labels that cannot be asked about run always.
  absl::Status Choose(const std::vector<std::string>& labels) {
    std::vector<absl::string_view> asked;
    std::vector<std::string> always;
    for (const std::string& label : labels) {
      if (absl::StrContains(label, "\n") || !IsUtf8(label)) {
        always.push_back(label);
      } else {
        asked.push_back(label);
      }
    }
    if (!always.empty()) {
      console_.Warning(absl::StrCat(CountText(always.size()), " labels such as '",
                                    Shorten(always[0]),
                                    "' hold a line feed or are not UTF-8: they run always"));
    }
    TS_ASSIGN_OR_RETURN(const SelectionAnswer answer,
                        AskForSelection(
                            common_, select_,
                            [&]() -> absl::StatusOr<std::optional<RequestedLabels>> {
                              return RequestedLabels::FromStrings(asked);
                            },
                            console_));
    TellSelection(answer, select_, console_);
    // Without a word, a run of everything looks like an index that is of no use.
    const bool has_evidence = answer.absent.size() < answer.labels.size();
    if (answer.skip.empty() && !answer.fallback.has_value() && has_evidence && !select_.reasons) {
      console_.Note(ReasonHistogram(answer));
    }
    for (uint32_t n : answer.run) order_.labels.emplace_back(answer.labels[n]);
    order_.labels.insert(order_.labels.end(), always.begin(), always.end());
    if (!options_.only.empty()) Keep(options_.only);
    order_.everything = order_.labels.size() == labels.size();
    summary_.selection_id = answer.selection_id;
    summary_.base = answer.base;
    summary_.head = answer.head;
    summary_.fallback = answer.fallback;
    summary_.selected = order_.labels.size();
    summary_.skipped = answer.skip.size();
    // Of a shard, the whole suite runs where all shards together run it.
    whole_suite_ = answer.skip.empty() && answer.over_budget.empty() && !options_.subset &&
                   options_.only.empty();
    return absl::OkStatus();
  }

  void Keep(const std::vector<std::string>& only) {
    const absl::flat_hash_set<absl::string_view> kept(only.begin(), only.end());
    std::erase_if(order_.labels, [&](const std::string& label) { return !kept.contains(label); });
  }

  ExitCode DryRun() {
    std::string text = order_.labels.empty() ? "" : runner_->Describe(order_);
    for (const std::string& label : order_.labels) absl::StrAppend(&text, label, "\n");
    const absl::Status printed = console_.Print(text);
    return printed.ok() ? ExitCode::kAnswered : console_.Fail(printed);
  }

  // Runs the list, and what of it was not executed once more.
  absl::Status RunAll() {
    std::vector<UploadReport> outcomes;
    RunOrder order = order_;
    summary_.not_executed = order_.labels;
    while (true) {
      TS_ASSIGN_OR_RETURN(RunResult result, runner_->Run(order));
      ++summary_.rounds;
      if (summary_.exit_code == 0) summary_.exit_code = result.exit_code;
      Take(result, outcomes);
      if (!result.names_executed) {
        console_.Warning(
            "the runner left no outcomes: whether it executed what was selected is not known");
        summary_.checked = false;
        summary_.not_executed.clear();
        break;
      }
      absl::StatusOr<ExecutedTests> tests = ReadExecuted(order_.labels, outcomes);
      if (!tests.ok()) {
        console_.Warning(
            absl::StrCat("what was executed is not known: ", tests.status().message()));
        unreadable_ = true;
        break;
      }
      summary_.not_executed = tests->missing;
      summary_.failed = std::move(tests->failed);
      const std::vector<std::string>* const missing = &summary_.not_executed;
      if (missing->empty() || !result.stopped.empty() || order.round > 0 ||
          options_.on_missing != "rest") {
        break;
      }
      console_.Warning(absl::StrCat(CountText(missing->size()),
                                    " selected tests were not executed; running them now"));
      order = {.labels = *missing, .everything = false, .round = order.round + 1};
    }
    summary_.executed = summary_.checked ? summary_.selected - summary_.not_executed.size() : 0;
    return absl::OkStatus();
  }

  void Take(RunResult& result, std::vector<UploadReport>& outcomes) {
    outcomes.insert(outcomes.end(), result.outcomes.begin(), result.outcomes.end());
    reports_.insert(reports_.end(), std::make_move_iterator(result.reports.begin()),
                    std::make_move_iterator(result.reports.end()));
    process_per_label_ = result.process_per_label && (summary_.rounds == 1 || process_per_label_);
    if (!result.path_root.empty()) upload_.path_root = result.path_root;
    if (!result.path_prefix.empty()) upload_.path_prefix = result.path_prefix;
    if (!result.stopped.empty()) summary_.stopped = result.stopped;
  }

  void Store() {
    if (not_uploaded_.empty() && !summary_.checked) not_uploaded_ = "there are no outcomes";
    if (not_uploaded_.empty() && unreadable_) not_uploaded_ = "the outcomes cannot be read";
    if (not_uploaded_.empty() && summary_.executed == 0) not_uploaded_ = "no test was executed";
    if (not_uploaded_.empty() && reports_.empty()) not_uploaded_ = "the runner left no report";
    if (not_uploaded_.empty() && !StillTheSame()) {
      not_uploaded_ = "files changed while the tests ran";
    }
    summary_.not_uploaded = not_uploaded_;
    if (!not_uploaded_.empty()) return;
    upload_.full = whole_suite_ && summary_.not_executed.empty();
    upload_.subset = !upload_.full;
    // Of a selection some shard may have nothing to run, and so nothing to upload: none may wait
    // for it.
    if (!whole_suite_) upload_.shard = "1/1";
    upload_.isolation = process_per_label_ ? "process" : "shared";
    CommonOptions common = common_;
    // In process everything stays here: a server alone would not know the repository by --repo.
    if (!common.remote.server.empty() && !options_.upload_server.empty()) {
      common.remote.server = options_.upload_server;
    }
    const StoredUpload stored = StoreReports(common, upload_, std::move(reports_), console_);
    if (stored.answer.ok()) {
      summary_.upload = *stored.answer;
      return;
    }
    console_.Fail(stored.answer.status(), stored.for_invalid);
    summary_.not_uploaded = std::string(stored.answer.status().message());
    store_failed_ = true;
  }

  ExitCode Finish() {
    if (!summary_.not_executed.empty()) {
      std::string names;
      for (size_t i = 0; i < summary_.not_executed.size(); ++i) {
        if (i == kNamed && !console_.verbose()) {
          absl::StrAppend(&names, "\n  ... (--verbose or --json names all)");
          break;
        }
        absl::StrAppend(&names, "\n  ", Shorten(summary_.not_executed[i], 500));
      }
      console_.Warning(absl::StrCat(
          CountText(summary_.not_executed.size()), " selected tests were not executed",
          summary_.stopped.empty()
              ? ""
              : absl::StrCat(" (", options_.runner, ": ", Shorten(summary_.stopped), ")"),
          ":", names));
    }
    console_.Note(RunSummaryText(summary_));
    if (common_.json) {
      const absl::Status printed = console_.Print(RunSummaryJson(summary_));
      if (!printed.ok()) return console_.Fail(printed);
    }
    if (summary_.exit_code != 0) return static_cast<ExitCode>(summary_.exit_code);
    if (!summary_.not_executed.empty()) return ExitCode::kNotExecuted;
    return store_failed_ ? ExitCode::kNotUploaded : ExitCode::kAnswered;
  }

  const CommonOptions& common_;
  const RunOptions& options_;
  SelectOptions select_;
  UploadOptions upload_;
  Console& console_;
  RunnerSetup setup_;
  const RunnerKind* kind_ = nullptr;
  std::unique_ptr<Runner> runner_;
  RunOrder order_;
  RunSummary summary_;
  std::vector<UploadReport> reports_;
  std::string not_uploaded_;  // why nothing is to be uploaded; empty: it is
  bool whole_suite_ = false, process_per_label_ = false, unreadable_ = false;
  bool store_failed_ = false;
};

}  // namespace

ExitCode RunOnce(const CommonOptions& common, const RunOptions& options, Console& console,
                 RunSummary* summary) {
  TestRun run(common, options, console);
  const ExitCode code = run.Go();
  if (summary != nullptr) *summary = run.summary();
  return code;
}

ExitCode RunRun(const CommonOptions& common, const RunOptions& options, Console& console) {
  return RunOnce(common, options, console, nullptr);
}

}  // namespace testselect::client
