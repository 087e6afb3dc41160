#include "server/ops/config_table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace testselect {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;

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

std::vector<ConfigOption> NetworkOptions() {
  using C = ServerConfig;
  return {
      {.name = "listen",
       .kind = ConfigKind::kText,
       .target = &C::listen,
       .doc = "Where to serve gRPC, HOST:PORT. Port 0 takes a free one and prints it."},
      {.name = "metrics-listen",
       .kind = ConfigKind::kText,
       .target = &C::metrics_listen,
       .doc = "Where to serve /metrics over HTTP, HOST:PORT; empty switches it off."},
      {.name = "insecure",
       .kind = ConfigKind::kSwitch,
       .target = &C::insecure,
       .doc = "Allow listening elsewhere than on loopback without TLS, and serving metrics there."},
      {.name = "tls-cert",
       .kind = ConfigKind::kText,
       .target = &C::tls_cert,
       .doc = "The server's certificate chain, a PEM file. Switches TLS on; needs tls-key."},
      {.name = "tls-key",
       .kind = ConfigKind::kText,
       .target = &C::tls_key,
       .doc = "The private key of tls-cert, a PEM file."},
      {.name = "tls-client-ca",
       .kind = ConfigKind::kText,
       .target = &C::tls_client_ca,
       .doc = "Certificates, a PEM file, by which clients must be signed. Needs tls-cert."},
      {.name = "token-file",
       .kind = ConfigKind::kText,
       .target = &C::token_file,
       .doc =
           "Bearer tokens, one a line, each of at least 16 bytes. If set, uploading, sealing and "
           "deleting need one of them in the 'authorization' header."},
      {.name = "reflection",
       .kind = ConfigKind::kSwitch,
       .target = &C::reflection,
       .doc = "Serve gRPC reflection, so that tools can list the methods."},
  };
}

std::vector<ConfigOption> ServiceOptions() {
  using C = ServerConfig;
  return {
      {.name = "data-dir",
       .kind = ConfigKind::kText,
       .target = &C::data_dir,
       .doc = "The folder of the index, unfinished uploads and repository mirrors. Created if "
              "missing; one server at a time."},
      {.name = "repository",
       .kind = ConfigKind::kNames,
       .target = &C::repositories,
       .doc = "NAME=PATH or NAME=URL of a git repository; may be repeated. A URL is mirrored below "
              "data-dir. In the environment: separated by commas. In the file: a list or a map."},
      {.name = "role",
       .kind = ConfigKind::kChoice,
       .target = &C::role,
       .choices = "all|frontend|indexer",
       .doc = "What to serve: everything, selections only, or uploads only."},
      {.name = "shutdown-grace",
       .kind = ConfigKind::kDuration,
       .target = &C::shutdown_grace,
       .max = 3600,
       .doc = "How long calls that were accepted may take to finish after SIGTERM."},
      {.name = "log-format",
       .kind = ConfigKind::kChoice,
       .target = &C::log_format,
       .choices = "text|json",
       .doc = "The form of the log on standard error."},
      {.name = "log-level",
       .kind = ConfigKind::kChoice,
       .target = &C::log_level,
       .choices = "debug|info|warning|error",
       .doc = "The least severe events that are logged."},
  };
}

std::vector<ConfigOption> LimitOptions() {
  using C = ServerConfig;
  constexpr double kMiB = 1024.0 * 1024;
  return {
      {.name = "max-request-bytes",
       .kind = ConfigKind::kBytes,
       .target = &C::max_request_bytes,
       .min = 8 * kMiB,
       .max = 2 * kGiB - kMiB,
       .doc = "The largest message that is taken."},
      {.name = "max-concurrent-uploads",
       .kind = ConfigKind::kCount,
       .target = &C::max_concurrent_uploads,
       .min = 1,
       .max = 10000,
       .doc = "Uploads at once; further ones are told to retry later."},
      {.name = "max-waiting-selections",
       .kind = ConfigKind::kCount,
       .target = &C::max_waiting_selections,
       .min = 1,
       .max = 1000000,
       .doc = "Selections that may wait for a worker; further ones are told to retry later."},
      {.name = "selection-workers",
       .kind = ConfigKind::kCount,
       .target = &C::selection_workers,
       .max = 1024,
       .doc = "Threads that compute selections; 0 means one for each processor."},
      {.name = "ingest-workers",
       .kind = ConfigKind::kCount,
       .target = &C::ingest_workers,
       .min = 1,
       .max = 256,
       .doc = "Uploads that are parsed and stored at once; others wait."},
      {.name = "max-report-bytes",
       .kind = ConfigKind::kBytes,
       .target = &C::max_report_bytes,
       .min = 1024,
       .max = 1024 * kGiB,
       .doc = "The largest report, after decompression."},
      {.name = "spool-max-bytes",
       .kind = ConfigKind::kBytes,
       .target = &C::spool_max_bytes,
       .min = 1024,
       .max = 1024 * 1024 * kGiB,
       .doc = "Disk space for uploads that are not finished; the oldest broken ones go first."},
      {.name = "spool-max-age",
       .kind = ConfigKind::kDuration,
       .target = &C::spool_max_age,
       .min = 60,
       .max = 365 * 86400.0,
       .doc = "How long a broken upload can be resumed."},
      {.name = "consolidate-after",
       .kind = ConfigKind::kCount,
       .target = &C::consolidate_after,
       .max = 10000,
       .doc =
           "How many layers of uploads a selection goes through before older evidence is moved to "
           "the newest commit, in the background, as far as nothing it rests on has changed; 0 "
           "never moves any."},
      {.name = "trusted-branches",
       .kind = ConfigKind::kText,
       .target = &C::trusted_branches,
       .doc =
           "Patterns of branch names, separated by commas, e.g. main,release/*. Uploads of other "
           "branches, or of none that is named, are used for selections on the same branch "
           "alone. Empty trusts all."},
      {.name = "quarantine-below",
       .kind = ConfigKind::kShare,
       .target = &C::quarantine_below,
       .max = 1,
       .doc = "A full upload with under this share of its predecessor's labels or files "
              "is quarantined; 0 switches the check off."},
  };
}

