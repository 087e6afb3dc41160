#include <errno.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "storage/s3_credentials.h"
#include "storage/s3_xml.h"

namespace testselect {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxAnswerBytes = 256 << 10;

// A source's answer: nothing where it is not configured.
using Found = absl::StatusOr<std::optional<S3Credentials>>;

class Search {
 public:
  Search(const S3CredentialSources& sources, absl::Time deadline, HttpClient* http)
      : sources_(sources), deadline_(deadline), http_(http) {}

  absl::StatusOr<S3Credentials> Run() {
    static constexpr Found (Search::*kSources[])() = {&Search::NamedFile,   &Search::Environment,
                                                      &Search::WebIdentity, &Search::SharedFile,
                                                      &Search::Container,   &Search::Instance};
    for (const auto source : kSources) {
      TS_ASSIGN_OR_RETURN(std::optional<S3Credentials> found, (this->*source)());
      if (found) return *std::move(found);
    }
    return absl::PermissionDeniedError(
        absl::StrCat("no credentials: no AWS_ACCESS_KEY_ID, no AWS_WEB_IDENTITY_TOKEN_FILE, no "
                     "credentials file, no AWS_CONTAINER_CREDENTIALS_FULL_URI, and ",
                     instance_says_));
  }

 private:
  std::string Variable(absl::string_view name) const {
    const auto found = sources_.environment.find(name);
    return found == sources_.environment.end() ? "" : found->second;
  }
  absl::StatusOr<std::string> ReadFile(const std::string& path) const;
  absl::StatusOr<S3Credentials> ReadProfile(const std::string& path) const;
  absl::StatusOr<HttpResponse> Ask(absl::string_view method, const std::string& url,
                                   std::vector<std::string> headers, absl::string_view body,
                                   absl::Time until);

  Found NamedFile();
  Found Environment();
  Found WebIdentity();
  Found SharedFile();
  Found Container();
  Found Instance();
  Found AskInstance(const std::string& base, absl::string_view token, absl::Time until);
  std::string StsUrl() const;
  absl::StatusOr<std::string> ContainerUrl() const;
  absl::StatusOr<std::string> ContainerToken() const;

  const S3CredentialSources& sources_;
  const absl::Time deadline_;
  HttpClient* const http_;
  std::string instance_says_;
};

absl::StatusOr<std::string> Search::ReadFile(const std::string& path) const {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::PermissionDeniedError(
        absl::StrCat("credentials: ", path, " cannot be read: ", std::strerror(errno)));
  }
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad() || text.size() > kMaxFileBytes) {
    return absl::PermissionDeniedError(
        absl::StrCat("credentials: ", path, " cannot be read, or is longer than 1 MiB"));
  }
  return text;
}

absl::StatusOr<S3Credentials> Search::ReadProfile(const std::string& path) const {
  TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const std::string named = Variable("AWS_PROFILE");
  const std::string profile = named.empty() ? "default" : named;
  S3Credentials found;
  bool here = false;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (absl::ConsumePrefix(&line, "[")) {
      absl::ConsumeSuffix(&line, "]");
      here = absl::StripAsciiWhitespace(line) == profile;
      continue;
    }
    if (!here) continue;
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(line, absl::MaxSplits('=', 1));
    const std::string value(absl::StripAsciiWhitespace(pair.second));
    const absl::string_view name = absl::StripAsciiWhitespace(pair.first);
    if (name == "aws_access_key_id") found.access_key = value;
    if (name == "aws_secret_access_key") found.secret_key = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  if (found.access_key.empty() || found.secret_key.empty()) {
    return absl::PermissionDeniedError(
        absl::StrCat("credentials: ", path, " has no aws_access_key_id and aws_secret_access_key ",
                     "under [", Shorten(profile), "]"));
  }
  return found;
}

absl::StatusOr<HttpResponse> Search::Ask(absl::string_view method, const std::string& url,
                                         std::vector<std::string> headers, absl::string_view body,
                                         absl::Time until) {
  HttpRequest request;
  request.method = std::string(method);
  request.url = url;
  request.headers = std::move(headers);
  request.body = body;
  request.deadline = std::min(until, deadline_);
  request.stall = absl::Seconds(2);
  request.max_body_bytes = kMaxAnswerBytes;
  request.direct = !absl::StartsWith(url, "https://");
  return http_->Send(request);
}

Found Search::NamedFile() {
  if (sources_.file.empty()) return std::nullopt;
  return ReadProfile(sources_.file);
}

Found Search::Environment() {
  S3Credentials found;
  found.access_key = Variable("AWS_ACCESS_KEY_ID");
  found.secret_key = Variable("AWS_SECRET_ACCESS_KEY");
  found.session_token = Variable("AWS_SESSION_TOKEN");
  if (found.access_key.empty() && found.secret_key.empty()) return std::nullopt;
  if (found.access_key.empty() || found.secret_key.empty()) {
    return absl::PermissionDeniedError(
        "credentials: of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set");
  }
  return found;
}

