// Decisions and their evaluation on the real server.
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/integration/service_fixture.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

class EvaluationServiceTest : public ServiceTest {
 protected:
  // Of both tests; test_add runs.
  v1::SelectTestsResponse Select() {
    v1::SelectTestsRequest request = SelectRequest(project_.head());
    request.mutable_requested()->add_labels(SampleProject::kTestAdd);
    request.mutable_requested()->add_labels(SampleProject::kTestSub);
    v1::SelectTestsResponse response;
    EXPECT_THAT(calls_->Select(request, &response), IsGrpcOk());
    return response;
  }
  grpc::Status Decision(const std::string& id, v1::GetDecisionResponse* response) {
    v1::GetDecisionRequest request;
    request.set_repository("sample");
    request.set_selection_id(id);
    return calls_->selection()->GetDecision(calls_->NewContext().get(), request, response);
  }
  v1::ReportOutcomesRequest FailedSub() const {
    v1::ReportOutcomesRequest request;
    request.set_repository("sample");
    request.set_commit(project_.head());
    request.mutable_run()->mutable_job()->set_name("unit");
    v1::OutcomeReport* report = request.mutable_run()->add_reports();
    report->set_name("junit.xml");
    report->set_content(project_.Junit(/*sub_fails=*/true));
    return request;
  }
  grpc::Status Report(const v1::ReportOutcomesRequest& request,
                      v1::ReportOutcomesResponse* response) {
    return calls_->evaluation()->ReportOutcomes(calls_->NewContext().get(), request, response);
  }
  std::string Metrics() const { return HttpGet(server_->metrics_address(), "/metrics"); }
};

TEST_F(EvaluationServiceTest, ADecisionIsRecordedOnceWithWhatItWasMadeOf) {
  const v1::UploadCoverageResponse upload = UploadBase(Reports());
  const v1::SelectTestsResponse selection = Select();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Select().selection_id(), selection.selection_id());
  v1::GetDecisionResponse decision;
  ASSERT_THAT(Decision(selection.selection_id(), &decision), IsGrpcOk());
  EXPECT_EQ(decision.request().base(), project_.base());
  EXPECT_EQ(decision.request().head(), project_.head());
  ASSERT_EQ(decision.segment_ids_size(), 1);
  EXPECT_EQ(decision.segment_ids(0), upload.segment_id());
  ASSERT_EQ(decision.answer().present_diff_labels().labels_size(), 1);
  EXPECT_EQ(decision.answer().present_diff_labels().labels(0), SampleProject::kTestAdd);
  EXPECT_EQ(decision.requested().labels_size(), 2);
  EXPECT_THAT(Metrics(), HasSubstr("testselect_decisions_total{result=\"recorded\"} 1"));
  EXPECT_THAT(Metrics(), HasSubstr("testselect_decisions_total{result=\"dropped\"} 0"));
  EXPECT_THAT(Decision(std::string(32, 'f'), &decision),
              GrpcStatusIs(grpc::StatusCode::NOT_FOUND, HasSubstr("no decision")));
}

TEST_F(EvaluationServiceTest, DecisionsAndEvaluationsSurviveARestart) {
  UploadBase(Reports());
  const std::string id = Select().selection_id();
  v1::ReportOutcomesResponse reported;
  ASSERT_THAT(Report(FailedSub(), &reported), IsGrpcOk());
  server_->Terminate();
  StartServer();
  v1::GetDecisionResponse decision;
  ASSERT_THAT(Decision(id, &decision), IsGrpcOk());
  v1::EvaluateSelectionRequest request;
  request.set_repository("sample");
  request.set_selection_id(id);
  v1::EvaluateSelectionResponse response;
  ASSERT_THAT(
      calls_->evaluation()->EvaluateSelection(calls_->NewContext().get(), request, &response),
      IsGrpcOk());
  ASSERT_EQ(response.evaluations_size(), 1);
  EXPECT_EQ(response.evaluations(0).counts().missed(), 1u);
}

