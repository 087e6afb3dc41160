#include "server/rpc/selection_conversion.h"

#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ops/metrics_table.h"
#include "server/selection/index_keeper.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Remembers lists and nothing else.
class ListMemory final : public Selector {
 public:
  absl::StatusOr<SelectionResult> Select(const SelectionRequest&) override {
    return absl::UnimplementedError("lists only");
  }
  absl::StatusOr<SelectionResult> Replay(const SelectionRequest&, const SelectionBasis&) override {
    return absl::UnimplementedError("lists only");
  }
  absl::StatusOr<Explanation> Explain(const SelectionRequest&, absl::string_view) override {
    return absl::UnimplementedError("lists only");
  }
  absl::StatusOr<FileGraph> ReadGraph(const GraphRequest&) override {
    return absl::UnimplementedError("lists only");
  }
  absl::StatusOr<LabelAnswer> FindLabels(const LabelQuestion&) override {
    return absl::UnimplementedError("lists only");
  }
  absl::StatusOr<std::vector<NamedBody>> FindBodies(const std::string&, const ObjectId&,
                                                    const std::string&, absl::Time) override {
    return absl::UnimplementedError("lists only");
  }
  void Prepare(const std::string&, const ObjectId&) override {}
  void WaitPrepared() override {}
  absl::StatusOr<KeptSources> FindSources(absl::Span<const std::string>, size_t) const override {
    return absl::UnimplementedError("lists only");
  }
  const IndexKeeper& keeper() const override { return keeper_; }
  void Consolidate(const std::string&, const ObjectId&) override {}
  void WaitConsolidated() override {}
  std::shared_ptr<const LabelList> FindList(const Digest& digest) const override {
    const auto found = lists_.find(digest);
    return found == lists_.end() ? nullptr : found->second;
  }
  void RememberList(std::shared_ptr<const LabelList> list) override {
    lists_[list->digest()] = std::move(list);
  }

 private:
  std::map<Digest, std::shared_ptr<const LabelList>> lists_;
  const IndexKeeper keeper_{{}};
};

const std::string kBase(40, 'a');
const std::string kHead(40, 'b');

v1::SelectTestsRequest Minimal() {
  v1::SelectTestsRequest request;
  request.set_repository("r");
  request.set_base(kBase);
  request.set_head(kHead);
  return request;
}

TEST(SelectionConversionTest, DefaultsAreTheProtosDefaults) {
  ASSERT_OK_AND_ASSIGN(const SelectionRequest request, SelectionFromProto(Minimal()));
  EXPECT_EQ(request.repository, "r");
  EXPECT_EQ(request.base.ToHex(), kBase);
  EXPECT_EQ(request.head.ToHex(), kHead);
  EXPECT_EQ(request.granularity, Granularity::kFunction);
  EXPECT_EQ(request.unknown_change_selects_all, std::nullopt);
  EXPECT_EQ(request.branch, "");
  EXPECT_FALSE(request.run_all || request.include_building || request.omit_order);
  EXPECT_THAT(request.jobs, IsEmpty());
}

TEST(SelectionConversionTest, PartsAreChecked) {
  v1::SelectTestsRequest good = Minimal();
  good.set_budget_seconds(1.5);
  good.set_shard_count(4);
  good.set_shard_index(3);
  good.set_per_job(true);
  ASSERT_OK_AND_ASSIGN(const SelectionRequest request, SelectionFromProto(good));
  EXPECT_EQ(request.budget_seconds, 1.5);
  EXPECT_EQ(request.shard_count, 4u);
  EXPECT_EQ(request.shard_index, 3u);
  EXPECT_TRUE(request.per_job);
  const auto refused = [](const v1::SelectTestsRequest& bad, absl::string_view field) {
    EXPECT_THAT(SelectionFromProto(bad),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(field))));
  };
  v1::SelectTestsRequest bad = good;
  bad.set_shard_index(4);
  refused(bad, "shard_index='4'");
  bad = good;
  bad.set_shard_count(10'001);
  refused(bad, "shard_count='10001'");
  for (const double budget : {-1.0, 2e9, std::numeric_limits<double>::quiet_NaN()}) {
    bad = good;
    bad.set_budget_seconds(budget);
    refused(bad, "budget_seconds=");
  }
  bad = good;
  bad.set_omit_order(true);
  refused(bad, "omit_order=");
}

