#include "server/ops/http_pages.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ops/agent_metrics.h"
#include "server/ops/metrics_table.h"
#include "tests/support/http_call.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HttpPagesTest, PagesAreMadeForEachRequest) {
  int asked = 0;
  ASSERT_OK_AND_ASSIGN(const auto pages,
                       HttpPages::Listen("--http-listen", "127.0.0.1:0",
                                         {{"/count",
                                           [&] {
                                             return HttpPage{200, absl::StrCat(++asked, "\n")};
                                           }},
                                          {"/bad", [] {
                                             return HttpPage{503, "down\n"};
                                           }}}));
  EXPECT_THAT(HttpCall(pages->address(), "GET", "/count"),
              AllOf(HasSubstr("200 OK"), HasSubstr("\r\n\r\n1\n")));
  EXPECT_THAT(HttpCall(pages->address(), "GET", "/count?x"), HasSubstr("\r\n\r\n2\n"));
  EXPECT_THAT(HttpCall(pages->address(), "HEAD", "/count"), Not(HasSubstr("\r\n\r\n3")));
  EXPECT_THAT(HttpCall(pages->address(), "GET", "/bad"),
              AllOf(HasSubstr("503 Service Unavailable"), HasSubstr("down\n")));
  EXPECT_THAT(HttpCall(pages->address(), "GET", "/other"), HasSubstr("404 Not Found"));
  EXPECT_THAT(HttpCall(pages->address(), "POST", "/count"), HasSubstr("405 Method Not Allowed"));
}

TEST(HttpPagesTest, AnAddressInUseIsNamed) {
  ASSERT_OK_AND_ASSIGN(const auto first, HttpPages::Listen("--http-listen", "127.0.0.1:0", {}));
  EXPECT_THAT(HttpPages::Listen("--http-listen", first->address(), {}),
              StatusIs(absl::StatusCode::kUnavailable,
                       "--http-listen: '" + first->address() + "' cannot be bound"));
}

TEST(AgentMetricsTest, ScrapeHasEveryMetricOfTheAgentsTable) {
  const AgentMetrics metrics;
  metrics.refused.Add();
  const std::string text = metrics.Scrape();
  for (const MetricSpec& spec : AgentMetricTable()) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("# TYPE ", spec.name, " ")));
  }
  EXPECT_THAT(text, AllOf(HasSubstr("testselect_agent_uploads_total{result=\"refused\"} 1\n"),
                          HasSubstr("testselect_process_threads ")));
}

}  // namespace
}  // namespace testselect
