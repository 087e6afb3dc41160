// `testselect watch`: what runs when files change, and what ends it.
#include <signal.h>

#include "gmock/gmock.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

// Runs what it is given, and says which functions of calc.py each label executes: the first words
// of the labels are their lines.
constexpr char kScript[] =
    "#!/bin/sh\n"
    "for label; do\n"
    "  echo \"$label\" >>executed.txt\n"
    "  line=${label%% *}\n"
    "  printf 'TN:%s\\nSF:calc.py\\nDA:%s,1\\nend_of_record\\n' \"$label\" \"$line\" "
    ">>\"$TESTSELECT_RUN_REPORTS/$$.info\"\n"
    "  echo \"<testsuite name='s'><testcase name='$label' classname='$label' time='0.1'/>"
    "</testsuite>\" >\"$TESTSELECT_RUN_REPORTS/$$-$line.xml\"\n"
    "done\n";

class WatchTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    WriteFile("run.sh", kScript);
    WriteFile("labels.txt", "2 add\n6 mul\n");
    WriteFile(".gitignore", "executed.txt\n*.log\n");
    Commit("runner");
  }
  void Watch(const std::vector<std::string>& options) {
    std::vector<std::string> words = {"watch", "custom"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "cat labels.txt", "sh run.sh {labels}"});
    watch_ = Start(words);
  }
  // Calc's functions, each with what it returns.
  void WriteCalc(const std::string& add, const std::string& mul) {
    WriteFile("calc.py", "def add(a, b):\n    return " + add + "\n\n\ndef mul(a, b):\n    return " +
                             mul + "\n");
  }
  std::unique_ptr<Process> watch_;
};

TEST_F(WatchTest, EachRunBeginsWhereTheOneBeforeEnded) {
  WriteCalc("a + b", "a * b");
  Watch({"--rounds", "3"});
  ASSERT_TRUE(watch_->WaitForError("watching")) << watch_->Wait().err;
  EXPECT_EQ(Shell("cat executed.txt"), "2 add\n6 mul");
  WriteFile("debug.log", "of no interest\n");
  WriteCalc("b + a", "a * b");
  ASSERT_TRUE(watch_->WaitForError("executed 1 of 1")) << watch_->Wait().err;
  EXPECT_EQ(Shell("cat executed.txt"), "2 add\n6 mul\n2 add");
  // The change before is not run again.
  WriteCalc("b + a", "b * a");
  const Finished done = watch_->Wait();
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(Shell("cat executed.txt"), "2 add\n6 mul\n2 add\n6 mul") << done.err;
}

TEST_F(WatchTest, EndsWhenItIsToldTo) {
  Watch({"--changed"});
  ASSERT_TRUE(watch_->WaitForError("watching")) << watch_->Wait().err;
  watch_->Signal(SIGTERM);
  EXPECT_EQ(watch_->Wait().exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(repo_ + "/executed.txt"));
  const Finished staged = Run({"watch", "custom", "--staged", "--", "cat labels.txt", "true"});
  EXPECT_EQ(staged.exit_code, 2);
  EXPECT_THAT(staged.err, HasSubstr("--staged"));
}

TEST_F(WatchTest, NewFoldersAreWatchedToo) {
  Watch({"--rounds", "2"});
  ASSERT_TRUE(watch_->WaitForError("watching")) << watch_->Wait().err;
  Shell("mkdir -p new/deep");
  WriteFile("new/deep/file.py", "x = 1\n");
  EXPECT_EQ(watch_->Wait().exit_code, 0);
}

}  // namespace
}  // namespace testselect
