// A gRPC server on a free loopback port for services that the tests write to misbehave on purpose:
// broken streams and lost servers are what the real service is built not to show.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <utility>

#include "client/connection.h"
#include "gtest/gtest.h"

namespace testselect::client {

class ServiceFixture : public ::testing::Test {
 protected:
  void Serve(grpc::Service* service) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.SetMaxReceiveMessageSize(-1);
    builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    auto connection = ConnectRemote({.server = "127.0.0.1:" + std::to_string(port)});
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = *std::move(connection);
  }
  void TearDown() override {
    if (server_ != nullptr) server_->Shutdown();
  }
  const Connection& connection() const { return *connection_; }

 private:
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace testselect::client
