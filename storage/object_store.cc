#include "storage/object_store.h"

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/file_object_store.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "storage/object_key.h"
#include "storage/s3_endpoint.h"
#include "storage/s3_object_store.h"

namespace testselect {
namespace {

constexpr absl::Duration kShortestTimeout = absl::Seconds(1);
constexpr absl::Duration kLongestTimeout = absl::Minutes(10);
// S3's limit is 1024 bytes, for prefix and key.
constexpr size_t kMaxPrefixBytes = 400;

absl::Status Bad(absl::string_view option, absl::string_view value, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("object store: ", option, "=\"", Shorten(value), "\": ", why));
}

absl::StatusOr<std::unique_ptr<ObjectStore>> OpenFolder(const ObjectStoreOptions& options) {
  absl::string_view path = options.url;
  absl::ConsumePrefix(&path, "file://");
  while (absl::EndsWith(path, "/")) path.remove_suffix(1);
  if (!absl::StartsWith(path, "/")) {
    return Bad("url", options.url, "file:///FOLDER names a folder from the root, not the root");
  }
  if (absl::StrContains(path, '%') || absl::StrContains(path, '\0')) {
    return Bad("url", options.url, "the folder is written as it is: no % and no NUL");
  }
  const std::pair<absl::string_view, absl::string_view> of_s3[] = {
      {"endpoint", options.endpoint},
      {"credentials_file", options.credentials_file},
      {"ca_file", options.ca_file},
      {"encryption", options.encryption},
      {"kms_key", options.kms_key}};
  for (const auto& option : of_s3) {
    if (!option.second.empty()) return Bad(option.first, option.second, "it is for s3:// alone");
  }
  return NewFileObjectStore(std::string(path), options.parallel);
}

// The options' region, else the environment's.
absl::StatusOr<std::string> RegionOf(const ObjectStoreOptions& options,
                                     const S3Environment& environment) {
  std::string name = "region", region = options.region;
  for (const char* const variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (const auto found = environment.find(variable);
        region.empty() && found != environment.end()) {
      name = variable;
      region = found->second;
    }
  }
  if (region.empty()) return "us-east-1";
  if (IsS3Region(region)) return region;
  return Bad(name, region, "1 to 64 bytes of [a-z0-9-] are allowed");
}

// Bucket, endpoint and how the one is named at the other.
absl::StatusOr<S3Bucket> BucketOf(const ObjectStoreOptions& options, absl::string_view bucket_name,
                                  const std::string& region) {
  S3Endpoint endpoint = AmazonEndpoint(region);
  if (!options.endpoint.empty()) {
    absl::StatusOr<S3Endpoint> parsed = ParseS3Endpoint(options.endpoint);
    if (!parsed.ok()) return Bad("endpoint", options.endpoint, parsed.status().message());
    endpoint = *std::move(parsed);
  }
  if (!IsS3Bucket(bucket_name)) {
    return Bad("url", options.url, "the bucket must be 3 to 255 bytes of [A-Za-z0-9._-]");
  }
  if (!options.path_style) {
    if (endpoint.is_address) {
      return Bad("endpoint", options.endpoint, "an address needs path_style");
    }
    if (!IsHostBucket(bucket_name)) {
      return Bad("url", options.url, "this bucket's name is no host's: it needs path_style");
    }
    if (endpoint.tls && absl::StrContains(bucket_name, '.')) {
      return Bad("url", options.url,
                 "certificates do not cover buckets with dots: it needs path_style");
    }
  }
  S3Bucket bucket;
  bucket.name = std::string(bucket_name);
  bucket.region = region;
  bucket.scheme_and_host = endpoint.Url();
  bucket.path_style = options.path_style;
  return bucket;
}

absl::Status CheckFile(absl::string_view option, const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return Bad(option, path, "the file cannot be read");
}

// What libcurl puts into a header.
bool IsPlain(absl::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

absl::Status CheckEncryption(const ObjectStoreOptions& options) {
  if (!options.encryption.empty() && options.encryption != "AES256" &&
      options.encryption != "aws:kms") {
    return Bad("encryption", options.encryption, "\"\", \"AES256\" or \"aws:kms\" is expected");
  }
  if (options.kms_key.empty()) return absl::OkStatus();
  if (options.encryption != "aws:kms") {
    return Bad("kms_key", options.kms_key, "it is for encryption=\"aws:kms\" alone");
  }
  if (options.kms_key.size() > 2048 || !IsPlain(options.kms_key)) {
    return Bad("kms_key", options.kms_key, "a key's id or ARN is expected");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ObjectStore>> OpenBucket(const ObjectStoreOptions& options) {
  absl::string_view name = options.url;
  absl::ConsumePrefix(&name, "s3://");
  absl::string_view prefix;
  if (const size_t slash = name.find('/'); slash != absl::string_view::npos) {
    prefix = name.substr(slash + 1);
    name = name.substr(0, slash);
  }
  absl::ConsumeSuffix(&prefix, "/");
  if (!prefix.empty() && (!IsObjectKey(prefix) || prefix.size() > kMaxPrefixBytes)) {
    return Bad("url", options.url,
               absl::StrCat("the prefix must be at most ", kMaxPrefixBytes,
                            " bytes of [A-Za-z0-9._/-], without empty parts"));
  }
  if (options.timeout < kShortestTimeout || options.timeout > kLongestTimeout) {
    return Bad("timeout", absl::FormatDuration(options.timeout), "1s to 10m are allowed");
  }
  S3StoreOptions store;
  store.sources.environment = ReadS3Environment();
  TS_ASSIGN_OR_RETURN(store.sources.region, RegionOf(options, store.sources.environment));
  TS_ASSIGN_OR_RETURN(store.bucket, BucketOf(options, name, store.sources.region));
  TS_RETURN_IF_ERROR(CheckEncryption(options));
  TS_RETURN_IF_ERROR(CheckFile("credentials_file", options.credentials_file));
  TS_RETURN_IF_ERROR(CheckFile("ca_file", options.ca_file));
  if (!prefix.empty()) store.prefix = absl::StrCat(prefix, "/");
  store.bucket.description = absl::StrCat("s3://", name, prefix.empty() ? "" : "/", prefix, " at ",
                                          store.bucket.scheme_and_host);
  store.sources.file = options.credentials_file;
  store.ca_file = options.ca_file;
  store.encryption = options.encryption;
  store.kms_key = options.kms_key;
  store.timeout = options.timeout;
  store.parallel = options.parallel;
  return NewS3ObjectStore(std::move(store));
}

}  // namespace

bool IsSentInClear(const ObjectStoreOptions& options) {
  const absl::StatusOr<S3Endpoint> endpoint = ParseS3Endpoint(options.endpoint);
  return endpoint.ok() && !endpoint->tls && !endpoint->is_loopback;
}

absl::StatusOr<std::unique_ptr<ObjectStore>> OpenObjectStore(const ObjectStoreOptions& options) {
  if (options.parallel < 1 || options.parallel > kMaxObjectStoreParallel) {
    return Bad("parallel", absl::StrCat(options.parallel),
               absl::StrCat("1 to ", kMaxObjectStoreParallel, " requests at a time are allowed"));
  }
  if (absl::StartsWith(options.url, "file://")) return OpenFolder(options);
  if (absl::StartsWith(options.url, "s3://")) return OpenBucket(options);
  return Bad("url", options.url, "s3://BUCKET[/PREFIX] or file:///FOLDER is expected");
}

}  // namespace testselect
