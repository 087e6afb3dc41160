#include "server/ops/config.h"

#include <yaml-cpp/yaml.h>

#include <fstream>
#include <optional>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "server/ops/config_table.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kEnvironmentPrefix = "TESTSELECT_";

// A value of a setting and where it was found, for messages.
struct Finding {
  const ConfigOption* option;
  std::string value;
  std::string source;
};

std::string EnvironmentName(absl::string_view option) {
  return absl::StrCat(kEnvironmentPrefix,
                      absl::AsciiStrToUpper(absl::StrReplaceAll(option, {{"-", "_"}})));
}

std::string Shortened(absl::string_view value) {
  return value.size() <= 80 ? std::string(value) : absl::StrCat(value.substr(0, 80), "...");
}

absl::Status Apply(const std::vector<Finding>& findings, ServerConfig* config) {
  for (const Finding& finding : findings) {
    const absl::Status status = finding.option->Set(finding.value, config);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(finding.option->name, "='",
                                                     Shortened(finding.value), "' (",
                                                     finding.source, "): ", status.message()));
    }
  }
  return absl::OkStatus();
}

std::optional<ConfigAction> ActionOf(absl::string_view name) {
  if (name == "help") return ConfigAction::kHelp;
  if (name == "help-markdown") return ConfigAction::kHelpMarkdown;
  if (name == "metrics-markdown") return ConfigAction::kMetricsMarkdown;
  if (name == "version") return ConfigAction::kVersion;
  if (name == "print-config") return ConfigAction::kPrintConfig;
  if (name == "check-health") return ConfigAction::kCheckHealth;
  return std::nullopt;
}

// The others must work whatever the settings are.
bool NeedsSettings(ConfigAction action) {
  return action == ConfigAction::kServe || action == ConfigAction::kPrintConfig ||
         action == ConfigAction::kCheckHealth;
}

struct CommandLine {
  std::vector<Finding> findings;
  std::optional<std::string> file;
  ConfigAction action = ConfigAction::kServe;
};

absl::StatusOr<CommandLine> ReadArguments(const std::vector<std::string>& arguments) {
  CommandLine result;
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view name = arguments[i];
    if (name == "-h") name = "--help";
    if (!absl::ConsumePrefix(&name, "--")) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", Shortened(arguments[i]), "' is no flag; flags begin with '--' (see --help)"));
    }
    std::optional<std::string> value;
    if (const size_t equals = name.find('='); equals != absl::string_view::npos) {
      value = std::string(name.substr(equals + 1));
      name = name.substr(0, equals);
    }
    if (const auto action = ActionOf(name); action.has_value() && !value.has_value()) {
      result.action = *action;
      continue;
    }
    const ConfigOption* option = FindConfigOption(name);
    if (option == nullptr && name != "config") {
      return absl::InvalidArgumentError(
          absl::StrCat("flag --", Shortened(name), " is not known (see --help)"));
    }
    const bool is_switch = option != nullptr && option->kind == ConfigKind::kSwitch;
    if (!value.has_value() && is_switch) value = "true";
    if (!value.has_value() && i + 1 < arguments.size()) value = arguments[++i];
    if (!value.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("flag --", name, " needs a value"));
    }
    if (option == nullptr) {
      result.file = *value;
    } else {
      result.findings.push_back({option, *value, absl::StrCat("flag --", name)});
    }
  }
  return result;
}

std::vector<Finding> ReadEnvironment(const std::map<std::string, std::string>& environment) {
  std::vector<Finding> findings;
  for (const ConfigOption& option : ConfigTable()) {
    const auto found = environment.find(EnvironmentName(option.name));
    if (found == environment.end()) continue;
    const std::string source = absl::StrCat("environment variable ", found->first);
    if (option.kind != ConfigKind::kNames) {
      findings.push_back({&option, found->second, source});
      continue;
    }
    for (absl::string_view part : absl::StrSplit(found->second, ',', absl::SkipWhitespace())) {
      findings.push_back({&option, std::string(absl::StripAsciiWhitespace(part)), source});
    }
  }
  return findings;
}

