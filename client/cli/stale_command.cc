#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/json_writer.h"
#include "client/cli/local_changes.h"
#include "client/cli/number_text.h"
#include "client/cli/selection_call.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr size_t kNamed = 20;  // files that the text names

// The newest evidence of one job, and what differs from it.
struct JobAge {
  AnswerIndex index;
  std::set<std::string> changed;
};

struct Ages {
  SelectionAnswer answer;
  std::vector<JobAge> jobs;
  bool stale() const {
    if (jobs.empty()) return true;
    for (const JobAge& job : jobs) {
      if (!job.changed.empty()) return true;
    }
    return false;
  }
};

absl::StatusOr<Ages> Find(const CommonOptions& common, SelectOptions options, Console& console) {
  options.working_tree = true;
  Ages ages;
  const LabelSource all_known = [] { return std::optional<RequestedLabels>(); };
  TS_ASSIGN_OR_RETURN(ages.answer, AskForSelection(common, options, all_known, console));
  for (const AnswerIndex& index : ages.answer.index) {
    TS_ASSIGN_OR_RETURN(LocalChanges changes,
                        ReadLocalChanges(common, index.commit, ages.answer.head));
    ages.jobs.push_back({index, std::move(changes.changed)});
  }
  return ages;
}

std::string AgesJson(const Ages& ages) {
  JsonWriter json;
  json.BeginObject().Key("stale").Bool(ages.stale()).Key("jobs").BeginArray();
  for (const JobAge& job : ages.jobs) {
    json.BeginObject().Key("job").String(job.index.job).Key("commit").String(job.index.commit);
    json.Key("distance").Number(uint64_t{job.index.distance}).Key("changed").BeginArray();
    for (const std::string& path : job.changed) json.String(path);
    json.EndArray().EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string AgesText(const Ages& ages) {
  if (ages.jobs.empty()) return "nothing is known: no evidence at or before HEAD\n";
  std::string text;
  for (const JobAge& job : ages.jobs) {
    absl::StrAppend(&text, job.index.job, ": evidence of ", job.index.commit, ", ",
                    job.index.distance, " commits before HEAD; ",
                    job.changed.empty()
                        ? "no file differs"
                        : absl::StrCat("files that differ: ", CountText(job.changed.size())),
                    "\n");
    size_t named = 0;
    for (const std::string& path : job.changed) {
      if (named++ == kNamed) {
        absl::StrAppend(&text, "  ... (--json names all)\n");
        break;
      }
      absl::StrAppend(&text, "  ", Shorten(path), "\n");
    }
  }
  return text;
}

}  // namespace

ExitCode RunStale(const CommonOptions& common, const AffectedOptions& options, Console& console) {
  const auto ages = Find(common, options.selection, console);
  if (!ages.ok()) return console.Fail(ages.status());
  const absl::Status printed = console.Print(common.json ? AgesJson(*ages) : AgesText(*ages));
  if (!printed.ok()) return console.Fail(printed);
  return ages->stale() ? ExitCode::kFinding : ExitCode::kAnswered;
}

}  // namespace testselect::client
