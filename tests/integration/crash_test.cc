// kill -9 while uploads arrive: what was acknowledged is there, and nothing is half there.
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/integration/service_fixture.h"

namespace testselect {
namespace {

constexpr int kRounds = 4;
constexpr int kUploaders = 4;
constexpr int kAcknowledgedBeforeKill = 6;

struct Acknowledged {
  std::string job, segment_id;
  uint64_t labels = 0;
};

class CrashTest : public ServiceTest {
 protected:
  // Uploads to jobs of its own until the server is gone; notes what was acknowledged.
  void UploadUntilGone(int round, int uploader) {
    const ServiceCalls calls = ServiceCalls::To(server_->grpc_address());
    for (int i = 0;; ++i) {
      const std::vector<TestReport> reports = Reports(round * 100 + uploader * 10 + i % 10);
      v1::UploadHeader header = Header(project_.base(), reports);
      header.mutable_job()->set_name(absl::StrCat("job-", round, "-", uploader, "-", i));
      v1::UploadCoverageResponse response;
      if (!calls.Upload(header, reports, &response, 4096).ok()) return;
      const std::lock_guard<std::mutex> lock(mutex_);
      acknowledged_.push_back({header.job().name(), response.segment_id(), response.labels()});
      ++count_;
      count_.notify_all();
    }
  }

  void CheckIndex() {
    v1::GetIndexRequest get;
    get.set_repository("sample");
    get.set_commit(project_.base());
    v1::GetIndexResponse shown;
    ASSERT_THAT(calls_->Get(get, &shown), IsGrpcOk());
    std::map<std::string, const v1::SegmentSummary*> segments;
    for (const v1::SegmentSummary& segment : shown.segments()) {
      segments[segment.segment_id()] = &segment;
    }
    for (const Acknowledged& upload : acknowledged_) {
      const auto found = segments.find(upload.segment_id);
      ASSERT_NE(found, segments.end()) << upload.job << " was acknowledged and is gone";
      EXPECT_EQ(found->second->job().name(), upload.job);
      EXPECT_EQ(found->second->labels(), upload.labels);
    }
    // Counting reads every record of every segment, acknowledged or not.
    for (const v1::SegmentSummary& segment : shown.segments()) {
      v1::GetIndexRequest one = get;
      *one.mutable_job() = segment.job();
      one.set_label(SampleProject::kTestAdd);
      v1::GetIndexResponse evidence;
      ASSERT_THAT(calls_->Get(one, &evidence), IsGrpcOk()) << segment.job().name();
      EXPECT_EQ(evidence.label_evidence().files_size(), 2);
      EXPECT_EQ(evidence.pairs(), segment.labels() + 2);
    }
  }

  std::mutex mutex_;
  std::vector<Acknowledged> acknowledged_;
  std::atomic<int> count_{0};
};

TEST_F(CrashTest, AcknowledgedUploadsSurviveKills) {
  for (int round = 0; round < kRounds; ++round) {
    const int target = count_ + kAcknowledgedBeforeKill;
    std::vector<std::thread> uploaders;
    for (int uploader = 0; uploader < kUploaders; ++uploader) {
      uploaders.emplace_back([this, round, uploader] { UploadUntilGone(round, uploader); });
    }
    for (int seen = count_; seen < target; seen = count_) count_.wait(seen);
    server_->Kill();
    for (std::thread& uploader : uploaders) uploader.join();
    StartServer();
    CheckIndex();
  }
  EXPECT_GE(acknowledged_.size(), static_cast<size_t>(kRounds * kAcknowledgedBeforeKill));
  EXPECT_EQ(server_->Terminate().exit_status, 0);
}

}  // namespace
}  // namespace testselect
