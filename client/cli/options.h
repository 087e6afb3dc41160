// What the command line can say. Filled by the command tree, read by the commands.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/connection.h"

namespace testselect::client {

// Of every command that works on an index.
struct CommonOptions {
  RemoteOptions remote;
  std::string repo;     // a directory in process, a configured name with a server; empty: "."
  std::string sources;  // HOST:PORT; empty: nobody's
  // Of a command that sends uploads; see SettleServer. Null: of another.
  std::shared_ptr<const std::string> upload_server;
  double timeout = 0;     // seconds; 0: the command's default
  double lock_wait = 60;  // seconds
  bool quiet = false;
  bool verbose = false;
  bool json = false;
};

struct UploadOptions {
  std::string commit;
  std::string job = "default";
  std::vector<std::string> flavor;  // K=V
  std::string shard = "1/1";        // I/N, from 1
  uint32_t attempt = 1;
  bool full = false, subset = false;
  std::string isolation;  // process, shared or empty
  std::string format;
  std::string label;
  std::vector<std::string> outcomes;
  std::string path_root, path_prefix;
  std::string environment;
  std::string branch;
  std::string reports_from;
  std::vector<std::string> reports;
  std::string spool;   // a folder; empty: sent at once
  std::string layout;  // of the folders given as reports; empty: they are reports
};

struct DoctorOptions {
  std::string base;  // empty: found
  std::string labels_file, labels_command;
  UploadOptions upload;  // only what says how reports are read
};

struct InitOptions {
  bool force = false, dry_run = false;
};

// Of `agent`.
struct AgentCommandOptions {
  std::string spool;
  std::string http_listen = "127.0.0.1:7602";
  bool insecure = false;
  uint32_t parallel = 2;
  double retry_longest = 60;  // seconds
  double grace = 5;           // seconds
  uint32_t keep_done = 1000, keep_done_days = 7;
  std::string log_format = "text";
};

struct SelectOptions {
  std::string base, head;
  bool working_tree = false, staged = false;
  std::vector<std::string> jobs;  // NAME or NAME;K=V;...
  std::string labels_file, labels_command;
  std::string granularity = "function";
  std::vector<std::string> baseline;  // labels, with diffed-package
  std::string unknown_change;         // all, none; empty: as the rule file says
  std::string branch;                 // empty: found
  std::string environment;
  bool run_all = false;
  std::vector<std::string> force;
  bool include_building = false;
  double max_wait = 0;  // seconds; 0: none
  std::string format = "json";
  std::string out;
  bool reasons = false;
  bool fail_on_fallback = false;
  std::string budget;              // "5m"; empty: none
  uint32_t shards = 0, shard = 0;  // from 1; 0: not given
  bool per_job = false;
};

struct ExplainOptions {
  std::string label;
  SelectOptions selection;  // its labels and output fields are not used
};

struct InspectOptions {
  std::string format;
  std::string label;
  std::string path_root, path_prefix;
  std::string reports_from;
  std::vector<std::string> reports;
};

struct IndexOptions {
  std::string commit;
  std::string job;  // NAME or NAME;K=V;...; empty: all
  std::string label;
  uint32_t limit = 100;
  bool include_quarantined = false;
};

// Of `index export`.
struct IndexExportOptions {
  std::string commit;
  std::string job;  // NAME or NAME;K=V;...; empty: all
  std::string kind = "package";
  std::vector<std::string> baseline;
  std::string format = "datadog";
  std::vector<std::string> run_all;  // patterns
  std::string out;
  std::string to, job_id;  // a layout's base; the folder of a part
};

// Of `index import`.
struct IndexImportOptions {
  std::string file;  // - is standard input
  std::string commit;
  std::string job;  // of the index; empty: all
  std::string as;   // what that job is called here, NAME or NAME;K=V;...
  std::string format = "datadog";
  std::string branch;
  bool subset = false;
  std::string from, kind = "package", key;  // a layout's base; empty key: the commit's
};

// Of `index retain`. What is not given is the server's setting.
struct RetainOptions {
  static constexpr uint32_t kNotGiven = UINT32_MAX;
  bool dry_run = false;
  std::string max_age;                              // a duration, or days as 30d; 0: any age
  uint32_t commits = kNotGiven, total = kNotGiven;  // 0: any number
};

struct RulesOptions {
  std::string base, head;
  bool environment_same = false;
  std::vector<std::string> paths;
};

struct SuitesOptions {
  std::string base, head;
  std::string changed_files;  // a file of paths, or -
};

struct GraphOptions {
  std::string commit;  // empty: HEAD
  std::string format = "json";
  std::vector<std::string> paths;
};

// Of `affected` and `stale`.
struct AffectedOptions {
  SelectOptions selection;  // its labels and output fields are not used
};

struct WhoOptions {
  std::string place;              // FILE[:LINE[-LINE]]
  std::string commit;             // empty: HEAD
  std::vector<std::string> jobs;  // NAME or NAME;K=V;...
};

struct EvaluateOptions {
  std::string selection;  // an id, or a file
  std::vector<std::string> outcomes;
  std::string format;
  std::string job;  // NAME or NAME;K=V;...; empty: found
  bool all = false;
  std::string html;  // a file
};

struct DecisionOptions {
  std::string id;
  std::string head;
  uint32_t limit = 100;
};

struct MissesOptions {
  std::string label;
  std::string job = "default";
  bool all = false;
};

struct StatsOptions {
  std::string job;
  uint32_t days = 0;  // 0: all
};

struct RunOptions {
  std::string runner;
  std::vector<std::string> arguments;  // the runner's own
  SelectOptions select;                // its labels and output fields are not used
  std::string with;                    // how the runner is started; empty: as usual
  std::string on_missing = "rest";     // rest, fail
  std::string upload_server;           // empty: the one that is asked
  std::string shard = "1/1";           // as UploadOptions
  uint32_t attempt = 1;
  bool no_upload = false, no_record = false, dry_run = false, subset = false;
  // Of `watch`: the commit that the files as they are were written as, which select.head names,
  // and the only labels to run (empty: those that are selected).
  std::string snapshot;
  std::vector<std::string> only;
};

struct WatchOptions {
  RunOptions run;
  uint32_t rounds = 0;   // end after so many; 0: never
  bool changed = false;  // begin with the first change
};

// Of `label-analysis`: Codecov's.
struct LabelAnalysisOptions {
  std::string base, head;
  std::string runner = "pytest";
  std::vector<std::string> runner_params;  // KEY=VALUE
  double max_wait = 0;                     // seconds; 0: forever
  bool dry_run = false;
  std::string dry_run_format = "json";
  std::string codecov_yaml;  // a file; empty: found
  std::string token;
  std::vector<std::string> jobs;  // NAME or NAME;K=V;...
};

// Of `ci SYSTEM`.
struct CiOptions {
  SelectOptions select;   // its output fields and shards are not used
  std::string selection;  // a file that select wrote
  bool suites = false;
  std::string changed_files;  // a file of paths, or -
  uint32_t shards = 0;        // 0: not given
  double shard_seconds = 0;   // 0: not given
  std::string lists;          // empty: testselect-shards
  std::string out;
  std::string template_file, job, command;
  std::vector<std::string> needs;
  std::string type = "test";
  std::string units;         // a file
  uint32_t target_jobs = 0;  // 0: suites do not grow
};

struct ServeOptions {
  std::vector<std::string> arguments;  // passed through
};

enum class Command {
  kNone,
  kUpload,
  kSelect,
  kExplain,
  kInspect,
  kIndexList,
  kIndexShow,
  kIndexSeal,
  kIndexDelete,
  kIndexRetain,
  kIndexExport,
  kIndexImport,
  kRulesShow,
  kRulesCheck,
  kSuites,
  kSuitesList,
  kSuitesLint,
  kGraph,
  kWho,
  kEvaluate,
  kDecisions,
  kDecisionsShow,
  kReplay,
  kMisses,
  kMissesForget,
  kStats,
  kRun,
  kWatch,
  kAffected,
  kStale,
  kLabelAnalysis,
  kCiGithub,
  kCiGitlab,
  kCiBuildkite,
  kCiCircleci,
  kAgent,
  kDoctor,
  kInit,
  kServe,
  kVersion,
  kCompletionBash,
  kCompletionZsh,
  kManPage,
  kMarkdown,
};

struct CommandLine {
  Command command = Command::kNone;
  CommonOptions common;
  UploadOptions upload;
  SelectOptions select;
  ExplainOptions explain;
  InspectOptions inspect;
  IndexOptions index;
  RetainOptions retain;
  IndexExportOptions index_export;
  IndexImportOptions index_import;
  RulesOptions rules;
  SuitesOptions suites;
  GraphOptions graph;
  WhoOptions who;
  EvaluateOptions evaluate;
  DecisionOptions decisions;
  MissesOptions misses;
  StatsOptions stats;
  RunOptions run;
  WatchOptions watch;
  AffectedOptions affected;
  LabelAnalysisOptions label_analysis;
  CiOptions ci;
  AgentCommandOptions agent;
  DoctorOptions doctor;
  InitOptions init;
  ServeOptions serve;
};

}  // namespace testselect::client
