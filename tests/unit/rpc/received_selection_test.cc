#include "server/rpc/received_selection.h"

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "server/selection/label_list.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

// In pieces of `size` bytes, as a message comes off the wire.
grpc::ByteBuffer Buffer(absl::string_view bytes, size_t size) {
  std::vector<grpc::Slice> slices;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
    slices.emplace_back(std::string(bytes.substr(0, size)));
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

v1::SelectTestsRequest Request(size_t labels) {
  v1::SelectTestsRequest request;
  request.set_repository("r");
  request.set_base(std::string(40, 'a'));
  request.set_head(std::string(40, 'b'));
  request.set_list_form(v1::LIST_FORM_BITS);
  request.add_force_labels("forced");
  std::string* packed = request.mutable_requested()->mutable_packed();
  for (size_t i = 0; i < labels; ++i) absl::StrAppend(packed, "tests/test_a.py::test_", i, "\n");
  return request;
}

std::string Packed(const ReceivedSelection& received) {
  return absl::StrJoin(received.packed()->pieces, "");
}

// What both ways of reading must agree on: the request as it was sent.
void ExpectReads(const v1::SelectTestsRequest& sent, const ReceivedSelection& received) {
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_OK_AND_ASSIGN(v1::SelectTestsRequest parsed, received.Parse());
    if (received.packed() != nullptr) {
      EXPECT_FALSE(parsed.has_requested());
      parsed.mutable_requested()->set_packed(Packed(received));
    }
    EXPECT_EQ(parsed.SerializeAsString(), sent.SerializeAsString());
  }
}

TEST(ReceivedSelectionTest, LongPackedListsStayWhereTheyAre) {
  const v1::SelectTestsRequest sent = Request(10'000);
  const std::string bytes = sent.SerializeAsString();
  const ReceivedSelection whole(Buffer(bytes, bytes.size()));
  for (const size_t size : {1000, 8192, 70'000}) {
    const ReceivedSelection received(Buffer(bytes, size));
    ASSERT_NE(received.packed(), nullptr) << size;
    EXPECT_EQ(Packed(received), sent.requested().packed());
    EXPECT_EQ(received.packed()->digest, Digest::Of(sent.requested().packed()));
    EXPECT_EQ(received.key(), whole.key()) << "the pieces are the transport's";
    ExpectReads(sent, received);
  }
}

TEST(ReceivedSelectionTest, ShortListsAndOtherFormsAreParsedWhole) {
  v1::SelectTestsRequest strings = Request(0);
  strings.mutable_requested()->clear_packed();
  for (int i = 0; i < 10'000; ++i) strings.mutable_requested()->add_labels("a long enough label");
  v1::SelectTestsRequest two_forms = Request(10'000);
  two_forms.mutable_requested()->set_digest("0123456789abcdef");
  v1::SelectTestsRequest none = Request(0);
  none.clear_requested();
  none.set_environment_digest(std::string(100'000, 'e'));
  for (const auto& sent : {Request(10), strings, two_forms, none}) {
    const ReceivedSelection received(Buffer(sent.SerializeAsString(), 8192));
    EXPECT_EQ(received.packed(), nullptr);
    ExpectReads(sent, received);
  }
}

TEST(ReceivedSelectionTest, KeysDifferWhereRequestsDo) {
  std::set<Digest> keys;
  const auto add = [&](const v1::SelectTestsRequest& request) {
    keys.insert(ReceivedSelection(Buffer(request.SerializeAsString(), 8192)).key());
  };
  for (const size_t labels : {10, 11, 10'000, 10'001}) {
    v1::SelectTestsRequest request = Request(labels);
    add(request);
    request.set_head(std::string(40, 'c'));
    add(request);
    request.clear_force_labels();
    add(request);
  }
  EXPECT_EQ(keys.size(), 12u);
  EXPECT_FALSE(keys.contains(Digest()));
}

// Encoders do not write these, but the wire format allows them: the last field counts.
TEST(ReceivedSelectionTest, RepeatedFieldsAreLeftToTheParser) {
  const v1::SelectTestsRequest first = Request(10'000);
  v1::SelectTestsRequest second;
  second.mutable_requested()->set_packed("other\n");
  const ReceivedSelection received(
      Buffer(first.SerializeAsString() + second.SerializeAsString(), 8192));
  EXPECT_EQ(received.packed(), nullptr);
  ASSERT_OK_AND_ASSIGN(const v1::SelectTestsRequest parsed, received.Parse());
  EXPECT_EQ(parsed.requested().packed(), "other\n");
}

// Cut off or altered anywhere, a message is read as the parser of the whole reads it.
TEST(ReceivedSelectionTest, BrokenMessagesAreReadOrRefusedAsTheParserDoes) {
  const std::string bytes = Request(4000).SerializeAsString();
  std::vector<std::string> broken;
  for (size_t cut = 0; cut < 200; ++cut) broken.push_back(bytes.substr(0, bytes.size() - cut));
  for (size_t at = 0; at < 120; ++at) {
    for (const int bit : {1, 2, 8, 64, 128}) {
      broken.push_back(bytes);
      broken.back()[at] = static_cast<char>(broken.back()[at] ^ bit);
      broken.push_back(bytes);
      char& late = broken.back()[bytes.size() - 1 - at];
      late = static_cast<char>(late ^ bit);
    }
  }
  for (const std::string& message : broken) {
    v1::SelectTestsRequest want;
    const bool readable = want.ParseFromString(message);
    const ReceivedSelection received(Buffer(message, 8192));
    auto parsed = received.Parse();
    ASSERT_EQ(parsed.ok(), readable);
    if (!readable) {
      EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kInvalidArgument, testing::_));
      continue;
    }
    if (received.packed() != nullptr) {
      parsed->mutable_requested()->set_packed(Packed(received));
    }
    ASSERT_EQ(parsed->SerializeAsString(), want.SerializeAsString());
  }
}

}  // namespace
}  // namespace testselect
