// The agent between real CI jobs and a real testselectd, both of which may end at any moment.
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"
#include "tests/support/http_call.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class AgentTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    spool_ = folder_ + "/spool";
    // A socket's name stays the same from one server to the next, which a free port does not.
    address_ = "unix:" + folder_ + "/socket";
  }

  void StartServer(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {
        bin_ + "/testselectd", "--listen",        address_,       "--metrics-listen", "",
        "--data-dir",          folder_ + "/data", "--repository", "app=" + repo_};
    words.insert(words.end(), more.begin(), more.end());
    fs::remove(folder_ + "/socket");
    server_ = Process::Start(words, folder_, {});
    ASSERT_TRUE(server_->WaitForOutput("listening")) << server_->Wait().err;
  }
  void StartAgent(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"agent",    "--spool",       spool_,
                                      "--server", address_,        "--retry-longest",
                                      "0.1",      "--http-listen", "127.0.0.1:0"};
    words.insert(words.end(), more.begin(), more.end());
    agent_ = Start(words);
    ASSERT_TRUE(agent_->WaitForOutput("http=")) << agent_->Wait().err;
    ASSERT_TRUE(agent_->WaitForOutput("\n"));
    const std::string line = agent_->Output();
    http_ = line.substr(line.find("http=") + 5);
    http_.pop_back();
  }
  // Puts the first commit's evidence into the spool, as job `job`; the entry's name.
  std::string Put(const std::string& job, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"upload",   "--spool", spool_,  "--repo", "app",
                                      "--commit", base_,     "--job", job,      "--json"};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(coverage_);
    const Finished put = Run(words);
    EXPECT_EQ(put.exit_code, 0) << put.err;
    if (put.exit_code != 0) return "nothing was put";
    return std::string(std::string_view(Json(put.out)["spool_entry"]));
  }
  std::string InSpool(const std::string& path) const { return spool_ + "/" + path; }
  static size_t CountIn(const std::string& folder) {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }
  // Until `holds`; what another process does has no other sign.
  static bool Eventually(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  bool Arrives(const std::string& path) {
    return Eventually([&] { return fs::exists(InSpool(path)); });
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string Get(const std::string& page) const { return HttpCall(http_, "GET", page); }
  bool CountsReach(const std::string& line) const {
    return Eventually([&] { return Get("/metrics").find(line) != std::string::npos; });
  }
  // The jobs of the index, one for each segment.
  std::vector<std::string> IndexedJobs() {
    const Finished list =
        Run({"index", "show", base_, "--server", address_, "--repo", "app", "--json"});
    EXPECT_EQ(list.exit_code, 0) << list.err;
    std::vector<std::string> jobs;
    for (const simdjson::dom::element segment : Json(list.out)["segments"].get_array()) {
      jobs.emplace_back(std::string(std::string_view(segment["job"])));
    }
    std::sort(jobs.begin(), jobs.end());
    return jobs;
  }

  std::string spool_, address_, http_;
  std::unique_ptr<Process> server_, agent_;
};

TEST_F(AgentTest, WhatIsPutBeforeAndWhileItRunsArrives) {
  StartServer();
  const std::string before =
      Put("before", {"--flavor", "os=linux", "--subset", "--branch", "main"});
  StartAgent();
  EXPECT_TRUE(Arrives("done/" + before + "/result.json"));
  const std::string after = Put("after");
  EXPECT_TRUE(Arrives("done/" + after + "/result.json"));
  EXPECT_THAT(IndexedJobs(), ::testing::ElementsAre("after", "before;os=linux"));
  EXPECT_EQ(CountIn(InSpool("incoming")), 0u);
  const auto result = Json(Read(InSpool("done/" + after + "/result.json")));
  EXPECT_EQ(std::string_view(result["state"]), "sealed");
  EXPECT_EQ(uint64_t(result["labels"]), 2u);
  EXPECT_THAT(Get("/healthz"), HasSubstr("200 OK"));
  EXPECT_THAT(Get("/readyz"), HasSubstr("200 OK"));
  // An entry is moved before it is counted.
  EXPECT_TRUE(CountsReach("testselect_agent_uploads_total{result=\"stored\"} 2\n"));
  EXPECT_TRUE(CountsReach("testselect_agent_entries{state=\"uploading\"} 0\n"));
  EXPECT_THAT(Get("/metrics"), AllOf(HasSubstr("testselect_agent_entries{state=\"waiting\"} 0\n"),
                                     HasSubstr("testselect_agent_entries{state=\"done\"} 2\n"),
                                     HasSubstr("testselect_agent_server_up 1\n")));
  agent_->Signal(SIGTERM);
  EXPECT_EQ(agent_->Wait().exit_code, 0);
}

TEST_F(AgentTest, WhatIsRefusedIsKeptWithItsReason) {
  StartServer();
  StartAgent();
  std::ofstream(folder_ + "/no-report") << "nothing that is known\n";
  coverage_ = folder_ + "/no-report";
  const std::string entry = Put("unit");
  ASSERT_TRUE(Arrives("refused/" + entry + "/reason.json"));
  const auto reason = Json(Read(InSpool("refused/" + entry + "/reason.json")));
  EXPECT_EQ(std::string_view(reason["code"]), "INVALID_ARGUMENT");
  EXPECT_THAT(std::string(std::string_view(reason["message"])), HasSubstr("no-report"));
  EXPECT_EQ(Read(InSpool("refused/" + entry + "/1-no-report")), "nothing that is known\n");
  EXPECT_TRUE(CountsReach("testselect_agent_uploads_total{result=\"refused\"} 1\n"));
}

TEST_F(AgentTest, AManifestThatComesLastIsSeenAndAWrongOneNamed) {
  StartServer();
  StartAgent();
  fs::create_directory(InSpool("incoming/by-hand"));
  ASSERT_TRUE(CountsReach("state=\"unfinished\"} 1\n"));
  fs::copy(coverage_, InSpool("incoming/by-hand/cov"));
  std::ofstream(InSpool("incoming/by-hand/new"))
      << R"({"version": 1, "repository": "app", "commit": ")" << base_
      << R"(", "job": "hand", "path_root": ")" << repo_ << R"(", "reports": ["cov"]})";
  fs::rename(InSpool("incoming/by-hand/new"), InSpool("incoming/by-hand/manifest.json"));
  EXPECT_TRUE(Arrives("done/by-hand/result.json"));
  fs::create_directory(InSpool("tmp/wrong"));
  std::ofstream(InSpool("tmp/wrong/manifest.json"))
      << R"({"version": 1, "repository": "app", "commit": "HEAD", "reports": ["cov"]})";
  fs::rename(InSpool("tmp/wrong"), InSpool("incoming/wrong"));
  ASSERT_TRUE(Arrives("refused/wrong/reason.json"));
  EXPECT_THAT(Read(InSpool("refused/wrong/reason.json")),
              HasSubstr("manifest.commit: 'HEAD' is no full commit id"));
  // Links may lead where the agent may read and the job may not.
  fs::create_directory(InSpool("tmp/link"));
  fs::create_symlink(coverage_, InSpool("tmp/link/cov"));
  std::ofstream(InSpool("tmp/link/manifest.json"))
      << R"({"version": 1, "repository": "app", "commit": ")" << base_
      << R"(", "reports": ["cov"]})";
  fs::rename(InSpool("tmp/link"), InSpool("incoming/link"));
  ASSERT_TRUE(Arrives("refused/link/reason.json"));
  EXPECT_THAT(Read(InSpool("refused/link/reason.json")), HasSubstr("cov: not a regular file"));
}

