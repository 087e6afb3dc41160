#include "storage/s3_object_store.h"

#include <openssl/evp.h>

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "storage/object_batch.h"
#include "storage/object_key.h"
#include "storage/s3_xml.h"

namespace testselect {
namespace {

constexpr size_t kMaxListBytes = 8 << 20;
constexpr size_t kPageKeys = 1000;  // the most that S3 lists at a time

// Which of several writers an object is of. User metadata, kept with the object.
constexpr absl::string_view kWriterHeader = "x-amz-meta-testselect-writer";

std::string NewWriter() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8), absl::Hex(random(), absl::kZeroPad8),
                      absl::Hex(random(), absl::kZeroPad8), absl::Hex(random(), absl::kZeroPad8));
}

// "" where the cryptography in use has no MD5: x-amz-content-sha256 guards the bytes too.
std::string Md5Base64(absl::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr) != 1) return "";
  return absl::Base64Escape(absl::string_view(reinterpret_cast<char*>(digest), size));
}

class S3ObjectStore : public ObjectStore {
 public:
  explicit S3ObjectStore(S3StoreOptions options)
      : options_(std::move(options)),
        requests_(options_.bucket, options_.sources, options_.ca_file, options_.timeout) {}

  absl::StatusOr<std::string> Get(absl::string_view key) override;
  absl::Status Create(absl::string_view key, absl::string_view bytes) override;
  absl::Status Delete(absl::string_view key) override;
  absl::StatusOr<std::vector<ObjectInfo>> List(absl::string_view prefix, absl::string_view after,
                                               size_t limit) override;
  std::vector<absl::StatusOr<std::string>> GetAll(absl::Span<const std::string> keys) override {
    return GetEach(this, keys, options_.parallel);
  }
  std::vector<absl::Status> CreateAll(absl::Span<const ObjectToPut> objects) override {
    return CreateEach(this, objects, options_.parallel);
  }
  const std::string& description() const override { return options_.bucket.description; }

 private:
  std::string PathOf(absl::string_view key) const { return absl::StrCat(options_.prefix, key); }
  absl::StatusOr<std::string> Read(absl::string_view key, absl::string_view what);
  // kOk if the object that a retried Create met is its own, else kAlreadyExists.
  absl::Status CheckWriter(absl::string_view key, absl::string_view bytes, absl::string_view writer,
                           absl::string_view what);
  absl::StatusOr<S3ListPage> ReadPage(absl::string_view prefix, const std::string& after,
                                      const std::string& token, size_t limit,
                                      absl::string_view what);

  const S3StoreOptions options_;
  S3Requests requests_;
};

absl::StatusOr<std::string> S3ObjectStore::Read(absl::string_view key, absl::string_view what) {
  S3Request request;
  request.method = "GET";
  request.path = PathOf(key);
  request.max_body_bytes = kMaxObjectBytes;
  TS_ASSIGN_OR_RETURN(S3Answer answer, requests_.Send(request, what));
  if (answer.response.status != 200) return requests_.ErrorOf(answer.response, what);
  // libcurl has compared the bytes with the length, if one was announced; a chunked answer has an
  // end of its own.
  if (answer.response.Header("content-length").empty() &&
      answer.response.Header("transfer-encoding").empty()) {
    return requests_.Failed(absl::StatusCode::kDataLoss, what, "the answer announced no length");
  }
  return std::move(answer.response.body);
}

absl::StatusOr<std::string> S3ObjectStore::Get(absl::string_view key) {
  TS_RETURN_IF_ERROR(CheckObjectKey(key));
  return Read(key, absl::StrCat("Get ", key));
}

absl::Status S3ObjectStore::Create(absl::string_view key, absl::string_view bytes) {
  TS_RETURN_IF_ERROR(CheckObjectKey(key));
  const std::string what = absl::StrCat("Create ", key);
  if (bytes.size() > kMaxObjectBytes) {
    return requests_.Failed(absl::StatusCode::kInvalidArgument, what,
                            absl::StrCat(bytes.size(), " bytes are more than ", kMaxObjectBytes));
  }
  const std::string writer = NewWriter();
  S3Request request;
  request.method = "PUT";
  request.path = PathOf(key);
  request.body = bytes;
  request.max_body_bytes = kMaxListBytes;
  request.headers = {"Content-Type: application/octet-stream", "If-None-Match: *",
                     absl::StrCat(kWriterHeader, ": ", writer)};
  if (const std::string md5 = Md5Base64(bytes); !md5.empty()) {
    request.headers.push_back(absl::StrCat("Content-MD5: ", md5));
  }
  if (!options_.encryption.empty()) {
    request.headers.push_back(absl::StrCat("x-amz-server-side-encryption: ", options_.encryption));
  }
  if (!options_.kms_key.empty()) {
    request.headers.push_back(
        absl::StrCat("x-amz-server-side-encryption-aws-kms-key-id: ", options_.kms_key));
  }
  TS_ASSIGN_OR_RETURN(const S3Answer answer, requests_.Send(request, what));
  if (answer.response.status == 200 && !answer.response.Header("etag").empty()) {
    return absl::OkStatus();
  }
  if (answer.response.status < 300) {
    // A proxy's greeting, say: nothing was stored.
    return requests_.Failed(
        absl::StatusCode::kFailedPrecondition, what,
        absl::StrCat(answer.response.status, " without an ETag; is the endpoint an object store?"));
  }
  if (answer.response.status == 412 && answer.retried) {
    return CheckWriter(key, bytes, writer, what);
  }
  return requests_.ErrorOf(answer.response, what);
}

