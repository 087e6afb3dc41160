// Several servers and one object store, a folder here: what one takes, all serve.
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/integration/service_fixture.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Machine {
  std::unique_ptr<ServerProcess> server;
  std::unique_ptr<ServiceCalls> calls;
};

class SharedIndexServiceTest : public ServiceTest {
 protected:
  void SetUp() override { std::filesystem::create_directory(Objects()); }
  std::string Objects() const { return folder_.path() + "/objects"; }

  Machine Start(const std::string& name, const std::string& role,
                const std::vector<std::string>& more = {}) const {
    std::vector<std::string> flags = {"--data-dir=" + folder_.path() + "/" + name,
                                      "--repository=sample=" + project_.path(),
                                      "--object-store=file://" + Objects(),
                                      "--object-store-refresh=0s",
                                      "--role=" + role,
                                      "--log-level=debug"};
    flags.insert(flags.end(), more.begin(), more.end());
    auto started = ServerProcess::Start(flags);
    EXPECT_THAT(started, IsOk());
    Machine machine;
    if (!started.ok()) return machine;
    machine.server = *std::move(started);
    machine.calls =
        std::make_unique<ServiceCalls>(ServiceCalls::To(machine.server->grpc_address()));
    return machine;
  }
  v1::UploadCoverageResponse Upload(const Machine& machine, const std::string& commit,
                                    const std::vector<TestReport>& reports, uint32_t shard = 0,
                                    uint32_t shards = 1, uint32_t attempt = 1) const {
    v1::UploadHeader header = Header(commit, reports);
    header.set_shard_index(shard);
    header.set_shard_count(shards);
    header.set_attempt(attempt);
    v1::UploadCoverageResponse response;
    EXPECT_THAT(machine.calls->Upload(header, reports, &response), IsGrpcOk());
    return response;
  }
  std::vector<TestReport> WithOutcomes(bool sub_fails, int extra_labels = 0) const {
    std::vector<TestReport> reports = Reports(extra_labels);
    reports.push_back({.name = "junit.xml",
                       .content = project_.Junit(sub_fails),
                       .format = "",
                       .outcomes = true});
    return reports;
  }
  v1::SelectTestsResponse Select(const Machine& machine) const {
    v1::SelectTestsRequest request = SelectRequest(project_.head());
    request.mutable_requested()->add_labels(SampleProject::kTestAdd);
    request.mutable_requested()->add_labels(SampleProject::kTestSub);
    v1::SelectTestsResponse answer;
    EXPECT_THAT(machine.calls->Select(request, &answer), IsGrpcOk());
    return answer;
  }
  // The object store is not mounted any more, or again.
  void Unmount() const { std::filesystem::rename(Objects(), Objects() + ".away"); }
  void Mount() const { std::filesystem::rename(Objects() + ".away", Objects()); }

  static std::vector<std::string> Labels(const v1::LabelSet& set) {
    return {set.labels().begin(), set.labels().end()};
  }
};

