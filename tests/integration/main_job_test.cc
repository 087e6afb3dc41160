// The main job on the real binary: upload at one commit, select at the next, look, delete.
#include "server/ops/metrics_table.h"
#include "tests/integration/service_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using MainJobTest = ServiceTest;

TEST_F(MainJobTest, UploadThenSelect) {
  const v1::UploadCoverageResponse stored = UploadBase(Reports());
  EXPECT_EQ(stored.state(), "sealed");
  EXPECT_FALSE(stored.already_stored());
  EXPECT_EQ(stored.labels(), 2u);
  EXPECT_EQ(stored.files(), 2u);
  EXPECT_EQ(stored.pairs(), 4u);
  EXPECT_EQ(stored.global_lines(), 5u);
  EXPECT_THAT(stored.formats(), ElementsAre("coveragepy-sqlite"));

  v1::SelectTestsRequest request = SelectRequest(project_.head());
  for (const char* label :
       {SampleProject::kTestAdd, SampleProject::kTestSub, "tests/new.py::test"}) {
    request.mutable_requested()->add_labels(label);
  }
  v1::SelectTestsResponse answer;
  ASSERT_THAT(calls_->Select(request, &answer), IsGrpcOk());
  EXPECT_FALSE(answer.has_fallback()) << answer.fallback().message();
  EXPECT_THAT(answer.absent_labels().labels(), ElementsAre("tests/new.py::test"));
  EXPECT_THAT(answer.present_diff_labels().labels(), ElementsAre(SampleProject::kTestAdd));
  EXPECT_THAT(answer.global_level_labels().labels(), IsEmpty());
  EXPECT_THAT(answer.present_report_labels().labels(),
              ElementsAre(SampleProject::kTestAdd, SampleProject::kTestSub));
  EXPECT_EQ(answer.run_order().size(), 8u);
  ASSERT_EQ(answer.index_size(), 1);
  EXPECT_EQ(answer.index(0).commit(), project_.base());
  EXPECT_EQ(answer.index(0).distance(), 0u);

  v1::SelectTestsResponse again;
  ASSERT_THAT(calls_->Select(request, &again), IsGrpcOk());
  EXPECT_EQ(again.SerializeAsString(), answer.SerializeAsString());
}

TEST_F(MainJobTest, AllFormsOfListsGiveTheSameAnswer) {
  UploadBase(Reports());
  v1::SelectTestsRequest packed = SelectRequest(project_.head());
  packed.set_list_form(v1::LIST_FORM_BITS);
  packed.mutable_requested()->set_packed(std::string(SampleProject::kTestSub) + "\n" +
                                         SampleProject::kTestAdd);
  v1::SelectTestsResponse from_packed, from_digest, from_all;
  ASSERT_THAT(calls_->Select(packed, &from_packed), IsGrpcOk());
  EXPECT_EQ(from_packed.present_diff_labels().bits(), "\x02");
  EXPECT_EQ(from_packed.present_report_labels().bits(), "\x03");

  v1::SelectTestsRequest digest = SelectRequest(project_.head());
  digest.set_list_form(v1::LIST_FORM_BITS);
  digest.mutable_requested()->set_digest(from_packed.label_list_digest());
  ASSERT_THAT(calls_->Select(digest, &from_digest), IsGrpcOk());
  EXPECT_EQ(from_digest.SerializeAsString(), from_packed.SerializeAsString());

  ASSERT_THAT(calls_->Select(SelectRequest(project_.head()), &from_all), IsGrpcOk());
  EXPECT_EQ(from_all.all_labels_packed(),
            std::string(SampleProject::kTestAdd) + "\n" + SampleProject::kTestSub + "\n");
}

// A repeated answer says again by which digest its list can be named; that must stay true.
TEST_F(MainJobTest, AListThatWasForgottenIsKnownAgainOnceItWasSentAgain) {
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer({"--answer-cache=8000"});  // half of it for lists: one of these, not two
  UploadBase(Reports());
  v1::SelectTestsRequest first = SelectRequest(project_.head());
  first.mutable_requested()->set_packed(std::string(2500, 'a') + '\n');
  v1::SelectTestsRequest second = SelectRequest(project_.head());
  second.mutable_requested()->set_packed(std::string(2500, 'b') + '\n');
  v1::SelectTestsResponse answer, repeated;
  ASSERT_THAT(calls_->Select(first, &answer), IsGrpcOk());
  v1::SelectTestsRequest digest = SelectRequest(project_.head());
  digest.mutable_requested()->set_digest(answer.label_list_digest());
  ASSERT_THAT(calls_->Select(second, &repeated), IsGrpcOk());
  EXPECT_THAT(calls_->Select(digest, &repeated),
              GrpcStatusIs(grpc::StatusCode::FAILED_PRECONDITION, HasSubstr("requested.digest")));

  ASSERT_THAT(calls_->Select(first, &repeated), IsGrpcOk());
  EXPECT_EQ(repeated.SerializeAsString(), answer.SerializeAsString());
  ASSERT_THAT(calls_->Select(digest, &repeated), IsGrpcOk());
  EXPECT_EQ(repeated.SerializeAsString(), answer.SerializeAsString());
}

