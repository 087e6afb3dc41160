// GitTest: real repositories in a folder of the test's own, made with the git command.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "server/git/repository.h"
#include "storage/model/object_id.h"

namespace testselect {

// Runs `command` by the shell with git's configuration and clock fixed. Returns what it wrote to
// standard output without the last line feed; a command that fails fails the test.
std::string Shell(const std::string& command);

// One repository with a work tree.
class Repo {
 public:
  // An empty repository at `path`, branch main.
  explicit Repo(std::string path);

  const std::string& path() const { return path_; }
  std::string Git(const std::string& arguments) const;  // by the shell, in the work tree
  void Write(const std::string& file, const std::string& content) const;
  // Stages everything and commits, also without a change. `seconds` is the commit's time; without
  // one every commit is a minute after the one made before by this object.
  ObjectId Commit(const std::string& message, int64_t seconds = 0);
  ObjectId Id(const std::string& rev) const;
  ObjectId Tree(const std::string& rev) const { return Id(rev + "^{tree}"); }

 private:
  std::string path_;
  int64_t clock_ = 1'700'000'000;
};

// Serves the repositories below `root` by git's own protocol on a port of its own, each connection
// by a process of `git daemon`, until it ends.
class GitServer {
 public:
  explicit GitServer(std::string root);
  ~GitServer();
  std::string Url(const std::string& repository) const;  // git://127.0.0.1:<port>/<repository>

 private:
  void Serve();

  const std::string root_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

// Serves the repositories below `root` by HTTP, as http_git_server.py says, until it ends.
class HttpGitServer {
 public:
  explicit HttpGitServer(const std::string& root);
  ~HttpGitServer();
  // http://[user@]127.0.0.1:<port>/<path>; `user` as in a URL, with '@', or empty.
  std::string Url(const std::string& path, const std::string& user = "") const;

 private:
  int stdin_ = -1;
  pid_t pid_ = -1;
  int port_ = 0;
};

class GitTest : public testing::Test {
 protected:
  GitTest();
  ~GitTest() override;

  std::string Path(const std::string& name) const { return (root_ / name).string(); }
  std::shared_ptr<GitRepository> Open(const std::string& path) const;

 private:
  std::filesystem::path root_;
};

// "M a.py", "R a.py -> b.py", "T link", with " (100755)" style type changes spelt out.
std::vector<std::string> Describe(const std::vector<FileChange>& changes);
std::vector<std::string> DiffOf(const GitRepository& repository, const ObjectId& old_tree,
                                const ObjectId& new_tree);

}  // namespace testselect
