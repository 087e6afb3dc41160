// Several machines behind one name, as behind a headless service of Kubernetes.
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "client/connection.h"
#include "client/files.h"
#include "client/selection_client.h"
#include "client/upload_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"
#include "testselect/v1/ingest.grpc.pb.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect::client {
namespace {

class FakeMachine final : public v1::TestSelectionService::Service {
 public:
  grpc::Status SelectTests(grpc::ServerContext*, const v1::SelectTestsRequest*,
                           v1::SelectTestsResponse* response) override {
    ++calls;
    if (busy) return {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many wait"};
    response->set_selection_id("s");
    return grpc::Status::OK;
  }

  std::atomic<int> calls = 0;
  std::atomic<bool> busy = false;
};

// Keeps what arrives, and breaks the stream after each megabyte as often as it is told to.
class FakeIndexer final : public v1::CoverageIngestService::Service {
 public:
  grpc::Status UploadCoverage(grpc::ServerContext*,
                              grpc::ServerReader<v1::UploadCoverageRequest>* reader,
                              v1::UploadCoverageResponse* response) override {
    for (v1::UploadCoverageRequest part; reader->Read(&part);) {
      if (!part.has_chunk()) continue;
      if (part.chunk().offset() != held.size()) {
        return {grpc::StatusCode::INVALID_ARGUMENT, "chunk.offset='1': the server holds less"};
      }
      held += part.chunk().data();
      if (breaks > 0) {
        --breaks;
        return {grpc::StatusCode::UNAVAILABLE, "broken"};
      }
    }
    response->set_segment_id("segment");
    return grpc::Status::OK;
  }
  grpc::Status GetUploadStatus(grpc::ServerContext*, const v1::GetUploadStatusRequest*,
                               v1::GetUploadStatusResponse* response) override {
    if (held.empty()) return {grpc::StatusCode::NOT_FOUND, "unknown"};
    response->add_received(held.size() + elsewhere);
    elsewhere = 0;
    return grpc::Status::OK;
  }

  std::string held;
  int breaks = 5;
  uint64_t elsewhere = 0;  // what the machine that is asked next holds more than this one
};

template <typename Service>
class Machines {
 public:
  explicit Machines(int count) : services_(static_cast<size_t>(count)) {
    address_ = "ipv4:";
    for (Service& service : services_) {
      grpc::ServerBuilder builder;
      int port = 0;
      builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
      builder.RegisterService(&service);
      servers_.push_back(builder.BuildAndStart());
      address_ += (servers_.size() > 1 ? ",127.0.0.1:" : "127.0.0.1:") + std::to_string(port);
    }
  }
  ~Machines() {
    for (auto& server : servers_) server->Shutdown(std::chrono::system_clock::now());
  }
  std::unique_ptr<Connection> Connect() const {
    auto connection = ConnectRemote({.server = address_});
    EXPECT_THAT(connection, IsOk());
    return *std::move(connection);
  }
  Service& operator[](size_t i) { return services_[i]; }

 private:
  std::vector<Service> services_;
  std::vector<std::unique_ptr<grpc::Server>> servers_;
  std::string address_;
};

absl::Status SelectOnce(const Connection& connection) {
  v1::SelectTestsRequest request;
  request.set_base("b");
  request.set_head("h");
  return Select(connection, request, std::nullopt, absl::Now() + absl::Seconds(60)).status();
}

TEST(SeveralServersTest, SelectionsTakeTurnsAmongTheMachines) {
  Machines<FakeMachine> machines(3);
  const auto connection = machines.Connect();
  const auto all_were_asked = [&] {
    return machines[0].calls > 0 && machines[1].calls > 0 && machines[2].calls > 0;
  };
  const absl::Time until = absl::Now() + absl::Seconds(30);
  while (!all_were_asked() && absl::Now() < until) {
    ASSERT_THAT(SelectOnce(*connection), IsOk());
  }
  EXPECT_TRUE(all_were_asked()) << machines[0].calls << " " << machines[1].calls << " "
                                << machines[2].calls;
}

TEST(SeveralServersTest, WhatABusyMachineTurnsAwayGoesToAnother) {
  Machines<FakeMachine> machines(2);
  machines[0].busy = true;
  EXPECT_THAT(SelectOnce(*machines.Connect()), IsOk());
  EXPECT_EQ(machines[1].calls, 1);
}

TEST(SeveralServersTest, AnUploadGoesOnWithTheMachineThatHasItsFirstPart) {
  const TemporaryFolder folder;
  const std::string content(8'000'000, 'x');
  ASSERT_THAT(WriteFileAtomically(folder.Path("a"), content), IsOk());
  ASSERT_OK_AND_ASSIGN(const PreparedReports reports,
                       PreparedReports::Open({{folder.Path("a"), "", "", false}}));
  Machines<FakeIndexer> machines(2);
  const auto connection = machines.Connect();
  EXPECT_THAT(Upload(*connection, v1::UploadHeader(), reports, absl::Now() + absl::Seconds(60),
                     UploadProgress()),
              IsOk());
  EXPECT_EQ(machines[0].held.size() + machines[1].held.size(), content.size());
}

// As behind a proxy that balances single calls.
TEST(SeveralServersTest, AnUploadAsksAgainWhereAnotherMachineToldTheOffsets) {
  const TemporaryFolder folder;
  const std::string content(3'000'000, 'x');
  ASSERT_THAT(WriteFileAtomically(folder.Path("a"), content), IsOk());
  ASSERT_OK_AND_ASSIGN(const PreparedReports reports,
                       PreparedReports::Open({{folder.Path("a"), "", "", false}}));
  Machines<FakeIndexer> machines(1);
  machines[0].breaks = 1;
  machines[0].elsewhere = 1'000'000;
  EXPECT_THAT(Upload(*machines.Connect(), v1::UploadHeader(), reports,
                     absl::Now() + absl::Seconds(60), UploadProgress()),
              IsOk());
  EXPECT_EQ(machines[0].held, content);
}

}  // namespace
}  // namespace testselect::client