TEST(SelectionConversionTest, EveryFieldArrives) {
  v1::SelectTestsRequest proto = Minimal();
  v1::Job* job = proto.add_jobs();
  job->set_name("unit");
  (*job->mutable_flavor())["os"] = "linux";
  proto.set_granularity(v1::GRANULARITY_PACKAGE);
  proto.set_unknown_change(v1::UNKNOWN_CHANGE_NONE);
  proto.set_environment_digest("env");
  proto.set_branch("main");
  proto.set_run_all(true);
  proto.add_force_labels("t::x");
  proto.set_include_building(true);
  proto.set_omit_order(true);
  ASSERT_OK_AND_ASSIGN(const SelectionRequest request, SelectionFromProto(proto));
  ASSERT_EQ(request.jobs.size(), 1u);
  EXPECT_EQ(request.jobs[0].ToString(), "unit;os=linux");
  EXPECT_EQ(request.granularity, Granularity::kPackage);
  EXPECT_EQ(request.unknown_change_selects_all, false);
  EXPECT_EQ(request.branch, "main");
  EXPECT_EQ(request.environment_digest, "env");
  EXPECT_TRUE(request.run_all && request.include_building && request.omit_order);
  EXPECT_THAT(request.force_labels, ElementsAre("t::x"));
}

TEST(SelectionConversionTest, BadFieldsAreNamed) {
  struct Case {
    std::string want;
    std::function<void(v1::SelectTestsRequest*)> damage;
  };
  for (const Case& c : {
           Case{"repository=''", [](auto* r) { r->clear_repository(); }},
           Case{"base", [](auto* r) { r->set_base("abc"); }},
           Case{"base", [](auto* r) { r->set_base(std::string(41, 'a')); }},
           Case{"head", [](auto* r) { r->set_head(std::string(40, 'g')); }},
           Case{"head", [](auto* r) { r->set_head(std::string(40, '0')); }},
           Case{"is the same commit as base", [](auto* r) { r->set_head(r->base()); }},
           Case{"granularity='9'",
                [](auto* r) { r->set_granularity(static_cast<v1::Granularity>(9)); }},
           Case{"unknown_change='9'",
                [](auto* r) { r->set_unknown_change(static_cast<v1::UnknownChange>(9)); }},
           Case{"list_form='9'", [](auto* r) { r->set_list_form(static_cast<v1::ListForm>(9)); }},
           Case{"at most 200 bytes",
                [](auto* r) { r->set_environment_digest(std::string(201, 'e')); }},
           Case{"at most 1000 bytes", [](auto* r) { r->set_branch(std::string(1001, 'b')); }},
           Case{"jobs='65 jobs': at most 64",
                [](auto* r) {
                  for (int i = 0; i < 65; ++i) r->add_jobs()->set_name("j");
                }},
           Case{"jobs[0]", [](auto* r) { r->add_jobs()->set_name("a;b"); }},
           Case{"force_labels[1]=''",
                [](auto* r) {
                  r->add_force_labels("a");
                  r->add_force_labels("");
                }},
       }) {
    v1::SelectTestsRequest proto = Minimal();
    c.damage(&proto);
    EXPECT_THAT(SelectionFromProto(proto),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.want)));
  }
}

// CI systems give it as the commit before a new branch: everything runs then, as for any commit
// that nobody knows.
TEST(SelectionConversionTest, ABaseOfZerosIsACommitThatNobodyKnows) {
  v1::SelectTestsRequest proto = Minimal();
  proto.set_base(std::string(40, '0'));
  const auto request = SelectionFromProto(proto);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_TRUE(request->base.IsNull());
}

