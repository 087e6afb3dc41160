// Retention on the real binary: what goes, what stays, and that the space is really free.
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/service_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RetentionServiceTest : public ServiceTest {
 protected:
  static constexpr int kLines = 4000;
  static constexpr int kLabels = 800;

  void SetUp() override { StartServer({"--quarantine-below=0"}); }

  std::string CommitFile(const std::string& path, const std::string& text) const {
    std::ofstream(project_.path() + "/" + path) << text;
    const auto git = [&](std::vector<std::string> words) {
      std::vector<std::string> command = {"git",         "-C", project_.path(),           "-c",
                                          "user.name=t", "-c", "user.email=t@example.org"};
      command.insert(command.end(), words.begin(), words.end());
      const ProcessEnd end = RunProgram(command);
      EXPECT_EQ(end.exit_status, 0) << end.log;
      return std::string(absl::StripAsciiWhitespace(end.output));
    };
    git({"add", "-A"});
    git({"-c", "commit.gpgsign=false", "commit", "-q", "-m", path});
    return git({"rev-parse", "HEAD"});
  }

  // Evidence that no compression makes small: every label executed half of the lines, at random.
  std::vector<TestReport> Bulk() const {
    std::mt19937 random(1);
    std::vector<CoverageRow> rows;
    for (int label = 0; label < kLabels; ++label) {
      CoverageRow row{
          project_.path() + "/big.py", absl::StrCat("tests/test_big.py::test_", label), {}};
      for (int line = 1; line <= kLines; ++line) {
        if (random() % 2 == 0) row.lines.push_back(line);
      }
      rows.push_back(std::move(row));
    }
    return {{.name = ".coverage", .content = CoverageDatabase(rows), .format = ""}};
  }
  void Upload(const std::string& commit, const std::vector<TestReport>& reports,
              bool subset = false) const {
    v1::UploadHeader header = Header(commit, reports);
    header.set_subset(subset);
    v1::UploadCoverageResponse stored;
    ASSERT_THAT(calls_->Upload(header, reports, &stored), IsGrpcOk());
  }
  v1::SelectTestsResponse SelectFrom(const std::string& base, const std::string& head) const {
    v1::SelectTestsRequest request = SelectRequest(head);
    request.set_base(base);
    request.mutable_requested()->add_labels(SampleProject::kTestAdd);
    request.mutable_requested()->add_labels(SampleProject::kTestSub);
    v1::SelectTestsResponse answer;
    EXPECT_THAT(calls_->Select(request, &answer), IsGrpcOk());
    return answer;
  }
  v1::ApplyRetentionResponse Retain(const v1::ApplyRetentionRequest& request) const {
    v1::ApplyRetentionResponse response;
    EXPECT_THAT(calls_->Retain(request, &response), IsGrpcOk());
    return response;
  }
  std::string StateAt(const std::string& commit) const {
    v1::GetIndexRequest request;
    request.set_repository("sample");
    request.set_commit(commit);
    v1::GetIndexResponse index;
    EXPECT_THAT(calls_->Get(request, &index), IsGrpcOk());
    return index.segments_size() == 1 ? index.segments(0).state() : "";
  }
};

