// PHPUnit's XML coverage in its dialects.
#include "gmock/gmock.h"
#include "server/ingest/formats.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/report_files.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kBegin[] =
    "<?xml version='1.0'?><phpunit xmlns='https://schema.phpunit.de/coverage/1.0'>";

std::string IndexOf(const std::string& tests, const std::string& files,
                    const std::string& source = "/build/shop/src") {
  return absl::StrCat(kBegin, "<project source='", source, "'><tests>", tests,
                      "</tests><directory name='/'>", files, "</directory></project></phpunit>");
}

std::string Document(const std::string& path, const std::string& name, const std::string& lines) {
  return absl::StrCat(kBegin, "<file name='", name, "' path='", path, "'><coverage>", lines,
                      "</coverage><source><line no='99'><token name='x'>covered</token></line>"
                      "</source></file></phpunit>");
}

std::string Line(int number, const std::string& test) {
  return absl::StrCat("<line nr='", number, "'><covered by='", test, "'/></line>");
}

class PhpunitXmlTest : public ReportFilesTest {
 protected:
  // As several files named one by one.
  absl::StatusOr<EvidenceMap> Parse(const std::vector<std::pair<std::string, std::string>>& files,
                                    std::vector<std::string> tree = {}) {
    std::vector<ReportFile> reports;
    for (const auto& [name, content] : files) {
      reports.push_back(Report(content));
      reports.back().name = name;
    }
    IngestOptions options = Options();
    options.paths.root = "/build/shop";
    options.tree_paths = std::move(tree);
    auto result = ParseUpload(reports, options);
    if (!result.ok()) return result.status();
    warnings_ = result->summary.warnings;
    return Decode(result->content);
  }
  std::vector<std::string> warnings_;
};

TEST_F(PhpunitXmlTest, AFileIsTheProjectsSourceItsPathAndItsName) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse({{"x/Sub/B.php.xml", Document("/Sub", "B.php", Line(7, "T::b"))},
             {"x/index.xml", IndexOf("",
                                     "<file href='A.php.xml'/><directory name='Sub'>"
                                     "<file href='Sub/B.php.xml'/></directory>")},
             {"x/A.php.xml", Document("/", "A.php", Line(3, "T::a") + Line(3, "T::b"))}}));
  EXPECT_THAT(map.labels,
              ElementsAre(Pair("T::a", ElementsAre(Pair("src/A.php", ElementsAre(3)))),
                          Pair("T::b", ElementsAre(Pair("src/A.php", ElementsAre(3)),
                                                   Pair("src/Sub/B.php", ElementsAre(7))))));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(PhpunitXmlTest, EveryFolderHasItsOwnIndex) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse({{"one/index.xml", IndexOf("", "<file href='A.php.xml'/>", "/build/shop/one")},
             {"one/A.php.xml", Document("/", "A.php", Line(1, "T::a"))},
             {"two/index.xml", IndexOf("", "<file href='A.php.xml'/>", "/build/shop/two")},
             {"two/A.php.xml", Document("/", "A.php", Line(2, "T::a"))}}));
  EXPECT_THAT(map.labels.at("T::a"),
              ElementsAre(Pair("one/A.php", ElementsAre(1)), Pair("two/A.php", ElementsAre(2))));
}

TEST_F(PhpunitXmlTest, TheIndexTellsHowTestsEnded) {
  const std::string tests =
      "<test name='T::a' result='0' status='PASSED'/><test name='T::b' status='FAILURE'/>"
      "<test name='T::c' status='RISKY'/><test name='T::d' status='SKIPPED'/>"
      "<test name='T::e' status='success' time='0.25'/><test name='T::f' status='failure'/>"
      "<test name='T::g' status='unknown'/>";
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse({{"index.xml", IndexOf(tests, "")}}));
  const auto outcome = [&](const char* label) { return map.outcomes.at(label).outcome; };
  EXPECT_EQ(outcome("T::a"), Outcome::kPassed);
  EXPECT_EQ(outcome("T::b"), Outcome::kFailed);
  EXPECT_EQ(outcome("T::c"), Outcome::kError);
  EXPECT_EQ(outcome("T::d"), Outcome::kSkipped);
  EXPECT_EQ(outcome("T::e"), Outcome::kPassed);
  EXPECT_EQ(map.outcomes.at("T::e").seconds, 0.25);
  EXPECT_EQ(outcome("T::f"), Outcome::kFailed);
  EXPECT_EQ(map.labels.count("T::g"), 1u);
}

TEST_F(PhpunitXmlTest, ADocumentThatTheIndexNamesAndNobodySentIsMissed) {
  EXPECT_THAT(Parse({{"x/index.xml", IndexOf("", "<file href='A.php.xml'/>")}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "x/index.xml: phpunit-xml: file: it names 'A.php.xml', which is missing: "
                       "send the whole folder"));
}

TEST_F(PhpunitXmlTest, ADocumentWithoutItsIndexIsFoundBelowAnyFolder) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map,
                       Parse({{"A.php.xml", Document("/Sub", "A.php", Line(3, "T::a"))}},
                             {"src/Sub/A.php", "src/A.php"}));
  EXPECT_THAT(map.files, ElementsAre("src/Sub/A.php"));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("without index.xml")));
}

TEST_F(PhpunitXmlTest, LineNumbersAndNamesAreChecked) {
  const struct {
    std::string content, want;
  } kCases[] = {
      {Document("/", "A.php", Line(-7, "T::a")), "line number '-7'"},
      {Document("/", "A.php", "<line nr='1099511627776'/>"), "is greater than"},
      {Document("/", "", Line(1, "T::a")), "a file has no name"},
      {Document("/", "A.php", Line(1, "")), "a label is empty"},
      {absl::StrCat(kBegin, "</phpunit>"), "the document has no 'file'"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Parse({{"A.php.xml", c.content}}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.want)));
  }
  EXPECT_THAT(Parse({{"index.xml", IndexOf("<test name='T::a' status='odd'/>", "")}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a test's status is 'odd'")));
}

TEST_F(PhpunitXmlTest, PHPUnitsConfigurationIsNoReport) {
  EXPECT_FALSE(PhpunitXmlParser()->Recognises("<?xml version='1.0'?><phpunit colors='true'>"));
  EXPECT_TRUE(PhpunitXmlParser()->Recognises(kBegin));
}

}  // namespace
}  // namespace testselect
