#include "server/ingest/path_mapper.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

PathMapper Make(PathRules rules, std::vector<std::string> tree) {
  return PathMapper::Create(std::move(rules), std::move(tree)).value();
}

struct Case {
  std::string name;
  PathRules rules;
  std::vector<std::string> tree;
  std::string report, want;  // "": none of the repository's
};

TEST(PathMapperTest, MapsOneName) {
  const std::vector<std::string> tree = {"setup.py",     "src/app/a.py",   "src/app/größe.py",
                                         "lib/x/mod.py", "other/x/mod.py", "Makefile"};
  const std::vector<Case> cases = {
      {"relative, no tree", {}, {}, "src/a.py", "src/a.py"},
      {"dots", {}, {}, "./src/../src//a.py", "src/a.py"},
      {"leaves the repository", {}, {}, "../../etc/passwd", ""},
      {"leaves below the root", {"/build/app", ""}, {}, "/build/app/../../etc/passwd", ""},
      {"absolute without rule or tree", {}, {}, "/build/app/src/a.py", ""},
      {"root", {"/build/app", ""}, {}, "/build/app/src/a.py", "src/a.py"},
      {"root with a slash", {"/build/app/", ""}, {}, "/build/app/src/a.py", "src/a.py"},
      {"root is no name prefix", {"/build/app", ""}, {}, "/build/app2/src/a.py", ""},
      {"module path", {"example.com/mod", ""}, {}, "example.com/mod/pkg/a.go", "pkg/a.go"},
      {"prefix", {"", "services/api"}, {}, "src/a.py", "services/api/src/a.py"},
      {"root and prefix", {"/w", "services/api"}, {}, "/w/a.py", "services/api/a.py"},
      {"Windows", {"C:\\ci\\w", ""}, {}, "c:\\ci\\w\\src\\a.py", "src/a.py"},
      {"Windows, relative", {}, {}, "src\\a.py", "src/a.py"},
      {"Windows, by the tree", {}, tree, "D:\\ci\\src\\app\\a.py", "src/app/a.py"},
      {"git's own folder", {}, {}, ".git/config", ""},
      {"the name of a file system, relative", {}, {}, "lib/a.py", "lib/a.py"},
      {"exact", {}, tree, "src/app/größe.py", "src/app/größe.py"},
      {"cut", {}, tree, "/home/ci/work/src/app/a.py", "src/app/a.py"},
      {"one name is not enough for an absolute one", {}, tree, "/home/ci/setup.py", ""},
      {"added", {}, tree, "app/a.py", "src/app/a.py"},
      {"ambiguous", {}, tree, "mod.py", ""},
      {"no suffix of a folder's name", {}, tree, "pp/a.py", ""},
      {"unknown to the tree", {}, tree, "gone.py", ""},
      {"not UTF-8", {}, {}, "src/\xff.py", "src/ÿ.py"},
      {"installed package", {"/w", ""}, {}, "/w/.venv/lib/python3.11/site-packages/p/a.py", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    PathMapper mapper = Make(c.rules, c.tree);
    EXPECT_THAT(mapper.Map(c.report), IsOkAndHolds(::testing::Eq(c.want)));
  }
}

TEST(PathMapperTest, ACutThatWorkedSettlesAmbiguousNames) {
  PathMapper mapper = Make({}, {"setup.py", "src/setup.py", "src/app/a.py"});
  EXPECT_THAT(mapper.Map("/w/src/app/a.py"), IsOkAndHolds(::testing::Eq("src/app/a.py")));
  EXPECT_THAT(mapper.Map("/w/setup.py"), IsOkAndHolds(::testing::Eq("setup.py")));
  EXPECT_THAT(mapper.Map("/w/src/setup.py"), IsOkAndHolds(::testing::Eq("src/setup.py")));
}

TEST(PathMapperTest, TheFirstFolderThatHasTheFileCounts) {
  PathMapper mapper = Make({}, {"web/a.py", "api/b.py"});
  EXPECT_THAT(mapper.MapAmong(std::vector<std::string>{"/w/web/b.py", "/w/api/b.py", "b.py"}),
              IsOkAndHolds(::testing::Eq("api/b.py")));
  EXPECT_EQ(mapper.mapped(), 1u);
  EXPECT_EQ(mapper.missed(), 0u);
}

TEST(PathMapperTest, RefusesAReportOfAnotherProject) {
  PathMapper mapper = Make({}, {"src/a.py"});
  ASSERT_OK_AND_ASSIGN(const std::string hit, mapper.Map("src/a.py"));
  ASSERT_OK_AND_ASSIGN(const std::string miss, mapper.Map("x.py"));
  EXPECT_THAT(mapper.CheckMisses(), IsOk());  // half of them
  ASSERT_OK_AND_ASSIGN(const std::string again, mapper.Map("x.py"));
  EXPECT_THAT(mapper.CheckMisses(), IsOk()) << "a name counts once";
  ASSERT_OK_AND_ASSIGN(const std::string foreign, mapper.Map("/usr/lib/python3.11/os.py"));
  EXPECT_THAT(mapper.CheckMisses(), IsOk()) << "libraries do not count";
  ASSERT_OK_AND_ASSIGN(const std::string other, mapper.Map("y.py"));
  EXPECT_THAT(mapper.CheckMisses(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::AllOf(HasSubstr("2 of 3 file names"), HasSubstr("'x.py', 'y.py'"),
                                        HasSubstr("--path-root"))));
}

TEST(PathMapperTest, AnInspectionKeepsTheMachinesOwnFiles) {
  PathMapper paths = Make({.root = "/w", .prefix = "", .keep_foreign = true}, {});
  EXPECT_THAT(paths.Map("/usr/include/c++/12/../12/vector"),
              IsOkAndHolds("/usr/include/c++/12/vector"));
  EXPECT_THAT(paths.Map("/w/a.cc"), IsOkAndHolds("a.cc"));
  EXPECT_THAT(paths.Map("/w/node_modules/a.js"), IsOkAndHolds(""));
  EXPECT_THAT(paths.Map("/usr/include/../../etc/passwd"), IsOkAndHolds(""));
  EXPECT_THAT(paths.Map("/elsewhere/a.cc"), IsOkAndHolds(""));
  EXPECT_EQ(paths.missed(), 2u);  // what lies nowhere is told of, as in an upload
}

// lcov writes "größe.c" so.
TEST(PathMapperTest, ANameThatIsNotUtf8IsReadAsLatin1) {
  PathMapper paths = Make({}, {"src/größe.c"});
  EXPECT_THAT(paths.Map("/w/src/gr\xF6\xDF"
                        "e.c"),
              IsOkAndHolds("src/größe.c"));
  EXPECT_EQ(paths.MissWarning(), "");
  EXPECT_THAT(paths.Map("src/gr\xF6.c"), IsOkAndHolds(""));
  EXPECT_EQ(paths.MissWarning(),
            "1 of 2 file names of the reports are none of the repository's and are left out, such "
            "as 'src/gr\\xf6.c'");
}

TEST(PathMapperTest, RefusesBadNamesAndRules) {
  PathMapper mapper = Make({}, {});
  EXPECT_THAT(mapper.Map(""), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("empty")));
  EXPECT_THAT(mapper.Map(absl::string_view("a\0b", 3)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NUL")));
  EXPECT_THAT(mapper.Map(std::string(70'000, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("65536")));
  EXPECT_THAT(PathMapper::Create({"", "/abs"}, {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("path_prefix: '/abs'")));
  EXPECT_THAT(PathMapper::Create({"../..", ""}, {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("path_root: '../..'")));
}

}  // namespace
}  // namespace testselect