TEST(SelectionConversionTest, ListsComeInThreeForms) {
  ListMemory memory;
  v1::LabelList none;
  EXPECT_THAT(RequestedFromProto(none, nullptr, &memory), IsOkAndHolds(nullptr));

  v1::LabelList strings;
  strings.add_labels("a");
  strings.add_labels("b");
  ASSERT_OK_AND_ASSIGN(const auto from_strings, RequestedFromProto(strings, nullptr, &memory));
  ASSERT_EQ(from_strings->size(), 2u);
  EXPECT_EQ((*from_strings)[1], "b");

  v1::LabelList packed;
  packed.set_packed("a\nb");
  ASSERT_OK_AND_ASSIGN(const auto from_packed, RequestedFromProto(packed, nullptr, &memory));
  EXPECT_EQ(from_packed, from_strings) << "the same list is not split again";

  v1::LabelList digest;
  digest.set_digest(std::string(from_packed->digest().bytes()));
  ASSERT_OK_AND_ASSIGN(const auto from_digest, RequestedFromProto(digest, nullptr, &memory));
  EXPECT_EQ(from_digest, from_packed);
}

TEST(SelectionConversionTest, BadListsAreRefused) {
  ListMemory memory;
  v1::LabelList both;
  both.add_labels("a");
  both.set_packed("a");
  EXPECT_THAT(RequestedFromProto(both, nullptr, &memory),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("requested='2 forms'")));
  v1::LabelList unknown;
  unknown.set_digest(std::string(16, 'd'));
  EXPECT_THAT(RequestedFromProto(unknown, nullptr, &memory),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("requested.digest=")));
  v1::LabelList truncated;
  truncated.set_digest("short");
  EXPECT_THAT(RequestedFromProto(truncated, nullptr, &memory),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("requested.digest")));
  v1::LabelList empty_label;
  empty_label.set_packed("a\n\nb\n");
  EXPECT_THAT(RequestedFromProto(empty_label, nullptr, &memory),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("requested.packed")));
}

std::shared_ptr<const LabelList> Labels(const std::vector<absl::string_view>& labels) {
  return *LabelList::FromStrings("labels", labels);
}

Selection Answer() {
  Selection selection;
  selection.id = "s1";
  selection.absent = std::string("\x01\x00", 2);          // a
  selection.present_diff = std::string("\x02\x01", 2);    // b, i
  selection.global_level = std::string("\x04\x00", 2);    // c
  selection.present_report = std::string("\xfe\x01", 2);  // b to i
  selection.run = {8, 0, 1, 2};
  selection.run_count = 4;
  selection.reasons[static_cast<size_t>(ReasonCode::kCoveredChange)] = 2;
  selection.run_seconds = 1.5;
  selection.total_seconds = 4;
  IndexUse use;
  use.job.name = "unit";
  use.commit = *ObjectId::FromHex("c", kBase);
  use.distance = 3;
  use.segments = 2;
  use.created = absl::FromUnixSeconds(1000);
  selection.index.push_back(use);
  return selection;
}

SelectionResult About(const std::vector<absl::string_view>& labels, Selection selection) {
  SelectionResult result;
  result.selection = std::make_shared<const Selection>(std::move(selection));
  result.labels = Labels(labels);
  return result;
}

SelectionResult AboutNine(Selection selection) {
  return About({"a", "b", "c", "d", "e", "f", "g", "h", "i"}, std::move(selection));
}

TEST(SelectionConversionTest, AnswerAsStrings) {
  v1::SelectTestsResponse out;
  SelectionToProto(AboutNine(Answer()), v1::LIST_FORM_STRINGS, true, false, &out);
  EXPECT_EQ(out.selection_id(), "s1");
  EXPECT_THAT(out.absent_labels().labels(), ElementsAre("a"));
  EXPECT_THAT(out.present_diff_labels().labels(), ElementsAre("b", "i"));
  EXPECT_THAT(out.global_level_labels().labels(), ElementsAre("c"));
  EXPECT_EQ(out.present_report_labels().labels_size(), 8);
  EXPECT_EQ(out.run_order(), std::string("\x08\0\0\0\0\0\0\0\x01\0\0\0\x02\0\0\0", 16));
  EXPECT_EQ(out.run_seconds(), 1.5);
  ASSERT_EQ(out.reasons_size(), 1);
  EXPECT_EQ(out.reasons(0).code(), "COVERED_CHANGE");
  EXPECT_EQ(out.reasons(0).labels(), 2u);
  ASSERT_EQ(out.index_size(), 1);
  EXPECT_EQ(out.index(0).commit(), kBase);
  EXPECT_EQ(out.index(0).distance(), 3u);
  EXPECT_EQ(out.index(0).state(), "sealed");
  EXPECT_EQ(out.index(0).created_unix_seconds(), 1000);
  EXPECT_FALSE(out.has_fallback());
  EXPECT_TRUE(out.all_labels_packed().empty());
  EXPECT_EQ(out.label_list_digest().size(), 16u);
}