absl::Status S3ObjectStore::CheckWriter(absl::string_view key, absl::string_view bytes,
                                        absl::string_view writer, absl::string_view what) {
  S3Request request;
  request.method = "HEAD";
  request.path = PathOf(key);
  TS_ASSIGN_OR_RETURN(const S3Answer answer, requests_.Send(request, what));
  bool ours = answer.response.Header(kWriterHeader) == writer;
  if (answer.response.status >= 300 || answer.response.Header(kWriterHeader).empty()) {
    // Stores that keep no metadata are asked for the bytes.
    const absl::StatusOr<std::string> there = Read(key, what);
    if (absl::IsNotFound(there.status())) {
      return requests_.Failed(absl::StatusCode::kUnavailable, what,
                              "another object was there, and is gone");
    }
    TS_RETURN_IF_ERROR(there.status());
    ours = *there == bytes;
  }
  if (ours) return absl::OkStatus();
  return requests_.Failed(absl::StatusCode::kAlreadyExists, what, "there is such an object");
}

absl::Status S3ObjectStore::Delete(absl::string_view key) {
  TS_RETURN_IF_ERROR(CheckObjectKey(key));
  const std::string what = absl::StrCat("Delete ", key);
  S3Request request;
  request.method = "DELETE";
  request.path = PathOf(key);
  request.max_body_bytes = kMaxListBytes;
  TS_ASSIGN_OR_RETURN(const S3Answer answer, requests_.Send(request, what));
  if (answer.response.status < 300) return absl::OkStatus();
  const absl::Status error = requests_.ErrorOf(answer.response, what);
  return absl::IsNotFound(error) ? absl::OkStatus() : error;
}

absl::StatusOr<S3ListPage> S3ObjectStore::ReadPage(absl::string_view prefix,
                                                   const std::string& after,
                                                   const std::string& token, size_t limit,
                                                   absl::string_view what) {
  S3Request request;
  request.method = "GET";
  request.max_body_bytes = kMaxListBytes;
  if (!token.empty()) request.query.emplace_back("continuation-token", token);
  request.query.emplace_back("encoding-type", "url");
  request.query.emplace_back("list-type", "2");
  request.query.emplace_back("max-keys", absl::StrCat(std::min(limit, kPageKeys)));
  request.query.emplace_back("prefix", PathOf(prefix));
  if (token.empty() && !after.empty()) request.query.emplace_back("start-after", after);
  TS_ASSIGN_OR_RETURN(const S3Answer answer, requests_.Send(request, what));
  if (answer.response.status >= 300) return requests_.ErrorOf(answer.response, what);
  absl::StatusOr<S3ListPage> page = ParseS3List(answer.response.body);
  if (page.ok()) return page;
  return requests_.Failed(page.status().code(), what, page.status().message());
}

absl::StatusOr<std::vector<ObjectInfo>> S3ObjectStore::List(absl::string_view prefix,
                                                            absl::string_view after, size_t limit) {
  TS_RETURN_IF_ERROR(CheckKeyBound("prefix", prefix));
  TS_RETURN_IF_ERROR(CheckKeyBound("after", after));
  const std::string what = absl::StrCat("List ", prefix);
  const std::string full_prefix = PathOf(prefix);
  std::string last = after.empty() ? "" : PathOf(after);
  std::string token;
  std::vector<ObjectInfo> listed;
  while (listed.size() < limit) {
    TS_ASSIGN_OR_RETURN(S3ListPage page,
                        ReadPage(prefix, last, token, limit - listed.size(), what));
    for (ObjectInfo& object : page.objects) {
      if (object.key <= last || !absl::StartsWith(object.key, full_prefix)) {
        return requests_.Failed(
            absl::StatusCode::kDataLoss, what,
            absl::StrCat("the store listed ", Shorten(object.key), " after ", Shorten(last),
                         ", which is out of order or not what was asked for"));
      }
      last = object.key;
      object.key.erase(0, options_.prefix.size());
      // Objects of other programs have keys that ours never have.
      if (IsObjectKey(object.key) && listed.size() < limit) listed.push_back(std::move(object));
    }
    if (!page.truncated) break;
    if (page.objects.empty() && (page.next_token.empty() || page.next_token == token)) {
      return requests_.Failed(absl::StatusCode::kDataLoss, what, "the list does not go on");
    }
    token = std::move(page.next_token);
  }
  return listed;
}

}  // namespace

std::unique_ptr<ObjectStore> NewS3ObjectStore(S3StoreOptions options) {
  return std::make_unique<S3ObjectStore>(std::move(options));
}

}  // namespace testselect
