// Threat model: whoever answers in an object store's place sends any bytes. Reading them may fail,
// saying why, but not crash, hang, or take memory out of proportion.
#include "storage/s3_xml.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view xml(reinterpret_cast<const char*>(data), size);
  const auto page = testselect::ParseS3List(xml);
  if (!page.ok() && page.status().message().empty()) std::abort();
  if (page.ok()) {
    // An object takes more bytes of XML than its key has.
    size_t bytes = page->next_token.size();
    for (const testselect::ObjectInfo& object : page->objects) bytes += object.key.size() + 1;
    if (bytes > size) std::abort();
  }
  const testselect::S3ErrorBody error = testselect::ParseS3Error(xml);
  if (error.code.size() + error.message.size() > size) std::abort();
  const auto role = testselect::ParseAssumedRole(xml);
  if (role.ok() && role->secret_key.empty()) std::abort();
  return 0;
}
