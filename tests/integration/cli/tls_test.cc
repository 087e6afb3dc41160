// The command against a testselectd that speaks TLS, with certificates made by the openssl command.
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Words = std::vector<std::string>;

class TlsTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    Authority("ca");
    Sign("server", "20200101000000Z", "20490101000000Z");
  }

  std::string File(const std::string& name) const { return folder_ + "/" + name; }
  std::string InFolder(const std::string& command) {
    return Shell("cd '" + folder_ + "' && " + command + " 2>&1");
  }
  // Makes NAME.pem and NAME.key, an authority that signs itself.
  void Authority(const std::string& name) {
    InFolder("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " +
             name + ".key -out " + name + ".pem -days 9999 -subj /CN=" + name);
  }
  // Makes NAME.pem and NAME.key, signed by `ca`, for this machine, for the time given.
  void Sign(const std::string& name, const std::string& from, const std::string& to) {
    InFolder(
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + name +
        ".key -out " + name + ".csr -subj /CN=" + name +
        " && mkdir -p signed && : > signed/index"
        " && echo 'subjectAltName=IP:127.0.0.1' > signed/for"
        " && printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=signed/index\\nnew_certs_dir=signed\\n"
        "rand_serial=yes\\npolicy=p\\ndefault_md=sha256\\n[p]\\ncommonName=supplied\\n'"
        " > signed/conf && openssl ca -batch -notext -config signed/conf -cert ca.pem -keyfile"
        " ca.key -in " +
        name + ".csr -out " + name + ".pem -startdate " + from + " -enddate " + to +
        " -extfile signed/for");
  }

  void Serve(const Words& flags) {
    Words words = {"serve", "--listen", "127.0.0.1:0", "--metrics-listen", ""};
    words.insert(words.end(), flags.begin(), flags.end());
    server_ = Start(words);
    ASSERT_TRUE(server_->WaitForOutput("\n")) << server_->Wait().err;
    const std::string line = server_->Output();
    const size_t at = line.find("grpc=");
    ASSERT_NE(at, std::string::npos) << line;
    address_ = line.substr(at + 5, line.find_first_of(" \n", at) - at - 5);
  }
  void ServeTls(const Words& more = {}) {
    Words words = {"--tls-cert", File("server.pem"), "--tls-key", File("server.key")};
    words.insert(words.end(), more.begin(), more.end());
    Serve(words);
  }
  Finished Remote(Words words, const Words& more = {}) {
    words.insert(words.end(), {"--server", address_, "--repo", "local"});
    words.insert(words.end(), more.begin(), more.end());
    return Run(words);
  }
  // What `index list` says where the server cannot be talked to.
  std::string Refusal(const Words& flags) {
    const Finished refused = Remote({"index", "list"}, flags);
    EXPECT_EQ(refused.exit_code, 4) << refused.err;
    EXPECT_EQ(refused.out, "");
    // gRPC's own lines, with names of its source files, are not for users.
    EXPECT_THAT(refused.err, Not(HasSubstr(".cc")));
    return refused.err;
  }

  std::unique_ptr<Process> server_;
  std::string address_;
};

TEST_F(TlsTest, UploadsAndSelects) {
  ServeTls();
  const Words trust = {"--tls-ca", File("ca.pem")};
  const Finished upload = Remote({"upload", "--commit", base_, coverage_}, trust);
  ASSERT_EQ(upload.exit_code, 0) << upload.err;
  const Finished select = Remote(SelectArguments({"--format", "list"}), trust);
  EXPECT_EQ(select.out, std::string(kAdd) + "\n") << select.err;
}

TEST_F(TlsTest, AServerThatIsNotTrustedIsNotTalkedTo) {
  Authority("other");
  ServeTls();
  const auto not_accepted = HasSubstr("the server's certificate is not accepted");
  EXPECT_THAT(Refusal({"--tls-ca", File("other.pem")}), AllOf(not_accepted, HasSubstr("--tls-ca")));
  EXPECT_THAT(Refusal({"--tls"}), not_accepted);
  // A selection falls back to everything, and says why.
  const Finished select = Remote(SelectArguments(), {"--tls-ca", File("other.pem")});
  EXPECT_EQ(select.exit_code, 0) << select.err;
  EXPECT_EQ(std::string_view(Json(select.out)["fallback"]["code"]), "UNAVAILABLE");
  EXPECT_THAT(Strings(Json(select.out)["run"]), ElementsAre(kMul, kAdd));
  EXPECT_THAT(select.err, not_accepted);
}

