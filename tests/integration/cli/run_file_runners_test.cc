// `testselect run` with the real Jest, Vitest, Maven, Gradle and RSpec, where they can be had.
// CTest's fixtures fetch them (install_runners.sh). TESTSELECT_NODE_MODULES names a node_modules
// folder with jest, vitest and @vitest/coverage-istanbul, TESTSELECT_MAVEN a folder with a POM and
// the repository that Maven builds it with offline.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RunFileRunnersTest : public CliTest {
 protected:
  bool Works(const std::string& command) {
    return Process::Start({"sh", "-c", command}, folder_, {.cwd = repo_})->Wait().exit_code == 0;
  }
  Finished RunRunner(const std::string& runner, const std::vector<std::string>& arguments = {}) {
    std::vector<std::string> words = {"run", runner, "--json", "--"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return Run(words);
  }
  void ExpectRan(const Finished& done, uint64_t selected, uint64_t skipped) {
    ASSERT_EQ(done.exit_code, 0) << done.err;
    const auto summary = Json(done.out);
    EXPECT_EQ(uint64_t(summary["selected"]), selected) << done.err;
    EXPECT_EQ(uint64_t(summary["skipped"]), skipped) << done.err;
    EXPECT_EQ(uint64_t(summary["executed"]), selected) << done.err;
  }
  std::string FilesOf(const std::string& label) {
    return Run({"index", "show", Shell("git rev-parse HEAD"), "--label", label, "--json"}).out;
  }
};

class RunNodeTest : public RunFileRunnersTest {
 protected:
  // Links the packages into the repository; false where `package` is not among them.
  bool HasPackage(const std::string& package) {
    const char* const modules = std::getenv("TESTSELECT_NODE_MODULES");
    if (modules == nullptr || !std::filesystem::exists(std::string(modules) + "/" + package)) {
      return false;
    }
    if (std::filesystem::exists(repo_ + "/node_modules")) return true;
    std::filesystem::create_directory_symlink(modules, repo_ + "/node_modules");
    WriteFile(".gitignore", "node_modules\n");
    return true;
  }
  // Both have a name that no argument would leave whole.
  void WriteProject(const std::string& import_line) {
    WriteFile("src/sum.js", "export function sum(a, b) {\n  return a + b;\n}\n");
    WriteFile("src/mul.js", "export function mul(a, b) {\n  return a * b;\n}\n");
    for (const std::string name : {"sum", "mul"}) {
      WriteFile("test/a [x]'$::\" " + name + ".test.js",
                import_line + "import {" + name + "} from '../src/" + name +
                    "';\ntest('works', () => {\n" + "  expect(" + name + "(2, 2)).toBe(4);\n});\n");
    }
  }
  void ExpectSelects(const std::string& runner) {
    ExpectRan(RunRunner(runner), 2, 0);
    EXPECT_THAT(FilesOf("test/a [x]'$::\" mul.test.js"), HasSubstr("\"src/mul.js\": [[1, 2]]"));
    ExpectRan(RunRunner(runner), 0, 2);
    WriteFile("src/mul.js", "export function mul(a, b) {\n  return b * a;\n}\n");
    ExpectRan(RunRunner(runner), 1, 1);
    WriteFile("src/mul.js", "export function mul(a, b) {\n  return 7;\n}\n");
    Commit("broken");
    EXPECT_EQ(RunRunner(runner).exit_code, 1);
    const Finished again = RunRunner(runner);
    EXPECT_EQ(again.exit_code, 1);
    EXPECT_EQ(uint64_t(Json(again.out)["selected"]), 1u) << again.err;
  }
};

TEST_F(RunNodeTest, JestRecordsSelectsAndRunsWhatAChangeNeeds) {
  if (!HasPackage("jest")) GTEST_SKIP() << "TESTSELECT_NODE_MODULES has no jest";
  WriteFile("to_common.cjs",
            "exports.process = (code) => ({code: code\n"
            "  .replace(/^import (.*) from (.*);/gm, 'const $1 = require($2);')\n"
            "  .replace(/^export function (\\w+)/gm, 'exports.$1 = $1; function $1')});\n");
  WriteFile("jest.config.cjs",
            "module.exports = {testMatch: ['**/*.test.js'], transform: {'[.]js$': "
            "'<rootDir>/to_common.cjs'}, reporters: ['default', ['<rootDir>/mine.cjs', {say: "
            "'a \"b\"'}]]};\n");
  WriteFile("mine.cjs",
            "module.exports = class { constructor(c, o) { this.o = o; }\n"
            "  onRunComplete() { console.error('mine says ' + this.o.say); } };\n");
  WriteProject("");
  Commit("for jest");
  EXPECT_THAT(RunRunner("jest").err, HasSubstr("mine says a \"b\""));
  std::filesystem::remove_all(repo_ + "/.testselect");
  ExpectSelects("jest");
  EXPECT_EQ(RunRunner("jest", {"-t", "works"}).exit_code, 2);
}

