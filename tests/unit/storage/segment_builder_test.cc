#include "storage/segment_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "storage/file_record.h"
#include "storage/label_dictionary.h"
#include "storage/memory_index_store.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Bits(std::initializer_list<uint32_t> lines) {
  std::string bits(16, '\0');
  for (uint32_t l : lines) bits[l / 8] = static_cast<char>(bits[l / 8] | (1 << (l % 8)));
  return bits;
}

SegmentContent Finish(SegmentBuilder builder) {
  absl::StatusOr<SegmentContent> content = std::move(builder).Finish();
  EXPECT_TRUE(content.ok()) << content.status();
  return *std::move(content);
}

FileEvidence OnlyFile(const SegmentContent& content) {
  EXPECT_EQ(content.files.size(), 1u);
  const auto file = DecodeFileRecord(content.files[0].path, content.files[0].record);
  EXPECT_TRUE(file.ok()) << file.status();
  return *file;
}

std::vector<std::pair<std::string, std::string>> Records(const SegmentContent& content) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const EncodedFile& f : content.files) out.emplace_back(f.path, f.record);
  return out;
}

class SegmentBuilderSeeds : public testing::TestWithParam<uint32_t> {};

// Random evidence against a plain map, both ways of telling it, and their records byte by byte.
TEST_P(SegmentBuilderSeeds, KeepsExactlyWhatWasTold) {
  NaiveEvidence want = MakeEvidence(GetParam(), 5 + static_cast<int>(GetParam()) * 17, 23);
  SegmentBuilder by_label(nullptr), by_line(nullptr);
  FeedByLabel(want, &by_label);
  FeedByLine(want, &by_line);
  const SegmentContent a = Finish(std::move(by_label));
  const SegmentContent b = Finish(std::move(by_line));
  EXPECT_EQ(a.pairs, want.Pairs());
  EXPECT_EQ(b.pairs, want.Pairs());
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_EQ(Records(a), Records(b));
  EXPECT_TRUE(Decode(a.labels, a.files) == want);
}
INSTANTIATE_TEST_SUITE_P(Seeds, SegmentBuilderSeeds, testing::Range(1u, 9u));

// Every cell is told twice, once each way, and in pieces: nothing is counted or kept twice.
TEST(SegmentBuilderTest, MergesWhatIsToldTwice) {
  const NaiveEvidence want = MakeEvidence(4, 40, 9);
  SegmentBuilder builder(nullptr);
  FeedByLine(want, &builder);
  FeedByLabel(want, &builder);
  FeedByLabel(want, &builder);
  const SegmentContent twice = Finish(std::move(builder));
  EXPECT_EQ(twice.pairs, want.Pairs());
  EXPECT_EQ(Records(twice), Records(ContentOf(want)));
}

TEST(SegmentBuilderTest, OrderOfTellingDoesNotMatter) {
  const NaiveEvidence want = MakeEvidence(5, 30, 12);
  SegmentBuilder backwards(nullptr);
  for (auto it = want.lines.rbegin(); it != want.lines.rend(); ++it) {
    const auto& [path, label, phase] = it->first;
    for (uint32_t line : it->second) {
      const ContextId context = backwards.Context(label, phase);
      backwards.AddLine(backwards.File(path), line, {context});
    }
  }
  for (const auto& [path, lines] : want.global) {
    for (uint32_t line : lines) backwards.AddLine(backwards.File(path), line, {kGlobalContext});
  }
  const SegmentContent got = Finish(std::move(backwards));
  const SegmentContent expected = ContentOf(want);
  EXPECT_EQ(got.labels, expected.labels);
  EXPECT_EQ(Records(got), Records(expected));
}

