// The one table of settings, behind config.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/ops/config.h"

namespace testselect {

// How a setting's text is read.
enum class ConfigKind : uint8_t {
  kText,
  kChoice,
  kSwitch,
  kCount,
  kBytes,
  kShare,
  kDuration,
  kNames
};

struct ConfigOption {
  using Target =
      std::variant<std::string ServerConfig::*, bool ServerConfig::*, uint64_t ServerConfig::*,
                   double ServerConfig::*, absl::Duration ServerConfig::*,
                   std::map<std::string, std::string> ServerConfig::*>;
  absl::string_view name;  // "data-dir": flag --data-dir, TESTSELECT_DATA_DIR, file key data-dir
  ConfigKind kind;
  Target target;
  double min = 0, max = 0;      // of counts, bytes, shares and durations (in seconds)
  absl::string_view choices{};  // of kChoice, separated by '|'
  absl::string_view form{};     // of kText, for help; empty: PATH
  absl::string_view doc;

  std::string Type() const;   // for help: "HOST:PORT", "bytes", ...
  std::string Range() const;  // for help and errors: "1 to 64"; empty where anything goes
  std::string Render(const ServerConfig& config) const;  // the value as text that Set reads
  // As Render, without the user names and passwords of URLs.
  std::string RenderForLog(const ServerConfig& config) const;
  // Reads `text` into `config`. kInvalidArgument saying what is expected, without the name.
  absl::Status Set(absl::string_view text, ServerConfig* config) const;
};

// In the order of the help text.
const std::vector<ConfigOption>& ConfigTable();
// nullptr if there is none.
const ConfigOption* FindConfigOption(absl::string_view name);

}  // namespace testselect
