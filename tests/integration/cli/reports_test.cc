// Reports whose evidence depends on the repository's files.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// V8 tells offsets. The work tree has changed since the commit that was recorded.
TEST_F(CliTest, LinesOfV8ReportsComeOfTheTextAtTheCommit) {
  WriteFile("src/a.js", "f();\nfunction g() {\n}\n");
  const std::string commit = Commit("a.js");
  WriteFile("src/a.js", "// another text\n");
  WriteFile("v8.json",
            R"({"result": [{"scriptId": "1", "url": "file:///ci/src/a.js", "functions": [
               {"functionName": "", "ranges": [{"startOffset": 0, "endOffset": 22, "count": 1}]},
               {"functionName": "g", "ranges": [{"startOffset": 5, "endOffset": 21, "count": 0}]}]}]})");
  const Finished upload = Run({"upload", "--commit", commit, "--path-root", "/ci", "T=v8.json"});
  ASSERT_EQ(upload.exit_code, 0) << upload.err;
  EXPECT_THAT(upload.err, Not(HasSubstr("as a whole")));
  const Finished shown = Run({"index", "show", commit, "--label", "T", "--json"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr(R"("src/a.js": [[1, 1]])"));
  // An inspection knows no commit: it looks at the file that is there.
  const Finished changed = Run({"inspect", "--json", "--path-root", "/ci", "T=v8.json"});
  ASSERT_EQ(changed.exit_code, 0) << changed.err;
  EXPECT_THAT(changed.err, HasSubstr("count as executed as a whole"));
  Shell("git checkout src/a.js");
  const Finished inspected = Run({"inspect", "--json", "--path-root", "/ci", "T=v8.json"});
  ASSERT_EQ(inspected.exit_code, 0) << inspected.err;
  EXPECT_EQ(uint64_t(Json(inspected.out)["pairs"]), 1u);
}

}  // namespace
}  // namespace testselect
