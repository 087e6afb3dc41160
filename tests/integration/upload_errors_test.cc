// Uploads that are wrong, broken or repeated: clear errors, and nothing half-stored.
#include <sys/mount.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/service_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class UploadErrorsTest : public ServiceTest {
 protected:
  grpc::Status Try(const v1::UploadHeader& header, const std::vector<TestReport>& reports) const {
    v1::UploadCoverageResponse response;
    return calls_->Upload(header, reports, &response);
  }
  // The fields of the reports' own header are right; `content` is what is wrong.
  grpc::Status TryContent(const std::string& name, const std::string& content) const {
    const std::vector<TestReport> reports = {{.name = name, .content = content, .format = ""}};
    return Try(Header(project_.base(), reports), reports);
  }
};

TEST_F(UploadErrorsTest, HeadersThatNameNothing) {
  const std::vector<TestReport> reports = Reports();
  v1::UploadHeader header = Header("abc123", reports);
  EXPECT_THAT(Try(header, reports),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("header.commit")));
  header = Header(std::string(40, 'd'), reports);
  EXPECT_THAT(Try(header, reports),
              GrpcStatusIs(grpc::StatusCode::NOT_FOUND, HasSubstr(std::string(40, 'd'))));
  header = Header(project_.base(), reports);
  header.set_repository("elsewhere");
  EXPECT_THAT(Try(header, reports),
              GrpcStatusIs(grpc::StatusCode::NOT_FOUND,
                           ::testing::AllOf(HasSubstr("elsewhere"), HasSubstr("sample"))));
  header = Header(project_.base(), reports);
  header.mutable_job()->set_name("");
  EXPECT_THAT(Try(header, reports),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("header.job")));
  header = Header(project_.base(), reports);
  header.mutable_reports(0)->set_format("no-such-format");
  EXPECT_THAT(Try(header, reports),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("no-such-format")));
  EXPECT_EQ(calls_->IndexedCommits(), 0);
}

TEST_F(UploadErrorsTest, ReportsThatAreNone) {
  const std::string whole = project_.Coverage();
  for (const auto& [name, shown, content] : std::vector<std::array<std::string, 3>>{
           {"empty", "empty", ""},
           {"noise", "noise", "this is no report at all"},
           {"truncated", "truncated", whole.substr(0, whole.size() / 3)},
           {"foreign", "/elsewhere/other.py",
            CoverageDatabase({{"/elsewhere/other.py", "t::a|run", {1, 2}},
                              {"/elsewhere/another.py", "t::a|run", {1, 2}}})},
       }) {
    EXPECT_THAT(TryContent(name, content),
                GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr(shown)))
        << name;
  }
  EXPECT_EQ(calls_->IndexedCommits(), 0);
}

TEST_F(UploadErrorsTest, NoErrorTellsAFolderOfTheServer) {
  const grpc::Status status = TryContent("noise", "this is no report at all");
  EXPECT_THAT(status.error_message(), ::testing::Not(HasSubstr(folder_.path())));
}

TEST_F(UploadErrorsTest, WrongDigestIsRefusedAndCanBeSentAgain) {
  const std::vector<TestReport> reports = Reports();
  std::vector<TestReport> damaged = reports;
  damaged[0].content[100] ^= 1;
  const v1::UploadHeader header = Header(project_.base(), reports);
  EXPECT_THAT(Try(header, damaged), GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                                                 HasSubstr("header.reports[0].digest=")));
  EXPECT_EQ(calls_->IndexedCommits(), 0);
  EXPECT_THAT(Try(header, reports), IsGrpcOk());
}

TEST_F(UploadErrorsTest, AStreamThatBreaksIsResumedAcrossARestart) {
  const std::vector<TestReport> reports = Reports(500);
  const size_t half = reports[0].content.size() / 2;
  const v1::UploadHeader header = Header(project_.base(), reports);
  v1::UploadCoverageResponse response;
  EXPECT_THAT(
      calls_->UploadPart(header, reports, {}, half, ServiceCalls::End::kNoFinish, &response),
      GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("ended without a finish")));
  EXPECT_EQ(calls_->IndexedCommits(), 0);
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer();
  v1::GetUploadStatusResponse status;
  ASSERT_THAT(calls_->UploadStatus(header, &status), IsGrpcOk());
  EXPECT_FALSE(status.finished());
  ASSERT_THAT(status.received(), ElementsAre(half));
  EXPECT_THAT(
      calls_->UploadPart(header, reports, {half}, SIZE_MAX, ServiceCalls::End::kFinish, &response),
      IsGrpcOk());
  EXPECT_EQ(response.labels(), 502u);
  EXPECT_EQ(calls_->IndexedCommits(), 1);
}

TEST_F(UploadErrorsTest, AFinishWithoutAllBytesKeepsWhatCame) {
  const std::vector<TestReport> reports = Reports();
  const v1::UploadHeader header = Header(project_.base(), reports);
  v1::UploadCoverageResponse response;
  EXPECT_THAT(
      calls_->UploadPart(header, reports, {}, 100, ServiceCalls::End::kFinish, &response),
      GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("the server holds 100 bytes")));
  EXPECT_THAT(calls_->UploadPart(header, reports, {0}, 100, ServiceCalls::End::kFinish, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("chunk.offset='0'")));
  EXPECT_THAT(
      calls_->UploadPart(header, reports, {100}, SIZE_MAX, ServiceCalls::End::kFinish, &response),
      IsGrpcOk());
}

