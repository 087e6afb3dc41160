// ResponseCache: encoded answers, by the key of the request that they answer (ReceivedSelection).
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <memory>

#include "server/rpc/selection_conversion.h"
#include "storage/model/digest.h"
#include "storage/model/lru_map.h"

namespace testselect {

// Equal requests against an unchanged index have equal answers, so an answer may be given again as
// it was encoded, without parsing the request, while the store's generation is the same.
// Thread-safe; the least recently used answers go first.
class ResponseCache {
 public:
  explicit ResponseCache(uint64_t max_bytes) : entries_(max_bytes) {}

  struct Entry {
    uint64_t generation = 0;
    std::string repository;
    grpc::ByteBuffer response;
    ListSizes sizes;  // of what it encodes, for the metrics
    Digest list;      // which the answer says names the requested list; null if none was sent
    // Whether the request had the labels themselves and the selector kept them. Such an answer
    // holds only while the selector knows the list: the request is what makes it known again.
    bool makes_list_known = false;
  };

  // nullptr if the answer is not known or was given at another generation.
  std::shared_ptr<const Entry> Find(const Digest& request, uint64_t generation);
  void Insert(const Digest& request, std::shared_ptr<const Entry> entry);

 private:
  SharedLruMap<Digest, const Entry> entries_;  // weight: bytes
};

}  // namespace testselect