// As when every worker of a second round fails to start.
TEST_F(RunFileRunnersTest, ARoundThatExecutesNothingLeavesNoReport) {
  if (!Works("node --version")) GTEST_SKIP() << "there is no node";
  const std::string script =
      std::string(std::getenv("TESTSELECT_SOURCE_DIR")) + "/client/runners/js_evidence.cjs";
  Shell(
      "TESTSELECT_RUN_TOP=$PWD node -e \"const {Evidence} = require('" + script +
      "'); new Evidence('none.info', 'none.xml').end(); const some = new Evidence('some.info', '');"
      " some.addLines('$PWD/calc.py', new Map()); some.end()\"");
  EXPECT_FALSE(std::filesystem::exists(repo_ + "/none.info"));
  EXPECT_TRUE(std::filesystem::exists(repo_ + "/none.xml"));
  EXPECT_TRUE(std::filesystem::exists(repo_ + "/some.info"));
}

TEST_F(RunNodeTest, ALockFileAloneRunsNothing) {
  if (!HasPackage("jest")) GTEST_SKIP() << "TESTSELECT_NODE_MODULES has no jest";
  WriteFile("jest.config.cjs", "module.exports = {};\n");
  WriteFile("a.test.js", "test('a', () => {});\n");
  WriteFile("package-lock.json", R"({"packages": {"node_modules/x": {"version": "1"}}})");
  Commit("for jest");
  ExpectRan(RunRunner("jest"), 1, 0);
  WriteFile("package-lock.json", R"({"packages": {"node_modules/x": {"version": "2"}}})");
  ExpectRan(RunRunner("jest"), 0, 1);
}

// Without '#', at which Vite cuts a file's name off.
void WriteManyFiles(const std::string& repo, int count) {
  const std::string parts[] = {
      "a b", "[x]", "(y)", "'q'", "\xC3\xBC", "::", "$HOME", "{a,b}", "\"d\"",
      "@",   "%s",  "=",   ",",   "+",        "!",  "*",     "~"};
  for (int i = 0; i < count; ++i) {
    const std::string& part = parts[static_cast<size_t>(i) % std::size(parts)];
    std::filesystem::create_directories(repo + "/t/" + part);
    std::ofstream(repo + "/t/" + part + "/" + part + absl::StrCat(i) + ".test.js")
        << "test('works', () => {});\n";
  }
}

TEST_F(RunNodeTest, ManyFilesWithAwkwardNamesSurviveJestAndVitest) {
  if (!HasPackage("jest") || !HasPackage("vitest")) GTEST_SKIP() << "there is no jest or vitest";
  const char* const many = std::getenv("TESTSELECT_MANY");
  const uint64_t count = many == nullptr ? 90 : std::strtoul(many, nullptr, 10);
  WriteManyFiles(repo_, static_cast<int>(count));
  WriteFile("jest.config.cjs", "module.exports = {};\n");
  WriteFile("vitest.config.mjs", "export default {test: {globals: true, isolate: false}};\n");
  Commit("many");
  for (const std::string runner : {"jest", "vitest"}) {
    const Finished done =
        Run({"run", runner, "--json", "--shard", "1/2", "--no-record", "--job", runner});
    ExpectRan(done, count / 2, 0);
    EXPECT_EQ(uint64_t(Json(done.out)["listed"]), count) << runner;
    EXPECT_EQ(uint64_t(Json(done.out)["rounds"]), 1u) << runner << done.err;
  }
}

