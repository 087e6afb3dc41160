// JaCoCo's execution data, put together byte by byte, over classes that javac compiled
// (tests/fuzz/seeds/jacoco_exec, of tests/golden/ingest/archive-jacoco-exec).
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ingest/jacoco_probes.h"
#include "server/ingest/java_class.h"
#include "server/ingest/report_archive.h"
#include "storage/model/status_macros.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/report_files.h"
#include "tests/unit/ingest/shared_corpus.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr absl::string_view kHeader = "\x01\xC0\xC0\x10\x07";

std::string BigEndian(uint64_t value, int bytes) {
  std::string out;
  while (bytes-- > 0) out.push_back(static_cast<char>(value >> bytes * 8));
  return out;
}

std::string Text(absl::string_view text) { return absl::StrCat(BigEndian(text.size(), 2), text); }

std::string Session(absl::string_view id) {
  return absl::StrCat("\x10", Text(id), std::string(16, '\0'));
}

// The class with all of its `probes` executed.
std::string Data(uint64_t id, absl::string_view name, size_t probes) {
  std::string count;
  for (size_t left = probes;; left >>= 7) {
    count.push_back(static_cast<char>((left & 0x7F) | (left > 0x7F ? 0x80 : 0)));
    if (left <= 0x7F) break;
  }
  return absl::StrCat("\x11", BigEndian(id, 8), Text(name), count,
                      std::string((probes + 7) / 8, '\xFF'));
}

class JacocoExecTest : public ReportFilesTest {
 protected:
  void SetUp() override {
    ReportFilesTest::SetUp();
    const char* const source = std::getenv("TESTSELECT_SOURCE_DIR");
    ASSERT_NE(source, nullptr) << "run through ctest, or set TESTSELECT_SOURCE_DIR";
    bytes_ = FileContent(std::filesystem::path(source) / "tests/fuzz/seeds/jacoco_exec/Sale.class");
    ASSERT_OK_AND_ASSIGN(const JacocoClass java, JacocoClass::Analyse(bytes_));
    probes_ = java.probes();
    name_ = java.name();
    id_ = JacocoClassId(bytes_);
  }

  std::string OfSale() const { return Data(id_, name_, probes_); }

  absl::StatusOr<EvidenceMap> Parse(absl::string_view exec, std::string label = "") {
    const ReportFile data = Report(exec, "jacoco-exec", std::move(label));
    const ReportFile classes = Report(bytes_, "jacoco-exec");
    TS_ASSIGN_OR_RETURN(const IngestResult result, ParseUpload({data, classes}, Options()));
    warnings_ = result.summary.warnings;
    return Decode(result.content);
  }
  std::string ErrorOf(absl::string_view exec) {
    return std::string(Parse(exec).status().message());
  }

  std::string bytes_, name_;
  size_t probes_ = 0;
  uint64_t id_ = 0;
  std::vector<std::string> warnings_;
};

TEST(KotlinSmapTest, TellsWhichLinesAreCopiesOfInlineFunctions) {
  const KotlinSmap smap(
      "SMAP\nShop.kt\nKotlin\n*S Kotlin\n*F\n+ 1 Shop.kt\ncom/x/ShopKt\n+ 2 Till.kt\n"
      "com/y/TillKt\n*L\n1#1,103:1\n20#1,2:104\n7#2:106\nx#1:3\n1#9:4\n*S KotlinDebug\n*F\n"
      "+ 1 Shop.kt\ncom/x/ShopKt\n*L\n73#1:104,2\n*E\n",
      "com/x/ShopKt");
  EXPECT_EQ(smap.first(), 104u);
  ASSERT_EQ(smap.copies().size(), 2u);
  EXPECT_EQ(smap.copies()[0].last, 105u);
  EXPECT_EQ(smap.copies()[0].source, (LineRange{20, 21}));
  EXPECT_EQ(smap.copies()[0].source_path, "com/x/Shop.kt");
  EXPECT_EQ(smap.copies()[1].source, (LineRange{7, 7}));
  EXPECT_EQ(smap.copies()[1].source_path, "com/y/Till.kt");
  EXPECT_EQ(smap.copies()[1].class_name, "com/y/TillKt");
  EXPECT_EQ(KotlinSmap().first(), UINT32_MAX);
  EXPECT_THAT(KotlinSmap("SMAP\n*L\n1#1:5\n", "A").copies(), IsEmpty());
}

// As an application is deployed: the classes are in an archive within an archive, beside much else.
TEST_F(JacocoExecTest, ClassesAreFoundInArchivesWithinArchives) {
  const auto pack = [](const std::filesystem::path& folder, const std::filesystem::path& to) {
    const int fd = open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const absl::Status packed = PackFolder(folder.string(), fd);
    close(fd);
    return packed;
  };
  const auto write = [this](const std::string& name, const std::string& content) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
  };
  write("jar/shop/Sale.class", bytes_);
  write("jar/META-INF/maven/pom.xml", "<project/>");
  std::filesystem::create_directories(folder_ / "war/WEB-INF/lib");
  write("war/empty.json", "{}");
  ASSERT_THAT(pack(folder_ / "jar", folder_ / "war/WEB-INF/lib/shop.jar"), IsOk());
  ASSERT_THAT(pack(folder_ / "war", folder_ / "shop.war"), IsOk());
  const ReportFile data = Report(absl::StrCat(kHeader, Session("t"), OfSale()));
  const ReportFile war{(folder_ / "shop.war").string(), "shop.war", "", "", false};
  ASSERT_OK_AND_ASSIGN(const IngestResult result, ParseUpload({data, war}, Options()));
  EXPECT_THAT(result.summary.warnings, IsEmpty());
  EXPECT_GT(result.summary.pairs, 0u);
}

