#include "client/cli/reference_pages.h"

#include <sys/wait.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>

#include "client/cli/command_tree.h"
#include "client/cli/label_source.h"
#include "client/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect::client {
namespace {

using ::testing::HasSubstr;

class ReferencePagesTest : public ::testing::Test {
 protected:
  ReferencePagesTest() : tree_(BuildCommandTree(values_)) {}

  std::string Checked(const std::string& file) {
    const char* source = getenv("TESTSELECT_SOURCE_DIR");
    EXPECT_NE(source, nullptr) << "run by ctest, which says where the sources are";
    const auto content = ReadFile(std::string(source == nullptr ? "." : source) + "/" + file);
    EXPECT_THAT(content, IsOk());
    return content.value_or("");
  }
  // Writes `script` where a shell can read it.
  std::string Script(const std::string& script) {
    const std::string file = folder_.Path("completion");
    EXPECT_THAT(WriteFileAtomically(file, script), IsOk());
    return file;
  }

  CommandLine values_;
  const std::unique_ptr<CLI::App> tree_;
  const TemporaryFolder folder_;
};

TEST_F(ReferencePagesTest, TheManPageIsTheTrees) {
  EXPECT_EQ(Checked("client/man/testselect.1"), ManPage(*tree_))
      << "make it again: testselect man-page > client/man/testselect.1";
}

TEST_F(ReferencePagesTest, TheReferencePageIsTheTrees) {
  EXPECT_EQ(Checked("docs/cli.md"), MarkdownPage(*tree_))
      << "make it again: testselect markdown > docs/cli.md";
}

TEST_F(ReferencePagesTest, BashCompletesCommandsFlagsAndValues) {
  const std::string file = Script(BashCompletion(*tree_));
  EXPECT_THAT(OutputOf("bash -n " + file), IsOk());
  const auto completions = [&](const std::string& words, int at) {
    return OutputOf("bash -c '. " + file + "; COMP_WORDS=(" + words + "); COMP_CWORD=" +
                    std::to_string(at) + "; _testselect; echo \"${COMPREPLY[*]}\"'");
  };
  EXPECT_THAT(completions("testselect up", 1), IsOkAndHolds("upload\n"));
  EXPECT_THAT(completions("testselect --v", 1), IsOkAndHolds("--version\n"));
  EXPECT_THAT(completions("testselect index s", 2), IsOkAndHolds("seal show\n"));
  EXPECT_THAT(completions("testselect select --ba", 2), IsOkAndHolds("--base --baseline\n"));
  EXPECT_THAT(completions("testselect select --granularity l", 3), IsOkAndHolds("line\n"));
  EXPECT_THAT(completions("testselect index show --la", 3), IsOkAndHolds("--label\n"));
}

TEST_F(ReferencePagesTest, ZshReadsItsScript) {
  if (std::system("command -v zsh > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "zsh is not installed";
  }
  EXPECT_THAT(OutputOf("zsh -n " + Script(ZshCompletion(*tree_))), IsOk());
}

TEST_F(ReferencePagesTest, ZshNamesEveryCommandAndFlag) {
  const std::string script = ZshCompletion(*tree_);
  for (const NamedCommand& command : VisibleCommands(*tree_)) {
    EXPECT_THAT(script, HasSubstr("'" + command.name + "')"));
  }
  EXPECT_THAT(script, HasSubstr("--granularity["));
}

}  // namespace
}  // namespace testselect::client