TEST_F(EvaluationServiceTest, OutcomesAreEvaluatedAndCountedOnce) {
  UploadBase(Reports());
  const std::string id = Select().selection_id();
  for (int i = 0; i < 2; ++i) {
    v1::ReportOutcomesResponse response;
    ASSERT_THAT(Report(FailedSub(), &response), IsGrpcOk());
    EXPECT_EQ(response.outcomes(), 2u);
    ASSERT_EQ(response.evaluations_size(), 1);
    const v1::Evaluation& evaluation = response.evaluations(0);
    EXPECT_EQ(evaluation.selection_id(), id);
    ASSERT_EQ(evaluation.missed_size(), 1);
    EXPECT_EQ(evaluation.missed(0).label(), SampleProject::kTestSub);
    EXPECT_EQ(evaluation.counts().saved_seconds(), 0.5);
  }
  const std::string metrics = Metrics();
  EXPECT_THAT(metrics, HasSubstr("testselect_missed_failures_total{job=\"unit\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("testselect_saved_seconds_total{job=\"unit\"} 0.5\n"));
  EXPECT_THAT(metrics, HasSubstr("testselect_evaluations_total{job=\"unit\",result=\"missed\"} 2"));
  EXPECT_THAT(metrics, HasSubstr("testselect_selected_ratio_count{job=\"unit\"} 1\n"));
  v1::GetStatsRequest request;
  request.set_repository("sample");
  v1::GetStatsResponse stats;
  ASSERT_THAT(calls_->evaluation()->GetStats(calls_->NewContext().get(), request, &stats),
              IsGrpcOk());
  ASSERT_EQ(stats.jobs_size(), 1);
  EXPECT_EQ(stats.jobs(0).evaluations(), 1u);
  ASSERT_EQ(stats.jobs(0).series_size(), 1);
  EXPECT_EQ(stats.jobs(0).series(0).counts().missed(), 1u);
}

TEST_F(EvaluationServiceTest, WithoutADecisionAReportIsNoError) {
  v1::ReportOutcomesResponse response;
  ASSERT_THAT(Report(FailedSub(), &response), IsGrpcOk());
  EXPECT_EQ(response.evaluations_size(), 0);
}

TEST_F(EvaluationServiceTest, WhatIsMalformedIsNamed) {
  v1::ReportOutcomesResponse response;
  v1::ReportOutcomesRequest request = FailedSub();
  request.mutable_run()->mutable_reports(0)->set_content("<testsuite");
  EXPECT_THAT(Report(request, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("junit.xml")));
  request = FailedSub();
  request.mutable_run()->add_outcomes()->set_label("x");
  EXPECT_THAT(Report(request, &response), GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                                                       HasSubstr("run.outcomes[0].status")));
  request = FailedSub();
  request.set_commit("abc");
  EXPECT_THAT(Report(request, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("commit")));
  request = FailedSub();
  request.set_repository("other");
  EXPECT_THAT(Report(request, &response), GrpcStatusIs(grpc::StatusCode::NOT_FOUND, testing::_));
}

TEST_F(EvaluationServiceTest, WritesNeedATokenWhereTheServerWantsOne) {
  server_->Terminate();
  const std::string tokens = folder_.path() + "/tokens";
  std::ofstream(tokens) << "a-secret-of-some-length\n";
  StartServer({"--token-file=" + tokens});
  v1::ReportOutcomesResponse response;
  EXPECT_THAT(Report(FailedSub(), &response),
              GrpcStatusIs(grpc::StatusCode::UNAUTHENTICATED, testing::_));
  v1::GetStatsRequest request;
  request.set_repository("sample");
  v1::GetStatsResponse stats;
  EXPECT_THAT(calls_->evaluation()->GetStats(calls_->NewContext().get(), request, &stats),
              IsGrpcOk());
}

TEST_F(EvaluationServiceTest, IndexErrorsAreCountedByType) {
  Select();  // nothing is indexed
  EXPECT_THAT(Metrics(), HasSubstr("testselect_index_errors_total{type=\"index_not_found\"} 1"));
}

}  // namespace
}  // namespace testselect
