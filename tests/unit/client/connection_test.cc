#include "client/connection.h"

#include <cstdio>
#include <string>

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

TEST(ConnectionTest, NamesTheFlagOfAMissingFile) {
  EXPECT_THAT(ConnectRemote({.server = "h:1", .tls_ca = "/no/such/ca"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("--tls-ca")));
}

}  // namespace
}  // namespace testselect::client
