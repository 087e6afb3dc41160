// OpenCover's XML, put together as OpenCover's serializer does: no such tool runs here.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/model/status_macros.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/report_files.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class OpenCoverTest : public ReportFilesTest {
 protected:
  absl::StatusOr<EvidenceMap> Parse(absl::string_view content, std::string label = "") {
    TS_ASSIGN_OR_RETURN(const IngestResult result,
                        ParseUpload({Report(content, "", std::move(label))}, Options()));
    EXPECT_EQ(result.summary.formats[0], "opencover");
    return Decode(result.content);
  }
  std::string ErrorOf(absl::string_view content) {
    return std::string(Parse(content).status().message());
  }
};

std::string Session(absl::string_view points, absl::string_view tracked) {
  return absl::StrCat(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      "<CoverageSession xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><Summary/><Modules>"
      "<Module hash=\"AB\"><ModulePath>C:\\shop\\Shop.dll</ModulePath><Files>"
      "<File uid=\"1\" fullPath=\"shop/Till.cs\"/><File uid=\"2\" fullPath=\"shop\\Tax.cs\"/>"
      "</Files><Classes><Class><FullName>Shop.Till</FullName><Methods><Method visited=\"true\">"
      "<FileRef uid=\"1\"/><SequencePoints>",
      points,
      "</SequencePoints></Method></Methods></Class></Classes></Module>"
      "<Module hash=\"CD\"><Files/><Classes/><TrackedMethods>",
      tracked, "</TrackedMethods></Module></Modules></CoverageSession>");
}

std::string Point(absl::string_view attributes, absl::string_view refs = "") {
  if (refs.empty()) return absl::StrCat("<SequencePoint ", attributes, "/>");
  return absl::StrCat("<SequencePoint ", attributes, "><TrackedMethodRefs>", refs,
                      "</TrackedMethodRefs></SequencePoint>");
}

constexpr absl::string_view kTests =
    "<TrackedMethod uid=\"4\" token=\"100663298\" strategy=\"NUnitTest\" "
    "name=\"System.Void Shop.TillTests::Adds(System.Int32,System.Int32)\"/>"
    "<TrackedMethod uid=\"5\" token=\"100663299\" strategy=\"xUnitTest\" "
    "name=\"System.Threading.Tasks.Task`1&lt;System.Int32&gt; Shop.TillTests/Inner::Waits()\"/>";

TEST_F(OpenCoverTest, NamesTheTestsBehindThePointsThatTheyVisited) {
  const std::string points = absl::StrCat(
      Point("vc=\"3\" sl=\"7\" el=\"8\" fileid=\"1\"",
            "<TrackedMethodRef uid=\"4\" vc=\"2\"/><TrackedMethodRef uid=\"5\" vc=\"1\"/>"),
      Point("vc=\"2\" sl=\"10\" el=\"10\"", "<TrackedMethodRef uid=\"4\" vc=\"1\"/>"),
      Point("vc=\"1\" sl=\"3\" el=\"3\" fileid=\"2\""), Point("vc=\"0\" sl=\"9\" el=\"9\""),
      Point("vc=\"4\" sl=\"16707566\" el=\"16707566\""));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(Session(points, kTests)));
  EXPECT_THAT(
      map.labels,
      ElementsAre(
          Pair("Shop.TillTests+Inner.Waits", ElementsAre(Pair("shop/Till.cs", ElementsAre(7, 8)))),
          Pair("Shop.TillTests.Adds", ElementsAre(Pair("shop/Till.cs", ElementsAre(7, 8, 10))))));
  // Visits that no test accounts for.
  EXPECT_THAT(map.global, ElementsAre(Pair("shop/Tax.cs", ElementsAre(3)),
                                      Pair("shop/Till.cs", ElementsAre(10))));
}

TEST_F(OpenCoverTest, WithoutTestsTheLinesAreTheUploadsLabels) {
  const std::string report = Session(Point("vc=\"1\" sl=\"7\" el=\"7\""), "");
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(report, "L"));
  EXPECT_THAT(map.labels,
              ElementsAre(Pair("L", ElementsAre(Pair("shop/Till.cs", ElementsAre(7))))));
  EXPECT_THAT(ErrorOf(report), HasSubstr("--label LABEL"));
}

TEST_F(OpenCoverTest, NamesTheLineOfWhatIsWrong) {
  EXPECT_THAT(
      ErrorOf(Session(Point("vc=\"1\" sl=\"7\" el=\"7\"", "<TrackedMethodRef uid=\"6\" vc=\"1\"/>"),
                      kTests)),
      HasSubstr("opencover: line 2: tracked method 6 is in no 'TrackedMethods'"));
  EXPECT_THAT(ErrorOf(Session(Point("vc=\"1\" sl=\"7\" el=\"7\" fileid=\"3\""), kTests)),
              HasSubstr("file 3 is in no 'Files'"));
  EXPECT_THAT(ErrorOf(Session(Point("vc=\"x\" sl=\"7\" el=\"7\""), kTests)),
              HasSubstr("vc 'x' is no number"));
  EXPECT_THAT(ErrorOf(Session(Point("vc=\"1\" sl=\"-7\" el=\"7\""), kTests)),
              HasSubstr("line number '-7' is no number"));
}

}  // namespace
}  // namespace testselect
