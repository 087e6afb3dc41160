// TokenDigest: fingerprints of tokens, without comments and layout.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "storage/model/digest.h"

namespace testselect {

// Collects tokens; equal sequences of tokens have equal digests, others (practically) never.
class TokenDigest {
 public:
  void Add(absl::string_view token) {
    const uint32_t size = static_cast<uint32_t>(token.size());
    if (capacity_ - size_ < sizeof(size) + size) Grow(sizeof(size) + size);
    std::memcpy(bytes_.get() + size_, &size, sizeof(size));
    size_ += sizeof(size);
    if (size != 0) std::memcpy(bytes_.get() + size_, token.data(), size);
    size_ += size;
  }
  Digest Finish() const { return Digest::Of(absl::string_view(bytes_.get(), size_)); }

 private:
  void Grow(size_t more) {
    const size_t capacity = std::max(2 * capacity_, size_ + more + 1000);
    std::unique_ptr<char[]> bytes(new char[capacity]);
    if (size_ != 0) std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace testselect
