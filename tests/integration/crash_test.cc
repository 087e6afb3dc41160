// kill -9 while uploads arrive and selections are answered: what was acknowledged is there, and
// nothing is half there.
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/integration/service_fixture.h"

namespace testselect {
namespace {

constexpr int kRounds = 4;
constexpr int kClients = 4;
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

  // Selects, each time with another label, until the server is gone; notes what was answered.
  void SelectUntilGone(int round, int client) {
    const ServiceCalls calls = ServiceCalls::To(server_->grpc_address());
    for (int i = 0;; ++i) {
      v1::SelectTestsRequest request = SelectRequest(project_.head());
      request.mutable_requested()->add_labels(SampleProject::kTestAdd);
      request.mutable_requested()->add_labels(absl::StrCat(round, "-", client, "-", i));
      v1::SelectTestsResponse response;
      if (!calls.Select(request, &response).ok()) return;
      const std::lock_guard<std::mutex> lock(mutex_);
      answered_.push_back(response.selection_id());
      ++count_;
      count_.notify_all();
    }
  }

  void CheckDecisions() {
    for (const std::string& id : answered_) {
      v1::GetDecisionRequest request;
      request.set_repository("sample");
      request.set_selection_id(id);
      v1::GetDecisionResponse decision;
      ASSERT_THAT(calls_->selection()->GetDecision(calls_->NewContext().get(), request, &decision),
                  IsGrpcOk());
      EXPECT_EQ(decision.requested().labels_size(), 2);
    }
  }

  // Lets `work(round, client)` go on in several threads until the server is killed, some rounds.
  void KillWhile(const std::function<void(int, int)>& work, const std::function<void()>& check) {
    for (int round = 0; round < kRounds; ++round) {
      const int target = count_ + kAcknowledgedBeforeKill;
      std::vector<std::thread> clients;
      for (int client = 0; client < kClients; ++client) {
        clients.emplace_back([&work, round, client] { work(round, client); });
      }
      for (int seen = count_; seen < target; seen = count_) count_.wait(seen);
      server_->Kill();
      for (std::thread& client : clients) client.join();
      StartServer();
      check();
    }
  }

  std::mutex mutex_;
  std::vector<std::string> answered_;
  std::vector<Acknowledged> acknowledged_;
  std::atomic<int> count_{0};
};

TEST_F(CrashTest, AcknowledgedUploadsSurviveKills) {
  KillWhile([this](int round, int client) { UploadUntilGone(round, client); },
            [this] { CheckIndex(); });
  EXPECT_GE(acknowledged_.size(), static_cast<size_t>(kRounds * kAcknowledgedBeforeKill));
  EXPECT_EQ(server_->Terminate().exit_status, 0);
}

TEST_F(CrashTest, AnsweredDecisionsSurviveKills) {
  UploadBase(Reports());
  KillWhile([this](int round, int client) { SelectUntilGone(round, client); },
            [this] { CheckDecisions(); });
  EXPECT_GE(answered_.size(), static_cast<size_t>(kRounds * kAcknowledgedBeforeKill));
}

}  // namespace
}  // namespace testselect
