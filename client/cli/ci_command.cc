#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/ci/ci_writers.h"
#include "client/ci/suite_jobs.h"
#include "client/cli/ci_shards.h"
#include "client/cli/commands.h"
#include "client/cli/number_text.h"
#include "client/cli/suites_call.h"
#include "client/files.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr char kLists[] = "testselect-shards";
constexpr uint32_t kNoLimit = 10'000;  // what a service divides into

uint32_t LimitOf(Command system) {
  switch (system) {
    case Command::kCiGithub:
      return kGithubJobs;
    case Command::kCiGitlab:
      return kGitlabParallel;
    case Command::kCiBuildkite:
      return kBuildkiteJobs;
    default:
      return kNoLimit;
  }
}

absl::Status WriteList(const std::string& path, const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) {
    if (absl::StrContains(label, '\n')) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the label '", Shorten(label), "' holds a line feed, which a list cannot carry"));
    }
    absl::StrAppend(&text, label, "\n");
  }
  return WriteFileAtomically(path, text);
}

class CiRun {
 public:
  CiRun(const CommonOptions& common, const CiOptions& options, Command system, Console& console)
      : common_(common), options_(options), system_(system), console_(console) {}

  absl::Status Run() {
    const bool suites = options_.suites || !options_.changed_files.empty();
    TS_RETURN_IF_ERROR(CheckKind(suites));
    CiJobOptions job{options_.job, options_.command, "", options_.needs};
    if (!options_.template_file.empty()) {
      TS_ASSIGN_OR_RETURN(job.template_text, ReadFile(options_.template_file));
    }
    TS_ASSIGN_OR_RETURN(const CiPlan plan, suites ? PlanSuites() : PlanShards());
    TS_ASSIGN_OR_RETURN(const std::vector<std::string> texts, TextsOf(plan, job));
    return Deliver(texts);
  }

 private:
  // What concerns jobs of the other kind would be passed over without a word.
  absl::Status CheckKind(bool suites) const {
    if (suites && !options_.selection.empty()) {
      return absl::InvalidArgumentError("--selection has labels, and --suites none: give one");
    }
    const std::pair<const char*, bool> of_labels[] = {
        {"--shards", options_.shards > 0},
        {"--shard-seconds", options_.shard_seconds > 0},
        {"--lists", !options_.lists.empty()},
        {"--labels-file", !options_.select.labels_file.empty()},
        {"--labels-command", !options_.select.labels_command.empty()}};
    for (const auto& option : of_labels) {
      if (!suites || !option.second) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(option.first,
                       " is about labels, and --suites makes jobs for whole suites: how many a "
                       "suite gets is said by its keys, --units and --target-jobs"));
    }
    const std::pair<const char*, bool> of_suites[] = {{"--units", !options_.units.empty()},
                                                      {"--target-jobs", options_.target_jobs > 0}};
    for (const auto& option : of_suites) {
      if (suites || !option.second) continue;
      return absl::InvalidArgumentError(absl::StrCat(option.first, " needs --suites"));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<CiPlan> PlanShards() {
    TS_ASSIGN_OR_RETURN(const DividedSelection divided,
                        DivideSelection(common_, options_, LimitOf(system_), console_));
    const std::string lists = options_.lists.empty() ? kLists : options_.lists;
    std::error_code error;
    std::filesystem::create_directories(lists, error);
    if (error) return ErrnoStatus(absl::StrCat("--lists ", lists), error.value());
    TS_RETURN_IF_ERROR(WriteList(absl::StrCat(lists, "/run.txt"), divided.run));
    CiPlan plan;
    plan.selection_id = divided.selection_id;
    for (const ShardLabels& shard : divided.shards) {
      const std::string file = absl::StrCat(lists, "/shard-", plan.shards.size() + 1, ".txt");
      TS_RETURN_IF_ERROR(WriteList(file, shard.labels));
      plan.shards.push_back({file, shard.labels.size(), shard.seconds});
    }
    console_.Note(absl::StrCat(CountText(divided.run.size()), " labels in ",
                               CountText(plan.shards.size()), " jobs"));
    return plan;
  }

  absl::StatusOr<CiPlan> PlanSuites() {
    const SuitesOptions ask{options_.select.base, options_.select.head, options_.changed_files};
    TS_ASSIGN_OR_RETURN(const v1::SelectSuitesResponse selected,
                        AskForSuites(common_, ask, console_));
    for (const std::string& error : selected.errors()) {
      console_.Warning(absl::StrCat("all suites run: ", error));
    }
    TS_ASSIGN_OR_RETURN(const v1::DescribeSuitesResponse described,
                        AskForDescription(common_, ask, console_));
    SuiteUnits units;
    if (!options_.units.empty()) {
      TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(options_.units));
      TS_ASSIGN_OR_RETURN(units, ParseSuiteUnits(absl::StrCat("--units ", options_.units), text));
    }
    std::vector<std::string> chosen;
    for (const v1::SuiteChoice& suite : selected.suites()) chosen.push_back(suite.name());
    TS_ASSIGN_OR_RETURN(SuiteJobs jobs, MakeSuiteJobs(described, chosen, options_.type, units,
                                                      options_.target_jobs));
    Tell(jobs);
    CiPlan plan;
    plan.by_suite = true;
    plan.suites = std::move(jobs.jobs);
    return plan;
  }