// A program's tests may read its command line, which is Jest's where Jest starts no workers.
TEST_F(RunNodeTest, JestTestsSeeTheCommandLineThatTheUserTyped) {
  if (!HasPackage("jest")) GTEST_SKIP() << "TESTSELECT_NODE_MODULES has no jest";
  WriteFile("jest.config.cjs", "module.exports = {};\n");
  WriteFile("argv.test.js",
            "test('argv', () => expect(process.argv.slice(2)).toEqual(['-i', 'argv']));\n");
  WriteFile("other.test.js", "test('other', () => {});\n");
  Commit("for jest");
  ExpectRan(RunRunner("jest", {"-i", "argv"}), 1, 0);
  WriteFile(
      "argv.test.js",
      "test('argv', () => expect(process.argv.slice(2)).toEqual(['-i', 'argv', 'other']));\n");
  Commit("one of two");
  ExpectRan(Run({"run", "jest", "--subset", "--json", "--with", "node_modules/.bin/jest -i", "--",
                 "argv", "other"}),
            2, 0);
  WriteFile("argv.test.js",
            "test('argv', () => expect(process.argv.slice(2)).toEqual(['-i', 'argv', 'other']));\n"
            "test('again', () => {});\n");
  ExpectRan(Run({"run", "jest", "--subset", "--json", "--with", "node_modules/.bin/jest -i", "--",
                 "argv", "other"}),
            1, 1);
}

TEST_F(RunNodeTest, VitestRecordsSelectsAndRunsWhatAChangeNeeds) {
  if (!HasPackage("vitest")) GTEST_SKIP() << "TESTSELECT_NODE_MODULES has no vitest";
  WriteProject("import {test, expect} from 'vitest';\n");
  WriteFile("package.json", "{\"type\": \"module\"}\n");
  Commit("for vitest");
  ExpectSelects("vitest");
  EXPECT_EQ(RunRunner("vitest", {"-t", "works"}).exit_code, 2);
}

TEST_F(RunFileRunnersTest, MavenRecordsSelectsAndRunsWhatAChangeNeeds) {
  const char* const fetched = std::getenv("TESTSELECT_MAVEN");
  if (fetched == nullptr || !std::filesystem::exists(fetched + std::string("/installed"))) {
    GTEST_SKIP() << "TESTSELECT_MAVEN names no folder with Maven's plugins and JUnit";
  }
  const std::vector<std::string> offline = {
      "-q", "-B", "-o", absl::StrCat("-Dmaven.repo.local=", fetched, "/repository")};
  WriteFile(".gitignore", "target\n");
  std::filesystem::copy(absl::StrCat(fetched, "/pom.xml"), repo_ + "/pom.xml");
  WriteFile("src/main/java/p/Sum.java",
            "package p;\nclass Sum {\n  static int sum(int a, int b) { return a + b; }\n}\n"
            "class Twice {\n  static int twice(int a) { return Sum.sum(a, a); }\n}\n");
  const std::string mul =
      "package p;\nclass Mul {\n  static int mul(int a, int b) {\n    return a * b;\n  }\n"
      "  static void refuse(String text) {\n    java.util.Objects.requireNonNull(text);\n  }\n"
      "  static int other(int a) {\n    return a;\n  }\n}\n";
  WriteFile("src/main/java/p/Mul.java", mul);
  const std::string head = "package p;\nimport org.junit.jupiter.api.*;\n";
  WriteFile(
      "src/test/java/p/SumTest.java",
      head +
          "class SumTest extends AbstractTest {\n  @Test void twice() {\n"
          "    Assertions.assertEquals(4, Twice.twice(2));\n  }\n"
          "  static class NotRunTest {\n    @Test void fails() { Assertions.fail(); }\n  }\n}\n");
  WriteFile("src/test/java/p/AbstractTest.java", "package p;\nabstract class AbstractTest {}\n");
  WriteFile("src/test/java/p/MulTest.java",
            head +
                "class MulTest {\n  @Test void mul() {\n    Assertions.assertEquals(4, Mul.mul(2, "
                "2));\n    Assertions.assertThrows(NullPointerException.class, () -> "
                "Mul.refuse(null));\n  }\n}\n");
  Commit("for maven");
  ExpectRan(RunRunner("maven", offline), 2, 0);
  EXPECT_THAT(FilesOf("p.SumTest"), HasSubstr("Sum.java"));
  ExpectRan(RunRunner("maven", offline), 0, 2);
  const auto change = [&](absl::string_view from, absl::string_view to) {
    WriteFile("src/main/java/p/Mul.java", absl::StrReplaceAll(mul, {{from, to}}));
  };
  change("a * b", "b * a");
  ExpectRan(RunRunner("maven", offline), 1, 1);
  change("(text);\n", "(text, \"no text\");\n");  // its exception leaves before a line has ended
  ExpectRan(RunRunner("maven", offline), 1, 1);
  change("return a;", "return 0 + a;");  // nobody calls it
  ExpectRan(RunRunner("maven", offline), 0, 2);
}

