#include "client/cli/report_summary.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/segment_builder.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

TEST(ReportSummaryTest, HashesDistinctPairsInTheDocumentedOrder) {
  SegmentBuilder builder(nullptr);
  const FileId b = builder.File("b.py"), a = builder.File("a.py");
  const ContextId z_setup = builder.Context("z", Phase::kSetup);
  const ContextId z_run = builder.Context("z", Phase::kRun);
  const ContextId y_run = builder.Context("y", Phase::kRun);
  builder.AddLine(b, 10, {z_run, y_run});
  builder.AddLine(b, 9, {z_run});
  builder.AddLine(b, 10, {z_setup});  // the same pair in another phase
  builder.AddLine(a, 2, {z_setup});
  builder.AddLine(a, 1, {kGlobalContext});
  builder.AddLine(a, 2, {kGlobalContext});
  IngestResult result;
  ASSERT_OK_AND_ASSIGN(result.content, std::move(builder).Finish());
  result.summary.formats = {"lcov", "go-text", "lcov"};
  ASSERT_OK_AND_ASSIGN(const ReportSummary summary, Summarise(result));
  EXPECT_EQ(summary.pairs, 4u);
  EXPECT_EQ(summary.global_pairs, 2u);
  EXPECT_EQ(summary.format, "go-text,lcov");
  // printf 'y\tb.py\t10\nz\ta.py\t2\nz\tb.py\t9\nz\tb.py\t10\n' | sha256sum
  EXPECT_EQ(summary.pairs_sha256,
            "5bb369e50fbedb565e5ef8bf9fc1352ac43a6a045652c16cc2a7277b66129adf");
}

}  // namespace
}  // namespace testselect::client
