#include "server/ops/config_options.h"

namespace testselect {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;

std::vector<ConfigOption> NetworkOptions() {
  using C = ServerConfig;
  return {
      {.name = "listen",
       .kind = ConfigKind::kText,
       .target = &C::listen,
       .form = "HOST:PORT",
       .doc = "Where to serve gRPC, HOST:PORT. Port 0 takes a free one and prints it."},
      {.name = "metrics-listen",
       .kind = ConfigKind::kText,
       .target = &C::metrics_listen,
       .form = "HOST:PORT",
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
      {.name = "snapshots-max-bytes",
       .kind = ConfigKind::kBytes,
       .target = &C::snapshots_max_bytes,
       .min = kGiB,
       .max = 1024 * 1024 * kGiB,
       .doc = "Disk space of each repository for files that --working-tree sent; the oldest go "
              "first. A laptop sends them again."},
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
       .form = "PATTERNS",
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

std::vector<ConfigOption> SharingOptions() {
  using C = ServerConfig;
  return {
      {.name = "object-store",
       .kind = ConfigKind::kText,
       .target = &C::object_store,
       .form = "URL",
       .doc =
           "Where machines share one index: s3://BUCKET[/PREFIX] or file:///FOLDER, a folder that "
           "all of them mount. data-dir is a cache of it then. Empty: the index is this machine's "
           "own."},
      {.name = "object-store-endpoint",
       .kind = ConfigKind::kText,
       .target = &C::object_store_endpoint,
       .form = "URL",
       .doc = "https://HOST[:PORT] of an S3-compatible store; empty: Amazon's of the region."},
      {.name = "object-store-region",
       .kind = ConfigKind::kText,
       .target = &C::object_store_region,
       .form = "NAME",
       .doc =
           "The region that requests are signed for; empty: AWS_REGION, AWS_DEFAULT_REGION, else "
           "us-east-1."},
      {.name = "object-store-path-style",
       .kind = ConfigKind::kSwitch,
       .target = &C::object_store_path_style,
       .doc = "Ask for HOST/BUCKET/KEY in place of BUCKET.HOST/KEY."},
      {.name = "object-store-credentials",
       .kind = ConfigKind::kText,
       .target = &C::object_store_credentials,
       .doc =
           "A file as ~/.aws/credentials; empty: the environment, that file, a web identity, the "
           "container or the instance, the first that has some."},
      {.name = "object-store-ca",
       .kind = ConfigKind::kText,
       .target = &C::object_store_ca,
       .doc =
           "Certificates, a PEM file, by which the endpoint must be signed; empty: the system's."},
      {.name = "object-store-encryption",
       .kind = ConfigKind::kText,
       .target = &C::object_store_encryption,
       .form = "NAME",
       .doc =
           "Ask the store to encrypt what it keeps: AES256 or aws:kms; empty: as the bucket says."},
      {.name = "object-store-kms-key",
       .kind = ConfigKind::kText,
       .target = &C::object_store_kms_key,
       .form = "NAME",
       .doc = "The key for aws:kms; empty: the bucket's."},
      {.name = "object-store-timeout",
       .kind = ConfigKind::kDuration,
       .target = &C::object_store_timeout,
       .min = 1,
       .max = 600,
       .doc = "How long one request to the store may take, with its repetitions."},
      {.name = "object-store-refresh",
       .kind = ConfigKind::kDuration,
       .target = &C::object_store_refresh,
       .max = 3600,
       .doc = "How old what is known of other machines' uploads may be when a selection begins; 0 "
              "asks each time."},
      {.name = "object-store-wait",
       .kind = ConfigKind::kDuration,
       .target = &C::object_store_wait,
       .max = 60,
       .doc =
           "How long a selection waits to hear of other machines' uploads. Then it answers by what "
           "is here, and says so."},
      {.name = "object-store-cache",
       .kind = ConfigKind::kBytes,
       .target = &C::object_store_cache_bytes,
       .max = 1024 * 1024 * kGiB,
       .doc =
           "Disk space, about, for what is fetched from the store or was put there; what was not "
           "used for longest goes first. 0: no limit."},
  };
}

}  // namespace

std::vector<ConfigOption> AllConfigOptions() {
  std::vector<ConfigOption> all;
  for (auto group : {NetworkOptions(), ServiceOptions(), SharingOptions(), LimitOptions(),
                     RetentionOptions(), MemoryOptions()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace testselect
