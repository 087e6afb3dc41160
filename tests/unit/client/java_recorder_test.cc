// The recorder for JVMs, compiled and loaded into a real one where there is a JDK, and what is read
// of it.
#include "client/runners/java_recorder.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "client/process.h"
#include "client/runners/class_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

using ::testing::_;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// What moves when eight bytes come before a method's code: switches, handlers, loops that begin
// where the method does, frames behind a far jump, objects that are being made while a jump is
// taken, lambdas, interfaces' own methods.
constexpr absl::string_view kProgram = R"(package p;
import java.util.function.*;
interface Named {
  static String name() { return "named"; }
  default int size() { return name().length(); }
}
class Base {
  final int kept;
  Base(int kept) { this.kept = kept; }
}
public class Main extends Base implements Named {
  static final Supplier<String> LATE = () -> "late";
  long sum = 1;
  static class Late {
    static final int MADE = made();
    static int made() { return 3; }
    void never() { sum(null); }
  }
  Main(boolean up) {
    super(up ? new Integer[] {1}.length : Integer.parseInt(up ? "2" : "3"));
  }
  static int loop(int n) {
    do { n -= 3; } while (n > 0);
    return n;
  }
  static String pick(int n) {
    switch (n) {
      case 1: return "one";
      case 2: return "two";
      case 1000: return "many";
      default: return new String(n > 5 ? "big" : "small");
    }
  }
  static int caught(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      return -1;
    } finally {
      LATE.get();
    }
  }
  static void refuse(String text) {
    java.util.Objects.requireNonNull(text);
  }
  static int far(int n) {
    double a = n, b = a * 2, c = b * 3, d = c * 4, e = a + b + c + d, f = e / 2 + a * b * c - d + e * a * b;
    a = a + b * c - d * e + f; b = a + b * c - d * e + f; c = a + b * c - d * e + f; d = a + b * c - d * e + f;
    if (f > 0) { return 1; }
    return 2;
  }
  static int sum(int[] of) {
    int all = 0;
    for (int one : of) all += one;
    return all;
  }
  public static void main(String[] words) {
    Main main = new Main(true);
    String thrown = "no";
    try {
      refuse(null);
    } catch (NullPointerException e) {
      thrown = "yes";
    }
    System.out.print(main.kept + new Main(false).kept + " " + loop(10) + pick(1) + pick(1000) + pick(7) + pick(4)
        + caught("5") + caught("x") + thrown + far(3) + sum(new int[] {1, 2}) + main.size() + main.sum + Late.MADE);
  }
}
)";
constexpr absl::string_view kSays = "4 -2onemanybigsmall5-1yes13513";

class JavaRecorderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = ScratchFolder::Create("test");
    ASSERT_THAT(made.status(), IsOk());
    folder_.emplace(*std::move(made));
    setup_.scratch = folder_->path();
    std::filesystem::create_directories(Path("top/src/p"));
    std::filesystem::create_directories(Path("logs"));
  }
  std::string Path(absl::string_view name) const {
    return absl::StrCat(folder_->path(), "/", name);
  }
  // What the program printed; its errors where it failed.
  std::string Output(const std::vector<std::string>& words) {
    ProcessOptions options;
    options.folder = folder_->path();
    options.out = options.err = ProcessOptions::Output::kCapture;
    options.environment = JavaRecorderVariables(Path("top"), Path("logs"));
    const auto finished = RunProcess(words, options);
    if (!finished.ok()) return std::string(finished.status().message());
    return finished->state.ok() ? finished->out : absl::StrCat("failed: ", finished->err);
  }
  bool HasJdk() { return absl::StartsWith(Output({"javac", "-version"}), "javac "); }
  // Runs `program` with the recorder; what the recorder wrote.
  absl::StatusOr<std::string> Record(absl::string_view program, absl::string_view says) {
    EXPECT_THAT(WriteFileAtomically(Path("top/src/p/Main.java"), program), IsOk());
    const auto recorder = BuildJavaRecorder(setup_, "");
    if (!recorder.ok()) return recorder.status();
    EXPECT_EQ(Output({"javac", "-cp", recorder->agent, "-d", Path("top/out"),
                      Path("top/src/p/Main.java")}),
              "");
    EXPECT_EQ(Output({"java", "-Xverify:all", JavaRecorderOption(*recorder),
                      ClassLogOption(Path("logs")), "-cp", Path("top/out"), "p.Main"}),
              says);
    for (const auto& entry : std::filesystem::directory_iterator(Path("logs"))) {
      if (entry.path().extension() == std::string(kEnteredEnding))
        return ReadFile(entry.path().string());
    }
    return absl::NotFoundError("the recorder wrote nothing");
  }

  std::optional<ScratchFolder> folder_;
  RunnerSetup setup_;
};