  void Tell(const SuiteJobs& jobs) {
    const auto left_out = [&](const std::vector<std::string>& names, const std::string& why) {
      if (names.empty()) return;
      console_.Note(absl::StrCat(CountText(names.size()), " suites have no job here, ", why, ": ",
                                 absl::StrJoin(names, ", ")));
    };
    left_out(jobs.skipped, "their key `skip` is true");
    left_out(jobs.other, absl::StrCat("their type is not ", options_.type));
    if (!jobs.unsized.empty()) {
      console_.Note(
          absl::StrCat("one job each, for --units does not say how many `venvs_per_job` "
                       "divides: ",
                       absl::StrJoin(jobs.unsized, ", ")));
    }
    console_.Note(absl::StrCat("jobs for ", CountText(jobs.jobs.size()), " suites"));
  }

  absl::StatusOr<std::vector<std::string>> TextsOf(const CiPlan& plan, const CiJobOptions& job) {
    if (system_ == Command::kCiBuildkite) return BuildkiteSteps(plan, job);
    TS_ASSIGN_OR_RETURN(std::string text, system_ == Command::kCiGithub ? GithubOutput(plan)
                                          : system_ == Command::kCiGitlab
                                              ? GitlabPipeline(plan, job)
                                              : CircleciConfig(plan, job));
    return std::vector<std::string>{std::move(text)};
  }

  // The second text and what follows lie beside the first: steps.yml, steps-2.yml.
  absl::Status Deliver(const std::vector<std::string>& texts) {
    const bool printed = options_.out.empty() || options_.out == "-";
    if (printed && texts.size() > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("there are ", texts.size(), " texts for uploads of at most ", kBuildkiteJobs,
                       " jobs: give --out, and upload each of its files"));
    }
    if (printed) return console_.Print(texts[0]);
    const std::filesystem::path out = options_.out;
    for (size_t n = 0; n < texts.size(); ++n) {
      std::filesystem::path path = out;
      if (n > 0) {
        path.replace_filename(
            absl::StrCat(out.stem().string(), "-", n + 1, out.extension().string()));
      }
      TS_RETURN_IF_ERROR(WriteFileAtomically(path.string(), texts[n]));
    }
    return absl::OkStatus();
  }

  const CommonOptions& common_;
  const CiOptions& options_;
  const Command system_;
  Console& console_;
};

}  // namespace

ExitCode RunCi(const CommonOptions& common, const CiOptions& options, Command system,
               Console& console) {
  const absl::Status status = CiRun(common, options, system, console).Run();
  return status.ok() ? ExitCode::kAnswered : console.Fail(status);
}

}  // namespace testselect::client