// Answers that come as they were encoded are uses of their list: it is not the one to go.
TEST_F(MainJobTest, AListInUseIsNotForgottenForOneThatIsNot) {
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer({"--answer-cache=12000"});  // half of it for lists: two of these, not three
  UploadBase(Reports());
  const auto ask = [&](char label) {
    v1::SelectTestsRequest request = SelectRequest(project_.head());
    request.mutable_requested()->set_packed(std::string(2500, label) + '\n');
    v1::SelectTestsResponse answer;
    EXPECT_THAT(calls_->Select(request, &answer), IsGrpcOk());
    return answer.label_list_digest();
  };
  const std::string used = ask('a');
  ask('b');
  EXPECT_EQ(ask('a'), used);
  ask('c');
  v1::SelectTestsRequest digest = SelectRequest(project_.head());
  digest.mutable_requested()->set_digest(used);
  v1::SelectTestsResponse answer;
  EXPECT_THAT(calls_->Select(digest, &answer), IsGrpcOk());
}

TEST_F(MainJobTest, AnAnswerIsNotRepeatedWhenTheIndexChanged) {
  v1::SelectTestsRequest request = SelectRequest(project_.head());
  request.mutable_requested()->add_labels(SampleProject::kTestSub);
  v1::SelectTestsResponse before, between, after;
  ASSERT_THAT(calls_->Select(request, &before), IsGrpcOk());
  EXPECT_EQ(before.fallback().code(), v1::FALLBACK_CODE_NO_INDEX);
  EXPECT_THAT(before.absent_labels().labels(), ElementsAre(SampleProject::kTestSub));

  UploadBase(Reports());
  ASSERT_THAT(calls_->Select(request, &between), IsGrpcOk());
  EXPECT_THAT(between.present_report_labels().labels(), ElementsAre(SampleProject::kTestSub));
  EXPECT_THAT(between.present_diff_labels().labels(), IsEmpty());

  std::vector<TestReport> failed = Reports();
  failed.push_back(
      {.name = "junit.xml", .content = project_.Junit(true), .format = "", .outcomes = true});
  v1::UploadHeader second = Header(project_.base(), failed);
  second.set_attempt(2);
  v1::UploadCoverageResponse response;
  ASSERT_THAT(calls_->Upload(second, failed, &response), IsGrpcOk());
  ASSERT_THAT(calls_->Select(request, &after), IsGrpcOk());
  EXPECT_THAT(after.global_level_labels().labels(), ElementsAre(SampleProject::kTestSub))
      << "its last outcome is a failure";
}

TEST_F(MainJobTest, AChangeThatNothingExplainsSelectsAll) {
  UploadBase(Reports());
  v1::SelectTestsResponse answer;
  ASSERT_THAT(calls_->Select(SelectRequest(project_.table()), &answer), IsGrpcOk());
  EXPECT_THAT(answer.global_level_labels().labels(),
              ::testing::IsSupersetOf({SampleProject::kTestSub}));

  v1::ExplainTestRequest request;
  *request.mutable_selection() = SelectRequest(project_.table());
  request.set_label(SampleProject::kTestSub);
  v1::ExplainTestResponse why;
  ASSERT_THAT(calls_->Explain(request, &why), IsGrpcOk());
  EXPECT_TRUE(why.selected());
  ASSERT_GE(why.evidence_size(), 1);
  EXPECT_EQ(why.evidence(0).path(), "table.dat");
}

TEST_F(MainJobTest, TheIndexIsShownPagedAndDeleted) {
  UploadBase(Reports());
  v1::GetIndexRequest get;
  get.set_repository("sample");
  get.set_commit(project_.base());
  get.set_label(SampleProject::kTestAdd);
  v1::GetIndexResponse shown;
  ASSERT_THAT(calls_->Get(get, &shown), IsGrpcOk());
  EXPECT_EQ(shown.labels(), 2u);
  EXPECT_EQ(shown.pairs(), 4u);
  EXPECT_EQ(shown.global_lines(), 5u);
  ASSERT_EQ(shown.segments_size(), 1);
  ASSERT_EQ(shown.label_evidence().files_size(), 2);
  EXPECT_EQ(shown.label_evidence().files(0).path(), "calc.py");
  EXPECT_EQ(shown.label_evidence().files(0).spans(0).first(), 2u);
  EXPECT_EQ(shown.label_evidence().files(1).path(), "tests/test_calc.py");

  const std::vector<TestReport> reports = Reports();
  v1::UploadCoverageResponse response;
  ASSERT_THAT(calls_->Upload(Header(project_.head(), reports), reports, &response), IsGrpcOk());
  v1::ListIndexedCommitsRequest list;
  list.set_repository("sample");
  list.set_page_size(1);
  v1::ListIndexedCommitsResponse first, second;
  ASSERT_THAT(calls_->List(list, &first), IsGrpcOk());
  ASSERT_EQ(first.commits_size(), 1);
  EXPECT_EQ(first.commits(0).commit(), project_.head());
  list.set_page_token(first.next_page_token());
  ASSERT_THAT(calls_->List(list, &second), IsGrpcOk());
  ASSERT_EQ(second.commits_size(), 1);
  EXPECT_EQ(second.commits(0).commit(), project_.base());
  EXPECT_EQ(second.next_page_token(), "");

  v1::DeleteIndexRequest remove;
  remove.set_repository("sample");
  remove.set_commit(project_.base());
  v1::DeleteIndexResponse removed;
  ASSERT_THAT(calls_->Delete(remove, &removed), IsGrpcOk());
  EXPECT_EQ(removed.segments(), 1u);
  EXPECT_THAT(calls_->Delete(remove, &removed),
              GrpcStatusIs(grpc::StatusCode::NOT_FOUND, HasSubstr(project_.base())));
  EXPECT_EQ(calls_->IndexedCommits(), 1);
  EXPECT_FALSE(UploadBase(Reports()).already_stored()) << "deleted evidence can come again";
}

