#include "server/selection/glob.h"

#include <gtest/gtest.h>

namespace testselect {
namespace {

struct Case {
  const char* pattern;
  const char* text;
  bool want;
};

// What Python's fnmatch.fnmatchcase answers.
TEST(FnMatchTest, MatchesAsPythonDoes) {
  const Case cases[] = {
      {"*", "", true},
      {"", "", true},
      {"", "a", false},
      {"tests/*", "tests/a/b.py", true},
      {"**/conftest.py", "conftest.py", false},
      {"**/conftest.py", "a/b/conftest.py", true},
      {"a*b*c", "aXbYc", true},
      {"a*b*c", "aXbY", false},
      {"?", "/", true},
      {"?", "\xC3\xA9", true},
      {"[a-c]x", "bx", true},
      {"[!a-c]x", "bx", false},
      {"[!a-c]x", "dx", true},
      {"[]]", "]", true},
      {"[!]]", "]", false},
      {"[", "[", true},
      {"[a", "[a", true},
      {"[a-]", "-", true},
      {"[\xC3\xA0-\xC3\xBF]", "\xC3\xA9", true},
      {"\\*", "\\x", true},
      {"!a", "!a", true},
      {"!a", "b", false},
      {"a[*]b", "a*b", true},
      {"*.py", "A.PY", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(FnMatch(c.pattern, c.text), c.want) << c.pattern << " / " << c.text;
  }
}

TEST(FnMatchTest, ManyStarsTakeNoExponentialTime) {
  const std::string text(5000, 'a');
  EXPECT_FALSE(FnMatch("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab", text));
}

TEST(LabelMatchTest, BracketsOfParametersAreText) {
  EXPECT_TRUE(LabelMatch("t.py::test_x[1]", "t.py::test_x[1]"));
  EXPECT_TRUE(LabelMatch("t.py::test_x[*]", "t.py::test_x[1-a]"));
  EXPECT_TRUE(LabelMatch("t.py::*", "t.py::test_x[1]"));
  EXPECT_TRUE(LabelMatch("test_[xy]", "test_y"));
  EXPECT_FALSE(LabelMatch("t.py::test_x", "t.py::test_x[1]"));
}

TEST(PathGlobTest, MatchesAsGitignoreDoes) {
  const Case cases[] = {
      {"*.md", "README.md", true},
      {"*.md", "a/b/README.md", true},
      {"*.md", "README.md.txt", false},
      {"go.mod", "x/go.mod", true},
      {"go.mod", "ago.mod", false},
      {"/go.mod", "x/go.mod", false},
      {"/go.mod", "go.mod", true},
      {"docs/", "docs/a/b.txt", true},
      {"docs/", "a/docs/b.txt", true},
      {"docs/", "docs", false},
      {"/docs/", "a/docs/b.txt", false},
      {"docs/*.txt", "docs/a.txt", true},
      {"docs/*.txt", "docs/a/b.txt", false},
      {"docs/**", "docs/a/b.txt", true},
      {"docs/**", "docs2/a", false},
      {"**/x/*.c", "x/a.c", true},
      {"**/x/*.c", "a/b/x/a.c", true},
      {"**/x/*.c", "a/yx/a.c", false},
      {"a/**/z", "a/z", true},
      {"a/**/z", "a/b/c/z", true},
      {"a/**/z", "a/bz", false},
      {"a/**/b/*.c", "a/b/x/b/y.c", true},
      {"src/**/*.py", "src/a/b/c.py", true},
      {"src/**/*.py", "src/c.py", true},
      {"src/**/*.py", "src/c.pyc", false},
      {"requirements*.txt", "a/requirements-dev.txt", true},
      {"r?q.txt", "req.txt", true},
      {"[ab].txt", "x/a.txt", true},
      {"a[1].txt", "a[1].txt", true},
      {"x/a[1].txt", "x/a[1].txt", true},
      {"x/a[1].txt", "x/a1.txt", true},
      {"**", "any/thing", true},
      {"*", "any/thing", true},
      {"x/*", "x/y/z", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(PathGlob(c.pattern).Matches(c.text), c.want) << c.pattern << " / " << c.text;
  }
}

}  // namespace
}  // namespace testselect