TEST_F(RetentionServiceTest, GivesSpaceBackAndLeavesSelectionsAlone) {
  std::string lines;
  for (int i = 0; i < kLines; ++i) absl::StrAppend(&lines, "x", i, " = 1\n");
  const std::string old = CommitFile("big.py", lines);
  const std::string full = CommitFile("notes.md", "1\n");
  const std::string newest = CommitFile("notes.md", "2\n");
  const std::string head = CommitFile("calc.py",
                                      "def add(a, b):\n    return a + b + 0\n\n\ndef sub(a, b):\n"
                                      "    return a - b\n");
  Upload(old, Bulk());
  Upload(full, Reports());
  Upload(newest, Reports(/*extra_labels=*/1), /*subset=*/true);
  const v1::SelectTestsResponse before = SelectFrom(newest, head);
  EXPECT_THAT(before.present_diff_labels().labels(), ElementsAre(SampleProject::kTestAdd));

  v1::ApplyRetentionRequest request;
  request.set_repository("sample");
  request.set_dry_run(true);
  request.set_commits_in_all(1);
  const v1::ApplyRetentionResponse dry = Retain(request);
  EXPECT_EQ(dry.bytes_before(), dry.bytes_after());
  EXPECT_EQ(dry.commits_in_all(), 1u);
  EXPECT_EQ(calls_->IndexedCommits(), 3);
  std::map<std::string, std::string> reasons;
  for (const v1::RetentionVerdict& v : dry.verdicts()) {
    if (v.segment().kind() == "added") continue;
    reasons[v.segment().commit()] = absl::StrCat(v.kept() ? "keep: " : "drop: ", v.reason());
  }
  EXPECT_EQ(reasons[newest], "keep: within the limits: newest in all");
  EXPECT_EQ(reasons[full], absl::StrCat("keep: needed by the chain from ", newest.substr(0, 12)));
  EXPECT_EQ(reasons[old], "drop: not among the 1 newest in all");

  request.set_dry_run(false);
  const v1::ApplyRetentionResponse done = Retain(request);
  EXPECT_EQ(done.segments_kept(), dry.segments_kept());
  EXPECT_EQ(done.segments_dropped(), dry.segments_dropped());
  EXPECT_EQ(done.notes_dropped(), 1u);
  // A bit for each label and line cannot be stored in less. Of the rest, which is small, some comes
  // anew: the engine's own files.
  constexpr uint64_t kBulkBytes = uint64_t{kLines} * kLabels / 8;
  EXPECT_LT(done.bytes_after() + kBulkBytes * 9 / 10, done.bytes_before());
  EXPECT_LT(done.bytes_after(), kBulkBytes / 2);
  EXPECT_EQ(calls_->IndexedCommits(), 2);
  v1::SelectTestsResponse after = SelectFrom(newest, head);
  EXPECT_EQ(after.SerializeAsString(), before.SerializeAsString());
  EXPECT_EQ(Retain(request).segments_dropped(), 0u);

  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer();
  after = SelectFrom(newest, head);
  EXPECT_EQ(after.SerializeAsString(), before.SerializeAsString());
}

TEST_F(RetentionServiceTest, RunsByItselfWithTheLimitsOfTheSettings) {
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer({"--retain-total=1", "--retain-every=1s"});
  Upload(project_.base(), Reports());
  Upload(project_.head(), Reports(1));
  while (calls_->IndexedCommits() != 1) std::this_thread::yield();
  while (HttpGet(server_->metrics_address(), "/metrics")
             .find("testselect_retention_kept{why=\"limits\"} 1") == std::string::npos) {
    std::this_thread::yield();
  }
  EXPECT_THAT(HttpGet(server_->metrics_address(), "/metrics"),
              HasSubstr("testselect_retention_dropped_total{record=\"segments\"} 1"));
  EXPECT_THAT(server_->Terminate().log, testing::AllOf(HasSubstr("retention applied"),
                                                       HasSubstr("not among the 1 newest in all")));
}

TEST_F(RetentionServiceTest, AJobWithoutItsLastShardsIsUsedAfterTheTimeOut) {
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer({"--building-timeout=1s"});
  const std::vector<TestReport> reports = Reports();
  v1::UploadHeader header = Header(project_.base(), reports);
  header.set_shard_count(2);
  v1::UploadCoverageResponse stored;
  ASSERT_THAT(calls_->Upload(header, reports, &stored), IsGrpcOk());
  EXPECT_EQ(stored.state(), "building");
  while (StateAt(project_.base()) != "sealed") std::this_thread::yield();
  EXPECT_THAT(SelectFrom(project_.base(), project_.head()).present_diff_labels().labels(),
              ElementsAre(SampleProject::kTestAdd));
  EXPECT_THAT(HttpGet(server_->metrics_address(), "/metrics"),
              HasSubstr("testselect_building_timeouts_total 1"));
  EXPECT_THAT(server_->Terminate().log, HasSubstr("shards that never came"));
}

TEST_F(RetentionServiceTest, BadRequestsAreRefused) {
  v1::ApplyRetentionRequest request;
  v1::ApplyRetentionResponse response;
  request.set_repository("elsewhere");
  EXPECT_THAT(calls_->Retain(request, &response),
              GrpcStatusIs(grpc::StatusCode::NOT_FOUND, HasSubstr("elsewhere")));
  request.set_repository("sample");
  request.set_max_age_seconds(uint64_t{1} << 60);
  EXPECT_THAT(calls_->Retain(request, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("max_age_seconds")));
  request.set_max_age_seconds(0);
  EXPECT_THAT(calls_->Retain(request, &response), IsGrpcOk());
  EXPECT_EQ(response.segments_kept(), 0u);
}

}  // namespace
}  // namespace testselect