TEST_F(JavaRecorderTest, AProgramRunsAsBeforeAndItsEnteredMethodsAreKnown) {
  if (!HasJdk()) GTEST_SKIP() << "there is no JDK";
  ASSERT_OK_AND_ASSIGN(const std::string text, Record(kProgram, kSays));
  ASSERT_OK_AND_ASSIGN(const EnteredByTests entered, ReadEnteredMethods(text));
  const EnteredClasses& classes = entered.all;
  ASSERT_TRUE(classes.contains("p.Main") && classes.contains("p.Main$Late")) << text;
  const EnteredMethods& main = classes.at("p.Main");
  EXPECT_THAT(main.functions, Contains(Pair(44, 45)))
      << "an exception of the first line leaves no other trace";
  EXPECT_THAT(main.lines, Contains(Pair(13, 13))) << "a field's initialiser is the constructor's";
  EXPECT_THAT(main.lines, Contains(Pair(20, 20)));
  EXPECT_THAT(classes.at("p.Main$Late").functions, ElementsAre(Pair(16, 16)))
      << "but not what was never called";
  EXPECT_THAT(classes.at("p.Named").functions, UnorderedElementsAre(Pair(4, 4), Pair(5, 5)));
}

// One JVM for several tests: what the first of them initialises serves those that come later.
TEST_F(JavaRecorderTest, TestsOfOneJvmHaveTheirOwnMethodsAndInitialisationIsNobodysAlone) {
  if (!HasJdk()) GTEST_SKIP() << "there is no JDK";
  constexpr absl::string_view kTests = R"(package p;
import testselect.Entered;
class Lib {
  static final int MADE = Helper.make();
  static int one() { return MADE; }
  static int two() { return MADE; }
}
class Helper {
  static int make() { return 3; }
  static int plain() { return 4; }
}
public class Main {
  static void test(String name, Runnable body) {
    Entered.begin(name);
    body.run();
    Entered.end(name);
  }
  public static void main(String[] words) throws Exception {
    test("p.A", () -> { Helper.make(); Helper.plain(); Lib.one(); });
    test("p.B", () -> { Lib.two(); Helper.plain(); });
    test("p.C", () -> test("p.D", () -> Lib.one()));
    System.out.print("done");
  }
}
)";
  ASSERT_OK_AND_ASSIGN(const std::string text, Record(kTests, "done"));
  ASSERT_OK_AND_ASSIGN(const EnteredByTests entered, ReadEnteredMethods(text));
  const auto functions = [&](const std::string& test, const std::string& name) {
    const auto classes = entered.tests.find(test);
    const bool known = classes != entered.tests.end() && classes->second.contains(name);
    return known ? classes->second.at(name).functions : std::vector<JavaLines>();
  };
  EXPECT_THAT(functions("p.A", "p.Lib"), ElementsAre(Pair(5, 5)));
  EXPECT_THAT(functions("p.A", "p.Helper"), UnorderedElementsAre(Pair(9, 9), Pair(10, 10)));
  EXPECT_THAT(functions("p.B", "p.Lib"), ElementsAre(Pair(6, 6)));
  EXPECT_THAT(functions("p.B", "p.Helper"), ElementsAre(Pair(10, 10)))
      << "entered for the second time in this JVM, and for the first time in this test";
  for (const std::string test : {"p.C", "p.D"}) {
    EXPECT_THAT(functions(test, "p.Lib"), ElementsAre(Pair(5, 5))) << "both were running";
  }
  ASSERT_TRUE(entered.outside.contains("p.Helper")) << text;
  EXPECT_THAT(entered.outside.at("p.Helper").functions, ElementsAre(Pair(9, 9)))
      << "called while p.Lib was initialised, though the test had called it before";
}

