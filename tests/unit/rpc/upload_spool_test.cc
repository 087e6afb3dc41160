#include "server/rpc/upload_spool.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

UploadSpec Spec(const std::string& id, const std::vector<std::string>& contents) {
  UploadSpec spec;
  spec.id = id;
  for (const std::string& content : contents) {
    ReportSpec report;
    report.size = content.size();
    report.digest = Digest::Of(content);
    spec.reports.push_back(report);
  }
  return spec;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

class UploadSpoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<UploadSpool> Open(uint64_t max_bytes = 1 << 20,
                                    absl::Duration max_age = absl::Hours(1)) {
    auto spool = UploadSpool::Open(dir_, max_bytes, max_age, gauge_, &log_);
    EXPECT_THAT(spool, IsOk());
    return *std::move(spool);
  }

  Metrics metrics_{{}};
  GaugeHandle gauge_ = metrics_.upload.spool_bytes;
  Logger log_{LogFormat::kText, LogLevel::kError};
  const TemporaryFolder folder_;
  const std::string dir_ = folder_.Path("spool");  // not there yet
};

TEST_F(UploadSpoolTest, KeepsWhatItIsGivenAndVerifiesIt) {
  const auto spool = Open();
  const UploadSpec spec = Spec("u1", {"hello world", "", "two"});
  ASSERT_OK_AND_ASSIGN(auto upload, spool->Acquire(spec));
  EXPECT_THAT(upload->Append(0, 0, "hello "), IsOk());
  EXPECT_THAT(upload->Append(2, 0, "tw"), IsOk());
  EXPECT_THAT(upload->Append(0, 6, "world"), IsOk());
  EXPECT_THAT(upload->Append(2, 2, "o"), IsOk());
  EXPECT_THAT(upload->Verify(), IsOk());
  EXPECT_EQ(ReadFile(upload->ReportPath(0)), "hello world");
  EXPECT_EQ(ReadFile(upload->ReportPath(2)), "two");
  EXPECT_TRUE(fs::exists(upload->ReportPath(1)));
  EXPECT_EQ(gauge_.Value(), 14);
  upload->Discard();
  EXPECT_EQ(gauge_.Value(), 0);
  EXPECT_FALSE(fs::exists(dir_ + "/u1"));
}