TEST(SegmentBuilderTest, PhasesAreKeptApartAndCountedOnce) {
  SegmentBuilder builder(nullptr);
  const FileId f = builder.File("a.py");
  builder.AddLineBits(f, builder.Context("t", Phase::kSetup), Bits({1, 2}));
  builder.AddLineBits(f, builder.Context("t", Phase::kRun), Bits({2, 3}));
  builder.AddLineBits(f, builder.Context("t", Phase::kTeardown), Bits({2}));
  const SegmentContent content = Finish(std::move(builder));
  EXPECT_EQ(content.labels, std::vector<std::string>{"t"});
  EXPECT_EQ(content.pairs, 3u);
  const FileEvidence file = OnlyFile(content);
  ASSERT_EQ(file.sections.size(), 3u);
  EXPECT_EQ(file.sets.size(), 1u);                                        // all three say {t}
  EXPECT_THAT(file.sections[0].runs, ElementsAre(EvidenceRun{2, 3, 0}));  // run
  EXPECT_THAT(file.sections[1].runs, ElementsAre(EvidenceRun{1, 2, 0}));  // set-up
  EXPECT_THAT(file.sections[2].runs, ElementsAre(EvidenceRun{2, 2, 0}));  // tear-down
}

TEST(SegmentBuilderTest, GlobalLinesBelongToNoLabel) {
  SegmentBuilder builder(nullptr);
  const FileId f = builder.File("a.py");
  builder.AddLineBits(f, kGlobalContext, Bits({1, 2, 9}));
  const ContextId t = builder.Context("t", Phase::kRun);
  builder.AddLine(f, 3, {t, kGlobalContext});
  const SegmentContent content = Finish(std::move(builder));
  EXPECT_EQ(content.pairs, 1u);
  EXPECT_EQ(content.global_lines, 4u);
  EXPECT_THAT(OnlyFile(content).global_lines, ElementsAre(LineRange{1, 3}, LineRange{9, 9}));
}

TEST(SegmentBuilderTest, FunctionsAndOpenedFilesHaveSectionsOfTheirOwn) {
  SegmentBuilder builder(nullptr);
  const FileId f = builder.File("a.py");
  const ContextId t = builder.Context("t", Phase::kRun), u = builder.Context("u", Phase::kRun);
  builder.AddFunction(f, u, {10, 30});
  builder.AddFunction(f, t, {10, 30});
  builder.AddFunction(f, t, {12, 20});
  builder.AddOpened(f, u);
  const SegmentContent content = Finish(std::move(builder));
  EXPECT_EQ(content.pairs, 3u);  // no lines at all: entered functions count
  const FileEvidence file = OnlyFile(content);
  ASSERT_EQ(file.sections.size(), 2u);
  EXPECT_EQ(file.sections[0].kind, EvidenceKind::kFunction);
  EXPECT_THAT(file.sections[0].runs, ElementsAre(EvidenceRun{10, 30, 0}, EvidenceRun{12, 20, 1}));
  EXPECT_EQ(file.sections[1].kind, EvidenceKind::kOpenedFile);
  EXPECT_THAT(file.sections[1].runs, ElementsAre(EvidenceRun{0, 0, 2}));
  EXPECT_THAT(MembersOf(file.sets[0], 2), ElementsAre(0, 1));
}

TEST(SegmentBuilderTest, ImportsAndFixturesAreNoExecution) {
  SegmentBuilder builder(nullptr);
  const FileId f = builder.File("conftest.py");
  const ContextId t = builder.Context("t", Phase::kRun), u = builder.Context("u", Phase::kRun);
  builder.AddImported(f, t);
  builder.AddFixtureUse(f, u, {3, 9});
  builder.AddFixtureUse(f, t, {3, 9});
  const SegmentContent content = Finish(std::move(builder));
  EXPECT_EQ(content.pairs, 0u);
  EXPECT_EQ(content.empty_evidence.Count(), 2u);
  const FileEvidence file = OnlyFile(content);
  ASSERT_EQ(file.sections.size(), 2u);
  EXPECT_EQ(file.sections[0].kind, EvidenceKind::kImportedFile);
  EXPECT_EQ(file.sections[1].kind, EvidenceKind::kUsedFixture);
  EXPECT_THAT(file.sections[1].runs, ElementsAre(EvidenceRun{3, 9, 1}));
  EXPECT_EQ(content.kinds, 1u << 4 | 1u << 5);
}