// One key of the file; lists and maps are for kNames only.
absl::Status ReadNode(const ConfigOption& option, const YAML::Node& node, const std::string& source,
                      std::vector<Finding>* findings) {
  if (node.IsScalar() || node.IsNull()) {
    findings->push_back({&option, node.IsNull() ? "" : node.Scalar(), source});
    return absl::OkStatus();
  }
  if (option.kind != ConfigKind::kNames) {
    return absl::InvalidArgumentError(
        absl::StrCat(option.name, " (", source, "): expected one value"));
  }
  for (const auto& item : node) {
    const bool pair = node.IsMap();
    if (!(pair ? item.first.IsScalar() && item.second.IsScalar() : item.IsScalar())) {
      return absl::InvalidArgumentError(
          absl::StrCat(option.name, " (", source, "): expected ", option.Type(), " items"));
    }
    findings->push_back(
        {&option,
         pair ? absl::StrCat(item.first.Scalar(), "=", item.second.Scalar()) : item.Scalar(),
         source});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Finding>> ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("configuration file '", path, "' cannot be read"));
  }
  std::stringstream text;
  text << file.rdbuf();
  std::vector<Finding> findings;
  try {  // yaml-cpp throws; nothing of it leaves this function
    const YAML::Node root = YAML::Load(text.str());
    if (root.IsNull()) return findings;
    if (!root.IsMap()) {
      return absl::InvalidArgumentError(
          absl::StrCat("configuration file '", path, "': expected a map of settings"));
    }
    for (const auto& entry : root) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "(no text)";
      const ConfigOption* option = FindConfigOption(key);
      const std::string source =
          absl::StrCat("file '", path, "' line ", entry.first.Mark().line + 1);
      if (option == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat("setting '", Shortened(key), "' (", source,
                                                       ") is not known (see --help)"));
      }
      TS_RETURN_IF_ERROR(ReadNode(*option, entry.second, source, &findings));
    }
  } catch (const YAML::Exception& e) {
    return absl::InvalidArgumentError(
        absl::StrCat("configuration file '", path, "' is no YAML: ", e.what()));
  }
  return findings;
}

// A source that names repositories replaces what weaker sources named.
void DropOverridden(const std::vector<Finding>& stronger, std::vector<Finding>* weaker) {
  std::erase_if(*weaker, [&](const Finding& finding) {
    for (const Finding& other : stronger) {
      if (other.option == finding.option) return true;
    }
    return false;
  });
}

absl::Status CheckListener(absl::string_view field, const std::string& address, bool allowed,
                           absl::string_view remedy) {
  if (address.empty()) return absl::OkStatus();
  TS_ASSIGN_OR_RETURN(const bool loopback, IsLoopback(field, address));
  if (loopback || allowed) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, "='", address, "' is not on loopback, which needs ", remedy,
                   " (anybody who reaches the address could otherwise read or change the index)"));
}

}  // namespace

LogFormat ServerConfig::ParsedLogFormat() const {
  return log_format == "json" ? LogFormat::kJson : LogFormat::kText;
}

LogLevel ServerConfig::ParsedLogLevel() const {
  for (LogLevel level : {LogLevel::kDebug, LogLevel::kWarning, LogLevel::kError}) {
    if (log_level == LogLevelName(level)) return level;
  }
  return LogLevel::kInfo;
}

absl::StatusOr<ParsedConfig> ParseConfig(const std::vector<std::string>& arguments,
                                         const std::map<std::string, std::string>& environment) {
  TS_ASSIGN_OR_RETURN(CommandLine line, ReadArguments(arguments));
  ParsedConfig parsed;
  parsed.action = line.action;
  if (!NeedsSettings(line.action)) return parsed;
  if (!line.file.has_value()) {
    const auto named = environment.find(EnvironmentName("config"));
    if (named != environment.end() && !named->second.empty()) line.file = named->second;
  }
  std::vector<Finding> environment_findings = ReadEnvironment(environment);
  std::vector<Finding> file_findings;
  if (line.file.has_value()) {
    TS_ASSIGN_OR_RETURN(file_findings, ReadFile(*line.file));
  }
  DropOverridden(environment_findings, &file_findings);
  DropOverridden(line.findings, &file_findings);
  DropOverridden(line.findings, &environment_findings);
  TS_RETURN_IF_ERROR(Apply(file_findings, &parsed.config));
  TS_RETURN_IF_ERROR(Apply(environment_findings, &parsed.config));
  TS_RETURN_IF_ERROR(Apply(line.findings, &parsed.config));
  TS_RETURN_IF_ERROR(ValidateConfig(parsed.config));
  return parsed;
}

absl::StatusOr<bool> IsLoopback(absl::string_view field, absl::string_view address) {
  if (absl::StartsWith(address, "unix:")) return true;
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon == absl::string_view::npos || colon == 0 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, "='", Shortened(address), "': expected HOST:PORT, port 0 to 65535"));
  }
  const absl::string_view host = address.substr(0, colon);
  if (host == "localhost" || host == "[::1]") return true;
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (absl::string_view part : parts) {
    int number = -1;
    if (!absl::SimpleAtoi(part, &number) || number < 0 || number > 255) return false;
  }
  return true;
}

absl::Status ValidateConfig(const ServerConfig& config) {
  if (config.tls_cert.empty() != config.tls_key.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("tls-cert='", config.tls_cert, "' and tls-key='",
                                                   config.tls_key, "' need each other"));
  }
  if (!config.tls_client_ca.empty() && config.tls_cert.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tls-client-ca='", config.tls_client_ca, "' needs tls-cert and tls-key"));
  }
  if (config.data_dir.empty()) {
    return absl::InvalidArgumentError("data-dir='': expected a folder");
  }
  TS_RETURN_IF_ERROR(CheckListener("listen", config.listen,
                                   config.insecure || !config.tls_cert.empty(),
                                   "tls-cert and tls-key, or insecure"));
  return CheckListener("metrics-listen", config.metrics_listen, config.insecure, "insecure");
}

}  // namespace testselect
