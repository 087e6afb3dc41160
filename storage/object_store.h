// ObjectStore: named immutable byte strings that several machines share (an S3 bucket, a mounted
// folder). What lies in it and under which names is in KEYS.md, "Object store".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace testselect {

inline constexpr int kMaxObjectStoreParallel = 256;
inline constexpr size_t kMaxObjectBytes = 1 << 30;

// Keys are relative to the store's prefix: 1 to 512 bytes of [A-Za-z0-9._/-], no empty, "." or ".."
// part and none over 200 bytes (object_key.h). Anything else is kInvalidArgument naming the key.
struct ObjectInfo {
  std::string key;
  uint64_t size = 0;    // bytes
  absl::Time modified;  // by the store's clock, to the second
};

struct ObjectToPut {
  std::string key;
  std::string bytes;
};

// Thread-safe. Errors of all: kUnavailable (the store is away, slow beyond the time limit, or says
// that it is overloaded, after retries with backoff; what was to be written may have been written),
// kPermissionDenied (credentials missing or refused, or a clock that is wrong; no retry),
// kResourceExhausted (the store is full), kFailedPrecondition (what an administrator must mend: no
// such bucket or folder, a bucket of another region, a certificate that is not trusted, a store
// without conditional writes). Messages name the operation, the key and what the store said, and
// never a credential.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // The whole object. kNotFound; kDataLoss if fewer bytes came than the store announced, or more
  // than kMaxObjectBytes.
  virtual absl::StatusOr<std::string> Get(absl::string_view key) = 0;
  // Creates the object, whole or not at all, durable when this returns. kAlreadyExists if there is
  // one: of several that create one key at the same time exactly one succeeds, and nothing is
  // overwritten. A retry that finds its own bytes there is a success. kInvalidArgument for more
  // than kMaxObjectBytes.
  virtual absl::Status Create(absl::string_view key, absl::string_view bytes) = 0;
  // kOk if there was none.
  virtual absl::Status Delete(absl::string_view key) = 0;
  // Objects whose key begins with `prefix` and is greater than `after`, by key ascending, at most
  // `limit` of them; fewer than `limit` only at the end. Sees every object whose creation was
  // acknowledged before the call.
  virtual absl::StatusOr<std::vector<ObjectInfo>> List(absl::string_view prefix,
                                                       absl::string_view after, size_t limit) = 0;

  // As Get and Create of each, several at a time; results by place. Once one met kUnavailable,
  // kPermissionDenied or kFailedPrecondition, those not under way yet get the same unasked.
  virtual std::vector<absl::StatusOr<std::string>> GetAll(absl::Span<const std::string> keys) = 0;
  virtual std::vector<absl::Status> CreateAll(absl::Span<const ObjectToPut> objects) = 0;

  // For messages and logs: "s3://bucket/prefix at https://host", without credentials.
  virtual const std::string& description() const = 0;
};

struct ObjectStoreOptions {
  std::string url{};               // s3://BUCKET[/PREFIX] or file:///FOLDER
  std::string endpoint{};          // https://HOST[:PORT]; empty: Amazon's of the region
  std::string region{};            // empty: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1
  bool path_style = false;         // http(s)://HOST/BUCKET/KEY in place of BUCKET.HOST/KEY
  std::string credentials_file{};  // as ~/.aws/credentials; empty: see s3_credentials.h
  std::string ca_file{};           // PEM; empty: the system's
  std::string encryption{};        // x-amz-server-side-encryption: "", "AES256", "aws:kms"
  std::string kms_key{};           // with "aws:kms"; empty: the bucket's
  // Of one call with its retries (of each object, of each page of a list); 1 s to 10 min. S3 alone.
  // Bytes that come or go at 256 KiB/s and more may take longer.
  absl::Duration timeout = absl::Seconds(10);
  int parallel = 16;  // requests at a time of GetAll and CreateAll
};

// Whether what is kept in the store, and session tokens, would cross a network unencrypted: for a
// warning. An endpoint of http:// elsewhere than on this machine is allowed.
bool IsSentInClear(const ObjectStoreOptions& options);

// Checks the options without touching the store. kInvalidArgument naming the option and its value.
absl::StatusOr<std::unique_ptr<ObjectStore>> OpenObjectStore(const ObjectStoreOptions& options);

}  // namespace testselect