TEST_F(JavaRecorderTest, AJvmThatIsKilledLeavesWholeFilesAsEvidence) {
  if (!HasJdk()) GTEST_SKIP() << "there is no JDK";
  const std::string dies =
      "package p;\npublic class Main {\n  public static void main(String[] words) {\n"
      "    System.out.print(1);\n    System.out.flush();\n    Runtime.getRuntime().halt(0);\n  }\n"
      "  void other() {}\n}\n";
  EXPECT_THAT(Record(dies, "1").status(), StatusIs(absl::StatusCode::kNotFound));
  const std::string out = Path("evidence");
  ASSERT_OK_AND_ASSIGN(
      const ClassEvidence found,
      WriteClassEvidence({Path("logs"), Path("top"), {{Path("top"), Path("top/out")}}, "test"},
                         {"p.Main"}, out));
  EXPECT_EQ(found.labels, 1u);
  EXPECT_THAT(ReadFile(out), IsOkAndHolds(HasSubstr(std::string("\x12\x02\x01\x0a", 4))))
      << "lines 1 to 10";
}

TEST_F(JavaRecorderTest, WithoutACompilerItSaysWhatIsMissing) {
  setup_.scratch = Path("logs");
  const std::string home = Path("jdk");
  std::filesystem::create_directories(home + "/bin");
  ASSERT_THAT(WriteFileAtomically(home + "/bin/javac", "no program"), IsOk());
  const auto built = BuildJavaRecorder(setup_, home);
  EXPECT_THAT(built.status(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("javac")));
  EXPECT_THAT(WholeFilesBecause(built.status()), HasSubstr("every test that loads a class of it"));
}

TEST(EnteredMethodsTest, AFileThatIsCutOffOrHasAnythingElseIsRefused) {
  ASSERT_OK_AND_ASSIGN(const EnteredByTests entered,
                       ReadEnteredMethods("class p.A\nfunction 3 7\nlines 9 12\nclass p.B\n"
                                          "test p.T\nclass p.A\noutside\nclass p.C\nend\n"));
  EXPECT_THAT(entered.tests, ElementsAre(Pair("p.T", ElementsAre(Pair("p.A", _)))));
  EXPECT_THAT(entered.outside, ElementsAre(Pair("p.C", _)));
  const EnteredClasses& classes = entered.all;
  EXPECT_THAT(classes.at("p.A").functions, ElementsAre(Pair(3, 7)));
  EXPECT_THAT(classes.at("p.A").lines, ElementsAre(Pair(9, 9), Pair(12, 12)));
  EXPECT_THAT(classes.at("p.B").functions, IsEmpty());
  for (const absl::string_view bad :
       {"", "class p.A\n", "function 3 7\nend\n", "class p.A\nfunction 3\nend\n",
        "class p.A\nfunction 3 x\nend\n", "class p.A\ntest p.T\nfunction 3 7\nend\n",
        "class p.A\nelse\nend\n"}) {
    EXPECT_THAT(ReadEnteredMethods(bad).status(), StatusIs(absl::StatusCode::kDataLoss)) << bad;
  }
}