// Gradle as Debian has it: 4.4, with JUnit 4 of the same place and no network.
TEST_F(RunFileRunnersTest, GradleRecordsSelectsAndRunsWhatAChangeNeeds) {
  const std::string jars = "/usr/share/java/";
  if (!Works("gradle --version") || !std::filesystem::exists(jars + "junit4.jar")) {
    GTEST_SKIP() << "there is no gradle, or no " << jars << "junit4.jar";
  }
  const std::vector<std::string> offline = {"--offline", "--no-daemon", "-q"};
  WriteFile(".gitignore", "build\n.gradle\n");
  WriteFile("settings.gradle", "include 'core', 'app'\n");
  WriteFile(
      "build.gradle",
      absl::StrCat("subprojects {\n  apply plugin: 'java'\n  dependencies { testCompile "
                   "files('",
                   jars, "junit4.jar', '", jars,
                   "hamcrest-core.jar') }\n}\n"
                   "project(':app') { dependencies { compile project(':core') } }\n"
                   "project(':core') { test { filter { includeTestsMatching 'p.Mul*' } } }\n"));
  // The file's name is not the class's: only the compiled class tells.
  WriteFile("core/src/main/java/p/Arithmetic.java",
            "package p;\nclass Sum {\n  static int sum(int a, int b) { return a + b; }\n}\n"
            "public class Arithmetic {\n  public static int twice(int a) { return Sum.sum(a, a); "
            "}\n}\n");
  const std::string other = "  static int other(int a) {\n    return a;\n  }\n}\n";
  WriteFile("core/src/main/java/p/Mul.java",
            "package p;\nclass Mul {\n  static int mul(int a, int b) { return a * b; }\n" + other);
  const std::string head = "package p;\nimport org.junit.*;\n";
  WriteFile("core/src/test/java/p/Helper.java", "package p;\nclass Helper {}\n");
  WriteFile("core/src/test/java/p/SlowTest.java",
            head + "public class SlowTest {\n  @Test public void slow() { Assert.fail(); }\n}\n");
  WriteFile("core/src/test/java/p/Base.java",
            head +
                "public abstract class Base {\n  @Test public void mul() {\n"
                "    Assert.assertEquals(4, Mul.mul(2, 2));\n  }\n}\n");
  WriteFile("core/src/test/java/p/MulTest.java",
            "package p;\npublic class MulTest extends Base {}\n");
  WriteFile("app/src/test/java/q/TwiceTest.java",
            "package q;\nimport org.junit.*;\npublic class TwiceTest {\n"
            "  public static class Inner {\n    @Test public void twice() {\n"
            "      Assert.assertEquals(4, p.Arithmetic.twice(2));\n    }\n  }\n}\n");
  Commit("for gradle");
  ExpectRan(RunRunner("gradle", offline), 3, 0);
  EXPECT_THAT(FilesOf("q.TwiceTest"), HasSubstr("Arithmetic.java"));
  WriteFile("core/src/main/java/p/Mul.java",
            "package p;\nclass Mul {\n  static int mul(int a, int b) { return a * b; }\n" +
                absl::StrReplaceAll(other, {{"return a", "return 1"}}));  // nobody calls it
  ExpectRan(RunRunner("gradle", offline), 1, 2);
  WriteFile("core/src/main/java/p/Mul.java",
            "package p;\nclass Mul {\n  static int mul(int a, int b) { return b * a; }\n" + other);
  // What the build's own filter leaves out is never seen to run, and is asked for each time.
  ExpectRan(RunRunner("gradle", offline), 2, 1);
  WriteFile("core/src/main/java/p/Arithmetic.java",
            "package p;\nclass Sum {\n  static int sum(int a, int b) { return 5; }\n}\n"
            "public class Arithmetic {\n  public static int twice(int a) { return Sum.sum(a, a); "
            "}\n}\n");
  Commit("broken");
  EXPECT_NE(RunRunner("gradle", offline).exit_code, 0);
  EXPECT_EQ(RunRunner("gradle", {"--tests", "p.MulTest"}).exit_code, 2);
}

