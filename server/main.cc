// testselectd: flags -> configuration -> wiring -> serve.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/ops/config.h"
#include "server/ops/config_table.h"
#include "server/ops/freed_memory.h"
#include "server/ops/logging.h"
#include "server/ops/metrics_table.h"
#include "server/ops/shutdown.h"
#include "server/ops/version.h"
#include "server/rpc/health_probe.h"
#include "server/wiring.h"

namespace testselect {
namespace {

constexpr int kExitCannotStart = 1;
constexpr int kExitUsage = 2;
constexpr int kExitNotServing = 1;
constexpr absl::Duration kHealthTimeout = absl::Seconds(4);

std::map<std::string, std::string> Environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(absl::string_view(*entry), absl::MaxSplits('=', 1));
    variables.emplace(std::string(parts.first), std::string(parts.second));
  }
  return variables;
}

void Print(absl::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void LogEffectiveConfig(const ServerConfig& config) {
  Logger log(config.ParsedLogFormat(), config.ParsedLogLevel());
  for (const ConfigOption& option : ConfigTable()) {
    log.Info("setting", {{"name", option.name}, {"value", option.RenderForLog(config)}});
  }
}

int Serve(const ServerConfig& config) {
  KeepFreedMemory();
  BlockTerminationSignals();
  LogEffectiveConfig(config);
  auto server = Server::Start(config);
  if (!server.ok()) {
    Logger(config.ParsedLogFormat(), LogLevel::kInfo)
        .Error("cannot start", {{"error", server.status()}});
    return kExitCannotStart;
  }
  Print(absl::StrCat("listening grpc=", (*server)->grpc_address(),
                     " metrics=", (*server)->metrics_address(), "\n"));
  WaitForTermination();
  // Work that outlived the grace was not acknowledged; waiting for it would break the deadline.
  if (!(*server)->Stop()) std::_Exit(EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

int CheckHealth(const ServerConfig& config) {
  const absl::Status health = ProbeHealth(config, kHealthTimeout);
  if (health.ok()) return EXIT_SUCCESS;
  std::fprintf(stderr, "testselectd: %s\n", std::string(health.message()).c_str());
  return kExitNotServing;
}

int Run(const std::vector<std::string>& arguments) {
  const auto parsed = ParseConfig(arguments, Environment());
  if (!parsed.ok()) {
    std::fprintf(stderr, "testselectd: %s\n", std::string(parsed.status().message()).c_str());
    return kExitUsage;
  }
  switch (parsed->action) {
    case ConfigAction::kServe:
      return Serve(parsed->config);
    case ConfigAction::kHelp:
      Print(ConfigHelp());
      break;
    case ConfigAction::kHelpMarkdown:
      Print(ConfigHelpMarkdown());
      break;
    case ConfigAction::kMetricsMarkdown:
      Print(MetricsMarkdown());
      break;
    case ConfigAction::kVersion:
      Print(absl::StrCat("testselectd ", kVersion, "\n"));
      break;
    case ConfigAction::kCheckHealth:
      return CheckHealth(parsed->config);
    case ConfigAction::kPrintConfig:
      Print(RenderConfig(parsed->config));
      break;
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace testselect

int main(int argc, char** argv) {
  return testselect::Run(std::vector<std::string>(argv + 1, argv + argc));
}
