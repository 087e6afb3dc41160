// The commands. Each prints its answer on standard output and returns the exit code; failures are
// told through the console.
#pragma once

#include "client/cli/console.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"

namespace testselect::client {

ExitCode RunUpload(const CommonOptions& common, const UploadOptions& options, Console& console);
ExitCode RunSelect(const CommonOptions& common, const SelectOptions& options, Console& console);
ExitCode RunExplain(const CommonOptions& common, const ExplainOptions& options, Console& console);
ExitCode RunInspect(const CommonOptions& common, const InspectOptions& options, Console& console);
ExitCode RunIndexList(const CommonOptions& common, const IndexOptions& options, Console& console);
ExitCode RunIndexShow(const CommonOptions& common, const IndexOptions& options, Console& console);
ExitCode RunIndexSeal(const CommonOptions& common, const IndexOptions& options, Console& console);
ExitCode RunIndexDelete(const CommonOptions& common, const IndexOptions& options, Console& console);
ExitCode RunIndexRetain(const CommonOptions& common, const RetainOptions& options,
                        Console& console);
ExitCode RunIndexExport(const CommonOptions& common, const IndexExportOptions& options,
                        Console& console);
ExitCode RunIndexImport(const CommonOptions& common, const IndexImportOptions& options,
                        Console& console);
ExitCode RunRulesShow(const CommonOptions& common, const RulesOptions& options, Console& console);
ExitCode RunRulesCheck(const CommonOptions& common, const RulesOptions& options, Console& console);
ExitCode RunSuites(const CommonOptions& common, const SuitesOptions& options, Console& console);
ExitCode RunSuitesList(const CommonOptions& common, const SuitesOptions& options, Console& console);
// kUsage where there is anything to complain about.
ExitCode RunSuitesLint(const CommonOptions& common, const SuitesOptions& options, Console& console);
ExitCode RunGraph(const CommonOptions& common, const GraphOptions& options, Console& console);
ExitCode RunAffected(const CommonOptions& common, const AffectedOptions& options, Console& console);
// kFinding where there is no evidence, or files differ from what it was recorded with.
ExitCode RunStale(const CommonOptions& common, const AffectedOptions& options, Console& console);
ExitCode RunWho(const CommonOptions& common, const WhoOptions& options, Console& console);
// kFinding where a failure was missed.
ExitCode RunEvaluate(const CommonOptions& common, const EvaluateOptions& options, Console& console);
ExitCode RunDecisions(const CommonOptions& common, const DecisionOptions& options,
                      Console& console);
ExitCode RunDecisionsShow(const CommonOptions& common, const DecisionOptions& options,
                          Console& console);
// kFinding where the answer is another one, or cannot be made again.
ExitCode RunReplay(const CommonOptions& common, const DecisionOptions& options, Console& console);
ExitCode RunMisses(const CommonOptions& common, const MissesOptions& options, Console& console);
ExitCode RunMissesForget(const CommonOptions& common, const MissesOptions& options,
                         Console& console);
ExitCode RunStats(const CommonOptions& common, const StatsOptions& options, Console& console);
// The runner's own exit status where it is not 0; else kNotExecuted, kNotUploaded or 0.
ExitCode RunRun(const CommonOptions& common, const RunOptions& options, Console& console);
// Until it is told to end. The last run's status.
ExitCode RunWatch(const CommonOptions& common, const WatchOptions& options, Console& console);
// kFinding where the tests fail, or nothing was collected.
ExitCode RunLabelAnalysis(const CommonOptions& common, const LabelAnalysisOptions& options,
                          Console& console);
// Writes what one CI system reads.
ExitCode RunCi(const CommonOptions& common, const CiOptions& options, Command system,
               Console& console);
// kFinding where there is a problem.
ExitCode RunDoctor(const CommonOptions& common, const DoctorOptions& options, Console& console);
// kUsage where a rule file is there already.
ExitCode RunInit(const CommonOptions& common, const InitOptions& options, Console& console);
// Until SIGTERM or SIGINT. Ends the process itself where an upload outlives the grace.
ExitCode RunAgent(const CommonOptions& common, const AgentCommandOptions& options,
                  Console& console);
// Becomes testselectd; returns only where that fails.
ExitCode RunServe(const CommonOptions& common, const ServeOptions& options, Console& console);
ExitCode RunVersion(const CommonOptions& common, Console& console);

}  // namespace testselect::client