TEST(EnteredMethodsTest, AClassThatWasNotWatchedCountsAsAWholeAndOneWithoutEntriesAsImported) {
  ASSERT_OK_AND_ASSIGN(const ScratchFolder folder, ScratchFolder::Create("test"));
  const std::string top = folder.path() + "/top", out = top + "/out",
                    logs = folder.path() + "/logs";
  for (const std::string& made : {top + "/p", out, logs}) std::filesystem::create_directories(made);
  std::string log;
  for (const std::string name : {"ATest", "B", "C"}) {
    ASSERT_THAT(WriteFileAtomically(absl::StrCat(top, "/p/", name, ".java"), "1\n2\n3\n"), IsOk());
    absl::StrAppend(&log, "p.", name, " source: file:", out, "/\n");
  }
  ASSERT_THAT(WriteFileAtomically(logs + "/7.log", log), IsOk());
  ASSERT_THAT(
      WriteFileAtomically(logs + "/7.entered",
                          "class p.ATest\nfunction 2 900\nfunction 800 900\nclass p.B\nend\n"),
      IsOk());
  const std::string file = folder.path() + "/evidence";
  ASSERT_OK_AND_ASSIGN(const ClassEvidence found,
                       WriteClassEvidence({logs, top, {{top, out}}, "test"}, {"p.ATest"}, file));
  EXPECT_EQ(found.labels, 1u);
  EXPECT_THAT(ReadFile(file),
              IsOkAndHolds(HasSubstr(std::string("\x12\x06\x08\x00\x1a\x02\x02\x04", 8))))
      << "a line beyond the file's end is none of it";
  EXPECT_THAT(ReadFile(file), IsOkAndHolds(HasSubstr(std::string("\x12\x04\x08\x01\x28\x01", 6))));
  EXPECT_THAT(ReadFile(file),
              IsOkAndHolds(HasSubstr(std::string("\x12\x06\x08\x02\x12\x02\x01\x04", 8))));
}

TEST(EnteredMethodsTest, ALogOfSeveralTestsHasEvidenceOfEachAndOfWhatRanOutside) {
  ASSERT_OK_AND_ASSIGN(const ScratchFolder folder, ScratchFolder::Create("test"));
  const std::string top = folder.path() + "/top", out = top + "/out",
                    logs = folder.path() + "/logs";
  for (const std::string& made : {top + "/p", out, logs}) std::filesystem::create_directories(made);
  std::string log;
  for (const std::string name : {"ATest", "BTest", "OldTest", "Lib"}) {
    ASSERT_THAT(WriteFileAtomically(absl::StrCat(top, "/p/", name, ".java"), "1\n2\n3\n"), IsOk());
    absl::StrAppend(&log, "p.", name, " source: file:", out, "/\n");
  }
  const std::string lib = "class p.Lib\nfunction ";
  ASSERT_THAT(WriteFileAtomically(logs + "/7.log", log), IsOk());
  ASSERT_THAT(WriteFileAtomically(
                  logs + "/7.entered",
                  absl::StrCat("class p.ATest\nclass p.BTest\nclass p.OldTest\n", lib,
                               "1 1\nfunction 2 2\nfunction 3 3\ntest p.ATest\n", lib,
                               "1 1\ntest p.BTest\n", lib, "2 2\noutside\n", lib, "3 3\nend\n")),
              IsOk());
  const std::string file = folder.path() + "/evidence";
  ASSERT_OK_AND_ASSIGN(const ClassEvidence found,
                       WriteClassEvidence({logs, top, {{top, out}}, "test"},
                                          {"p.ATest", "p.BTest", "p.OldTest"}, file));
  EXPECT_EQ(found.labels, 3u);
  EXPECT_FALSE(found.one_log_a_label);
  // The library is file 2: its functions of the first test, the second, the one that the listener
  // did not see, and outside.
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(file));
  for (const absl::string_view observed :
       {absl::string_view("\x08\x02\x1a\x02\x01\x01", 6),
        absl::string_view("\x08\x02\x1a\x02\x02\x02", 6),
        absl::string_view("\x08\x02\x1a\x06\x01\x01\x02\x02\x03\x03", 10),
        absl::string_view("\x2a\x08\x0a\x06\x08\x02\x1a\x02\x03\x03", 10)}) {
    EXPECT_THAT(bytes, HasSubstr(std::string(observed)));
  }
}

}  // namespace
}  // namespace testselect::client
