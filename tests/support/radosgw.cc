#include "tests/support/radosgw.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "storage/s3_request.h"
#include "tests/support/loopback.h"

namespace testselect {
namespace {

bool Listens(int port) {
  const int connection = ConnectToLoopback(port);
  if (connection >= 0) close(connection);
  return connection >= 0;
}

}  // namespace

std::optional<Radosgw> Radosgw::Find() {
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  std::ifstream file(program.parent_path().parent_path() / "radosgw/ready");
  std::map<std::string, std::string> values;
  for (std::string line; std::getline(file, line);) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(line, absl::MaxSplits('=', 1));
    values.insert(pair);
  }
  if (values.empty()) return std::nullopt;
  return Radosgw{values["CONF"], values["HTTP"],       values["HTTPS"],
                 values["CA"],   values["ACCESS_KEY"], values["SECRET_KEY"]};
}

ObjectStoreOptions Radosgw::Options(const std::string& credentials_file,
                                    const std::string& bucket) const {
  std::ofstream(credentials_file) << "[default]\naws_access_key_id = " << access_key
                                  << "\naws_secret_access_key = " << secret_key << "\n";
  ObjectStoreOptions options;
  options.url = absl::StrCat("s3://", bucket);
  options.endpoint = http;
  options.region = "us-east-1";
  options.path_style = true;
  options.credentials_file = credentials_file;
  options.timeout = absl::Seconds(60);  // the machine may be busy
  return options;
}

void Radosgw::MakeBucket(const std::string& bucket) const {
  S3CredentialSources sources;
  sources.environment = {{"AWS_ACCESS_KEY_ID", access_key}, {"AWS_SECRET_ACCESS_KEY", secret_key}};
  S3Requests requests({bucket, "us-east-1", http, true, bucket}, sources, "", absl::Seconds(30));
  S3Request request;
  request.method = "PUT";
  request.max_body_bytes = 1 << 20;
  const auto answer = requests.Send(request, "making a bucket");
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_LT(answer->response.status, 300) << requests.ErrorOf(answer->response, bucket);
}

OwnRadosgw::OwnRadosgw(const Radosgw& radosgw) : configuration_(radosgw.configuration) {
  close(ListenOnLoopback(&port_));  // free now, and very likely still when radosgw takes it
  http_ = absl::StrCat("http://127.0.0.1:", port_);
  Start();
}

void OwnRadosgw::Start() {
  const std::string frontends =
      absl::StrCat("--rgw-frontends=beast endpoint=127.0.0.1:", port_, " tcp_nodelay=1");
  const char* const argv[] = {
      "radosgw",     "-c",          configuration_.c_str(), "-n",   "client.rgw", "--foreground",
      "--pid-file=", "--log-file=", frontends.c_str(),      nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  EXPECT_EQ(posix_spawnp(&pid_, argv[0], &actions, nullptr, const_cast<char**>(argv), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  const absl::Time give_up = absl::Now() + absl::Seconds(60);
  while (!Listens(port_) && absl::Now() < give_up && waitpid(pid_, nullptr, WNOHANG) == 0) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_TRUE(Listens(port_)) << "radosgw does not listen on " << http_;
}

OwnRadosgw::~OwnRadosgw() { End(); }

void OwnRadosgw::Signal(int number) const { EXPECT_EQ(kill(pid_, number), 0); }

void OwnRadosgw::End() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace testselect