class RunCargoTest : public RunFileRunnersTest {
 protected:
  void WriteCrate() {
    WriteFile(".gitignore", "target\n");
    WriteFile("Cargo.toml",
              "[package]\nname = \"tally\"\nversion = \"0.1.0\"\nedition = "
              "\"2021\"\n");
    WriteFile("src/lib.rs",
              "/// ```\n/// assert_eq!(tally::add(2, 2), 4);\n/// ```\n"
              "pub fn add(a: u64, b: u64) -> u64 {\n    a + b\n}\n"
              "pub fn mul(a: u64, b: u64) -> u64 {\n    a * b\n}\n"
              "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n"
              "        assert_eq!(super::add(2, 2), 4);\n    }\n"
              "    #[test]\n    #[ignore]\n    fn slow() {}\n}\n");
    WriteFile("tests/whole.rs",
              "#[test]\nfn multiplies() {\n    assert_eq!(tally::mul(2, 2), 4);\n}\n");
    Shell("cargo generate-lockfile --offline");
    Commit("for cargo");
  }
  void BreakMul() {
    Shell("sed -i 's/a \\* b/a + b + 1/' src/lib.rs");
    Commit("broken");
  }
};

TEST_F(RunCargoTest, CargoRecordsSelectsAndRunsWhatAChangeNeeds) {
  if (!Works("cargo --version && test -x \"$(rustc --print target-libdir)/../bin/llvm-cov\"")) {
    GTEST_SKIP() << "there is no cargo, or no llvm-tools";
  }
  WriteCrate();
  ExpectRan(RunRunner("cargo"), 3, 0);
  EXPECT_THAT(FilesOf("tally::whole multiplies"), HasSubstr("\"src/lib.rs\": [[7, 9]]"));
  // Nothing is recorded of an example of the documentation.
  ExpectRan(RunRunner("cargo"), 1, 2);
  ExpectRan(RunRunner("cargo", {"--lib", "--tests"}), 0, 2);
  BreakMul();
  const Finished done = RunRunner("cargo", {"--lib", "--tests"});
  EXPECT_EQ(done.exit_code, 101);
  EXPECT_EQ(uint64_t(Json(done.out)["selected"]), 1u) << done.err;
}

TEST_F(RunCargoTest, NextestRecordsSelectsAndRunsWhatAChangeNeeds) {
  if (!Works("cargo nextest --version && test -x \"$(rustc --print "
             "target-libdir)/../bin/llvm-cov\"")) {
    GTEST_SKIP() << "there is no cargo-nextest, or no llvm-tools";
  }
  WriteCrate();
  ExpectRan(RunRunner("nextest"), 2, 0);
  EXPECT_THAT(FilesOf("tally::whole multiplies"), HasSubstr("\"src/lib.rs\": [[7, 9]]"));
  ExpectRan(RunRunner("nextest"), 0, 2);
  BreakMul();
  const Finished done = RunRunner("nextest");
  EXPECT_EQ(done.exit_code, 100);
  EXPECT_EQ(uint64_t(Json(done.out)["selected"]), 1u) << done.err;
}

