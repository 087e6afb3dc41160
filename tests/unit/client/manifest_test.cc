#include "client/agent/manifest.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

constexpr char kCommit[] = "0123456789abcdef0123456789abcdef01234567";

std::string With(const std::string& fields) {
  return absl::StrCat(R"({"version": 1, "repository": "app", "commit": ")", kCommit, "\"",
                      fields.empty() ? "" : ", ", fields, "}");
}

TEST(ManifestTest, EveryFieldIsRead) {
  ASSERT_OK_AND_ASSIGN(
      const Manifest manifest,
      ParseManifest(With(R"("job": "unit", "flavor": {"os": "linux"}, "shard": "2/4",
        "attempt": 3, "branch": "main", "run": "subset", "isolation": "process",
        "environment": "abc", "path_root": "/b", "path_prefix": "s", "format": "lcov",
        "reports": ["a.info", {"file": "b.cov", "label": "pkg.T", "format": "go-cover-text"}],
        "outcomes": ["junit.xml"])")));
  const v1::UploadHeader& header = manifest.header;
  EXPECT_EQ(header.repository(), "app");
  EXPECT_EQ(header.commit(), kCommit);
  EXPECT_EQ(header.job().name(), "unit");
  EXPECT_EQ(header.job().flavor().at("os"), "linux");
  EXPECT_EQ(header.shard_index(), 1u);
  EXPECT_EQ(header.shard_count(), 4u);
  EXPECT_EQ(header.attempt(), 3u);
  EXPECT_EQ(header.branch(), "main");
  EXPECT_TRUE(header.subset());
  EXPECT_EQ(header.isolation(), v1::ISOLATION_PROCESS_PER_LABEL);
  EXPECT_EQ(header.environment_digest(), "abc");
  EXPECT_EQ(header.path_root(), "/b");
  EXPECT_EQ(header.path_prefix(), "s");
  ASSERT_EQ(manifest.reports.size(), 2u);
  EXPECT_EQ(manifest.reports[0].format, "lcov");
  EXPECT_EQ(manifest.reports[1].label, "pkg.T");
  EXPECT_EQ(manifest.reports[1].format, "go-cover-text");
  ASSERT_EQ(manifest.outcomes.size(), 1u);
  EXPECT_EQ(manifest.outcomes[0].file, "junit.xml");
  // And is written again as it was.
  ASSERT_OK_AND_ASSIGN(const Manifest again, ParseManifest(ManifestJson(manifest)));
  EXPECT_EQ(again.header.SerializeAsString(), header.SerializeAsString());
  EXPECT_EQ(ManifestJson(again), ManifestJson(manifest));
}

TEST(ManifestTest, TheLeastThatIsNeeded) {
  ASSERT_OK_AND_ASSIGN(const Manifest manifest, ParseManifest(With(R"("outcomes": ["x"])")));
  EXPECT_EQ(manifest.header.job().name(), "default");
  EXPECT_FALSE(manifest.header.subset());
}

TEST(ManifestTest, WhatIsWrongIsNamedWithItsValue) {
  const struct {
    std::string json, message;
  } cases[] = {
      {"{", "manifest: no JSON: "},
      {"[]", "manifest: expected a JSON object"},
      {R"({"version": 1, "commit": "x"})", "manifest.commit: 'x' is no full commit id"},
      {R"({"version": 1})", "manifest.repository: missing: expected in every manifest"},
      {With(""), "manifest.reports: none: expected at least one report, or outcomes"},
      {R"({"version": 2})", "manifest.version: 2: expected 1"},
      {With(R"("jobs": 1)"), "manifest.jobs: 1: no such field; known are version, "},
      {With(R"("commit": "a")"), "manifest.commit: 'a': given twice"},
      {With(R"("job": "a;b")"), "manifest.job: 'a;b': "},
      {With(R"("job": 7)"), "manifest.job: 7: expected a text"},
      {With(R"("flavor": {"os": 1})"), "manifest.flavor.os: 1: expected a text"},
      {With(R"("flavor": {"a=b": "c"})"), "manifest.flavor: {\"a=b\":\"c\"}: "},
      {With(R"("shard": "5/4")"), "manifest.shard: '5/4': expected \"I/N\""},
      {With(R"("attempt": 0)"), "manifest.attempt: 0: expected a number from 1 to 10000"},
      {With(R"("attempt": "1")"), "manifest.attempt: '1': expected a number from 1 to 10000"},
      {With(R"("run": "part")"), "manifest.run: 'part': expected \"full\" or \"subset\""},
      {With(R"("isolation": "x")"), "manifest.isolation: 'x': expected \"process\", \"shared\""},
      {With(R"("reports": "a")"), "manifest.reports: 'a': expected a list of files"},
      {With(R"("reports": ["../a"])"), "manifest.reports[0]: '../a': expected the name of a file"},
      {With(R"("reports": ["/etc/x"])"), "manifest.reports[0]: '/etc/x': expected the name"},
      {With(R"("reports": [".."])"), "manifest.reports[0]: '..': expected the name of a file"},
      {With(R"("reports": ["manifest.json"])"), "manifest.reports[0]: 'manifest.json': expected"},
      {With(R"("reports": ["a", "a"])"), "manifest.reports[1]: 'a': named twice"},
      {With(R"("reports": [{"label": "l"}])"), "manifest.reports[0]: '': expected the name"},
      {With(R"("outcomes": [{"file": "a", "label": "l"}])"),
       "manifest.outcomes[0].label: 'l': no such field; known are file, format"},
  };
  for (const auto& [json, message] : cases) {
    EXPECT_THAT(ParseManifest(json),
                StatusIs(absl::StatusCode::kInvalidArgument, ::testing::StartsWith(message)))
        << json;
  }
}

}  // namespace
}  // namespace testselect::client
