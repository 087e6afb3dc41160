// Configured repositories: local ones, and mirrors of a remote that is reached by file://.

#include "server/git/mirror.h"

#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/git/http_access.h"
#include "server/git/open_repository.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/git/git_fixture.h"

namespace testselect {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class MirrorTest : public GitTest {
 protected:
  MirrorTest() {
    remote_.Write("f", "one\n");
    remote_.Commit("first");
  }

  std::unique_ptr<RepositorySource> Set(const std::string& location) {
    auto set =
        NewRepositorySet({.repositories = {{"app", location}}, .mirror_dir = Path("mirrors")});
    EXPECT_THAT(set, IsOk());
    return set.ok() ? *std::move(set) : nullptr;
  }
  std::string Url() const { return "file://" + remote_.path(); }
  static absl::Time Soon() { return absl::Now() + absl::Seconds(60); }
  static ObjectId Nobody() {
    return ObjectId::FromBytes((const unsigned char*)"01234567890123456789");
  }

  Repo remote_{Path("remote")};
};

TEST_F(MirrorTest, ALocalPathIsReadInPlace) {
  auto set = Set(remote_.path());
  EXPECT_THAT(set->Names(), ElementsAre("app"));
  EXPECT_THAT(set->EnsureCommit("app", remote_.Id("HEAD"), Soon()), IsOk());
  auto git = set->Find("app");
  ASSERT_THAT(git, IsOk());
  EXPECT_THAT((*git)->ReadBlob(remote_.Id("HEAD:f")), IsOkAndHolds("one\n"));
  EXPECT_THAT(set->EnsureCommit("app", Nobody(), Soon()),
              StatusIs(absl::StatusCode::kNotFound,
                       "repository 'app': there is no commit " + Nobody().ToHex()));
  remote_.Write("f", "two\n");
  EXPECT_THAT(set->EnsureCommit("app", remote_.Commit("later"), Soon()), IsOk());
}

TEST_F(MirrorTest, UnknownNamesAndBadConfigurationsAreNamed) {
  auto set = Set(remote_.path());
  EXPECT_THAT(set->Find("ap"), StatusIs(absl::StatusCode::kNotFound,
                                        "repository 'ap' is not configured; configured: app"));
  EXPECT_THAT(NewRepositorySet({.repositories = {{"x", "https://host.invalid/x"}}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("mirror_dir")));
  EXPECT_THAT(
      NewRepositorySet({.repositories = {{"x", "ftp://host.invalid/x"}}, .mirror_dir = Path("m")}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "repository 'x': scheme 'ftp' is not one of file, git, http, https, ssh"));
  EXPECT_THAT(NewRepositorySet({.repositories = {{"", "path"}}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(NewRepositorySet({.repositories = {{"x", ""}}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(MirrorTest, APathThatIsNotThereIsNotToldToClients) {
  auto set = Set(Path("nowhere"));
  EXPECT_THAT(set->Find("app"), StatusIs(absl::StatusCode::kUnavailable,
                                         AllOf(HasSubstr("'app'"), Not(HasSubstr(Path(""))))));
  Repo late(Path("nowhere"));  // comes back
  EXPECT_THAT(set->Find("app"), IsOk());
}

TEST_F(MirrorTest, AFolderInsideARepositoryIsNotTakenForIt) {
  remote_.Write("sub/x", "x\n");
  EXPECT_THAT(Set(remote_.path() + "/sub")->Find("app"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(MirrorTest, AMissingCommitIsFetched) {
  auto set = Set(Url());
  const ObjectId first = remote_.Id("HEAD");
  ASSERT_THAT(set->EnsureCommit("app", first, Soon()), IsOk());
  auto git = set->Find("app");
  ASSERT_THAT(git, IsOk());
  EXPECT_THAT((*git)->ReadBlob(remote_.Id("HEAD:f")), IsOkAndHolds("one\n"));
  remote_.Write("f", "two\n");
  const ObjectId second = remote_.Commit("second");
  EXPECT_THAT((*git)->Commit(second), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(set->EnsureCommit("app", second, Soon()), IsOk());
  EXPECT_THAT((*git)->IsAncestor(first, second), IsOkAndHolds(true));
  EXPECT_THAT(set->EnsureCommit("app", Nobody(), Soon()),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("repository 'app'"), HasSubstr(Nobody().ToHex()),
                             HasSubstr("just fetched"))));
}

TEST_F(MirrorTest, ForcePushedAndRenamedBranchesAreFollowed) {
  auto set = Set(Url());
  const ObjectId first = remote_.Id("HEAD");
  remote_.Git("checkout -q -b topic");
  remote_.Write("f", "old\n");
  const ObjectId old_tip = remote_.Commit("old");
  ASSERT_THAT(set->EnsureCommit("app", old_tip, Soon()), IsOk());
  remote_.Git("reset -q --hard " + first.ToHex());
  remote_.Write("f", "forced\n");
  const ObjectId forced = remote_.Commit("forced");
  ASSERT_THAT(set->EnsureCommit("app", forced, Soon()), IsOk());
  // "topic" goes, "topic/one" comes: the names cannot exist side by side.
  remote_.Git("checkout -q main && cd . && git branch -q -D topic && git checkout -q -b topic/one");
  remote_.Write("f", "moved\n");
  const ObjectId moved = remote_.Commit("moved");
  ASSERT_THAT(set->EnsureCommit("app", moved, Soon()), IsOk());
  // What was pushed away is still there: it may be indexed.
  EXPECT_THAT(set->EnsureCommit("app", old_tip, Soon()), IsOk());
}

TEST_F(MirrorTest, AMirrorSurvivesARestart) {
  const ObjectId head = remote_.Id("HEAD");
  ASSERT_THAT(Set(Url())->EnsureCommit("app", head, Soon()), IsOk());
  std::filesystem::rename(remote_.path(), Path("moved_away"));
  auto set = Set(Url());
  EXPECT_THAT(set->EnsureCommit("app", head, Soon()), IsOk());
  EXPECT_THAT(set->EnsureCommit("app", Nobody(), Soon()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cannot fetch from file://")));
}

// A commit that no ref leads to: servers that allow it give it by its id. One that nobody has makes
// the server hang up in the middle, which must not be the end of this process.
TEST_F(MirrorTest, ACommitOfNoRefIsAskedForById) {
  remote_.Write("f", "lost\n");
  const ObjectId lost = remote_.Commit("lost");
  remote_.Git("reset -q --hard HEAD~1 && git config uploadpack.allowAnySHA1InWant true");
  GitServer server(Path(""));
  auto set = Set(server.Url("remote"));
  EXPECT_THAT(set->EnsureCommit("app", remote_.Id("HEAD"), Soon()), IsOk());
  EXPECT_THAT(set->EnsureCommit("app", lost, Soon()), IsOk());
  EXPECT_THAT(set->EnsureCommit("app", Nobody(), Soon()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("just fetched")));
  EXPECT_THAT(Set(server.Url("nowhere"))->EnsureCommit("app", lost, Soon()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cannot fetch from git://")));
}

TEST_F(MirrorTest, HttpServersAreFollowed) {
  const HttpGitServer server(Path(""));
  auto open = Set(server.Url("open/remote"));
  EXPECT_THAT(open->EnsureCommit("app", remote_.Id("HEAD"), Soon()), IsOk());
  // Far more than one buffer, and a second fetch that has much to say about what is there.
  for (int i = 0; i < 40; ++i) {
    remote_.Write(absl::StrCat("f", i), std::string(20'000, static_cast<char>('a' + i % 26)));
    remote_.Commit("more");
  }
  const ObjectId last = remote_.Id("HEAD");
  EXPECT_THAT(open->EnsureCommit("app", last, Soon()), IsOk());
  auto git = open->Find("app");
  ASSERT_THAT(git, IsOk());
  EXPECT_THAT((*git)->ReadBlob(remote_.Id("HEAD:f3")), IsOkAndHolds(std::string(20'000, 'd')));
  EXPECT_THAT(open->EnsureCommit("app", Nobody(), Soon()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("just fetched")));
}

TEST_F(MirrorTest, HttpServersThatAskForAPasswordGetTheUrls) {
  const HttpGitServer server(Path(""));
  const ObjectId head = remote_.Id("HEAD");
  EXPECT_THAT(Set(server.Url("private/remote", "ci:secret@"))->EnsureCommit("app", head, Soon()),
              IsOk());
  const struct {
    const char *user, *want;
  } kRefused[] = {{"", "the server asks for a user and a password (401)"},
                  {"ci:wrong-password@", "the server does not accept the URL's user and password"},
                  {"ci@", "the server does not accept the URL's user and password"}};
  for (const auto& c : kRefused) {
    std::filesystem::remove_all(Path("mirrors"));
    EXPECT_THAT(Set(server.Url("private/remote", c.user))->EnsureCommit("app", head, Soon()),
                StatusIs(absl::StatusCode::kPermissionDenied,
                         AllOf(HasSubstr("cannot fetch from " + server.Url("private/remote")),
                               HasSubstr(c.want), Not(HasSubstr("wrong-password")))));
  }
}

// What the URL holds is for its own host.
TEST_F(MirrorTest, PasswordsDoNotFollowRedirections) {
  const HttpGitServer server(Path(""));
  const ObjectId head = remote_.Id("HEAD");
  EXPECT_THAT(Set(server.Url("moved/remote", "ci:secret@"))->EnsureCommit("app", head, Soon()),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("configure the URL that it redirects to"),
                             Not(HasSubstr("secret")))));
  EXPECT_THAT(Set(server.Url("moved/remote"))->EnsureCommit("app", head, Soon()), IsOk());
}

TEST_F(MirrorTest, UsersAndPasswordsOfUrlsAreDecoded) {
  const HttpAccess plain = HttpAccess::Of("https://host/a@b");
  EXPECT_EQ(plain.url, "https://host/a@b");
  EXPECT_EQ(plain.authorization, "");
  const HttpAccess both = HttpAccess::Of("https://us%40er:p%3Aw@d@host:8443/x");
  EXPECT_EQ(both.url, "https://host:8443/x");
  EXPECT_EQ(both.authorization, "Authorization: Basic " + absl::Base64Escape("us@er:p:w@d"));
  const HttpAccess token = HttpAccess::Of("http://100%@host");
  EXPECT_EQ(token.url, "http://host");
  EXPECT_EQ(token.authorization, "Authorization: Basic " + absl::Base64Escape("100%:"));
  EXPECT_EQ(HttpAccess::Of("ssh://git@host/x").url, "ssh://git@host/x");
}

TEST_F(MirrorTest, HttpServersThatAreNoHelpAreNamed) {
  const HttpGitServer server(Path(""));
  const struct {
    const char *path, *want;
  } kCases[] = {{"nothing/remote", "404"},
                {"open/nowhere", "404"},
                {"page/remote", "no git server answers there"}};
  for (const auto& c : kCases) {
    EXPECT_THAT(
        Set(server.Url(c.path))->EnsureCommit("app", Nobody(), Soon()),
        StatusIs(absl::StatusCode::kUnavailable,
                 AllOf(HasSubstr("repository 'app': cannot fetch from " + server.Url(c.path)),
                       HasSubstr(c.want))));
  }
}

TEST_F(MirrorTest, ManyCallersShareFetches) {
  auto set = Set(Url());
  std::vector<ObjectId> commits;
  for (int i = 0; i < 6; ++i) {
    remote_.Write("f", absl::StrCat(i, "\n"));
    commits.push_back(remote_.Commit("more"));
  }
  std::vector<absl::Status> got(12);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < got.size(); ++i) {
    threads.emplace_back(
        [&, i] { got[i] = set->EnsureCommit("app", commits[i % commits.size()], Soon()); });
  }
  for (std::thread& t : threads) t.join();
  for (const absl::Status& status : got) EXPECT_THAT(status, IsOk());
}

TEST_F(MirrorTest, ADeadlineEndsTheWaitAndNotTheFetch) {
  auto set = Set(Url());
  EXPECT_THAT(set->EnsureCommit("app", remote_.Id("HEAD"), absl::Now() - absl::Seconds(1)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("repository 'app'")));
  EXPECT_THAT(set->EnsureCommit("app", remote_.Id("HEAD"), absl::InfiniteFuture()), IsOk());
}

TEST_F(MirrorTest, PasswordsAreNotRepeated) {
  const std::string url = "https://user:secret@host.invalid/app.git";
  EXPECT_EQ(RedactUrl("fetch of " + url + " failed", url),
            "fetch of https://host.invalid/app.git failed");
  EXPECT_EQ(RedactUrl("file:///a@b", "file:///a@b"), "file:///a@b");
}

TEST_F(MirrorTest, LocationsAreToldApart) {
  EXPECT_TRUE(IsRemoteLocation("file:///srv/app"));
  EXPECT_TRUE(IsRemoteLocation("git@host.invalid:team/app.git"));
  EXPECT_FALSE(IsRemoteLocation("/srv/app"));
  EXPECT_FALSE(IsRemoteLocation("./a@b:c"));
  EXPECT_FALSE(IsRemoteLocation("plain"));
}

}  // namespace
}  // namespace testselect