// What Ruby's own counting does not see, what runs before a group, what loads late, what starts a
// program.
TEST_F(RunFileRunnersTest, RspecRecordsSelectsAndRunsWhatAChangeNeeds) {
  if (!Works("rspec --version")) GTEST_SKIP() << "there is no rspec";
  const std::string till =
      "class Till\n  def add(sum)\n    check(sum)\n    @sum = sum\n  end\n"
      "  def check(sum)\n    raise ArgumentError if sum < 0\n  end\n"
      "  def quiet\n    nil\n  end\n"
      "  def late\n    require_relative 'late'\n    Late::VALUE\n  end\n"
      "  def other\n    1\n  end\nend\n";
  const std::string setup = "module Setup\n  def self.make\n    3\n  end\nend\n";
  const std::string late = "module Late\n  VALUE = 4\nend\n";
  WriteFile("lib/till.rb", till);
  WriteFile("lib/setup.rb", setup);
  WriteFile("lib/late.rb", late);
  WriteFile(".rspec", "--require ./spec/helper.rb\n");
  WriteFile("spec/helper.rb", "require './lib/till'\nrequire './lib/setup'\n");
  WriteFile("spec/till_spec.rb",
            "RSpec.describe Till do\n"
            "  it('adds') { expect(Till.new.add(1)).to eq 1 }\n"                               // 1
            "  it('refuses') { expect { Till.new.add(-1) }.to raise_error(ArgumentError) }\n"  // 2
            "  it('is quiet') { expect(Till.new.quiet).to be_nil }\n"                          // 3
            "  it('is late') { expect(Till.new.late).to eq 4 }\n"                              // 4
            "  it('is late again') { expect(Till.new.late).to eq 4 }\n"                        // 5
            "  context('with shared things') do\n"
            "    before(:context) { @made = Setup.make }\n"
            "    it('has one') { expect(@made).to eq 3 }\n"     // 6:1
            "    it('keeps it') { expect(@made).to be > 2 }\n"  // 6:2
            "  end\nend\n");
  Commit("for rspec");
  const Finished first = RunRunner("rspec");
  ExpectRan(first, 7, 0);
  EXPECT_THAT(first.err, Not(HasSubstr("no evidence")));
  // What an example executes is no other's, but for what runs while it loads a file.
  const auto outside = [&](const std::string& lines) {
    const Finished who = Run({"who", lines, "--commit", "HEAD", "--json"});
    EXPECT_EQ(who.exit_code, 0) << who.err;
    return bool(Json(who.out)["outside_tests"]);
  };
  EXPECT_FALSE(outside("lib/till.rb:4"));
  EXPECT_FALSE(outside("lib/setup.rb:3"));
  EXPECT_TRUE(outside("lib/late.rb:2"));
  ExpectRan(RunRunner("rspec"), 0, 7);
  const auto change = [&](const std::string& file, const std::string& text, const std::string& from,
                          const std::string& to, uint64_t selected) {
    SCOPED_TRACE(absl::StrCat(from, " > ", to));
    WriteFile(file, absl::StrReplaceAll(text, {{from, to}}));
    ExpectRan(RunRunner("rspec"), selected, 7 - selected);
    WriteFile(file, text);
  };
  change("lib/till.rb", till, "@sum = sum", "@sum = 0 + sum", 2);
  change("lib/till.rb", till, "sum < 0", "sum.negative?", 2);
  change("lib/till.rb", till, "    nil", "    false && true || nil", 1);
  change("lib/till.rb", till, "    1\n", "    2\n", 0);
  change("lib/late.rb", late, "VALUE = 4", "VALUE = 2 + 2", 2);
}

// SimpleCov begins Ruby's measurement anew, ends it, and makes its report.
TEST_F(RunFileRunnersTest, RspecRecordsBesideSimplecov) {
  if (!Works("rspec --version && ruby -e \"require 'simplecov'\"")) {
    GTEST_SKIP() << "there is no rspec, or no simplecov";
  }
  WriteFile(".gitignore", "coverage\n");
  WriteFile("lib/a.rb", "class A\n  def one\n    1\n  end\nend\n");
  WriteFile("spec/a_spec.rb",
            "require 'simplecov'\nSimpleCov.start { enable_coverage :branch }\nrequire "
            "'./lib/a'\nRSpec.describe A do\n  it('x') { expect(A.new.one).to eq 1 }\nend\n");
  Commit("for simplecov");
  ExpectRan(RunRunner("rspec"), 1, 0);
  EXPECT_THAT(FilesOf("./spec/a_spec.rb[1:1]"), HasSubstr("\"lib/a.rb\": [[3, 3]]"));
  EXPECT_EQ(Shell("ruby -rjson -e 'puts JSON.parse(File.read(\"coverage/.resultset.json\"))."
                  "values[0][\"coverage\"].values[0][\"lines\"].compact.sum'"),
            "3");
}

TEST_F(RunFileRunnersTest, RspecListsAndRunsThirtyThousandExamples) {
  if (!Works("rspec --version")) GTEST_SKIP() << "there is no rspec";
  WriteFile("spec/a [1]_spec.rb",
            "RSpec.describe 'a' do\n"
            "  30_000.times { |i| it(\"a b [x] :: ' \\\" \\u00fc #{i}\") { } }\nend\n");
  Commit("for rspec");
  ExpectRan(RunRunner("rspec"), 30'000, 0);
}

}  // namespace
}  // namespace testselect
