#include "server/ops/config_table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/ops/config_options.h"

namespace testselect {
namespace {

struct Unit {
  absl::string_view suffix;
  uint64_t factor;
};
constexpr Unit kUnits[] = {
    {"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}};

bool ParseBytes(absl::string_view text, uint64_t* value) {
  uint64_t factor = 1;
  for (const Unit& unit : kUnits) {
    if (text.size() > unit.suffix.size() && absl::EndsWith(text, unit.suffix)) {
      text.remove_suffix(unit.suffix.size());
      factor = unit.factor;
      break;
    }
  }
  uint64_t count = 0;
  if (!absl::SimpleAtoi(text, &count) || count > UINT64_MAX / factor) return false;
  *value = count * factor;
  return true;
}

std::string RenderBytes(uint64_t value) {
  for (const Unit& unit : kUnits) {
    if (value != 0 && value % unit.factor == 0)
      return absl::StrCat(value / unit.factor, unit.suffix);
  }
  return absl::StrCat(value);
}

absl::Status Expected(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("expected ", what));
}

absl::Status SetNames(absl::string_view text, std::map<std::string, std::string>* names) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (parts.first.empty() || parts.first.size() > 200 || parts.second.empty()) {
    return Expected("NAME=PATH or NAME=URL with a name of 1 to 200 bytes");
  }
  for (const char c : parts.first) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        !absl::StrContains("._-/", absl::string_view(&c, 1))) {
      return Expected("a NAME of letters, digits and '._-/'");
    }
  }
  if (!names->emplace(std::string(parts.first), std::string(parts.second)).second) {
    return absl::InvalidArgumentError(absl::StrCat("the name '", parts.first, "' is given twice"));
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<ConfigOption>& ConfigTable() {
  static const auto* const table = new std::vector<ConfigOption>(AllConfigOptions());
  return *table;
}

const ConfigOption* FindConfigOption(absl::string_view name) {
  for (const ConfigOption& option : ConfigTable()) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

std::string ConfigOption::Type() const {
  switch (kind) {
    case ConfigKind::kText:
      return form.empty() ? "PATH" : std::string(form);
    case ConfigKind::kChoice:
      return std::string(choices);
    case ConfigKind::kSwitch:
      return "true|false";
    case ConfigKind::kCount:
      return "COUNT";
    case ConfigKind::kBytes:
      return "BYTES";
    case ConfigKind::kShare:
      return "SHARE";
    case ConfigKind::kDuration:
      return "DURATION";
    case ConfigKind::kNames:
      return "NAME=PATH|URL";
  }
  return "";
}

std::string ConfigOption::Range() const {
  switch (kind) {
    case ConfigKind::kText:
    case ConfigKind::kNames:
      return "";
    case ConfigKind::kChoice:
      return absl::StrCat("one of ", choices);
    case ConfigKind::kSwitch:
      return "true or false";
    case ConfigKind::kBytes:
      return absl::StrCat(RenderBytes(static_cast<uint64_t>(min)), " to ",
                          RenderBytes(static_cast<uint64_t>(max)));
    case ConfigKind::kDuration:
      return absl::StrCat(absl::FormatDuration(absl::Seconds(min)), " to ",
                          absl::FormatDuration(absl::Seconds(max)));
    case ConfigKind::kCount:
    case ConfigKind::kShare:
      return absl::StrCat(min, " to ", absl::StrFormat("%.0f", max));
  }
  return "";
}

namespace {

// Renders and reads a setting of one C++ type; the overloads are the visitors of Target.
struct Renderer {
  const ConfigOption& option;
  const ServerConfig& config;
  std::string operator()(std::string ServerConfig::*m) const { return config.*m; }
  std::string operator()(bool ServerConfig::*m) const { return config.*m ? "true" : "false"; }
  std::string operator()(double ServerConfig::*m) const { return absl::StrCat(config.*m); }
  std::string operator()(uint64_t ServerConfig::*m) const {
    return option.kind == ConfigKind::kBytes ? RenderBytes(config.*m) : absl::StrCat(config.*m);
  }
  std::string operator()(absl::Duration ServerConfig::*m) const {
    return absl::FormatDuration(config.*m);
  }
  std::string operator()(std::map<std::string, std::string> ServerConfig::*m) const {
    return absl::StrJoin(config.*m, ",", absl::PairFormatter("="));
  }
};

struct Setter {
  const ConfigOption& option;
  absl::string_view text;
  ServerConfig* config;
  bool InRange(double value) const { return value >= option.min && value <= option.max; }

  absl::Status operator()(std::string ServerConfig::*m) const {
    if (option.kind == ConfigKind::kChoice) {
      const std::vector<absl::string_view> allowed = absl::StrSplit(option.choices, '|');
      if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
        return Expected(option.Range());
      }
    }
    if (text.find('\0') != absl::string_view::npos) return Expected("text without NUL bytes");
    config->*m = std::string(text);
    return absl::OkStatus();
  }
  absl::Status operator()(bool ServerConfig::*m) const {
    bool value = false;
    if (!absl::SimpleAtob(text, &value)) return Expected(option.Range());
    config->*m = value;
    return absl::OkStatus();
  }
  absl::Status operator()(double ServerConfig::*m) const {
    double value = 0;
    if (!absl::SimpleAtod(text, &value) || !InRange(value)) {
      return Expected(absl::StrCat("a number, ", option.Range()));
    }
    config->*m = value;
    return absl::OkStatus();
  }
  absl::Status operator()(uint64_t ServerConfig::*m) const {
    uint64_t value = 0;
    const bool bytes = option.kind == ConfigKind::kBytes;
    if (!(bytes ? ParseBytes(text, &value) : absl::SimpleAtoi(text, &value)) ||
        !InRange(static_cast<double>(value))) {
      return Expected(
          absl::StrCat(bytes ? "bytes (KiB, MiB, GiB and TiB are known), " : "a whole number, ",
                       option.Range()));
    }
    config->*m = value;
    return absl::OkStatus();
  }
  absl::Status operator()(absl::Duration ServerConfig::*m) const {
    absl::Duration value;
    if (!absl::ParseDuration(text, &value) || !InRange(absl::ToDoubleSeconds(value))) {
      return Expected(absl::StrCat("a duration such as 1m30s, ", option.Range()));
    }
    config->*m = value;
    return absl::OkStatus();
  }
  absl::Status operator()(std::map<std::string, std::string> ServerConfig::*m) const {
    return SetNames(text, &(config->*m));
  }
};

}  // namespace

std::string ConfigOption::Render(const ServerConfig& config) const {
  return std::visit(Renderer{*this, config}, target);
}

std::string ConfigOption::RenderForLog(const ServerConfig& config) const {
  std::string text = Render(config);
  for (size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    const size_t end = text.find_first_of("/,", at + 3);
    const size_t sign = text.rfind('@', end);
    if (sign != std::string::npos && sign > at) text.replace(at + 3, sign - at - 3, "***");
  }
  return text;
}

absl::Status ConfigOption::Set(absl::string_view text, ServerConfig* config) const {
  return std::visit(Setter{*this, text, config}, target);
}

}  // namespace testselect