TEST(SelectionConversionTest, AnswerPackedAndAsBits) {
  v1::SelectTestsResponse packed;
  SelectionToProto(AboutNine(Answer()), v1::LIST_FORM_PACKED, true, true, &packed);
  EXPECT_EQ(packed.present_diff_labels().packed(), "b\ni\n");
  EXPECT_TRUE(packed.run_order().empty());
  EXPECT_EQ(packed.run_seconds(), 0);

  Selection selection = Answer();
  selection.absent.clear();  // trailing zero bytes may be missing
  selection.fallback = Fallback{FallbackCode::kNoIndex, "because"};
  v1::SelectTestsResponse bits;
  SelectionToProto(AboutNine(selection), v1::LIST_FORM_BITS, true, true, &bits);
  EXPECT_EQ(bits.absent_labels().bits(), std::string(2, '\0'));
  EXPECT_EQ(bits.present_report_labels().bits(), std::string("\xfe\x01", 2));
  EXPECT_EQ(bits.fallback().code(), v1::FALLBACK_CODE_NO_INDEX);
  EXPECT_EQ(bits.fallback().message(), "because");
}

TEST(SelectionConversionTest, AllLabelsAreNamedWhereNoneWereSent) {
  v1::SelectTestsResponse out;
  SelectionToProto(AboutNine(Answer()), v1::LIST_FORM_BITS, false, true, &out);
  EXPECT_EQ(out.all_labels_packed(), "a\nb\nc\nd\ne\nf\ng\nh\ni\n");
  EXPECT_EQ(out.all_labels_size(), 0);
}

// A line feed inside a label must not make two labels of it, nor lose one.
TEST(SelectionConversionTest, LabelsWithLineFeedsTravelAsStrings) {
  Selection selection = Answer();
  selection.absent = "\x01";
  v1::SelectTestsResponse out;
  SelectionToProto(About({"a\nb", "c"}, selection), v1::LIST_FORM_PACKED, false, true, &out);
  EXPECT_THAT(out.absent_labels().labels(), ElementsAre("a\nb"));
  EXPECT_TRUE(out.absent_labels().packed().empty());
  EXPECT_TRUE(out.all_labels_packed().empty());
  EXPECT_THAT(out.all_labels(), ElementsAre("a\nb", "c"));
}

TEST(SelectionConversionTest, SizesAreCounted) {
  const ListSizes sizes = SizesOf(AboutNine(Answer()));
  EXPECT_EQ(sizes.requested, 9u);
  EXPECT_EQ(sizes.absent, 1u);
  EXPECT_EQ(sizes.present_diff, 2u);
  EXPECT_EQ(sizes.global_level, 1u);
  EXPECT_EQ(sizes.present_report, 8u);
  EXPECT_EQ(sizes.run, 4u);

  Selection large = Answer();
  large.absent = std::string(21, '\x81');
  EXPECT_EQ(SizesOf(AboutNine(large)).absent, 42u);
}

// Numbers and names that three places write down.
TEST(SelectionConversionTest, FallbackNamesAgreeWithProtoAndMetrics) {
  const auto& names = FindMetric("testselect_selections_total").labels[1].values;
  ASSERT_EQ(names.size(), static_cast<size_t>(kFallbackCodes));
  for (int code = 0; code < kFallbackCodes; ++code) {
    const absl::string_view name = FallbackName(static_cast<FallbackCode>(code));
    EXPECT_EQ(names[static_cast<size_t>(code)], name);
    if (code > 0) {
      EXPECT_EQ(v1::FallbackCode_Name(static_cast<v1::FallbackCode>(code)),
                absl::StrCat("FALLBACK_CODE_", name));
    }
  }
}

}  // namespace
}  // namespace testselect