TEST_F(SharedIndexServiceTest, ThreeFrontendsServeWhatTwoIndexersTake) {
  const Machine one = Start("i1", "indexer"), two = Start("i2", "indexer");
  std::vector<Machine> frontends;
  for (const char* name : {"f1", "f2", "f3"}) frontends.push_back(Start(name, "frontend"));
  for (const Machine& frontend : frontends) {
    EXPECT_EQ(Select(frontend).fallback().code(), v1::FALLBACK_CODE_NO_INDEX);
  }
  std::thread first([&] { Upload(one, project_.base(), Reports(), 0, 2); });
  std::thread second([&] { Upload(two, project_.base(), Reports(1), 1, 2); });
  first.join();
  second.join();
  for (const Machine& frontend : frontends) {
    const v1::SelectTestsResponse answer = Select(frontend);
    EXPECT_FALSE(answer.has_fallback()) << answer.fallback().message();
    EXPECT_THAT(Labels(answer.present_diff_labels()), ElementsAre(SampleProject::kTestAdd));
    EXPECT_THAT(answer.degraded(), IsEmpty());
  }
  // Who serves selections takes no uploads, and the other way round.
  const std::vector<TestReport> reports = Reports();
  v1::UploadCoverageResponse stored;
  EXPECT_EQ(
      frontends[0].calls->Upload(Header(project_.base(), reports), reports, &stored).error_code(),
      grpc::StatusCode::UNIMPLEMENTED);
  v1::SelectTestsResponse answer;
  EXPECT_EQ(one.calls->Select(SelectRequest(project_.head()), &answer).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(SharedIndexServiceTest, AnyMachineMayBeKilledAndReplaced) {
  {
    Machine one = Start("i1", "indexer");
    Upload(one, project_.base(), Reports());
    one.server->Kill();
  }
  std::filesystem::remove_all(folder_.path() + "/i1");
  const Machine frontend = Start("f1", "frontend");
  EXPECT_THAT(Labels(Select(frontend).present_diff_labels()), ElementsAre(SampleProject::kTestAdd));
  // The same upload again, to another machine, is the same segment.
  const Machine two = Start("i2", "indexer");
  EXPECT_TRUE(Upload(two, project_.base(), Reports()).already_stored());
  EXPECT_EQ(two.calls->IndexedCommits(), 1);
}

TEST_F(SharedIndexServiceTest, WithoutTheObjectStoreAnswersSaySoAndUploadsAreRefused) {
  const Machine indexer = Start("i1", "indexer");
  const Machine warm = Start("f1", "frontend"), cold = Start("f2", "frontend");
  Upload(indexer, project_.base(), Reports());
  EXPECT_THAT(Labels(Select(warm).present_diff_labels()), ElementsAre(SampleProject::kTestAdd));
  Unmount();
  const v1::SelectTestsResponse known = Select(warm);
  EXPECT_FALSE(known.has_fallback());
  EXPECT_THAT(Labels(known.present_diff_labels()), ElementsAre(SampleProject::kTestAdd));
  EXPECT_THAT(known.degraded(),
              AllOf(HasSubstr("(object-store)"), testing::Not(HasSubstr(Objects()))));
  const v1::SelectTestsResponse unknown = Select(cold);
  EXPECT_EQ(unknown.fallback().code(), v1::FALLBACK_CODE_UNAVAILABLE);
  EXPECT_THAT(unknown.fallback().message(), HasSubstr("everything runs"));
  EXPECT_THAT(Labels(unknown.absent_labels()),
              ElementsAre(SampleProject::kTestAdd, SampleProject::kTestSub));
  const std::vector<TestReport> reports = Reports(1);
  v1::UploadCoverageResponse stored;
  EXPECT_THAT(indexer.calls->Upload(Header(project_.base(), reports), reports, &stored),
              GrpcStatusIs(grpc::StatusCode::UNAVAILABLE, HasSubstr("nothing was stored")));
  Mount();
  v1::SelectTestsResponse again = Select(cold);
  for (int i = 0; i < 100 && again.has_fallback(); ++i) {  // it is not asked again at once
    absl::SleepFor(absl::Milliseconds(100));
    again = Select(cold);
  }
  EXPECT_THAT(Labels(again.present_diff_labels()), ElementsAre(SampleProject::kTestAdd));
  EXPECT_THAT(again.degraded(), IsEmpty());
}

TEST_F(SharedIndexServiceTest, WhatFailedOnOneMachineRunsByTheAnswersOfAll) {
  const Machine indexer = Start("i1", "indexer");
  const Machine before = Start("f1", "frontend");
  EXPECT_TRUE(Select(before).has_fallback());
  Upload(indexer, project_.base(), WithOutcomes(/*sub_fails=*/true));
  // Newer, and silent about how its tests ended: only the history knows of the failure.
  Upload(indexer, project_.base(), Reports(), 0, 1, 2);
  const Machine after = Start("f2", "frontend");
  EXPECT_FALSE(Select(after).has_fallback());
  // More than a new machine reads by itself: it begins with what another one counted.
  for (uint32_t attempt = 3; attempt < 15; ++attempt) {
    Upload(indexer, project_.base(), Reports(static_cast<int>(attempt)), 0, 1, attempt);
  }
  const Machine late = Start("f3", "frontend");
  for (const Machine* frontend : {&before, &after, &late}) {
    const v1::SelectTestsResponse answer = Select(*frontend);
    EXPECT_THAT(Labels(answer.global_level_labels()), ElementsAre(SampleProject::kTestSub));
  }
}

TEST_F(SharedIndexServiceTest, ADecisionOfOneMachineIsExplainedAndJudgedByAnother) {
  const Machine indexer = Start("i1", "indexer");
  const Machine one = Start("f1", "frontend"), two = Start("f2", "frontend");
  Upload(indexer, project_.base(), Reports());
  const std::string id = Select(one).selection_id();
  v1::GetDecisionRequest request;
  request.set_repository("sample");
  request.set_selection_id(id);
  v1::GetDecisionResponse decision;
  grpc::Status found = grpc::Status(grpc::StatusCode::NOT_FOUND, "");
  for (int i = 0; i < 200 && found.error_code() == grpc::StatusCode::NOT_FOUND; ++i) {
    found = two.calls->selection()->GetDecision(two.calls->NewContext().get(), request, &decision);
  }
  ASSERT_THAT(found, IsGrpcOk());
  v1::ListDecisionsRequest list;
  list.set_repository("sample");
  v1::ListDecisionsResponse listed;
  ASSERT_THAT(two.calls->evaluation()->ListDecisions(two.calls->NewContext().get(), list, &listed),
              IsGrpcOk());
  ASSERT_EQ(listed.decisions_size(), 1);
  EXPECT_EQ(listed.decisions(0).selection_id(), id);
}

TEST_F(SharedIndexServiceTest, AnIndexOfOneMachineBecomesOneOfMany) {
  StartServer();
  UploadBase(Reports());
  server_->Terminate();
  std::filesystem::rename(folder_.path() + "/data", folder_.path() + "/i1");
  const Machine indexer = Start("i1", "all");
  const Machine frontend = Start("f1", "frontend");
  EXPECT_THAT(Labels(Select(frontend).present_diff_labels()), ElementsAre(SampleProject::kTestAdd));
  // Its folder is no index of its own any more.
  const auto alone =
      ServerProcess::Start({"--data-dir=" + folder_.path() + "/f1", "--metrics-listen="});
  EXPECT_THAT(alone, StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace testselect
