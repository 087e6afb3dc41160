#include "tests/unit/git/git_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/git/open_repository.h"
#include "tests/support/status_matchers.h"

namespace testselect {

std::string Shell(const std::string& command) {
  // Nothing of the user's own configuration, and no question on the terminal.
  const std::string all = absl::StrCat(
      "export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0 "
      "GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@localhost GIT_COMMITTER_NAME=t "
      "GIT_COMMITTER_EMAIL=t@localhost LC_ALL=C; ",
      command);
  std::string out;
  FILE* pipe = popen(all.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return out;
  }
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) out.append(buffer, n);
  const int status = pclose(pipe);
  EXPECT_EQ(status, 0) << command << "\n" << out;
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

Repo::Repo(std::string path) : path_(std::move(path)) {
  Shell(absl::StrCat("git init -q -b main '", path_, "'"));
}

std::string Repo::Git(const std::string& arguments) const {
  return Shell(absl::StrCat("cd '", path_, "' && git ", arguments));
}

void Repo::Write(const std::string& file, const std::string& content) const {
  const std::filesystem::path full = std::filesystem::path(path_) / file;
  std::filesystem::create_directories(full.parent_path());
  std::ofstream out(full, std::ios::binary);
  out << content;
  ASSERT_TRUE(out.good()) << full;
}

ObjectId Repo::Commit(const std::string& message, int64_t seconds) {
  clock_ = seconds != 0 ? seconds : clock_ + 60;
  const std::string when = absl::StrCat("'", clock_, " +0000'");
  Shell(absl::StrCat("cd '", path_, "' && git add -A && GIT_AUTHOR_DATE=", when,
                     " GIT_COMMITTER_DATE=", when, " git commit -q --allow-empty -m '", message,
                     "'"));
  return Id("HEAD");
}

ObjectId Repo::Id(const std::string& rev) const {
  absl::StatusOr<ObjectId> id = ObjectId::FromHex("rev", Git("rev-parse '" + rev + "'"));
  EXPECT_THAT(id, IsOk()) << rev;
  return id.value_or(ObjectId());
}

GitServer::GitServer(std::string root) : root_(std::move(root)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(bind(listener_, generic, length), 0);
  EXPECT_EQ(listen(listener_, 16), 0);
  EXPECT_EQ(getsockname(listener_, generic, &length), 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

GitServer::~GitServer() {
  shutdown(listener_, SHUT_RDWR);  // ends accept
  thread_.join();
  close(listener_);
}

std::string GitServer::Url(const std::string& repository) const {
  return absl::StrCat("git://127.0.0.1:", port_, "/", repository);
}

void GitServer::Serve() {
  const std::string base = "--base-path=" + root_;
  const char* argv[] = {"git", "daemon", "--inetd", "--export-all", base.c_str(), nullptr};
  std::vector<pid_t> daemons;
  for (int socket; (socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
    pid_t daemon = 0;
    EXPECT_EQ(posix_spawnp(&daemon, "git", &actions, nullptr, const_cast<char**>(argv), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    close(socket);
    if (daemon > 0) daemons.push_back(daemon);
  }
  for (pid_t daemon : daemons) waitpid(daemon, nullptr, 0);  // they end with their connections
}

HttpGitServer::HttpGitServer(const std::string& root) {
  const char* const source = std::getenv("TESTSELECT_SOURCE_DIR");
  const std::string script =
      absl::StrCat(source == nullptr ? "." : source, "/tests/unit/git/http_git_server.py");
  int in[2], out[2];
  EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const char* argv[] = {"python3", "-B", script.c_str(), root.c_str(), nullptr};
  EXPECT_EQ(posix_spawnp(&pid_, "python3", &actions, nullptr, const_cast<char**>(argv), environ),
            0);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  stdin_ = in[1];
  std::string line;
  for (char c; read(out[0], &c, 1) == 1 && c != '\n';) line.push_back(c);
  close(out[0]);
  EXPECT_TRUE(absl::SimpleAtoi(line, &port_)) << script << " printed '" << line << "'";
}

HttpGitServer::~HttpGitServer() {
  close(stdin_);  // it ends with its standard input
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

std::string HttpGitServer::Url(const std::string& path, const std::string& user) const {
  return absl::StrCat("http://", user, "127.0.0.1:", port_, "/", path);
}

GitTest::GitTest() {
  std::string pattern = (std::filesystem::temp_directory_path() / "testselect_git_XXXXXX").string();
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  root_ = pattern;
}

GitTest::~GitTest() {
  std::error_code error;
  std::filesystem::remove_all(root_, error);
  EXPECT_FALSE(error) << error.message();
}

std::shared_ptr<GitRepository> GitTest::Open(const std::string& path) const {
  auto repository = OpenGitRepository(path);
  EXPECT_THAT(repository, IsOk());
  return repository.value_or(nullptr);
}

namespace {

absl::string_view TypeName(FileType type) {
  switch (type) {
    case FileType::kNone:
      return "none";
    case FileType::kRegular:
      return "file";
    case FileType::kExecutable:
      return "executable";
    case FileType::kSymlink:
      return "link";
    case FileType::kSubmodule:
      return "submodule";
  }
  return "?";
}

}  // namespace

std::vector<std::string> Describe(const std::vector<FileChange>& changes) {
  std::vector<std::string> lines;
  for (const FileChange& c : changes) {
    std::string line(1, "ADMRT"[static_cast<int>(c.kind)]);
    absl::StrAppend(&line, " ", c.old_path.empty() ? c.new_path : c.old_path);
    if (c.kind == ChangeKind::kRenamed) {
      absl::StrAppend(&line, " -> ", c.new_path);
      if (c.old_blob != c.new_blob) absl::StrAppend(&line, " edited");
    }
    if (c.old_type != c.new_type && c.old_type != FileType::kNone &&
        c.new_type != FileType::kNone) {
      absl::StrAppend(&line, " (", TypeName(c.old_type), " to ", TypeName(c.new_type), ")");
    }
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> DiffOf(const GitRepository& repository, const ObjectId& old_tree,
                                const ObjectId& new_tree) {
  auto changes = repository.DiffTrees(old_tree, new_tree);
  EXPECT_THAT(changes, IsOk());
  return changes.ok() ? Describe(**changes) : std::vector<std::string>();
}

}  // namespace testselect