std::string Search::StsUrl() const {
  const std::string named = Variable("AWS_ENDPOINT_URL_STS");
  if (!named.empty()) return absl::StrCat(absl::StripSuffix(named, "/"), "/");
  return absl::StrCat("https://sts.", sources_.region, ".amazonaws.com",
                      absl::StartsWith(sources_.region, "cn-") ? ".cn" : "", "/");
}

Found Search::WebIdentity() {
  const std::string file = Variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  const std::string role = Variable("AWS_ROLE_ARN");
  if (file.empty()) return std::nullopt;
  if (role.empty()) {
    return absl::PermissionDeniedError(
        "credentials: AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not");
  }
  TS_ASSIGN_OR_RETURN(const std::string token, ReadFile(file));
  std::string session = Variable("AWS_ROLE_SESSION_NAME");
  if (session.empty()) session = absl::StrCat("testselect-", getpid());
  const std::string url = StsUrl();
  const std::string body = absl::StrCat(
      "Action=AssumeRoleWithWebIdentity&RoleArn=", UrlEncode(role),
      "&RoleSessionName=", UrlEncode(session),
      "&Version=2011-06-15&WebIdentityToken=", UrlEncode(absl::StripAsciiWhitespace(token)));
  absl::StatusOr<HttpResponse> answer = Ask(
      "POST", url, {"Content-Type: application/x-www-form-urlencoded", "Accept: application/xml"},
      body, absl::Now() + absl::Seconds(10));
  if (!answer.ok()) {
    return absl::UnavailableError(
        absl::StrCat("credentials: STS at ", url, ": ", answer.status().message()));
  }
  if (answer->status >= 300) {
    const S3ErrorBody error = ParseS3Error(answer->body);
    const std::string message =
        absl::StrCat("credentials: STS at ", url, " answered ", answer->status, " ",
                     Shorten(error.code), ": ", Shorten(error.message, 300));
    if (answer->status >= 500 || answer->status == 429) return absl::UnavailableError(message);
    return absl::PermissionDeniedError(message);
  }
  const absl::StatusOr<S3AssumedRole> assumed = ParseAssumedRole(answer->body);
  if (!assumed.ok()) {
    return absl::UnavailableError(
        absl::StrCat("credentials: STS at ", url, ": ", assumed.status().message()));
  }
  return S3Credentials{assumed->access_key, assumed->secret_key, assumed->session_token,
                       assumed->expires};
}

Found Search::SharedFile() {
  const std::string named = Variable("AWS_SHARED_CREDENTIALS_FILE");
  if (!named.empty()) return ReadProfile(named);
  const std::string home = Variable("HOME");
  const std::string path = absl::StrCat(home, "/.aws/credentials");
  const bool there = !home.empty() && access(path.c_str(), F_OK) == 0;
  if (!there && Variable("AWS_PROFILE").empty()) return std::nullopt;
  return ReadProfile(path);
}

// What the endpoints of containers and instances answer.
absl::StatusOr<S3Credentials> ParseJsonCredentials(const std::string& json) {
  const absl::Status wrong =
      absl::UnavailableError("the answer is no JSON object with AccessKeyId and SecretAccessKey");
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json).get(object) != simdjson::SUCCESS) return wrong;
  const auto text = [&](const char* name) {
    std::string_view value;
    return object[name].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
  };
  S3Credentials found{text("AccessKeyId"), text("SecretAccessKey"), text("Token"),
                      absl::InfiniteFuture()};
  if (found.access_key.empty() || found.secret_key.empty()) return wrong;
  const std::string expiration = text("Expiration");
  if (!expiration.empty() &&
      !absl::ParseTime(absl::RFC3339_full, expiration, &found.expires, nullptr)) {
    return absl::UnavailableError(absl::StrCat("Expiration=", Shorten(expiration)));
  }
  return found;
}

absl::StatusOr<std::string> Search::ContainerUrl() const {
  const std::string relative = Variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (!relative.empty()) return absl::StrCat("http://169.254.170.2", relative);
  const std::string full = Variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (full.empty() || absl::StartsWith(full, "https://")) return full;
  // In clear only within the machine: the addresses of ECS, of EKS, and loopback.
  absl::string_view host = full;
  if (absl::ConsumePrefix(&host, "http://")) {
    host = host.substr(0, host.find_first_of("/?#"));
    host = absl::StartsWith(host, "[") ? host.substr(0, host.find(']') + 1)
                                       : host.substr(0, host.find(':'));
    for (const absl::string_view allowed :
         {"127.0.0.1", "localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"}) {
      if (host == allowed) return full;
    }
  }
  return absl::PermissionDeniedError(
      absl::StrCat("credentials: AWS_CONTAINER_CREDENTIALS_FULL_URI=\"", Shorten(full),
                   "\" is neither https nor of this machine"));
}

