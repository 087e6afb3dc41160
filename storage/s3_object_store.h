// The object store in an S3 bucket: Amazon's, or of a server that speaks the same.
#pragma once

#include <memory>
#include <string>

#include "storage/object_store.h"
#include "storage/s3_credentials.h"
#include "storage/s3_request.h"

namespace testselect {

struct S3StoreOptions {
  S3Bucket bucket;
  std::string prefix;  // "" or ends in '/'
  S3CredentialSources sources;
  std::string ca_file;
  std::string encryption;
  std::string kms_key;
  absl::Duration timeout;
  int parallel = 1;
};

// What must be true of the store: conditional writes (If-None-Match: *) and strongly consistent
// lists, as Amazon's, Ceph's (16) and MinIO's have. What the credentials must allow: GetObject,
// PutObject, DeleteObject and ListBucket; without ListBucket Amazon answers 403 where an object is
// missing, which is kPermissionDenied here. `timeout` is of each object, and of each page of a
// list.
std::unique_ptr<ObjectStore> NewS3ObjectStore(S3StoreOptions options);

}  // namespace testselect