TEST_F(AgentTest, AnEntryWaitsForTheServerAndForItsToken) {
  StartAgent();
  const std::string entry = Put("unit");
  EXPECT_THAT(Get("/readyz"), HasSubstr("503"));
  EXPECT_THAT(Get("/healthz"), HasSubstr("200 OK"));
  std::ofstream(folder_ + "/tokens") << "a-token-for-tests-0123\n";
  StartServer({"--token-file", folder_ + "/tokens"});
  ASSERT_TRUE(Eventually(
      [&] { return Get("/metrics").find("result=\"retried\"} 0\n") == std::string::npos; }));
  EXPECT_THAT(Get("/readyz"), AllOf(HasSubstr("503"), HasSubstr("permission: ")));
  EXPECT_TRUE(fs::exists(InSpool("incoming/" + entry)));  // the job's evidence is not to blame
  agent_->Signal(SIGTERM);
  EXPECT_EQ(agent_->Wait().exit_code, 0);
  StartAgent({"--token-file", folder_ + "/tokens"});
  EXPECT_TRUE(Arrives("done/" + entry + "/result.json"));
}

TEST_F(AgentTest, WhatIsUnderWayAtSigtermGoesOnAtTheNextStart) {
  StartServer();
  StartAgent({"--grace", "0"});
  ASSERT_TRUE(CountsReach("testselect_agent_server_up 1\n"));
  server_->Signal(SIGSTOP);  // it takes calls and answers none
  const std::string entry = Put("unit");
  ASSERT_TRUE(CountsReach("testselect_agent_entries{state=\"uploading\"} 1\n"));
  agent_->Signal(SIGTERM);
  EXPECT_EQ(agent_->Wait().exit_code, 0);
  EXPECT_TRUE(fs::exists(InSpool("incoming/" + entry + "/manifest.json")));
  server_->Signal(SIGCONT);
  StartAgent();
  EXPECT_TRUE(Arrives("done/" + entry + "/result.json"));
  EXPECT_THAT(IndexedJobs(), ::testing::ElementsAre("unit"));
}

