#include "server/rpc/received_selection.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/selection/label_list.h"

namespace testselect {
namespace {

using ::google::protobuf::internal::WireFormatLite;
using ::google::protobuf::io::CodedInputStream;
using ::google::protobuf::io::CodedOutputStream;
using ::google::protobuf::io::StringOutputStream;

// Below, reading the message twice costs less than taking it apart.
constexpr size_t kManyBytes = 64 << 10;

// No message begins with a zero byte, so no message has the bytes that a key is made of.
constexpr absl::string_view kApart("\0", 1);

constexpr uint32_t TagOf(int field) {
  return static_cast<uint32_t>(field) << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
}
constexpr uint32_t kRequestedTag = TagOf(v1::SelectTestsRequest::kRequestedFieldNumber);
constexpr uint32_t kPackedTag = TagOf(v1::LabelList::kPackedFieldNumber);

// Cuts a message into the packed labels and everything else. What is not as encoders write it (a
// field twice or broken, other forms beside the packed one) is left to the parser of the whole.
class Dissection {
 public:
  explicit Dissection(CodedInputStream* input) : input_(*input) {}

  bool Run() {
    StringOutputStream stream(&rest_);
    CodedOutputStream out(&stream);
    bool seen = false;
    for (uint32_t tag; (tag = input_.ReadTag()) != 0;) {
      if (tag != kRequestedTag) {
        if (!WireFormatLite::SkipField(&input_, tag, &out)) return false;
      } else if (std::exchange(seen, true) || !ReadRequested()) {
        return false;
      }
    }
    return input_.ConsumedEntireMessage() && !pieces_.empty();
  }

  std::string TakeRest() { return std::move(rest_); }
  std::vector<absl::string_view> TakePieces() { return std::move(pieces_); }

 private:
  // The packed labels must be all that `requested` has.
  bool ReadRequested() {
    int outer = 0, inner = 0;
    if (!input_.ReadVarintSizeAsInt(&outer)) return false;
    const CodedInputStream::Limit limit = input_.PushLimit(outer);
    if (input_.ReadTag() != kPackedTag || !input_.ReadVarintSizeAsInt(&inner) ||
        inner != input_.BytesUntilLimit()) {
      return false;
    }
    while (input_.BytesUntilLimit() > 0) {
      const void* data = nullptr;
      int size = 0;
      if (!input_.GetDirectBufferPointer(&data, &size)) return false;
      pieces_.emplace_back(static_cast<const char*>(data), static_cast<size_t>(size));
      if (!input_.Skip(size)) return false;
    }
    input_.PopLimit(limit);
    return true;
  }

  CodedInputStream& input_;
  std::string rest_;
  std::vector<absl::string_view> pieces_;
};

absl::string_view View(const grpc::Slice& slice) {
  return absl::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

Digest DigestOf(const grpc::ByteBuffer& message) {
  grpc::Slice single;
  if (message.TrySingleSlice(&single).ok()) return Digest::Of(View(single));
  std::vector<grpc::Slice> slices;
  if (!message.Dump(&slices).ok()) return Digest();
  DigestStream stream;
  for (const grpc::Slice& slice : slices) stream.Update(View(slice));
  return stream.Finish();
}

}  // namespace

ReceivedSelection::ReceivedSelection(const grpc::ByteBuffer& message) : message_(message) {
  if (message_.Length() >= kManyBytes) {
    grpc::ProtoBufferReader reader(&message_);
    if (!reader.status().ok()) return;
    CodedInputStream input(&reader);
    Dissection dissection(&input);
    if (dissection.Run()) {
      rest_ = dissection.TakeRest();
      packed_.emplace();
      packed_->pieces = dissection.TakePieces();
      packed_->digest = LabelList::DigestOfPacked(packed_->pieces);
      key_ = Digest::Of(absl::StrCat(kApart, packed_->digest.bytes(), rest_));
      return;
    }
  }
  key_ = DigestOf(message_);
}

absl::StatusOr<v1::SelectTestsRequest> ReceivedSelection::Parse() const {
  v1::SelectTestsRequest request;
  bool read = false;
  if (packed_.has_value()) {
    read = request.ParseFromString(rest_);
  } else {
    grpc::ByteBuffer copy(message_);  // shares the slices; reading consumes it
    grpc::ProtoBufferReader reader(&copy);
    read = reader.status().ok() && request.ParseFromZeroCopyStream(&reader);
  }
  if (!read) return absl::InvalidArgumentError("the request is no SelectTestsRequest");
  return request;
}

}  // namespace testselect
