#include "server/rpc/upload_spec.h"

#include <functional>
#include <set>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kMaxBytes = 1000;

v1::UploadHeader Header() {
  v1::UploadHeader header;
  header.set_repository("repo");
  header.set_commit(std::string(40, 'c'));
  header.mutable_job()->set_name("unit");
  (*header.mutable_job()->mutable_flavor())["os"] = "linux";
  header.set_shard_index(1);
  header.set_shard_count(3);
  header.set_attempt(2);
  header.set_subset(true);
  header.set_isolation(v1::ISOLATION_SHARED_PROCESS);
  header.set_environment_digest("env");
  header.set_path_root("/build/app");
  header.set_path_prefix("services/api");
  v1::ReportHeader* report = header.add_reports();
  report->set_name(".coverage");
  report->set_format("coveragepy-sqlite");
  report->set_label("l");
  report->set_outcomes(true);
  report->set_size(7);
  report->set_digest(std::string(16, 'd'));
  return header;
}

TEST(UploadSpecTest, EveryFieldArrives) {
  ASSERT_OK_AND_ASSIGN(const UploadSpec spec, UploadFromProto(Header(), kMaxBytes));
  EXPECT_EQ(spec.header.repository, "repo");
  EXPECT_EQ(spec.header.commit.ToHex(), std::string(40, 'c'));
  EXPECT_EQ(spec.header.job.ToString(), "unit;os=linux");
  EXPECT_EQ(spec.header.shard_index, 1u);
  EXPECT_EQ(spec.header.shard_count, 3u);
  EXPECT_EQ(spec.header.attempt, 2u);
  EXPECT_EQ(spec.header.completeness, Completeness::kSubset);
  EXPECT_EQ(spec.header.isolation, Isolation::kSharedProcess);
  EXPECT_EQ(spec.header.environment_digest, "env");
  EXPECT_EQ(spec.paths.root, "/build/app");
  EXPECT_EQ(spec.paths.prefix, "services/api");
  ASSERT_EQ(spec.reports.size(), 1u);
  EXPECT_EQ(spec.reports[0].name, ".coverage");
  EXPECT_EQ(spec.reports[0].format, "coveragepy-sqlite");
  EXPECT_EQ(spec.reports[0].label, "l");
  EXPECT_TRUE(spec.reports[0].outcomes);
  EXPECT_EQ(spec.reports[0].size, 7u);
  EXPECT_EQ(spec.total_bytes(), 7u);
  EXPECT_EQ(spec.id.size(), 32u);
}

TEST(UploadSpecTest, ZeroShardCountAndAttemptMeanOne) {
  v1::UploadHeader proto = Header();
  proto.set_shard_index(0);
  proto.clear_shard_count();
  proto.clear_attempt();
  ASSERT_OK_AND_ASSIGN(const UploadSpec spec, UploadFromProto(proto, kMaxBytes));
  EXPECT_EQ(spec.header.shard_count, 1u);
  EXPECT_EQ(spec.header.attempt, 1u);
}

TEST(UploadSpecTest, TheIdFollowsFromEveryField) {
  const std::function<void(v1::UploadHeader*)> changes[] = {
      [](auto*) {},
      [](auto* h) { h->set_repository("other"); },
      [](auto* h) { h->set_commit(std::string(40, 'e')); },
      [](auto* h) { h->mutable_job()->set_name("e2e"); },
      [](auto* h) { h->mutable_job()->clear_flavor(); },
      [](auto* h) { h->set_shard_index(2); },
      [](auto* h) { h->set_shard_count(4); },
      [](auto* h) { h->set_attempt(3); },
      [](auto* h) { h->set_subset(false); },
      [](auto* h) { h->set_isolation(v1::ISOLATION_PROCESS_PER_LABEL); },
      [](auto* h) { h->set_environment_digest("e"); },
      [](auto* h) { h->set_path_root("/build"); },
      [](auto* h) { h->set_path_prefix("services"); },
      [](auto* h) { h->mutable_reports(0)->set_name("n"); },
      [](auto* h) { h->mutable_reports(0)->set_format("f"); },
      [](auto* h) { h->mutable_reports(0)->set_label("m"); },
      [](auto* h) { h->mutable_reports(0)->set_outcomes(false); },
      [](auto* h) { h->mutable_reports(0)->set_size(8); },
      [](auto* h) { h->mutable_reports(0)->set_digest(std::string(16, 'e')); },
      [](auto* h) { *h->add_reports() = h->reports(0); },
  };
  std::set<std::string> ids;
  for (const auto& change : changes) {
    v1::UploadHeader proto = Header();
    change(&proto);
    ASSERT_OK_AND_ASSIGN(const UploadSpec spec, UploadFromProto(proto, kMaxBytes));
    EXPECT_TRUE(ids.insert(spec.id).second) << proto.DebugString();
    ASSERT_OK_AND_ASSIGN(const UploadSpec again, UploadFromProto(proto, kMaxBytes));
    EXPECT_EQ(spec.id, again.id);
  }
}

TEST(UploadSpecTest, BadFieldsAreNamed) {
  struct Case {
    std::string want;
    std::function<void(v1::UploadHeader*)> damage;
  };
  for (const Case& c : {
           Case{"header.repository=''", [](auto* h) { h->clear_repository(); }},
           Case{"header.commit", [](auto* h) { h->set_commit("HEAD"); }},
           Case{"header.job", [](auto* h) { h->clear_job(); }},
           Case{"header.job", [](auto* h) { h->mutable_job()->set_name(std::string(201, 'j')); }},
           Case{"shard_index", [](auto* h) { h->set_shard_index(3); }},
           Case{"shard_count", [](auto* h) { h->set_shard_count(10'001); }},
           Case{"attempt", [](auto* h) { h->set_attempt(10'001); }},
           Case{"header.isolation='7'",
                [](auto* h) { h->set_isolation(static_cast<v1::Isolation>(7)); }},
           Case{"environment", [](auto* h) { h->set_environment_digest(std::string(201, 'e')); }},
           Case{"header.path_root", [](auto* h) { h->set_path_root(std::string(4097, 'r')); }},
           Case{"header.reports='0 reports'", [](auto* h) { h->clear_reports(); }},
           Case{"header.reports[0].name",
                [](auto* h) { h->mutable_reports(0)->set_name(std::string("a\0b", 3)); }},
           Case{"header.reports[0].label",
                [](auto* h) { h->mutable_reports(0)->set_label(std::string(65537, 'l')); }},
           Case{"header.reports[0].size='1001': at most 1000 bytes",
                [](auto* h) { h->mutable_reports(0)->set_size(1001); }},
           Case{"header.reports[0].digest",
                [](auto* h) { h->mutable_reports(0)->set_digest("short"); }},
       }) {
    v1::UploadHeader proto = Header();
    c.damage(&proto);
    EXPECT_THAT(UploadFromProto(proto, kMaxBytes),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.want)));
  }
}

}  // namespace
}  // namespace testselect
