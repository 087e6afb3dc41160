#include "client/connection.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "client/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect::client {
namespace {

using ::testing::HasSubstr;

TEST(ConnectionTest, RefusesWhatIsNoAddress) {
  for (const char* server : {"host", "host:", ":80", "host:0", "host:65536", "host:x", "unix:"}) {
    EXPECT_THAT(ConnectRemote({.server = server}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(server)))
        << server;
  }
}

TEST(ConnectionTest, AcceptsAddressesWithoutConnecting) {
  for (const char* server : {"host:1", "127.0.0.1:7600", "[::1]:7600", "unix:/run/x"}) {
    EXPECT_THAT(ConnectRemote({.server = server}), IsOk()) << server;
  }
}

TEST(ConnectionTest, KnowsLoopback) {
  for (const char* server : {"localhost:1", "127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "unix:/x"}) {
    EXPECT_TRUE(IsLoopback(server)) << server;
  }
  for (const char* server : {"10.0.0.1:1", "127.evil.example:1", "localhost.example:1", "h:1"}) {
    EXPECT_FALSE(IsLoopback(server)) << server;
  }
}

TEST(ConnectionTest, TokensDoNotTravelUnprotected) {
  const TemporaryFolder folder;
  const std::string file = folder.Path("token");
  ASSERT_THAT(WriteFileAtomically(file, "secret-secret-secret\n"), IsOk());
  const auto plain = ConnectRemote({.server = "ci.example:7600", .token_file = file});
  EXPECT_THAT(plain, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unprotected")));
  EXPECT_THAT(std::string(plain.status().message()), ::testing::Not(HasSubstr("secret-secret")));
  EXPECT_THAT(ConnectRemote({.server = "127.0.0.1:7600", .token_file = file}), IsOk());
  EXPECT_THAT(ConnectRemote({.server = "ci.example:7600", .tls = true, .token_file = file}),
              IsOk());
  ASSERT_THAT(WriteFileAtomically(file, "\n"), IsOk());
  EXPECT_THAT(ConnectRemote({.server = "127.0.0.1:7600", .token_file = file}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is empty")));
}

// Any certificate: reading the system's takes a while.
constexpr char kCertificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdjCCARugAwIBAgIUIbOHK3F7ZfCMS0coYLcqR92oPi8wCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjIxMzQzNDhaGA8yMTI2MTAyOTEzNDM0\n"
    "OFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFTA\n"
    "d5QR81o5YPeSBDEZKePFX7cTK7Qsvbfw3m2duwkNSHvqk5CX/WuKf8vdXxFc4f41\n"
    "Ya2tjNchvIJRYGixMu+jUzBRMB0GA1UdDgQWBBS7Wz2Hmu/SQOZH8oRg8AAbRCV/\n"
    "ejAfBgNVHSMEGDAWgBS7Wz2Hmu/SQOZH8oRg8AAbRCV/ejAPBgNVHRMBAf8EBTAD\n"
    "AQH/MAoGCCqGSM49BAMCA0kAMEYCIQC5fvm8XGD+cCeYNMLGxHchbKeFbVOvhcxo\n"
    "NWiqrb69pAIhALVfNZf1wPLZLeBpa8Kjn3S+lc0yR+SY4mbWAQKyiyef\n"
    "-----END CERTIFICATE-----\n";

// A server far away, or a busy one, takes its time to shake hands.
TEST(ConnectionTest, WaitsForASlowHandshake) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(listener, generic, length), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, generic, &length), 0);
  const std::string server = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const TemporaryFolder folder;
  const std::string trusted = folder.Path("ca.pem");
  ASSERT_THAT(WriteFileAtomically(trusted, kCertificate), IsOk());
  ASSERT_OK_AND_ASSIGN(const auto connection, ConnectRemote({.server = server, .tls_ca = trusted}));
  const std::shared_ptr<grpc::Channel> channel = connection->channel();
  std::thread connecting([&] {  // somebody has to wait for the channel, or nothing moves
    const auto deadline = absl::ToChronoTime(absl::Now() + absl::Seconds(60));
    grpc_connectivity_state state = channel->GetState(/*try_to_connect=*/true);
    while (state != GRPC_CHANNEL_TRANSIENT_FAILURE &&
           channel->WaitForStateChange(state, deadline)) {
      state = channel->GetState(/*try_to_connect=*/false);
    }
  });
  const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  char hello[4096];
  EXPECT_GT(recv(client, hello, sizeof hello, 0), 0);
  // Nothing more comes, and above all no end of the connection.
  pollfd silent{.fd = client, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&silent, 1, /*timeout_ms=*/1000), 0);
  close(client);
  connecting.join();
  close(listener);
}

TEST(ConnectionTest, NamesTheFlagOfAMissingFile) {
  EXPECT_THAT(ConnectRemote({.server = "h:1", .tls_ca = "/no/such/ca"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("--tls-ca")));
}

}  // namespace
}  // namespace testselect::client