TEST_F(UploadErrorsTest, ACancelledStreamStoresNothing) {
  const std::vector<TestReport> reports = Reports(500);
  const v1::UploadHeader header = Header(project_.base(), reports);
  v1::UploadCoverageResponse response;
  EXPECT_FALSE(
      calls_->UploadPart(header, reports, {}, 1000, ServiceCalls::End::kCancel, &response).ok());
  EXPECT_EQ(calls_->IndexedCommits(), 0);
  // The broken stream may hold the upload for a moment more: then it says so.
  grpc::Status status;
  do {
    v1::GetUploadStatusResponse held;
    const bool begun = calls_->UploadStatus(header, &held).ok();
    std::vector<uint64_t> offsets;
    if (begun) offsets.assign(held.received().begin(), held.received().end());
    status = calls_->UploadPart(header, reports, offsets, SIZE_MAX, ServiceCalls::End::kFinish,
                                &response);
  } while (status.error_code() == grpc::StatusCode::ABORTED ||
           absl::StrContains(status.error_message(), "chunk.offset"));
  EXPECT_THAT(status, IsGrpcOk());
}

TEST_F(UploadErrorsTest, MessagesOutOfOrder) {
  const std::vector<TestReport> reports = Reports();
  v1::UploadCoverageRequest header, chunk, nothing;
  *header.mutable_header() = Header(project_.base(), reports);
  chunk.mutable_chunk()->set_data("x");
  v1::UploadCoverageRequest large = chunk;
  large.mutable_chunk()->set_data(std::string((4 << 20) + 1, 'x'));
  struct Case {
    std::vector<v1::UploadCoverageRequest> messages;
    std::string want;
  };
  for (const Case& c :
       {Case{{chunk}, "begins with a header"}, Case{{header, header}, "has one header"},
        Case{{header, nothing}, "expected a header, a chunk or a finish"},
        Case{{header, large}, "chunk.data='4194305 bytes': at most 4194304"},
        Case{{}, "ended without a header"}}) {
    const auto context = calls_->NewContext();
    v1::UploadCoverageResponse response;
    const auto writer = calls_->ingest()->UploadCoverage(context.get(), &response);
    for (const auto& message : c.messages) writer->Write(message);
    writer->WritesDone();
    EXPECT_THAT(writer->Finish(),
                GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr(c.want)));
  }
  EXPECT_EQ(calls_->IndexedCommits(), 0);
}

TEST_F(UploadErrorsTest, TheSameUploadTwiceIsOneSegment) {
  const std::vector<TestReport> reports = Reports();
  const v1::UploadCoverageResponse first = UploadBase(reports);
  const v1::UploadCoverageResponse second = UploadBase(reports);
  EXPECT_FALSE(first.already_stored());
  EXPECT_TRUE(second.already_stored());
  EXPECT_EQ(second.segment_id(), first.segment_id());
  // Under another report name it is another upload, but the same evidence.
  std::vector<TestReport> renamed = reports;
  renamed[0].name = "other";
  EXPECT_EQ(UploadBase(renamed).segment_id(), first.segment_id());
  v1::GetIndexRequest get;
  get.set_repository("sample");
  get.set_commit(project_.base());
  v1::GetIndexResponse shown;
  ASSERT_THAT(calls_->Get(get, &shown), IsGrpcOk());
  EXPECT_EQ(shown.segments_size(), 1);
}

TEST_F(UploadErrorsTest, LimitsAreNamed) {
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer({"--max-report-bytes=1024", "--spool-max-bytes=1MiB"});
  EXPECT_THAT(TryContent("big", std::string(1025, 'x')),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           "header.reports[0].size='1025': at most 1024 bytes"));
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer({"--spool-max-bytes=1KiB"});
  EXPECT_THAT(
      TryContent("big", std::string(1025, 'x')),
      GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED, HasSubstr("spool-max-bytes is 1024")));
}

// A small file system of its own for the server's data; unmounted at the end.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path) : path_(path) {
    ::mkdir(path.c_str(), 0700);
    mounted_ = ::mount("testselect-test", path.c_str(), "tmpfs", 0, "size=24m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_;
};

TEST_F(UploadErrorsTest, AFullDiskRefusesUploadsAndServesOn) {
  const std::string disk_path = folder_.path() + "/disk";
  SmallDisk disk(disk_path);
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer({"--data-dir=" + disk_path + "/data"});
  UploadBase(Reports());
  std::string noise(64 << 20, '\0');
  std::mt19937_64 random(1);
  for (size_t i = 0; i + 8 <= noise.size(); i += 8) {
    const uint64_t value = random();
    std::memcpy(&noise[i], &value, 8);
  }
  EXPECT_THAT(TryContent("large", noise),
              GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED, HasSubstr("disk is full")));
  v1::SelectTestsResponse answer;
  ASSERT_THAT(calls_->Select(SelectRequest(project_.head()), &answer), IsGrpcOk());
  EXPECT_FALSE(answer.has_fallback()) << answer.fallback().message();
  EXPECT_EQ(calls_->IndexedCommits(), 1);
  // What was spooled of it is gone, so that there is room for others.
  std::vector<TestReport> other = Reports(10);
  v1::UploadHeader header = Header(project_.head(), other);
  EXPECT_THAT(Try(header, other), IsGrpcOk());
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  server_.reset();
}

}  // namespace
}  // namespace testselect
