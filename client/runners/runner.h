// Runner: a test runner as `testselect run` uses it: it lists its tests, and runs those it is
// given.
//
// A new runner is one file with a class like this and one line in registry.cc. What every runner
// has to keep, because a test that is lost is lost silently:
//   * Collect names exactly what an unrestricted run with the same arguments would execute, spelled
//     as Run's outcomes (server/ingest/outcome_labels.h) spell it. Where that is not certain, fail,
//     or have Run leave out only what is listed, and say so (runs_unlisted).
//   * Run hands the list over in a form that loses no character of a label, through files or in
//     chunks (client/process.h), never through one argument.
//   * The outcomes that Run leaves name what was executed; whoever calls compares them with the
//   list.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/process.h"
#include "client/upload_client.h"

namespace testselect::client {

// What a runner works with. Plain data; outlives the runner.
struct RunnerSetup {
  std::string folder;   // where the tests are started; absolute
  std::string top;      // of the checkout that `folder` lies in; absolute, no slash at its end
  std::string scratch;  // an empty folder for the runner's files, removed later; absolute
  std::string command;  // how the runner is started, for a POSIX shell; empty: as usual
  std::vector<std::string> arguments;  // the user's own, behind "--"
  bool record = true;                  // evidence, where it can
  bool runner_output_to_stderr = false;
  std::function<void(absl::string_view)> note, warn;  // sentences for the user; never null
};

struct CollectedTests {
  std::vector<std::string> labels;  // in suite order, each once
  // Not 0 where the runner could not list its tests; then there are no labels, what it said has
  // been shown, and this is its own exit status.
  int exit_code = 0;
  // Run executes tests that are not listed, too: it is started even for an empty list.
  bool runs_unlisted = false;
  // A digest of what the tests run on, beginning with its kind
  // (server/selection/environment_kinds.h); empty where the runner cannot tell.
  std::string environment;
};

struct RunOrder {
  std::vector<std::string> labels;  // in the order that is best; empty only with runs_unlisted
  // They are all that Collect listed: the runner may be started without any list.
  bool everything = false;
  // From 0: labels of a later round are those that an earlier one was given and did not execute.
  // Files of one round must not overwrite another's.
  int round = 0;
};

struct RunResult {
  int exit_code = 0;  // the runner's; of several starts the worst: the first that is not 0
  // What is uploaded: evidence and outcomes. Outcomes must not be told twice (their times add up).
  std::vector<UploadReport> reports;
  // What names the executed tests: outcome reports, of `reports` or others.
  std::vector<UploadReport> outcomes;
  // False where this runner leaves nothing that names them: then nobody can compare.
  bool names_executed = true;
  bool process_per_label = false;      // each label had a process of its own
  std::string path_root, path_prefix;  // of the evidence, as for `upload`; empty: the default
  // Not empty: why it ended on purpose before everything was executed ("stopped after 1 failure").
  std::string stopped;
};

// Not thread-safe. Errors of Collect and Run: kNotFound and kPermissionDenied where the runner
// cannot be started, kFailedPrecondition for one that is too old or not set up (saying what to do),
// and those of files.
class Runner {
 public:
  virtual ~Runner() = default;
  // Called once, before Run.
  virtual absl::StatusOr<CollectedTests> Collect() = 0;
  virtual absl::StatusOr<RunResult> Run(const RunOrder& order) = 0;
  // What would be started for `order`, for --dry-run: one command a line.
  virtual std::string Describe(const RunOrder& order) = 0;
};

}  // namespace testselect::client
