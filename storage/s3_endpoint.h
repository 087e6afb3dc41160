// Where an S3 bucket is asked for: the URL of its store, taken apart.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

struct S3Endpoint {
  bool tls = true;
  std::string host;       // in lower case; of IPv6 with its brackets
  std::string authority;  // host[:port], without the port that the scheme has anyway
  bool is_address = false;
  bool is_loopback = false;

  std::string Url() const;  // "https://authority"
};

// "http://HOST[:PORT]" or "https://HOST[:PORT]", maybe with a slash at the end. kInvalidArgument
// saying what is wrong, without the text.
absl::StatusOr<S3Endpoint> ParseS3Endpoint(absl::string_view url);

// "s3.REGION.amazonaws.com", or where that region's services are.
S3Endpoint AmazonEndpoint(absl::string_view region);

bool IsS3Region(absl::string_view region);  // [a-z0-9-], 1 to 64
bool IsS3Bucket(absl::string_view bucket);  // [A-Za-z0-9._-], 3 to 255
// Whether a bucket's name can be a host's: [a-z0-9.-], 3 to 63, no part empty or with a dash
// outside.
bool IsHostBucket(absl::string_view bucket);

}  // namespace testselect