TEST_F(TlsTest, AnExpiredCertificateIsNotAccepted) {
  Sign("server", "20200101000000Z", "20200102000000Z");
  ServeTls();
  EXPECT_THAT(Refusal({"--tls-ca", File("ca.pem")}), HasSubstr("it has expired, or"));
}

TEST_F(TlsTest, OneSideWithoutTls) {
  ServeTls();
  EXPECT_THAT(Refusal({}), AllOf(HasSubstr("hung up"), HasSubstr("--tls-ca FILE")));
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->Wait().exit_code, 0);
  Serve({});
  EXPECT_THAT(Refusal({"--tls-ca", File("ca.pem")}), HasSubstr("the server does not speak TLS"));
}

TEST_F(TlsTest, ClientsShowTheirCertificates) {
  Sign("client", "20200101000000Z", "20490101000000Z");
  Authority("stranger");
  ServeTls({"--tls-client-ca", File("ca.pem")});
  const auto as = [&](const std::string& name, const std::string& key) {
    return Words{"--tls-ca",          File("ca.pem"), "--tls-cert",
                 File(name + ".pem"), "--tls-key",    File(key + ".key")};
  };
  const Finished known = Remote({"upload", "--commit", base_, coverage_}, as("client", "client"));
  EXPECT_EQ(known.exit_code, 0) << known.err;
  const auto asks = HasSubstr("--tls-cert");
  EXPECT_THAT(Refusal({"--tls-ca", File("ca.pem")}), asks);
  EXPECT_THAT(Refusal(as("stranger", "stranger")), asks);
  EXPECT_THAT(Refusal(as("client", "stranger")),
              HasSubstr("the key of --tls-key does not belong to the certificate of --tls-cert"));
}

TEST_F(TlsTest, TokensTravelOverTls) {
  WriteFile("../tokens", "a-token-for-tests-0123\n");
  WriteFile("../wrong", "another-token-0123456\n");
  ServeTls({"--token-file", File("tokens")});
  const Words upload = {"upload", "--commit", base_, coverage_, "--tls-ca", File("ca.pem")};
  for (const Words& token : {Words{}, Words{"--token-file", File("wrong")}}) {
    const Finished refused = Remote(upload, token);
    EXPECT_EQ(refused.exit_code, 7) << refused.err;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("authorization"), Not(HasSubstr("another-token"))));
  }
  const Finished stored = Remote(upload, {"--token-file", File("tokens")});
  EXPECT_EQ(stored.exit_code, 0) << stored.err;
}

TEST_F(TlsTest, FilesThatAreNoUseAreNamed) {
  const auto client = [&](const Words& flags) {
    address_ = "127.0.0.1:1";
    const Finished end = Remote({"index", "list"}, flags);
    EXPECT_EQ(end.exit_code, 2);
    return end.err;
  };
  EXPECT_THAT(client({"--tls-ca", File("server.key")}),
              HasSubstr("--tls-ca: " + File("server.key") + " is no PEM file with a CERTIFICATE"));
  EXPECT_THAT(client({"--tls-cert", File("server.pem"), "--tls-key", File("server.pem")}),
              HasSubstr("--tls-key: " + File("server.pem") + " is no PEM file with a PRIVATE KEY"));
  const auto server = [&](const std::string& certificate, const std::string& key) {
    const Finished end = Run({"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "",
                              "--tls-cert", File(certificate), "--tls-key", File(key)});
    EXPECT_EQ(end.exit_code, 1);
    return end.err;
  };
  EXPECT_THAT(server("server.key", "server.pem"), HasSubstr("is no PEM file with a CERTIFICATE"));
  EXPECT_THAT(server("server.pem", "server.pem"), HasSubstr("is no PEM file with a PRIVATE KEY"));
  EXPECT_THAT(server("absent", "server.pem"), HasSubstr("cannot be read"));
  EXPECT_THAT(server("server.pem", "ca.key"), HasSubstr("tls-key does not belong to tls-cert"));
}

}  // namespace
}  // namespace testselect