TEST_F(UploadSpoolTest, ChunksMustContinueTheReport) {
  const auto spool = Open();
  ASSERT_OK_AND_ASSIGN(auto upload, spool->Acquire(Spec("u1", {"hello"})));
  ASSERT_THAT(upload->Append(0, 0, "he"), IsOk());
  EXPECT_THAT(
      upload->Append(0, 0, "he"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "chunk.offset='0': the server holds 2 bytes of report 0 and continues there"));
  EXPECT_THAT(upload->Append(0, 3, "lo"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(upload->Append(0, 2, "lloo"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "chunk.data='bytes 2 to 6': report 0 was declared to have 5 bytes"));
  EXPECT_THAT(upload->Append(1, 0, "x"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("chunk.report='1'")));
  EXPECT_THAT(upload->Verify(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("header.reports[0].size='5': the server holds 2 bytes")));
  EXPECT_THAT(upload->Append(0, 2, "llo"), IsOk()) << "after errors the report can go on";
  EXPECT_THAT(upload->Verify(), IsOk());
}

TEST_F(UploadSpoolTest, ABrokenUploadIsResumedAfterARestart) {
  const UploadSpec spec = Spec("u1", {"hello world"});
  {
    const auto spool = Open();
    ASSERT_OK_AND_ASSIGN(auto upload, spool->Acquire(spec));
    ASSERT_THAT(upload->Append(0, 0, "hello"), IsOk());
  }
  const auto spool = Open();
  EXPECT_EQ(gauge_.Value(), 5);
  EXPECT_THAT(spool->Received(spec), IsOkAndHolds(ElementsAre(5)));
  ASSERT_OK_AND_ASSIGN(auto upload, spool->Acquire(spec));
  EXPECT_THAT(upload->Append(0, 5, " world"), IsOk());
  EXPECT_THAT(upload->Verify(), IsOk());
}

TEST_F(UploadSpoolTest, NothingIsKnownOfAnUploadThatNeverBegan) {
  EXPECT_THAT(Open()->Received(Spec("u9", {"x"})), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(UploadSpoolTest, WrongDigestDropsTheReportAlone) {
  const auto spool = Open();
  const UploadSpec spec = Spec("u1", {"good", "evil"});
  {
    ASSERT_OK_AND_ASSIGN(auto upload, spool->Acquire(spec));
    ASSERT_THAT(upload->Append(0, 0, "good"), IsOk());
    ASSERT_THAT(upload->Append(1, 0, "EVIL"), IsOk());
    EXPECT_THAT(upload->Verify(), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("header.reports[1].digest=")));
  }
  EXPECT_THAT(spool->Received(spec), IsOkAndHolds(ElementsAre(4, 0)));
  EXPECT_EQ(gauge_.Value(), 4);
}

TEST_F(UploadSpoolTest, OneStreamAtATime) {
  const auto spool = Open();
  const UploadSpec spec = Spec("u1", {"x"});
  {
    ASSERT_OK_AND_ASSIGN(auto upload, spool->Acquire(spec));
    EXPECT_THAT(spool->Acquire(spec), StatusIs(absl::StatusCode::kAborted, HasSubstr("u1")));
  }
  EXPECT_THAT(spool->Acquire(spec), IsOk());
}

TEST_F(UploadSpoolTest, TooLargeForTheSpoolIsRefusedWithTheLimit) {
  const auto spool = Open(100);
  EXPECT_THAT(spool->Acquire(Spec("u1", {std::string(101, 'x')})),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("101 bytes in all; the server's limit spool-max-bytes is 100")));
}

TEST_F(UploadSpoolTest, AFullSpoolRefusesUnlessStaleOnesMakeRoom) {
  const auto spool = Open(100);
  const UploadSpec first = Spec("u1", {std::string(80, 'x')});
  const UploadSpec second = Spec("u2", {std::string(60, 'y')});
  {
    ASSERT_OK_AND_ASSIGN(auto busy, spool->Acquire(first));
    ASSERT_THAT(busy->Append(0, 0, std::string(80, 'x')), IsOk());
    ASSERT_OK_AND_ASSIGN(auto upload, spool->Acquire(second));
    EXPECT_THAT(
        upload->Append(0, 0, std::string(60, 'y')),
        StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("spool-max-bytes is 100")));
  }
  ASSERT_OK_AND_ASSIGN(auto upload, spool->Acquire(second));
  EXPECT_THAT(upload->Append(0, 0, std::string(60, 'y')), IsOk());
  EXPECT_THAT(spool->Received(first), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(UploadSpoolTest, OldOnesGoButNotThoseBeingSent) {
  const auto spool = Open(1 << 20, absl::Hours(1));
  const UploadSpec busy_spec = Spec("busy", {"abc"});
  const UploadSpec broken_spec = Spec("broken", {"abc"});
  ASSERT_OK_AND_ASSIGN(auto busy, spool->Acquire(busy_spec));
  ASSERT_THAT(busy->Append(0, 0, "ab"), IsOk());
  {
    ASSERT_OK_AND_ASSIGN(auto broken, spool->Acquire(broken_spec));
    ASSERT_THAT(broken->Append(0, 0, "ab"), IsOk());
  }
  spool->RemoveStale(absl::Now() + absl::Minutes(30));
  EXPECT_THAT(spool->Received(broken_spec), IsOk());
  spool->RemoveStale(absl::Now() + absl::Hours(2));
  EXPECT_THAT(spool->Received(broken_spec), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(busy->Append(0, 2, "c"), IsOk());
  EXPECT_THAT(busy->Verify(), IsOk());
}

}  // namespace
}  // namespace testselect
