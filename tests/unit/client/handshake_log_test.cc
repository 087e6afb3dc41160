#include "client/handshake_log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Lines as gRPC 1.51 writes them.
TEST(HandshakeLogTest, SaysWhatTheUserCanDo) {
  const std::string failed = "Handshake failed with fatal error SSL_ERROR_SSL: error:";
  const struct {
    std::string line, want;
  } kCases[] = {
      {failed + "0A000086:SSL routines::certificate verify failed.",
       "the server's certificate is not accepted: it has expired, or --tls-ca"},
      {failed + "0A00010B:SSL routines::wrong version number.", "the server does not speak TLS"},
      {failed + "0A000410:SSL routines::sslv3 alert handshake failure.",
       "the TLS handshake failed: error:0A000410:SSL routines::sslv3 alert handshake failure."},
      {"Invalid private key.", "the key of --tls-key does not belong to"},
      {"Invalid cert chain file.", "--tls-cert holds no usable certificate"},
      {"Could not load any root certificate.", "--tls-ca holds no usable certificate"},
  };
  for (const auto& c : kCases) EXPECT_THAT(ExplainHandshakeLog(c.line), StartsWith(c.want));
  EXPECT_EQ(ExplainHandshakeLog("Handshaker factory creation failed"), "");
  EXPECT_EQ(ExplainHandshakeLog("Fork support is only compatible with epoll"), "");
}

TEST(HandshakeLogTest, TellsTheReasonOnlyWhereTlsIsTheReason) {
  const std::string hung_up = "failed to connect; last error: UNKNOWN: tcp handshaker shutdown";
  EXPECT_EQ(ExplainUnavailable(hung_up, "because"), "because (" + hung_up + ")");
  EXPECT_THAT(ExplainUnavailable(hung_up, ""), HasSubstr("--tls"));
  EXPECT_EQ(ExplainUnavailable("empty address list: ", "because"),
            "because (empty address list: )");
  EXPECT_EQ(ExplainUnavailable("empty address list: ", ""), "empty address list: ");
  EXPECT_EQ(ExplainUnavailable("Connection refused", "because"), "Connection refused");
  // What the call itself knows counts before the log, which may be of another server.
  EXPECT_THAT(ExplainUnavailable("failed to connect to all addresses; last error: UNKNOWN: "
                                 "ipv4:127.0.0.1:1: Ssl handshake failed: SSL_ERROR_SSL: "
                                 "error:0A00010B:SSL routines::wrong version number",
                                 "because"),
              StartsWith("the server does not speak TLS"));
  const std::string closed = "ipv4:127.0.0.1:1: Socket closed";
  EXPECT_THAT(ExplainUnavailable("failed to connect to all addresses; last error: " + closed, ""),
              StartsWith("the server hung up before anything was said"));
  EXPECT_THAT(
      ExplainUnavailable("connections to all backends failing; last error: UNKNOWN: " + closed, ""),
      StartsWith("the server hung up before anything was said"));
  EXPECT_EQ(ExplainUnavailable(closed, ""), closed);  // in the middle of a call
}

}  // namespace
}  // namespace testselect::client
