#include "client/ci/suite_jobs.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

using Keys = std::vector<std::pair<std::string, std::string>>;

void Describe(const std::string& name, const Keys& keys, v1::DescribeSuitesResponse& described) {
  v1::SuiteDescription* suite = described.add_suites();
  suite->set_name(name);
  suite->set_origin("tests/suitespec.yml:3");
  for (const auto& [key, value] : keys) (*suite->mutable_keys())[key] = value;
}

SuiteJobs Make(const v1::DescribeSuitesResponse& described, const SuiteUnits& units = {},
               uint32_t target = 0) {
  std::vector<std::string> names;
  for (const v1::SuiteDescription& suite : described.suites()) names.push_back(suite.name());
  auto made = MakeSuiteJobs(described, names, "test", units, target);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? *std::move(made) : SuiteJobs();
}

std::vector<uint32_t> Shards(const SuiteJobs& made) {
  std::vector<uint32_t> shards;
  for (const CiSuite& job : made.jobs) shards.push_back(job.shards);
  return shards;
}

TEST(SuiteJobsTest, AJobIsNamedByTheLastFolderOfItsSuite) {
  v1::DescribeSuitesResponse described;
  Describe("contrib::flask", {{"pattern", "\"flask_.*\""}}, described);
  Describe("a::b::deep", {}, described);
  Describe("telemetry", {}, described);
  const SuiteJobs made = Make(described);
  ASSERT_EQ(made.jobs.size(), 3u);
  EXPECT_EQ(made.jobs[0].job, "contrib/flask");
  EXPECT_EQ(made.jobs[0].stage, "contrib");
  EXPECT_EQ(made.jobs[0].pattern, "flask_.*");
  EXPECT_EQ(made.jobs[1].job, "b/deep");
  EXPECT_EQ(made.jobs[2].job, "core/telemetry");
  EXPECT_EQ(made.jobs[2].pattern, "telemetry");
}

TEST(SuiteJobsTest, TwoSuitesOfOneJobNameKeepAJobEach) {
  v1::DescribeSuitesResponse described;
  Describe("a::x::flask", {}, described);
  Describe("b::x::flask", {}, described);
  Describe("x::django", {}, described);
  const SuiteJobs made = Make(described);
  EXPECT_EQ(made.jobs[0].job, "a/x/flask");
  EXPECT_EQ(made.jobs[1].job, "b/x/flask");
  EXPECT_EQ(made.jobs[2].job, "x/django");
}

TEST(SuiteJobsTest, EveryKeyIsRead) {
  v1::DescribeSuitesResponse described;
  Describe("s",
           {{"snapshot", "true"},
            {"gpu", "true"},
            {"allow_failure", "true"},
            {"services", "[\"azurite\", \"redis\", \"azurite\"]"},
            {"only", "[\"main\"]"},
            {"env", "{\"A\": \"x y\", \"N\": 3}"},
            {"retry", "2"},
            {"timeout", "\"40m\""},
            {"parallelism", "4"},
            {"unheard_of", "{\"a\": [1]}"}},
           described);
  const CiSuite suite = Make(described).jobs.at(0);
  EXPECT_TRUE(suite.snapshot && suite.gpu && suite.allow_failure);
  EXPECT_THAT(suite.services, ElementsAre("azurite", "redis"));
  EXPECT_THAT(suite.only, ElementsAre("main"));
  EXPECT_THAT(suite.env, ElementsAre(Pair("A", "\"x y\""), Pair("N", "3")));
  EXPECT_EQ(suite.retry, "2");
  EXPECT_EQ(suite.timeout, "\"40m\"");
  EXPECT_EQ(suite.shards, 4u);
}

TEST(SuiteJobsTest, SkippedSuitesAndThoseOfAnotherTypeAreNamed) {
  v1::DescribeSuitesResponse described;
  Describe("a", {{"skip", "true"}}, described);
  Describe("benchmarks::b", {{"type", "\"benchmark\""}}, described);
  Describe("c", {{"venvs_per_job", "2"}}, described);
  const SuiteJobs made = Make(described);
  EXPECT_THAT(made.skipped, ElementsAre("a"));
  EXPECT_THAT(made.other, ElementsAre("benchmarks::b"));
  EXPECT_THAT(made.unsized, ElementsAre("c"));
  EXPECT_THAT(Shards(made), ElementsAre(1));
}

TEST(SuiteJobsTest, UnitsAreDividedAmongJobsAndJobsGrowToTheTarget) {
  v1::DescribeSuitesResponse described;
  Describe("dynamic", {{"venvs_per_job", "4"}}, described);
  Describe("huge", {{"venvs_per_job", "2"}}, described);
  Describe("one", {}, described);
  Describe("static", {{"parallelism", "2"}}, described);
  const SuiteUnits units = {{"dynamic", 10}, {"huge", 100}, {"one", 50}, {"static", 4}};
  EXPECT_THAT(Shards(Make(described, units)), ElementsAre(3, 25, 1, 2));
  // The step of `huge` from two a job to one gains most: 75 jobs.
  EXPECT_THAT(Shards(Make(described, units, 32)), ElementsAre(3, 100, 1, 2));
  // Each suite at most to a job for each unit, and one without a key for it not at all.
  EXPECT_THAT(Shards(Make(described, units, 1000)), ElementsAre(10, 100, 1, 4));
}

TEST(SuiteJobsTest, AValueOfTheWrongKindIsNamed) {
  for (const auto& [key, value, wanted] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"parallelism", "\"2\"", "parallelism: expected a number from 1 to 10000"},
           {"parallelism", "0", "parallelism: expected a number"},
           {"services", "\"redis\"", "services: expected a list"},
           {"env", "[]", "env: expected a map"},
           {"snapshot", "\"yes\"", "snapshot: expected true or false"},
           {"retry", "{\"max\": 2}", "retry: expected a text or a number"}}) {
    v1::DescribeSuitesResponse described;
    Describe("s", {{key, value}}, described);
    const auto made = MakeSuiteJobs(described, {"s"}, "test", {}, 0);
    EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument) << key;
    EXPECT_THAT(std::string(made.status().message()),
                HasSubstr("tests/suitespec.yml:3: the suite s: " + wanted));
  }
}

TEST(SuiteJobsTest, UnitsAreLinesOfSuiteAndNumber) {
  const auto units = ParseSuiteUnits("--units f", "a::b\t3\r\n\nc\t0\n");
  ASSERT_TRUE(units.ok()) << units.status();
  EXPECT_THAT(*units, ElementsAre(Pair("a::b", 3)));
  EXPECT_THAT(std::string(ParseSuiteUnits("--units f", "a\t1\nb 2\n").status().message()),
              HasSubstr("--units f:2: 'b 2': expected SUITE<tab>N"));
  EXPECT_THAT(*ParseSuiteUnits("f", ""), IsEmpty());
}

}  // namespace
}  // namespace testselect::client
