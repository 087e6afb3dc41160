#include "server/rpc/status.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/error_details.pb.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

rpc::StatusDetails DetailsOf(const grpc::Status& status) {
  rpc::StatusDetails details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  const rpc::StatusDetails details = DetailsOf(status);
  EXPECT_GE(details.details_size(), 1);
  EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  rpc::ErrorInfo info;
  EXPECT_TRUE(info.ParseFromString(details.details(0).value()));
  return info;
}

TEST(StatusTest, OkStaysOk) { EXPECT_TRUE(StatusMapper().ToGrpc(absl::OkStatus()).ok()); }

TEST(StatusTest, CodesCarryOver) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "text");
    EXPECT_EQ(StatusMapper().ToGrpc(status).error_code(), code);
  }
}

TEST(StatusTest, FieldErrorNamesFieldValueAndLimit) {
  const grpc::Status status =
      StatusMapper().ToGrpc(FieldError("page_size", "4711", "at most 1000"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "page_size='4711': at most 1000");
  const rpc::StatusDetails details = DetailsOf(status);
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.message(), status.error_message());
  const rpc::ErrorInfo info = InfoOf(status);
  EXPECT_EQ(info.reason(), "INVALID_ARGUMENT");
  EXPECT_EQ(info.domain(), "testselect");
  EXPECT_THAT(info.metadata(),
              UnorderedElementsAre(Pair("field", "page_size"), Pair("value", "4711"),
                                   Pair("limit", "at most 1000")));
  ASSERT_EQ(details.details_size(), 2);
  EXPECT_EQ(details.details(1).type_url(), "type.googleapis.com/google.rpc.BadRequest");
  rpc::BadRequest bad;
  ASSERT_TRUE(bad.ParseFromString(details.details(1).value()));
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "page_size");
  EXPECT_EQ(bad.field_violations(0).description(), status.error_message());
}

TEST(StatusTest, ReasonIsKept) {
  const grpc::Status status = StatusMapper().ToGrpc(
      WithReason(absl::FailedPreconditionError("send it"), "LABEL_LIST_UNKNOWN"));
  EXPECT_EQ(InfoOf(status).reason(), "LABEL_LIST_UNKNOWN");
  EXPECT_EQ(DetailsOf(status).details_size(), 1);  // no field is to blame
}

TEST(StatusTest, HelpersLeaveSuccessAlone) {
  EXPECT_TRUE(WithField(absl::OkStatus(), "f").ok());
  EXPECT_TRUE(WithReason(absl::OkStatus(), "R").ok());
}

TEST(StatusTest, HostileValuesAreShortenedAndMadePrintable) {
  std::string hostile(5000, 'x');
  hostile.replace(0, 3, "\xff\n\0", 3);
  const grpc::Status status = StatusMapper().ToGrpc(FieldError("base", hostile, "no"));
  EXPECT_LT(status.error_message().size(), 300u);
  EXPECT_LT(status.error_details().size(), 2000u);
  EXPECT_EQ(status.error_message().find('\n'), std::string::npos);
  EXPECT_EQ(status.error_message().find('\xff'), std::string::npos);
}

TEST(StatusTest, FoldersOfTheServerDoNotLeave) {
  const StatusMapper mapper({{"/srv/ts", "(data-dir)"},
                             {"/srv/ts/mirrors/a", "(repository a)"},
                             {"rel", "(never)"},
                             {"https://u:p@host/a", "(repository a)"}});
  EXPECT_EQ(mapper
                .ToGrpc(absl::UnavailableError(
                    "cannot read /srv/ts/mirrors/a/HEAD and /srv/ts/spool/1, relevant of "
                    "https://u:p@host/a"))
                .error_message(),
            "cannot read (repository a)/HEAD and (data-dir)/spool/1, relevant of (repository a)");
}

TEST(StatusTest, PlainMessagesArriveAsTheyAre) {
  const std::string text = "name 'x' \"y\" \\ \xc3\xa9";
  EXPECT_EQ(StatusMapper().ToGrpc(absl::NotFoundError(text)).error_message(), text);
}

TEST(StatusTest, InternalErrorsTellNothing) {
  for (const absl::Status& status :
       {absl::InternalError("assert at 0x1234"), absl::UnknownError("std::bad_alloc")}) {
    EXPECT_EQ(StatusMapper().ToGrpc(status).error_message(),
              "internal error; the server's log says more");
  }
}

}  // namespace
}  // namespace testselect
