#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/git/git_fixture.h"

namespace testselect {
namespace {

struct Case {
  const char* name;
  std::string before, after;
  std::vector<std::string> want;  // as in the header of a hunk: "1,2 1,3"; "binary" if it is
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string Spell(const Hunk& h) {
  return absl::StrCat(h.old_start, ",", h.old_count, " ", h.new_start, ",", h.new_count);
}

class BlobDiffTest : public GitTest, public testing::WithParamInterface<Case> {};

TEST_P(BlobDiffTest, GivesTheHunks) {
  Repo repo(Path("repo"));
  repo.Write("f", GetParam().before);
  repo.Commit("old");
  repo.Write("f", GetParam().after);
  repo.Commit("new");
  auto diff = Open(repo.path())->DiffBlobs(repo.Id("HEAD~1:f"), repo.Id("HEAD:f"));
  ASSERT_THAT(diff, IsOk());
  std::vector<std::string> got;
  if ((*diff)->binary) got.push_back("binary");
  for (const Hunk& h : (*diff)->hunks) got.push_back(Spell(h));
  EXPECT_EQ(got, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    All, BlobDiffTest,
    testing::Values(Case{"changed", "a\nb\nc\n", "a\nX\nc\n", {"2,1 2,1"}},
                    Case{"inserted", "a\nb\n", "a\nX\nY\nb\n", {"1,0 2,2"}},
                    Case{"inserted_at_top", "a\n", "X\na\n", {"0,0 1,1"}},
                    Case{"appended", "a\n", "a\nX\n", {"1,0 2,1"}},
                    Case{"deleted", "a\nb\nc\n", "a\nc\n", {"2,1 1,0"}},
                    Case{"emptied", "a\nb\n", "", {"1,2 0,0"}},
                    Case{"filled", "", "a\nb\n", {"0,0 1,2"}},
                    Case{"two_hunks", "a\nb\nc\nd\n", "X\nb\nc\nY\n", {"1,1 1,1", "4,1 4,1"}},
                    Case{"neighbours", "a\nb\nc\n", "X\nb\nY\n", {"1,1 1,1", "3,1 3,1"}},
                    Case{"line_feed_at_end_lost", "a\nb\n", "a\nb", {"2,1 2,1"}},
                    Case{"no_line_feed_at_end_appended", "a", "a\nb", {"1,1 1,2"}},
                    Case{"crlf_to_lf", "a\r\nb\r\n", "a\nb\n", {"1,2 1,2"}},
                    Case{"crlf_kept", "a\r\nb\r\n", "a\r\nX\r\n", {"2,1 2,1"}},
                    Case{"binary_before", std::string("a\0b", 3), "a\n", {"binary"}},
                    Case{"binary_after", "a\n", std::string("a\0b", 3), {"binary"}},
                    Case{"nul_beyond_what_git_looks_at",
                         std::string(9'000, 'a') + "\n",
                         std::string(9'000, 'a') + "\n" + std::string("\0\n", 2),
                         {"1,0 2,1"}},
                    Case{"not_utf8", "\xff\xfe\n", "\xff\xfd\n", {"1,1 1,1"}}),
    [](const auto& test) { return test.param.name; });

class BlobDiffEdgeTest : public GitTest {};

TEST_F(BlobDiffEdgeTest, ANullBlobIsEmptyAndEqualBlobsHaveNoHunk) {
  Repo repo(Path("repo"));
  repo.Write("f", "a\nb\n");
  repo.Commit("one");
  auto git = Open(repo.path());
  const ObjectId blob = repo.Id("HEAD:f");
  auto added = git->DiffBlobs(ObjectId(), blob);
  ASSERT_THAT(added, IsOk());
  EXPECT_THAT((*added)->hunks, testing::ElementsAre(Hunk{0, 0, 1, 2}));
  auto same = git->DiffBlobs(blob, blob);
  ASSERT_THAT(same, IsOk());
  EXPECT_THAT((*same)->hunks, testing::IsEmpty());
}

// A long seeded edit: the hunks are those of `git diff -U0`.
TEST_F(BlobDiffEdgeTest, AgreesWithGitOnALongFile) {
  Repo repo(Path("repo"));
  std::string before, after;
  uint64_t state = 7;
  for (int i = 0; i < 600; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const std::string line = absl::StrCat("  value_", i, " = f(", i * 7, ")\n");
    before += line;
    const uint64_t dice = (state >> 33) % 12;
    if (dice != 0) after += dice == 1 ? absl::StrCat("  changed ", i, "\n") : line;
    if (dice == 2) absl::StrAppend(&after, "  inserted ", i, "\n\n");
  }
  repo.Write("f", before);
  repo.Commit("old");
  repo.Write("f", after);
  repo.Commit("new");
  std::vector<std::string> want, got;
  for (absl::string_view line : absl::StrSplit(repo.Git("diff -U0 HEAD~1 HEAD -- f"), '\n')) {
    if (!absl::StartsWith(line, "@@ ")) continue;
    std::vector<std::string> words = absl::StrSplit(line, ' ');
    auto count = [](std::string side) {  // "-3" is short for "-3,1"
      side.erase(0, 1);
      return absl::StrContains(side, ',') ? side : side + ",1";
    };
    want.push_back(count(words[1]) + " " + count(words[2]));
  }
  auto diff = Open(repo.path())->DiffBlobs(repo.Id("HEAD~1:f"), repo.Id("HEAD:f"));
  ASSERT_THAT(diff, IsOk());
  for (const Hunk& h : (*diff)->hunks) got.push_back(Spell(h));
  EXPECT_GT(got.size(), 50u);
  EXPECT_EQ(got, want);
}

}  // namespace
}  // namespace testselect
