#include "storage/s3_xml.h"

#include <expat.h>

#include <functional>
#include <memory>
#include <type_traits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

constexpr int kMaxDepth = 16;
constexpr size_t kMaxTextBytes = 16 << 10;

// Calls `on_end` with the path ("Root/Child") and the text of every element as it ends.
class Reading {
 public:
  using OnEnd = std::function<absl::Status(absl::string_view path, const std::string& text)>;
  explicit Reading(const OnEnd& on_end) : on_end_(on_end) {}

  absl::Status Run(absl::string_view xml) {
    parser_.reset(XML_ParserCreate(nullptr));
    if (parser_ == nullptr) return absl::ResourceExhaustedError("expat: no memory");
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &Reading::Begin, &Reading::End);
    XML_SetCharacterDataHandler(parser_.get(), &Reading::Text);
    XML_SetEntityDeclHandler(parser_.get(), &Reading::Entity);
    const XML_Status parsed =
        XML_Parse(parser_.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE);
    TS_RETURN_IF_ERROR(status_);
    if (parsed == XML_STATUS_OK) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("the XML is not well-formed: ",
                                            XML_ErrorString(XML_GetErrorCode(parser_.get()))));
  }

 private:
  void Stop(absl::Status status) {
    status_ = std::move(status);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  static void Begin(void* self, const char* element, const char**) {
    auto* const r = static_cast<Reading*>(self);
    if (!r->status_.ok()) return;
    if (r->starts_.size() == kMaxDepth) {
      return r->Stop(absl::DataLossError("elements are nested too deep"));
    }
    r->starts_.push_back(r->path_.size());
    absl::StrAppend(&r->path_, r->path_.empty() ? "" : "/", element);
    r->text_.clear();
  }
  static void End(void* self, const char*) {
    auto* const r = static_cast<Reading*>(self);
    if (!r->status_.ok()) return;
    if (absl::Status status = r->on_end_(r->path_, r->text_); !status.ok()) {
      return r->Stop(std::move(status));
    }
    r->path_.resize(r->starts_.back());
    r->starts_.pop_back();
    r->text_.clear();
  }
  static void Text(void* self, const char* text, int size) {
    auto* const r = static_cast<Reading*>(self);
    if (!r->status_.ok()) return;
    r->text_.append(text, static_cast<size_t>(size));
    if (r->text_.size() > kMaxTextBytes) r->Stop(absl::DataLossError("a text is too long"));
  }
  static void Entity(void* self, const char*, int, const char*, int, const char*, const char*,
                     const char*, const char*) {
    static_cast<Reading*>(self)->Stop(absl::DataLossError("an entity is declared"));
  }

  const OnEnd& on_end_;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, void (*)(XML_Parser)> parser_{nullptr,
                                                                                   XML_ParserFree};
  absl::Status status_;
  std::string path_;
  std::vector<size_t> starts_;
  std::string text_;
};

absl::Status ReadElements(absl::string_view xml, const Reading::OnEnd& on_end) {
  return Reading(on_end).Run(xml);
}

// Bytes that are no encoding stay: no key of ours has them.
std::string UrlDecode(absl::string_view text) {
  const auto digit = [&](size_t at) -> int {
    const char c = at < text.size() ? text[at] : '\0';
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && digit(i + 1) >= 0 && digit(i + 2) >= 0) {
      decoded.push_back(static_cast<char>(digit(i + 1) * 16 + digit(i + 2)));
      i += 2;
    } else {
      decoded.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return decoded;
}

bool ParseTime(const std::string& text, absl::Time* time) {
  return absl::ParseTime(absl::RFC3339_full, text, time, nullptr);
}

// One <Contents>, while it is read.
struct Contents {
  ObjectInfo info;
  bool key = false, size = false, time = false;
};

absl::Status ReadContents(absl::string_view field, const std::string& text, Contents* contents) {
  if (field == "Key") {
    contents->info.key = text;
    contents->key = true;
  } else if (field == "Size") {
    contents->size = absl::SimpleAtoi(text, &contents->info.size);
    if (!contents->size) return absl::DataLossError(absl::StrCat("Size=", Shorten(text)));
  } else if (field == "LastModified") {
    contents->time = ParseTime(text, &contents->info.modified);
    if (!contents->time) return absl::DataLossError(absl::StrCat("LastModified=", Shorten(text)));
    contents->info.modified = absl::FromUnixSeconds(absl::ToUnixSeconds(contents->info.modified));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<S3ListPage> ParseS3List(absl::string_view xml) {
  static constexpr absl::string_view kEntry = "ListBucketResult/Contents";
  S3ListPage page;
  Contents contents;
  std::string encoding, truncated;
  bool is_list = false;
  TS_RETURN_IF_ERROR(
      ReadElements(xml, [&](absl::string_view path, const std::string& text) -> absl::Status {
        if (path == kEntry) {
          if (!contents.key || !contents.size || !contents.time) {
            return absl::DataLossError("an object without Key, Size or LastModified");
          }
          page.objects.push_back(std::move(contents.info));
          contents = Contents();
        } else if (absl::ConsumePrefix(&path, kEntry) && absl::ConsumePrefix(&path, "/")) {
          return ReadContents(path, text, &contents);
        } else if (path == "ListBucketResult/EncodingType") {
          encoding = text;
        } else if (path == "ListBucketResult/IsTruncated") {
          truncated = text;
        } else if (path == "ListBucketResult/NextContinuationToken") {
          page.next_token = text;
        } else if (path == "ListBucketResult") {
          is_list = true;
        }
        return absl::OkStatus();
      }));
  if (!is_list) return absl::DataLossError("the answer is no ListBucketResult");
  if (truncated != "true" && truncated != "false") {
    return absl::DataLossError(absl::StrCat("IsTruncated=", Shorten(truncated)));
  }
  page.truncated = truncated == "true";
  if (encoding == "url") {
    for (ObjectInfo& object : page.objects) object.key = UrlDecode(object.key);
  }
  return page;
}

S3ErrorBody ParseS3Error(absl::string_view xml) {
  S3ErrorBody error;
  const absl::Status status =
      ReadElements(xml, [&](absl::string_view path, const std::string& text) {
        // STS wraps its errors.
        absl::ConsumePrefix(&path, "ErrorResponse/");
        if (path == "Error/Code") error.code = text;
        if (path == "Error/Message") error.message = text;
        if (path == "Error/Region") error.region = text;
        if (path == "Error/Endpoint") error.endpoint = text;
        return absl::OkStatus();
      });
  return status.ok() ? error : S3ErrorBody();
}

absl::StatusOr<S3AssumedRole> ParseAssumedRole(absl::string_view xml) {
  S3AssumedRole role;
  bool expires = false;
  TS_RETURN_IF_ERROR(ReadElements(xml, [&](absl::string_view path, const std::string& text) {
    if (!absl::ConsumePrefix(&path,
                             "AssumeRoleWithWebIdentityResponse/"
                             "AssumeRoleWithWebIdentityResult/Credentials/")) {
      return absl::OkStatus();
    }
    if (path == "AccessKeyId") role.access_key = text;
    if (path == "SecretAccessKey") role.secret_key = text;
    if (path == "SessionToken") role.session_token = text;
    if (path == "Expiration") expires = ParseTime(text, &role.expires);
    return absl::OkStatus();
  }));
  if (role.access_key.empty() || role.secret_key.empty() || !expires) {
    return absl::DataLossError("the answer holds no credentials with an expiration");
  }
  return role;
}

}  // namespace testselect