absl::StatusOr<std::string> Search::ContainerToken() const {
  std::string token = Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const std::string file = Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!file.empty()) {
    TS_ASSIGN_OR_RETURN(token, ReadFile(file));
    absl::StripAsciiWhitespace(&token);
  }
  if (std::any_of(token.begin(), token.end(),
                  [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); })) {
    return absl::PermissionDeniedError(
        "credentials: the token of AWS_CONTAINER_AUTHORIZATION_TOKEN(_FILE) is not of one line");
  }
  return token;
}

Found Search::Container() {
  TS_ASSIGN_OR_RETURN(const std::string url, ContainerUrl());
  if (url.empty()) return std::nullopt;
  TS_ASSIGN_OR_RETURN(const std::string token, ContainerToken());
  std::vector<std::string> headers;
  if (!token.empty()) headers.push_back(absl::StrCat("Authorization: ", token));
  const absl::StatusOr<HttpResponse> answer =
      Ask("GET", url, std::move(headers), "", absl::Now() + absl::Seconds(2));
  const std::string where = absl::StrCat("credentials: the container's endpoint ", url);
  if (!answer.ok()) {
    return absl::UnavailableError(absl::StrCat(where, ": ", answer.status().message()));
  }
  if (answer->status != 200) {
    const std::string message = absl::StrCat(where, " answered ", answer->status);
    if (answer->status >= 500 || answer->status == 429) return absl::UnavailableError(message);
    return absl::PermissionDeniedError(message);
  }
  absl::StatusOr<S3Credentials> found = ParseJsonCredentials(answer->body);
  if (found.ok()) return *std::move(found);
  return absl::UnavailableError(absl::StrCat(where, ": ", found.status().message()));
}

Found Search::Instance() {
  if (absl::AsciiStrToLower(Variable("AWS_EC2_METADATA_DISABLED")) == "true") {
    instance_says_ = "AWS_EC2_METADATA_DISABLED is true";
    return std::nullopt;
  }
  std::string base = Variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = "http://169.254.169.254";
  base = std::string(absl::StripSuffix(base, "/"));
  const absl::Time until = absl::Now() + absl::Seconds(2);
  const absl::StatusOr<HttpResponse> token =
      Ask("PUT", absl::StrCat(base, "/latest/api/token"),
          {"X-aws-ec2-metadata-token-ttl-seconds: 21600"}, "",
          std::min(until, absl::Now() + absl::Seconds(1)));
  if (!token.ok() || token->status != 200) {
    // Most machines are no instances: that nobody answers is no failure of a source.
    instance_says_ = absl::StrCat(
        "no instance metadata (",
        token.ok() ? absl::StrCat("status ", token->status) : std::string(token.status().message()),
        ")");
    return std::nullopt;
  }
  return AskInstance(base, absl::StripAsciiWhitespace(token->body), until);
}

Found Search::AskInstance(const std::string& base, absl::string_view token, absl::Time until) {
  const std::string header = absl::StrCat("X-aws-ec2-metadata-token: ", token);
  std::string url = absl::StrCat(base, "/latest/meta-data/iam/security-credentials/");
  absl::StatusOr<HttpResponse> answer = Ask("GET", url, {header}, "", until);
  if (answer.ok() && answer->status == 404) {
    instance_says_ = "the instance has no role";
    return std::nullopt;
  }
  if (answer.ok() && answer->status == 200) {
    const std::vector<std::string> roles = absl::StrSplit(answer->body, '\n');
    absl::StrAppend(&url, UrlEncode(absl::StripAsciiWhitespace(roles[0])));
    answer = Ask("GET", url, {header}, "", until);
  }
  const std::string where = absl::StrCat("credentials: the instance's metadata ", url);
  if (!answer.ok() || answer->status != 200) {
    return absl::UnavailableError(absl::StrCat(where, ": ",
                                               answer.ok()
                                                   ? absl::StrCat("status ", answer->status)
                                                   : std::string(answer.status().message())));
  }
  absl::StatusOr<S3Credentials> found = ParseJsonCredentials(answer->body);
  if (found.ok()) return *std::move(found);
  return absl::UnavailableError(absl::StrCat(where, ": ", found.status().message()));
}

}  // namespace

S3Environment ReadS3Environment() {
  S3Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    if (absl::StartsWith(pair.first, "AWS_") || pair.first == "HOME") {
      environment.emplace(pair.first, pair.second);
    }
  }
  return environment;
}

absl::StatusOr<S3Credentials> FindS3Credentials(const S3CredentialSources& sources,
                                                absl::Time deadline, HttpClient* http) {
  return Search(sources, deadline, http).Run();
}

}  // namespace testselect
