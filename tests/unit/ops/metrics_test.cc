#include "server/ops/metrics.h"

#include <cstdlib>
#include <fstream>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ops/metrics_table.h"
#include "server/ops/process_stats.h"
#include "tests/support/http_call.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTest, TableIsWellFormed) {
  std::set<absl::string_view> names;
  std::vector<MetricSpec> all = MetricTable();
  all.insert(all.end(), AgentMetricTable().begin(), AgentMetricTable().end());
  for (const MetricSpec& spec : all) {
    EXPECT_TRUE(absl::StartsWith(spec.name, "testselect_")) << spec.name;
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_FALSE(spec.help.empty()) << spec.name;
    EXPECT_EQ(absl::EndsWith(spec.name, "_total"), spec.type == MetricType::kCounter) << spec.name;
    EXPECT_EQ(spec.buckets.empty(), spec.type != MetricType::kHistogram) << spec.name;
    for (const MetricLabel& label : spec.labels) {
      EXPECT_NE(label.values.empty(), label.open.empty()) << spec.name << " " << label.name;
    }
  }
}

TEST(MetricsTest, ScrapeHasEveryMetricOfTheTableAndNoOther) {
  Metrics metrics({"lcov", "junit-xml"});
  StoreStats stats;
  stats.bytes_on_disk = 4711;
  stats.segments_by_state[static_cast<size_t>(SegmentState::kSealed)] = 3;
  stats.engine_counters = {{"rocksdb.block.cache.hit", 17}};
  metrics.SetStoreStats([&] { return stats; });
  const std::string text = metrics.Scrape();
  std::set<std::string> found;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, "# TYPE ")) {
      found.insert(std::string(line.substr(0, line.find(' '))));
    }
  }
  std::set<std::string> declared;
  for (const MetricSpec& spec : MetricTable()) {
    if (!spec.StartsWithFirstValue()) declared.insert(std::string(spec.name));
  }
  EXPECT_EQ(found, declared);
  EXPECT_THAT(text, HasSubstr("testselect_store_bytes 4711\n"));
  EXPECT_THAT(text, HasSubstr("testselect_store_segments{state=\"sealed\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("testselect_store_engine{counter=\"rocksdb.block.cache.hit\"} 17\n"));
  EXPECT_THAT(text, HasSubstr("testselect_store_up 1\n"));
}

TEST(MetricsTest, StoreThatDoesNotAnswerIsDown) {
  Metrics metrics({});
  EXPECT_THAT(metrics.Scrape(), HasSubstr("testselect_store_up 0\n"));
  metrics.SetStoreStats([] { return absl::UnavailableError("closed"); });
  EXPECT_THAT(metrics.Scrape(), HasSubstr("testselect_store_up 0\n"));
}

TEST(MetricsTest, UploadsAreCountedByFormatAndResult) {
  Metrics metrics({"lcov", "junit-xml"});
  metrics.upload.Ended({"lcov", "lcov"}, UploadResult::kStored);
  metrics.upload.Ended({"lcov", "junit-xml"}, UploadResult::kRepeated);
  metrics.upload.Ended({}, UploadResult::kRejected);
  metrics.upload.Ended({"not one of ours"}, UploadResult::kBroken);
  const std::string text = metrics.Scrape();
  const auto line = [](const char* format, const char* result) {
    return absl::StrCat("testselect_uploads_total{format=\"", format, "\",result=\"", result,
                        "\"} 1\n");
  };
  EXPECT_THAT(text, HasSubstr(line("lcov", "stored")));
  EXPECT_THAT(text, HasSubstr(line("mixed", "repeated")));
  EXPECT_THAT(text, HasSubstr(line("unknown", "rejected")));
  EXPECT_THAT(text, HasSubstr(line("unknown", "broken")));
}

TEST(MetricsTest, ListenerServesWhatScrapeTells) {
  Metrics metrics({});
  metrics.selection.computed.Add(2);
  ASSERT_OK_AND_ASSIGN(const std::string address, metrics.Listen("127.0.0.1:0"));
  EXPECT_THAT(address, ::testing::Not(::testing::EndsWith(":0")));
  const std::string answer = HttpCall(address, "GET", "/metrics");
  EXPECT_THAT(answer, HasSubstr("200 OK"));
  EXPECT_THAT(answer, HasSubstr("testselect_selections_total{fallback=\"NONE\","
                                "outcome=\"computed\"} 2\n"));
  EXPECT_THAT(answer, HasSubstr("testselect_process_resident_bytes "));

  Metrics second({});
  EXPECT_THAT(second.Listen(address),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("metrics-listen='" + address)));
}

TEST(MetricsTest, ProcessFiguresAreThere) {
  const ProcessStats stats = ReadProcessStats();
  EXPECT_GT(stats.resident_bytes, 1u << 20);
  EXPECT_GT(stats.open_fds, 2u);
  EXPECT_GE(stats.threads, 1u);
  EXPECT_GT(stats.start_time_seconds, 1.6e9);
}

TEST(MetricsTest, DocumentIsUpToDate) {
  const char* source = std::getenv("TESTSELECT_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/docs/metrics.md");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(text, MetricsMarkdown()) << "run: testselectd --metrics-markdown > docs/metrics.md";
}

}  // namespace
}  // namespace testselect
