// ByteStream: the bytes of a file, decompressed where its first bytes say gzip or zstd.
//
// Not thread-safe. Errors: kInvalidArgument naming the byte (of the compressed file) at which a
// compressed stream is broken or cut off; kUnavailable for I/O.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace testselect {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // At most `capacity` (> 0) bytes into `buffer`; 0 at the end.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t capacity) = 0;
  virtual bool compressed() const = 0;
};

// Opens a regular file. kInvalidArgument if it is none, kNotFound if there is none. `name` is used
// in messages.
absl::StatusOr<std::unique_ptr<ByteStream>> OpenByteStream(const std::string& file,
                                                           const std::string& name);

}  // namespace testselect
