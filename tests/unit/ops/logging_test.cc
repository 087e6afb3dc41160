#include "server/ops/logging.h"

#include <unistd.h>

#include <thread>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect {
namespace {

const absl::Time kTime = absl::FromUnixMillis(1700000000123);

TEST(LoggingTest, TextQuotesWhatNeedsIt) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, kTime, LogLevel::kInfo, "upload stored",
                          {{"labels", 12}, {"job", "unit"}, {"name", "a b"}, {"empty", ""}}),
            "2023-11-14T22:13:20.123Z info upload stored labels=12 job=unit name=\"a b\" "
            "empty=\"\"\n");
}

TEST(LoggingTest, JsonKeepsNumbersAndTruthValues) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, kTime, LogLevel::kWarning, "m",
                          {{"n", uint64_t{18446744073709551615u}},
                           {"d", absl::Milliseconds(1500)},
                           {"b", true},
                           {"t", "12"}}),
            "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warning\",\"message\":\"m\","
            "\"n\":18446744073709551615,\"d\":1.500000,\"b\":true,\"t\":\"12\"}\n");
}

// Whatever a client sends, an event stays one line of valid UTF-8.
TEST(LoggingTest, HostileTextCannotForgeLines) {
  const std::string hostile("a\nb\r\"\\\0\x1b\xff\xed\xa0\x80\xc3\xa9", 14);
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    const std::string line =
        FormatLogLine(format, kTime, LogLevel::kError, hostile, {{"value", hostile}});
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
    EXPECT_THAT(line,
                ::testing::HasSubstr(
                    "a\\nb\\u000d\\\"\\\\\\u0000\\u001b\\ufffd\\ufffd\\ufffd\\ufffd\xc3\xa9"));
    for (const char c : line.substr(0, line.size() - 1)) {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20);
    }
  }
}

TEST(LoggingTest, LevelsBelowTheLimitAreLeftOut) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  Logger logger(LogFormat::kText, LogLevel::kWarning, fds[1]);
  logger.Debug("one");
  logger.Info("two");
  logger.Warning("three");
  logger.Error("four");
  ::close(fds[1]);
  char buffer[4096];
  const ssize_t count = ::read(fds[0], buffer, sizeof buffer);
  ::close(fds[0]);
  ASSERT_GT(count, 0);
  const std::string text(buffer, static_cast<size_t>(count));
  EXPECT_THAT(text, ::testing::AllOf(::testing::HasSubstr(" warning three\n"),
                                     ::testing::HasSubstr(" error four\n"),
                                     ::testing::Not(::testing::HasSubstr("two"))));
}

TEST(LoggingTest, LinesOfSeveralThreadsDoNotMix) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  constexpr int kLines = 100;
  Logger logger(LogFormat::kText, LogLevel::kInfo, fds[1]);
  std::string text;
  std::thread reader([&] {
    char buffer[4096];
    ssize_t count;
    while ((count = ::read(fds[0], buffer, sizeof buffer)) > 0) {
      text.append(buffer, static_cast<size_t>(count));
    }
  });
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t) {
    writers.emplace_back([&] {
      for (int i = 0; i < kLines; ++i) logger.Info(std::string(200, 'x'), {{"end", "here"}});
    });
  }
  for (std::thread& writer : writers) writer.join();
  ::close(fds[1]);
  reader.join();
  ::close(fds[0]);
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), 4u * kLines);
  for (const std::string& line : lines) {
    EXPECT_THAT(line, ::testing::EndsWith(" info " + std::string(200, 'x') + " end=here"));
  }
}

}  // namespace
}  // namespace testselect