TEST(SegmentBuilderTest, KeysOfAnImportedIndexAreEvidence) {
  SegmentBuilder builder(nullptr);
  const FileId key = builder.File("pkg/*");
  const ContextId t = builder.Context("t", Phase::kRun), u = builder.Context("u", Phase::kRun);
  builder.AddKeyed(key, u);
  builder.AddKeyed(key, t);
  builder.AddKeyed(key, t);
  builder.MarkRan("v");
  const SegmentContent content = Finish(std::move(builder));
  EXPECT_EQ(content.empty_evidence.Count(), 1u);
  EXPECT_EQ(content.kinds, 1u << 7);
  const FileEvidence file = OnlyFile(content);
  EXPECT_EQ(file.path, "pkg/*");
  ASSERT_EQ(file.sections.size(), 1u);
  EXPECT_EQ(file.sections[0].kind, EvidenceKind::kIndexKey);
  EXPECT_THAT(file.sections[0].runs, ElementsAre(EvidenceRun{0, 0, 0}));
  EXPECT_THAT(MembersOf(file.sets[0], 3), ElementsAre(0, 1));
}

TEST(SegmentBuilderTest, FunctionsDoNotCountBesideLines) {
  SegmentBuilder builder(nullptr);
  const ContextId t = builder.Context("t", Phase::kRun);
  builder.AddFunction(builder.File("a.py"), t, {1, 9});
  builder.AddLine(builder.File("b.py"), 4, {t});
  EXPECT_EQ(Finish(std::move(builder)).pairs, 1u);
}

TEST(SegmentBuilderTest, LabelsWithoutExecutedLinesHaveEmptyEvidence) {
  SegmentBuilder builder(nullptr);
  builder.MarkRan("marked");
  builder.AddOutcome("outcome only", {Outcome::kSkipped, 0.5, false});
  builder.AddOpened(builder.File("data.txt"), builder.Context("opened only", Phase::kRun));
  builder.AddLineBits(builder.File("a.py"), builder.Context("zero bits", Phase::kRun), Bits({0}));
  builder.AddLine(builder.File("a.py"), 1, {builder.Context("executed", Phase::kRun)});
  const SegmentContent content = Finish(std::move(builder));
  EXPECT_THAT(content.labels,
              ElementsAre("executed", "marked", "opened only", "outcome only", "zero bits"));
  EXPECT_EQ(content.ran.Count(), 5u);
  EXPECT_THAT(content.empty_evidence.ToVector(), ElementsAre(1, 2, 3, 4));
}

TEST(SegmentBuilderTest, NumbersFollowTheSuiteThenTheName) {
  SegmentBuilder builder(nullptr);
  builder.Order({"z", "never ran", "m"});
  for (const char* label : {"b", "m", "a", "z"}) builder.MarkRan(label);
  EXPECT_THAT(Finish(std::move(builder)).labels, ElementsAre("z", "m", "a", "b"));
}

