// ReceivedSelection: a SelectTestsRequest as it arrived, read without moving its labels.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/model/digest.h"
#include "testselect/v1/selection.pb.h"

namespace testselect {

// A packed list that lies in pieces of a message.
struct PackedPieces {
  std::vector<absl::string_view> pieces;
  Digest digest;  // LabelList::DigestOfPacked of them
};

// Packed labels are nearly all of a large request. They are hashed where they lie, once: the hash
// names the list and is part of the request's own name. Only a list that nobody knows is copied.
//
// Immutable, thread-safe. Shares the message's memory.
class ReceivedSelection {
 public:
  // Cost: one hash of the message.
  explicit ReceivedSelection(const grpc::ByteBuffer& message);
  ReceivedSelection(const ReceivedSelection&) = delete;  // the pieces point into message_
  ReceivedSelection& operator=(const ReceivedSelection&) = delete;

  // Requests of equal keys ask the same. Null if the message cannot be read.
  const Digest& key() const { return key_; }
  // The message; without its packed labels if packed() has them. kInvalidArgument if it is none.
  absl::StatusOr<v1::SelectTestsRequest> Parse() const;
  // The packed labels where they are many and the message has them once; null otherwise.
  const PackedPieces* packed() const { return packed_.has_value() ? &*packed_ : nullptr; }

 private:
  grpc::ByteBuffer message_;
  std::string rest_;  // the message less packed_, if that is set
  std::optional<PackedPieces> packed_;
  Digest key_;
};

}  // namespace testselect
