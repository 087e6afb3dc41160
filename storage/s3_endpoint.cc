#include "storage/s3_endpoint.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace testselect {
namespace {

bool IsOf(absl::string_view text, absl::string_view others, bool upper) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_isdigit(byte) || absl::ascii_islower(byte) ||
           (upper && absl::ascii_isupper(byte)) || others.find(c) != absl::string_view::npos;
  });
}

// Fills in what the host is. False if it is none.
bool ReadHost(S3Endpoint* endpoint) {
  in6_addr ipv6;
  in_addr ipv4;
  const std::string& host = endpoint->host;
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    endpoint->is_address = true;
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &ipv6) != 1) return false;
    endpoint->is_loopback = IN6_IS_ADDR_LOOPBACK(&ipv6);
    return true;
  }
  endpoint->is_address = inet_pton(AF_INET, host.c_str(), &ipv4) == 1;
  endpoint->is_loopback = endpoint->is_address
                              ? ntohl(ipv4.s_addr) >> 24 == 127
                              : host == "localhost" || absl::EndsWith(host, ".localhost");
  return !host.empty() && host.size() <= 253 && IsOf(host, ".-", false) &&
         !absl::StrContains(host, "..") && host[0] != '.' && host[0] != '-';
}

}  // namespace

std::string S3Endpoint::Url() const {
  return absl::StrCat(tls ? "https://" : "http://", authority);
}

absl::StatusOr<S3Endpoint> ParseS3Endpoint(absl::string_view url) {
  S3Endpoint endpoint;
  endpoint.tls = absl::ConsumePrefix(&url, "https://");
  if (!endpoint.tls && !absl::ConsumePrefix(&url, "http://")) {
    return absl::InvalidArgumentError("it must begin with https:// or http://");
  }
  absl::ConsumeSuffix(&url, "/");
  const size_t bracket = url.rfind(']');
  const size_t colon = url.find(':', bracket == absl::string_view::npos ? 0 : bracket);
  endpoint.host = absl::AsciiStrToLower(url.substr(0, colon));
  if (!ReadHost(&endpoint)) return absl::InvalidArgumentError("HOST[:PORT] must follow, no path");
  endpoint.authority = endpoint.host;
  if (colon == absl::string_view::npos) return endpoint;
  const absl::string_view text = url.substr(colon + 1);
  int port = 0;
  if (text.size() > 5 || !IsOf(text, "", false) || !absl::SimpleAtoi(text, &port) || port < 1 ||
      port > 65535) {
    return absl::InvalidArgumentError("the port must be 1 to 65535, and no path may follow");
  }
  if (port != (endpoint.tls ? 443 : 80)) absl::StrAppend(&endpoint.authority, ":", port);
  return endpoint;
}

S3Endpoint AmazonEndpoint(absl::string_view region) {
  S3Endpoint endpoint;
  endpoint.host =
      absl::StrCat("s3.", region, ".amazonaws.com", absl::StartsWith(region, "cn-") ? ".cn" : "");
  endpoint.authority = endpoint.host;
  return endpoint;
}

bool IsS3Region(absl::string_view region) {
  return !region.empty() && region.size() <= 64 && IsOf(region, "-", false);
}

bool IsS3Bucket(absl::string_view bucket) {
  return bucket.size() >= 3 && bucket.size() <= 255 && IsOf(bucket, "._-", true) &&
         !absl::StartsWith(bucket, ".");
}

bool IsHostBucket(absl::string_view bucket) {
  if (bucket.size() < 3 || bucket.size() > 63 || !IsOf(bucket, ".-", false)) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(bucket, '.');
  return std::all_of(parts.begin(), parts.end(), [](absl::string_view part) {
    return !part.empty() && part.front() != '-' && part.back() != '-';
  });
}

}  // namespace testselect
