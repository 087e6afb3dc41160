#include "server/rpc/status.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/rpc/error_details.pb.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

// Payloads of absl::Status; they stay inside the process.
constexpr char kFieldUrl[] = "testselect/field";
constexpr char kValueUrl[] = "testselect/value";
constexpr char kLimitUrl[] = "testselect/limit";
constexpr char kReasonUrl[] = "testselect/reason";

std::string Payload(const absl::Status& status, absl::string_view url) {
  const auto payload = status.GetPayload(url);
  return payload.has_value() ? std::string(*payload) : std::string();
}

void AddDetail(const google::protobuf::Message& message, const char* type,
               rpc::StatusDetails* details) {
  google::protobuf::Any* any = details->add_details();
  any->set_type_url(absl::StrCat("type.googleapis.com/google.rpc.", type));
  message.SerializeToString(any->mutable_value());
}

// Trailers must be UTF-8 for clients, and are limited to 8 KiB by default.
std::string Sendable(std::string message) {
  constexpr size_t kMaxBytes = 2000;
  const bool printable = std::none_of(message.begin(), message.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  const bool fits = message.size() <= kMaxBytes;
  return printable && fits && IsUtf8(message) ? message : Shorten(message, kMaxBytes);
}

std::string EncodeDetails(const absl::Status& status, const std::string& message) {
  rpc::StatusDetails details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(message);
  rpc::ErrorInfo info;
  const std::string reason = Payload(status, kReasonUrl);
  info.set_reason(reason.empty() ? absl::StatusCodeToString(status.code()) : reason);
  info.set_domain("testselect");
  const std::string field = Payload(status, kFieldUrl);
  for (const auto& [key, url] : {std::pair("field", kFieldUrl), std::pair("value", kValueUrl),
                                 std::pair("limit", kLimitUrl)}) {
    const std::string value = Payload(status, url);
    if (!value.empty()) (*info.mutable_metadata())[key] = value;
  }
  AddDetail(info, "ErrorInfo", &details);
  if (!field.empty()) {
    rpc::BadRequest bad;
    rpc::BadRequest::FieldViolation* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description(message);
    AddDetail(bad, "BadRequest", &details);
  }
  return details.SerializeAsString();
}

}  // namespace

absl::Status FieldError(absl::string_view field, absl::string_view value, absl::string_view limit) {
  const std::string shown = Shorten(value);
  absl::Status status = WithField(
      absl::InvalidArgumentError(absl::StrCat(field, "='", shown, "': ", limit)), field, shown);
  status.SetPayload(kLimitUrl, absl::Cord(limit));
  return status;
}

absl::Status WithField(absl::Status status, absl::string_view field, absl::string_view value) {
  if (status.ok()) return status;
  status.SetPayload(kFieldUrl, absl::Cord(field));
  if (!value.empty()) status.SetPayload(kValueUrl, absl::Cord(Shorten(value)));
  return status;
}

absl::Status WithReason(absl::Status status, absl::string_view reason) {
  if (!status.ok()) status.SetPayload(kReasonUrl, absl::Cord(reason));
  return status;
}

StatusMapper::StatusMapper(std::vector<std::pair<std::string, std::string>> private_texts)
    : private_texts_(std::move(private_texts)) {
  std::erase_if(private_texts_, [](const auto& entry) {
    const bool path = entry.first.size() >= 3 && entry.first[0] == '/';
    return !path && !absl::StrContains(entry.first, "://");
  });
  // The longest first: a folder inside another is replaced before the outer one.
  std::sort(private_texts_.begin(), private_texts_.end(),
            [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

std::string StatusMapper::Public(absl::string_view message) const {
  std::string out(message);
  for (const auto& [text, replacement] : private_texts_) {
    if (absl::StrContains(out, text)) out = absl::StrReplaceAll(out, {{text, replacement}});
  }
  return Sendable(std::move(out));
}

grpc::Status StatusMapper::ToGrpc(const absl::Status& status) const {
  if (status.ok()) return grpc::Status::OK;
  std::string message(status.message());
  if (status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown) {
    message = "internal error; the server's log says more";
  }
  message = Public(message);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      EncodeDetails(status, message));
}

}  // namespace testselect
