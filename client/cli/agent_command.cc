#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/agent/agent.h"
#include "client/cli/commands.h"
#include "client/connection.h"
#include "server/ops/logging.h"
#include "server/ops/shutdown.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

absl::Status Check(const CommonOptions& common, const AgentCommandOptions& options) {
  if (common.remote.server.empty()) {
    return absl::InvalidArgumentError(
        "--server: the agent sends to a server; give HOST:PORT, or set TESTSELECT_SERVER");
  }
  if (!options.insecure && !options.http_listen.empty() && !IsLoopback(options.http_listen)) {
    return absl::InvalidArgumentError(absl::StrCat("--http-listen: '", Shorten(options.http_listen),
                                                   "' is not on loopback, which needs --insecure"));
  }
  return absl::OkStatus();
}

AgentOptions OptionsOf(const CommonOptions& common, const AgentCommandOptions& options) {
  AgentOptions agent;
  agent.remote = common.remote;
  agent.spool = options.spool;
  while (agent.spool.size() > 1 && agent.spool.back() == '/') agent.spool.pop_back();
  agent.http_listen = options.http_listen;
  agent.parallel = static_cast<int>(options.parallel);
  agent.retry.longest = absl::Seconds(options.retry_longest);
  agent.retry.initial = std::min(agent.retry.initial, agent.retry.longest);
  agent.done = {.count = options.keep_done, .age = absl::Hours(24) * options.keep_done_days};
  if (common.timeout > 0) agent.upload_timeout = absl::Seconds(common.timeout);
  return agent;
}

}  // namespace

ExitCode RunAgent(const CommonOptions& common, const AgentCommandOptions& options,
                  Console& console) {
  if (const absl::Status checked = Check(common, options); !checked.ok()) {
    return console.Fail(checked);
  }
  BlockTerminationSignals();
  Logger log(options.log_format == "json" ? LogFormat::kJson : LogFormat::kText,
             common.quiet     ? LogLevel::kWarning
             : common.verbose ? LogLevel::kDebug
                              : LogLevel::kInfo);
  absl::StatusOr<std::unique_ptr<Agent>> agent = Agent::Start(OptionsOf(common, options), &log);
  if (!agent.ok()) return console.Fail(agent.status());
  const absl::Status printed = console.Print(
      absl::StrCat("watching spool=", options.spool, " http=", (*agent)->http_address(), "\n"));
  if (!printed.ok()) return console.Fail(printed);
  WaitForTermination();
  log.Info("ending");
  // An upload that outlives the grace is not acknowledged; it goes on at the next start.
  if (!(*agent)->Stop(absl::Seconds(options.grace))) std::_Exit(EXIT_SUCCESS);
  return ExitCode::kAnswered;
}

}  // namespace testselect::client