// An order may be told before its labels run, after, and in pieces: the first place counts.
TEST(SegmentBuilderTest, TheOrderMayBeToldAtAnyTime) {
  SegmentBuilder builder(nullptr);
  builder.Order({"d", "c"});
  for (const char* label : {"a", "b", "c", "d"}) builder.MarkRan(label);
  builder.Order({"b", "d", "b", "c", "e"});
  builder.MarkRan("e");
  EXPECT_THAT(builder.RanLabels(), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(builder.FindRan("d"), absl::optional<absl::string_view>("d"));
  EXPECT_EQ(builder.FindRan("f"), absl::nullopt);
  EXPECT_THAT(Finish(std::move(builder)).labels, ElementsAre("d", "c", "b", "e", "a"));
}

TEST(SegmentBuilderTest, ExtendsADictionary) {
  const auto dictionary = NewLabelDictionary({"old2", "gone", "old1"});
  ASSERT_TRUE(dictionary.ok());
  SegmentBuilder builder(*dictionary);
  for (const char* label : {"new b", "old1", "new a", "old2"}) builder.MarkRan(label);
  const SegmentContent content = Finish(std::move(builder));
  EXPECT_THAT(content.labels, ElementsAre("old2", "gone", "old1", "new a", "new b"));
  EXPECT_THAT(content.ran.ToVector(), ElementsAre(0, 2, 3, 4));
  EXPECT_EQ(content.extended_dictionary, (*dictionary)->id());

  SegmentBuilder renumbered(*dictionary, /*renumber=*/true);
  for (const char* label : {"old2", "old1"}) renumbered.MarkRan(label);
  const SegmentContent fresh = Finish(std::move(renumbered));
  EXPECT_THAT(fresh.labels, ElementsAre("old1", "old2"));
  EXPECT_TRUE(fresh.extended_dictionary.IsNull());
}

TEST(SegmentBuilderTest, TheWorstOutcomeOfALabelStands) {
  SegmentBuilder builder(nullptr);
  builder.AddOutcome("a", {Outcome::kFailed, 2.0, false});
  builder.AddOutcome("a", {Outcome::kPassed, 1.23456, false});
  builder.AddOutcome("b", {Outcome::kPassed, 1.0, false});
  builder.AddOutcome("b", {Outcome::kError, -1, false});
  const SegmentContent content = Finish(std::move(builder));
  ASSERT_EQ(content.outcomes.size(), 2u);
  EXPECT_EQ(content.outcomes[0], (LabelOutcome{Outcome::kFailed, 3.235, false}));
  EXPECT_EQ(content.outcomes[1], (LabelOutcome{Outcome::kError, 1.0, false}));
}

TEST(SegmentBuilderTest, NothingIsRefused) {
  EXPECT_THAT(SegmentBuilder(nullptr).Finish().status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no evidence")));
}

TEST(SegmentBuilderTest, LinesOutOfRangeAreRefused) {
  SegmentBuilder zero(nullptr);
  zero.AddLine(zero.File("a.py"), 0, {zero.Context("t", Phase::kRun)});
  EXPECT_THAT(std::move(zero).Finish().status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("line: 0 of a.py must be 1 to 10000000")));
  SegmentBuilder far(nullptr);
  far.AddLine(far.File("a.py"), kMaxLine + 1, {far.Context("t", Phase::kRun)});
  EXPECT_THAT(std::move(far).Finish().status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("10000001 of a.py")));
  SegmentBuilder bits(nullptr);
  bits.AddLineBits(bits.File("a.py"), bits.Context("t", Phase::kRun),
                   std::string(kMaxLine / 8 + 100, '\xff'));
  EXPECT_THAT(std::move(bits).Finish().status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("of a.py must be")));
}

TEST(SegmentBuilderTest, TheGreatestLineIsKept) {
  SegmentBuilder builder(nullptr);
  builder.AddLine(builder.File("a.py"), kMaxLine, {builder.Context("t", Phase::kRun)});
  EXPECT_THAT(OnlyFile(Finish(std::move(builder))).sections[0].runs,
              ElementsAre(EvidenceRun{kMaxLine, kMaxLine, 0}));
}

// Many more distinct line classes and labels than fit one batch of bit rows.
TEST(SegmentBuilderTest, AFileOfManyClassesAndLabels) {
  SegmentBuilder builder(nullptr);
  const FileId f = builder.File("a.py");
  constexpr uint32_t kLabels = 30'000, kLines = 12'000;
  std::vector<ContextId> contexts;
  for (uint32_t l = 0; l < kLabels; ++l) {
    contexts.push_back(builder.Context(absl::StrCat("t", 100'000 + l), Phase::kRun));
  }
  for (uint32_t line = 1; line <= kLines; ++line) {
    builder.AddLine(f, line, absl::MakeConstSpan(contexts).subspan(line, 2));
  }
  builder.AddLine(f, kLines + 1, contexts);
  const SegmentContent content = Finish(std::move(builder));
  EXPECT_EQ(content.pairs, uint64_t{2} * kLines + kLabels);
  const FileEvidence file = OnlyFile(content);
  EXPECT_EQ(file.sets.size(), kLines + 1);
  EXPECT_THAT(MembersOf(file.sets[file.sections[0].runs[6].set], kLabels), ElementsAre(7, 8));
}

TEST(SegmentBuilderTest, MemoryFollowsTheInformation) {
  SegmentBuilder builder(nullptr);
  std::vector<ContextId> contexts;
  for (int l = 0; l < 20'000; ++l) {
    contexts.push_back(builder.Context(absl::StrCat("t", l), Phase::kRun));
  }
  const FileId f = builder.File("a.py");
  builder.AddLine(f, 1, contexts);
  const size_t once = builder.memory_bytes();
  for (uint32_t line = 2; line <= 5'000; ++line) builder.AddLine(f, line, contexts);
  EXPECT_EQ(builder.memory_bytes(), once);  // 100 million pairs, all alike
  EXPECT_EQ(builder.pairs_so_far(), 100'000'000u);
}

}  // namespace
}  // namespace testselect