// kill -9 of either side, in turn, while entries keep coming.
TEST_F(AgentTest, KillsOfBothSidesLoseAndDoubleNothing) {
  constexpr int kRounds = 6;
  StartServer();
  StartAgent();
  std::vector<std::string> jobs;
  for (int round = 0; round < kRounds; ++round) {
    const size_t done = CountIn(InSpool("done"));
    for (int i = 0; i < 4; ++i) {
      jobs.push_back("job-" + std::to_string(round) + "-" + std::to_string(i));
      Put(jobs.back());
    }
    // In the midst of them: some are done, others wait or are under way.
    ASSERT_TRUE(Eventually([&] { return CountIn(InSpool("done")) > done; }));
    if (round % 3 != 1) {
      server_->Signal(SIGKILL);
      server_->Wait();
    }
    if (round % 3 != 0) {
      agent_->Signal(SIGKILL);
      EXPECT_EQ(agent_->Wait().exit_code, 128 + SIGKILL);
      StartAgent();
    }
    if (round % 3 != 1) StartServer();
  }
  EXPECT_TRUE(Eventually([&] { return CountIn(InSpool("done")) == jobs.size(); }));
  EXPECT_EQ(CountIn(InSpool("incoming")), 0u);
  EXPECT_EQ(CountIn(InSpool("refused")), 0u);
  std::sort(jobs.begin(), jobs.end());
  EXPECT_EQ(IndexedJobs(), jobs);
}

TEST_F(AgentTest, MistakesAreTold) {
  const Finished no_server = Run({"agent", "--spool", spool_});
  EXPECT_EQ(no_server.exit_code, 2);
  EXPECT_THAT(no_server.err, HasSubstr("--server"));
  const Finished open =
      Run({"agent", "--spool", spool_, "--server", address_, "--http-listen", "0.0.0.0:0"});
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_THAT(open.err, HasSubstr("--insecure"));
  StartAgent();
  const Finished second =
      Run({"agent", "--spool", spool_, "--server", address_, "--http-listen", ""});
  EXPECT_EQ(second.exit_code, 4);
  EXPECT_THAT(second.err, HasSubstr("another agent"));
  const Finished unnamed = Run({"upload", "--spool", spool_, "--commit", base_, coverage_});
  EXPECT_EQ(unnamed.exit_code, 2);
  EXPECT_THAT(unnamed.err, HasSubstr("--repo: with --spool give the NAME"));
}

}  // namespace
}  // namespace testselect
