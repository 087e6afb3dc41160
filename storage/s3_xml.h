// What S3 and STS answer, read safely: entity declarations are refused, depth and lengths bounded.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/object_store.h"

namespace testselect {

// A page of ListObjectsV2.
struct S3ListPage {
  std::vector<ObjectInfo>
      objects;  // as the store sent them; keys with the store's prefix, any bytes
  bool truncated = false;
  std::string next_token;
};

// kDataLoss, saying what is wrong, for anything that is no such page.
absl::StatusOr<S3ListPage> ParseS3List(absl::string_view xml);

struct S3ErrorBody {
  std::string code;  // "" where `xml` is no error of S3
  std::string message;
  std::string region;
  std::string endpoint;
};

S3ErrorBody ParseS3Error(absl::string_view xml);

struct S3AssumedRole {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  absl::Time expires;
};

// The answer of AssumeRoleWithWebIdentity; kDataLoss for anything else, without quoting it.
absl::StatusOr<S3AssumedRole> ParseAssumedRole(absl::string_view xml);

}  // namespace testselect