std::vector<ConfigOption> RetentionOptions() {
  using C = ServerConfig;
  constexpr double kCentury = 100 * 366 * 86400.0;
  return {
      {.name = "retain-age",
       .kind = ConfigKind::kDuration,
       .target = &C::retain_age,
       .max = kCentury,
       .doc = "How old the newest upload of a commit may be before its evidence goes, e.g. 720h; 0 "
              "keeps it forever. What selections from kept commits need stays with them."},
      {.name = "retain-commits",
       .kind = ConfigKind::kCount,
       .target = &C::retain_commits,
       .max = 1e9,
       .doc = "How many indexed commits are kept of each branch, those with the newest uploads; 0 "
              "keeps any number."},
      {.name = "retain-total",
       .kind = ConfigKind::kCount,
       .target = &C::retain_total,
       .max = 1e9,
       .doc = "How many indexed commits are kept of each repository; 0 keeps any number."},
      {.name = "retain-every",
       .kind = ConfigKind::kDuration,
       .target = &C::retain_every,
       .min = 1,
       .max = kCentury,
       .doc = "How often what is not kept is deleted."},
      {.name = "building-timeout",
       .kind = ConfigKind::kDuration,
       .target = &C::building_timeout,
       .max = kCentury,
       .doc =
           "How long after its last upload a job whose declared shards have not all come is used "
           "as it is; 0 waits forever."},
  };
}

std::vector<ConfigOption> MemoryOptions() {
  using C = ServerConfig;
  return {
      {.name = "store-cache",
       .kind = ConfigKind::kBytes,
       .target = &C::store_cache_bytes,
       .min = 1 << 20,
       .max = 1024 * kGiB,
       .doc = "Memory for records and blocks of the index."},
      {.name = "prepare-sources",
       .kind = ConfigKind::kSwitch,
       .target = &C::prepare_sources,
       .doc =
           "Cut the sources of a commit into units once its evidence is stored, so that the first "
           "selection from it need not."},
      {.name = "keep-sources",
       .kind = ConfigKind::kSwitch,
       .target = &C::keep_sources,
       .doc =
           "Keep cut sources in the index, about a fifth of their size, so that a server that was "
           "started anew need not cut them again."},
      {.name = "answer-cache",
       .kind = ConfigKind::kBytes,
       .target = &C::answer_cache_bytes,
       .max = 1024 * kGiB,
       .doc = "Memory for label lists and computed selections."},
      {.name = "response-cache",
       .kind = ConfigKind::kBytes,
       .target = &C::response_cache_bytes,
       .max = 1024 * kGiB,
       .doc = "Memory for encoded answers, which repeated requests get without any work."},
      {.name = "decisions-kept",
       .kind = ConfigKind::kCount,
       .target = &C::decisions_kept,
       .min = 1,
       .max = 10'000'000,
       .doc = "Decisions that are kept of each repository, with their evaluations; older ones are "
              "deleted now and then."},
      {.name = "store-lock-wait",
       .kind = ConfigKind::kDuration,
       .target = &C::store_lock_wait,
       .max = 3600,
       .doc = "How long to wait at start for another process to release data-dir."},
  };
}

}  // namespace

const std::vector<ConfigOption>& ConfigTable() {
  static const auto* const table = [] {
    auto* all = new std::vector<ConfigOption>(NetworkOptions());
    for (auto group : {ServiceOptions(), LimitOptions(), RetentionOptions(), MemoryOptions()}) {
      all->insert(all->end(), group.begin(), group.end());
    }
    return all;
  }();
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
      return absl::EndsWith(name, "listen") ? "HOST:PORT" : "PATH";
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