TEST_F(JacocoExecTest, ASessionIsATestAndTheEmptyOneIsNone) {
  const std::string sale = OfSale();
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse(absl::StrCat(kHeader, Session(""), sale, kHeader, Session("a.ATest#x | y"), sale,
                         Session("never"), kHeader, Session("b"), sale)));
  // What the compiler writes into a record is left out: its header's line is its constructor's.
  const auto lines = ElementsAre(Pair("shop/Till.java", ElementsAre(21, 23)));
  EXPECT_THAT(map.global, lines);
  EXPECT_THAT(map.labels, ElementsAre(Pair("a.ATest#x | y", lines), Pair("b", lines)));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(JacocoExecTest, NamesThatJacocoMadeUpStandForTheUploadsLabel) {
  const std::string exec = absl::StrCat(kHeader, Session("build-host-1a2b3c4d"), OfSale());
  EXPECT_THAT(ErrorOf(exec), HasSubstr("--label LABEL"));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(exec, "all"));
  EXPECT_THAT(map.labels, ElementsAre(Pair("all", ::testing::_)));
}

TEST_F(JacocoExecTest, AClassThatWasCompiledAnewCountsAsAWhole) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map,
                       Parse(absl::StrCat(kHeader, Session("t"), Data(id_ + 1, name_, 3))));
  EXPECT_THAT(map.labels,
              ElementsAre(Pair("t", ElementsAre(Pair("shop/Till.java", ElementsAre(21, 23))))));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("1 classes are not the compilation that ran")));
}

TEST_F(JacocoExecTest, ClassesWithoutClassFilesAreWarnedOf) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(absl::StrCat(kHeader, Session("t"), OfSale(),
                                                                 Data(7, "org/other/Thing", 3))));
  EXPECT_THAT(map.labels, ElementsAre(Pair("t", ::testing::SizeIs(1))));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("such as 'org/other/Thing'")));
}

TEST_F(JacocoExecTest, DataBehindSeveralSessionsIsEachOnes) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map,
                       Parse(absl::StrCat(kHeader, Session("a"), Session("b"), OfSale())));
  EXPECT_THAT(map.labels,
              ElementsAre(Pair("a", ::testing::SizeIs(1)), Pair("b", ::testing::SizeIs(1))));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("before they were merged")));
}

TEST_F(JacocoExecTest, NothingIsSaidWithoutClassFiles) {
  const ReportFile data = Report(absl::StrCat(kHeader, Session("t"), OfSale()), "jacoco-exec");
  EXPECT_THAT(ParseUpload({data}, Options()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("there are no class files")));
}

TEST_F(JacocoExecTest, NamesTheByteOfWhatIsWrong) {
  const std::string session = absl::StrCat(kHeader, Session("t"));
  EXPECT_EQ(ErrorOf("\x10"),
            "r1: jacoco-exec: byte 1: the file does not begin with JaCoCo's header");
  EXPECT_THAT(ErrorOf("\x01\xC0\xC0\x10\x06"),
              HasSubstr("version 1006 of the format is not known"));
  EXPECT_THAT(ErrorOf(absl::StrCat(session, "B")), HasSubstr("block type 66 is none of 1, 16, 17"));
  EXPECT_THAT(ErrorOf(session.substr(0, 12)), HasSubstr("the report is cut off"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kHeader, OfSale())),
              HasSubstr("class data stands before any session"));
  EXPECT_THAT(ErrorOf(absl::StrCat(session, "\x11", BigEndian(id_, 8), Text("A"),
                                   "\xFF\xFF\xFF\xFF\xFF\x01")),
              HasSubstr("probes are too many"));
  EXPECT_THAT(
      ErrorOf(absl::StrCat(session, "\x11", BigEndian(id_, 8), Text("A"), "\xFF\xFF\xFF\xFF\x07")),
      HasSubstr("the report is cut off"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kHeader, Session("\xED\xA0\xBE"))),
              HasSubstr("half a surrogate pair"));
}

TEST(ModifiedUtf8Test, HasTwoFormsOfItsOwn) {
  EXPECT_THAT(DecodeModifiedUtf8("a\xC0\x80ö\xED\xA0\xBE\xED\xBB\x96"),
              IsOkAndHolds(std::string("a\0ö\xF0\x9F\xAB\x96", 8)));
  EXPECT_FALSE(DecodeModifiedUtf8(absl::string_view("\0", 1)).ok());
  EXPECT_FALSE(DecodeModifiedUtf8("\xF0\x9F\xAB\x96").ok());
  EXPECT_FALSE(DecodeModifiedUtf8("\xED\xBB\x96").ok());
}

}  // namespace
}  // namespace testselect
