// ServerConfig: every setting of the server, and where it comes from.
//
// A setting is a flag, an environment variable, a key of the configuration file, or its default;
// the first of these that says something wins. All are declared in one table, config_table.cc.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/ops/logging.h"

namespace testselect {

// Immutable once made. Defaults are those of the table; config_table.cc says what each means.
struct ServerConfig {
  // HOST:PORT, or empty: no network at all (the in-process mode of the client).
  std::string listen = "127.0.0.1:7600";
  std::string metrics_listen = "127.0.0.1:7601";  // HOST:PORT; empty: off
  std::string data_dir = "testselect-data";
  std::map<std::string, std::string> repositories;  // name -> path or URL
  std::string role = "all";                         // all, frontend or indexer
  std::string
      object_store;  // s3://BUCKET[/PREFIX] or file:///FOLDER; empty: nobody shares the index
  std::string object_store_endpoint, object_store_region;
  bool object_store_path_style = false;
  std::string object_store_credentials, object_store_ca;  // files
  std::string object_store_encryption, object_store_kms_key;
  absl::Duration object_store_timeout = absl::Seconds(10);
  absl::Duration object_store_refresh = absl::Seconds(1);
  absl::Duration object_store_wait = absl::Seconds(2);
  uint64_t object_store_cache_bytes = 0;  // 0: any number
  bool insecure = false;
  std::string tls_cert, tls_key, tls_client_ca;  // files; empty: not used
  std::string token_file;                        // empty: no tokens
  std::string log_format = "text";               // text or json
  std::string log_level = "info";                // debug, info, warning or error
  absl::Duration shutdown_grace = absl::Seconds(30);
  bool reflection = true;
  uint64_t max_request_bytes = 512ull << 20;
  uint64_t max_concurrent_uploads = 64;
  uint64_t max_waiting_selections = 1024;
  uint64_t selection_workers = 0;  // 0: one for each processor
  uint64_t ingest_workers = 2;
  uint64_t store_cache_bytes = 256ull << 20;
  absl::Duration store_lock_wait = absl::ZeroDuration();
  bool prepare_sources = true;
  bool keep_sources = true;
  uint64_t answer_cache_bytes = 512ull << 20;
  uint64_t response_cache_bytes = 256ull << 20;
  uint64_t decisions_kept = 10'000;  // of each repository
  double quarantine_below = 0.5;
  uint64_t consolidate_after = 16;
  std::string trusted_branches;                      // patterns separated by commas; empty: all
  absl::Duration retain_age = absl::ZeroDuration();  // 0: forever
  uint64_t retain_commits = 0;                       // of each branch; 0: any number
  uint64_t retain_total = 0;                         // of each repository; 0: any number
  absl::Duration retain_every = absl::Hours(1);
  absl::Duration building_timeout = absl::Hours(6);  // 0: never
  uint64_t max_report_bytes = 64ull << 30;
  uint64_t spool_max_bytes = 64ull << 30;
  uint64_t snapshots_max_bytes = 10ull << 30;
  absl::Duration spool_max_age = absl::Hours(24);

  LogFormat ParsedLogFormat() const;  // of log_format
  LogLevel ParsedLogLevel() const;    // of log_level
};

// What the command line asks for.
enum class ConfigAction : uint8_t {
  kServe,
  kHelp,             // --help
  kHelpMarkdown,     // --help-markdown, which docs/configuration.md is made with
  kMetricsMarkdown,  // --metrics-markdown, which docs/metrics.md is made with
  kVersion,          // --version
  kPrintConfig,      // --print-config
  kCheckHealth,      // --check-health
};

struct ParsedConfig {
  ServerConfig config;
  ConfigAction action = ConfigAction::kServe;
};

// Reads `arguments` (without the program's name), `environment` and the file that --config or
// TESTSELECT_CONFIG names. Errors are kInvalidArgument naming the setting, its value, what it may
// be and the source (flag, variable, or file); the file's may be kNotFound or kPermissionDenied.
// Environment variables with the prefix that are no settings are left alone: tools use it too.
absl::StatusOr<ParsedConfig> ParseConfig(const std::vector<std::string>& arguments,
                                         const std::map<std::string, std::string>& environment);

// What needs several settings at once: TLS files come in pairs; elsewhere than on loopback the
// server listens only with TLS or `insecure`, and metrics only with `insecure`. kInvalidArgument.
absl::Status ValidateConfig(const ServerConfig& config);

// Whether HOST:PORT names this machine only (127.0.0.0/8, localhost, [::1], or a unix socket).
// kInvalidArgument naming `field` if it is no address.
absl::StatusOr<bool> IsLoopback(absl::string_view field, absl::string_view address);

// Every setting with its effective value, as a configuration file that gives the same settings.
std::string RenderConfig(const ServerConfig& config);
// For --help and docs/configuration.md.
std::string ConfigHelp();
std::string ConfigHelpMarkdown();

}  // namespace testselect
