#include "server/rpc/health_probe.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(60);

// A server with nothing but its health.
class HealthProbeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    // Health alone is not enough for gRPC to serve anything.
    builder.RegisterCallbackGenericService(&other_methods_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    config_.listen = absl::StrCat("127.0.0.1:", port);
  }

  grpc::CallbackGenericService other_methods_;
  std::unique_ptr<grpc::Server> server_;
  ServerConfig config_;
};

TEST_F(HealthProbeTest, IsOkWhereTheServerServes) {
  server_->GetHealthCheckService()->SetServingStatus(true);
  const absl::Status health = ProbeHealth(config_, kLong);
  EXPECT_TRUE(health.ok()) << health;
}

TEST_F(HealthProbeTest, SaysThatTheServerIsNotServing) {
  server_->GetHealthCheckService()->SetServingStatus(false);
  const absl::Status health = ProbeHealth(config_, kLong);
  EXPECT_TRUE(absl::IsUnavailable(health)) << health;
  EXPECT_THAT(std::string(health.message()), HasSubstr("is not serving"));
}

TEST_F(HealthProbeTest, SaysWhereNobodyAnswers) {
  server_->Shutdown();
  server_->Wait();
  const absl::Status health = ProbeHealth(config_, kLong);
  EXPECT_TRUE(absl::IsUnavailable(health)) << health;
  EXPECT_THAT(std::string(health.message()), HasSubstr(config_.listen));
}

TEST(ProbeAddressTest, AsksThisMachine) {
  struct Case {
    std::string listen, want;  // want is empty: refused
  };
  for (const Case& c :
       {Case{"127.0.0.1:7600", "127.0.0.1:7600"}, Case{"0.0.0.0:7600", "127.0.0.1:7600"},
        Case{"[::]:7600", "[::1]:7600"}, Case{"ci.example:7600", "ci.example:7600"},
        Case{"unix:/run/ts.sock", "unix:/run/ts.sock"}, Case{"127.0.0.1:0", ""}, Case{"", ""}}) {
    const absl::StatusOr<std::string> address = ProbeAddress(c.listen);
    if (c.want.empty()) {
      EXPECT_TRUE(absl::IsInvalidArgument(address.status())) << c.listen;
    } else {
      ASSERT_TRUE(address.ok()) << c.listen << ": " << address.status();
      EXPECT_EQ(*address, c.want) << c.listen;
    }
  }
}

// The image gives server and health check the same environment.
TEST(CheckHealthTest, ReadsTheSettingsOfTheServer) {
  const auto parsed = ParseConfig({"--check-health"}, {{"TESTSELECT_LISTEN", "0.0.0.0:17600"},
                                                       {"TESTSELECT_INSECURE", "true"}});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->action, ConfigAction::kCheckHealth);
  EXPECT_EQ(parsed->config.listen, "0.0.0.0:17600");
}

}  // namespace
}  // namespace testselect
