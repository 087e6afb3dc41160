#include "client/process.h"

#include <signal.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Output = ProcessOptions::Output;

TEST(ProcessTest, CapturesBothOutputsAndTheStatus) {
  ASSERT_OK_AND_ASSIGN(const FinishedProcess finished,
                       RunProcess({"sh", "-c", "echo out; echo err >&2; exit 3"},
                                  {.out = Output::kCapture, .err = Output::kCapture}));
  EXPECT_EQ(finished.out, "out\n");
  EXPECT_EQ(finished.err, "err\n");
  EXPECT_EQ(finished.state.ShellCode(), 3);
  EXPECT_EQ(finished.state.ToString(), "status 3");
  EXPECT_FALSE(finished.state.ok());
}

TEST(ProcessTest, ASignalIsToldAsAShellTellsIt) {
  ASSERT_OK_AND_ASSIGN(const FinishedProcess finished, RunProcess({"sh", "-c", "kill -9 $$"}, {}));
  EXPECT_EQ(finished.state.ShellCode(), 137);
  EXPECT_EQ(finished.state.ToString(), "signal 9");
}

TEST(ProcessTest, ArgumentsFolderAndEnvironmentArriveUnchanged) {
  const std::string awkward = "a 'b' \"c\" $HOME `x` \\ \xC3\xBC\n*";
  ASSERT_OK_AND_ASSIGN(
      const FinishedProcess finished,
      RunProcess({"sh", "-c", "printf '%s|%s|%s' \"$1\" \"$NAME\" \"$(pwd)\"", "sh", awkward},
                 {.folder = "/", .environment = {{"NAME", "v=1"}}, .out = Output::kCapture}));
  EXPECT_EQ(finished.out, awkward + "|v=1|/");
}

TEST(ProcessTest, StreamsWhatComes) {
  std::string all;
  ASSERT_OK_AND_ASSIGN(const FinishedProcess finished,
                       RunProcess({"sh", "-c", "echo a; echo b"},
                                  {.out = Output::kStream, .on_out = [&](absl::string_view text) {
                                     all.append(text.data(), text.size());
                                   }}));
  EXPECT_EQ(all, "a\nb\n");
  EXPECT_EQ(finished.out, "");
}

TEST(ProcessTest, AProgramThatIsMissingIsNotFound) {
  EXPECT_THAT(RunProcess({"no-such-program-here"}, {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no-such-program-here")));
}

TEST(ProcessTest, AnOversizedArgumentIsRefusedWithItsSize) {
  EXPECT_THAT(RunProcess({"true", std::string(kMaxArgumentBytes + 1, 'x')}, {}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("131")));
  EXPECT_TRUE(RunProcess({"true", std::string(kMaxArgumentBytes, 'x')}, {}).ok());
}

TEST(ProcessTest, EndlessOutputEndsTheProgram) {
  EXPECT_THAT(RunProcess({"yes"}, {.out = Output::kCapture, .max_captured = 1 << 20}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1048576")));
}

TEST(ProcessTest, ASignalThatIsSentToUsReachesTheProgram) {
  // The program says that it is ready; then we send ourselves what `kill` would.
  bool sent = false;
  ASSERT_OK_AND_ASSIGN(
      const FinishedProcess finished,
      RunProcess({"sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"},
                 {.out = Output::kStream, .on_out = [&](absl::string_view) {
                    if (!std::exchange(sent, true)) kill(getpid(), SIGTERM);
                  }}));
  EXPECT_EQ(finished.state.ShellCode(), 7);
}

TEST(ProcessTest, ChunksKeepOrderAndLimit) {
  EXPECT_THAT(ChunkArguments({"aa", "bb", "cccccccc", "d"}, 6, 1),
              ElementsAre(ElementsAre("aa", "bb"), ElementsAre("cccccccc"), ElementsAre("d")));
  EXPECT_TRUE(ChunkArguments({}, 6, 1).empty());
}

TEST(ProcessTest, ShellWordsKeepTheShellFromArguments) {
  ASSERT_OK_AND_ASSIGN(
      const FinishedProcess finished,
      RunProcess(ShellWords("X=1 printf '%s.'", {"$HOME", "a b"}), {.out = Output::kCapture}));
  EXPECT_EQ(finished.out, "$HOME.a b.");
}

}  // namespace
}  // namespace testselect::client
