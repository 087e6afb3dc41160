#include "client/upload_client.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "client/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/model/digest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/client/service_fixture.h"
#include "testselect/v1/ingest.grpc.pb.h"

namespace testselect::client {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

// Keeps what arrives, and breaks the stream after so many bytes as often as it is told to.
class FakeIngest final : public v1::CoverageIngestService::Service {
 public:
  grpc::Status UploadCoverage(grpc::ServerContext*,
                              grpc::ServerReader<v1::UploadCoverageRequest>* reader,
                              v1::UploadCoverageResponse* response) override {
    ++streams;
    uint64_t got = 0;
    bool finished = false;
    for (v1::UploadCoverageRequest part; reader->Read(&part);) {
      if (part.has_header()) {
        header = part.header();
        held.resize(static_cast<size_t>(header.reports_size()));
      } else if (part.has_chunk()) {
        std::string& report = held.at(part.chunk().report());
        if (part.chunk().offset() != report.size()) {
          return {grpc::StatusCode::INVALID_ARGUMENT, "offset"};
        }
        report += part.chunk().data();
        got += part.chunk().data().size();
        if (breaks > 0 && got >= break_after) {
          --breaks;
          return {grpc::StatusCode::UNAVAILABLE, "broken"};
        }
      } else {
        finished = part.has_finish();
      }
    }
    if (!finished) return {grpc::StatusCode::INVALID_ARGUMENT, "no finish"};
    response->set_segment_id("segment");
    return grpc::Status::OK;
  }

  grpc::Status GetUploadStatus(grpc::ServerContext*, const v1::GetUploadStatusRequest*,
                               v1::GetUploadStatusResponse* response) override {
    if (already_finished) {
      response->set_finished(true);
      response->mutable_result()->set_segment_id("first");
      return grpc::Status::OK;
    }
    if (held.empty()) return {grpc::StatusCode::NOT_FOUND, "unknown"};
    for (const std::string& report : held) response->add_received(report.size());
    return grpc::Status::OK;
  }

  v1::UploadHeader header;
  std::vector<std::string> held;
  int streams = 0;
  int breaks = 0;
  uint64_t break_after = 0;
  bool already_finished = false;
};

class UploadClientTest : public ServiceFixture {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "upload-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override {
    ServiceFixture::TearDown();
    fs::remove_all(folder_);
  }
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = (folder_ / name).string();
    EXPECT_THAT(WriteFileAtomically(path, content), IsOk());
    return path;
  }
  absl::StatusOr<v1::UploadCoverageResponse> Send(const PreparedReports& reports) {
    return Upload(connection(), v1::UploadHeader(), reports, absl::Now() + absl::Seconds(60),
                  [this](uint64_t done, uint64_t total) {
                    EXPECT_LE(done, total);
                    last_done_ = done;
                  });
  }
  fs::path folder_;
  FakeIngest service_;
  uint64_t last_done_ = 0;
};

TEST_F(UploadClientTest, SendsEveryByteWithItsDigest) {
  const std::string big(3'500'000, 'x');
  ASSERT_OK_AND_ASSIGN(const PreparedReports reports,
                       PreparedReports::Open({{Write("a", big), "lcov", "", false},
                                              {Write("empty", ""), "", "label", false},
                                              {Write("o", "junit"), "", "", true}}));
  Serve(&service_);
  ASSERT_OK_AND_ASSIGN(const auto stored, Send(reports));
  EXPECT_EQ(stored.segment_id(), "segment");
  EXPECT_THAT(service_.held, ::testing::ElementsAre(big, "", "junit"));
  ASSERT_EQ(service_.header.reports_size(), 3);
  const v1::ReportHeader& first = service_.header.reports(0);
  EXPECT_EQ(first.format(), "lcov");
  EXPECT_EQ(first.size(), big.size());
  EXPECT_EQ(first.digest(), std::string(Digest::Of(big).bytes()));
  EXPECT_EQ(service_.header.reports(1).label(), "label");
  EXPECT_TRUE(service_.header.reports(2).outcomes());
  EXPECT_EQ(last_done_, reports.total_bytes());
}

TEST_F(UploadClientTest, GoesOnWhereABrokenStreamStopped) {
  std::string content;
  for (int i = 0; content.size() < 9'000'000; ++i) content += std::to_string(i) + ",";
  ASSERT_OK_AND_ASSIGN(const PreparedReports reports,
                       PreparedReports::Open({{Write("a", content), "", "", false}}));
  service_.breaks = 3;
  service_.break_after = 2'000'000;
  Serve(&service_);
  EXPECT_THAT(Send(reports), IsOk());
  EXPECT_EQ(service_.streams, 4);
  EXPECT_EQ(service_.held.at(0), content);  // the fake refuses wrong offsets
}

TEST_F(UploadClientTest, AFinishedUploadIsNotSentAgain) {
  ASSERT_OK_AND_ASSIGN(const PreparedReports reports,
                       PreparedReports::Open({{Write("a", "x"), "", "", false}}));
  service_.already_finished = true;
  Serve(&service_);
  ASSERT_OK_AND_ASSIGN(const auto stored, Send(reports));
  EXPECT_TRUE(stored.already_stored());
  EXPECT_EQ(stored.segment_id(), "first");
  EXPECT_EQ(service_.streams, 0);
}

TEST_F(UploadClientTest, AReportThatShrankIsSaidSo) {
  const std::string path = Write("a", std::string(2'000'000, 'x'));
  ASSERT_OK_AND_ASSIGN(const PreparedReports reports,
                       PreparedReports::Open({{path, "", "", false}}));
  fs::resize_file(path, 10);
  Serve(&service_);
  EXPECT_THAT(Send(reports), StatusIs(absl::StatusCode::kFailedPrecondition,
                                      HasSubstr("became shorter while it was sent")));
}

TEST_F(UploadClientTest, APipeIsCopiedAndTheCopyRemoved) {
  const std::string pipe = (folder_ / "pipe").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] {
    const int fd = open(pipe.c_str(), O_WRONLY);
    EXPECT_THAT(WriteAll(fd, "from a pipe", "pipe"), IsOk());
    close(fd);
  });
  std::string copy;
  {
    const auto reports = PreparedReports::Open({{pipe, "", "", false}});
    writer.join();
    ASSERT_THAT(reports, IsOk());
    copy = reports->file(0);
    EXPECT_THAT(ReadFile(copy), IsOkAndHolds("from a pipe"));
    EXPECT_EQ(reports->name(0), pipe);
  }
  EXPECT_FALSE(fs::exists(copy));
}

TEST_F(UploadClientTest, ErrorsNameTheReport) {
  EXPECT_THAT(PreparedReports::Open({{(folder_ / "missing").string(), "", "", false}}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("missing")));
  fs::create_directory(folder_ / "nothing");
  EXPECT_THAT(PreparedReports::Open({{(folder_ / "nothing").string(), "", "", false}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is an empty folder")));
}

TEST_F(UploadClientTest, AFolderIsPackedForTheTimeOfTheUpload) {
  fs::create_directory(folder_ / "reports");
  Write("reports/a", "one");
  std::string copy;
  {
    const auto reports = PreparedReports::Open({{(folder_ / "reports").string(), "", "", false}});
    ASSERT_THAT(reports, IsOk());
    copy = reports->file(0);
    EXPECT_EQ(reports->bytes(0), fs::file_size(copy));
    EXPECT_THAT(ReadFile(copy), IsOkAndHolds(HasSubstr("one")));
  }
  EXPECT_FALSE(fs::exists(copy));
}

}  // namespace
}  // namespace testselect::client