TEST_F(MainJobTest, MissingShardsAreSealedByRequest) {
  const std::vector<TestReport> reports = Reports();
  v1::UploadHeader header = Header(project_.base(), reports);
  header.set_shard_count(2);
  v1::UploadCoverageResponse stored;
  ASSERT_THAT(calls_->Upload(header, reports, &stored), IsGrpcOk());
  EXPECT_EQ(stored.state(), "building");
  v1::SelectTestsResponse answer;
  ASSERT_THAT(calls_->Select(SelectRequest(project_.head()), &answer), IsGrpcOk());
  EXPECT_EQ(answer.fallback().code(), v1::FALLBACK_CODE_NO_INDEX);

  v1::SealIndexRequest seal;
  seal.set_repository("sample");
  seal.set_commit(project_.base());
  seal.mutable_job()->set_name("unit");
  v1::SealIndexResponse sealed;
  ASSERT_THAT(calls_->Seal(seal, &sealed), IsGrpcOk());
  EXPECT_THAT(sealed.segment_ids(), ElementsAre(stored.segment_id()));
  // The missing shard's labels are not known: an answer about "all" labels says so.
  ASSERT_THAT(calls_->Select(SelectRequest(project_.head()), &answer), IsGrpcOk());
  EXPECT_THAT(answer.fallback().message(), HasSubstr("send the labels"));
  v1::SelectTestsRequest named = SelectRequest(project_.head());
  named.mutable_requested()->add_labels("of the missing shard");
  ASSERT_THAT(calls_->Select(named, &answer), IsGrpcOk());
  EXPECT_FALSE(answer.has_fallback());
}

TEST_F(MainJobTest, WhatWasStoredOutlivesTheServer) {
  const v1::UploadCoverageResponse stored = UploadBase(Reports());
  v1::SelectTestsResponse before, after;
  ASSERT_THAT(calls_->Select(SelectRequest(project_.head()), &before), IsGrpcOk());
  const ProcessEnd end = server_->Terminate();
  EXPECT_EQ(end.exit_status, 0) << end.log;
  EXPECT_EQ(end.output, "") << "one line on standard output, and no more";
  StartServer();
  ASSERT_THAT(calls_->Select(SelectRequest(project_.head()), &after), IsGrpcOk());
  EXPECT_EQ(after.SerializeAsString(), before.SerializeAsString());
  EXPECT_TRUE(UploadBase(Reports()).already_stored());
  v1::GetUploadStatusResponse status;
  ASSERT_THAT(calls_->UploadStatus(Header(project_.base(), Reports()), &status), IsGrpcOk());
  EXPECT_TRUE(status.finished());
  EXPECT_EQ(status.result().segment_id(), stored.segment_id());
}

TEST_F(MainJobTest, MetricsTellWhatHappened) {
  UploadBase(Reports());
  v1::SelectTestsResponse answer;
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(calls_->Select(SelectRequest(project_.head()), &answer), IsGrpcOk());
  }
  const std::string text = HttpGet(server_->metrics_address(), "/metrics");
  for (const MetricSpec& spec : MetricTable()) {
    if (spec.StartsWithFirstValue()) continue;
    EXPECT_THAT(text, HasSubstr("# TYPE " + std::string(spec.name) + " "));
  }
  for (const char* line : {
           "testselect_selections_total{fallback=\"NONE\",outcome=\"computed\"} 1\n",
           "testselect_selections_total{fallback=\"NONE\",outcome=\"repeated\"} 2\n",
           "testselect_selection_labels_total{list=\"present_diff\"} 3\n",
           "testselect_selection_labels_total{list=\"skip\"} 3\n",
           "testselect_uploads_total{format=\"coveragepy-sqlite\",result=\"stored\"} 1\n",
           "testselect_upload_records_total{kind=\"pairs\"} 4\n",
           "testselect_store_segments{state=\"sealed\"} 1\n",
           "testselect_store_up 1\n",
           "testselect_index_age_commits_count 1\n",
           "testselect_rpc_total{code=\"OK\",method=\"SelectTests\"} 3\n",
           "testselect_spool_bytes 0\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

}  // namespace
}  // namespace testselect
