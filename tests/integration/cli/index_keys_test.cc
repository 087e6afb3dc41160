// Indexes of keys: the kinds that one body of evidence gives, datadog-agent's JSON in and out, the
// folder of its suites, and where its programs store indexes.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class IndexKeysTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    WriteFile("go.mod", "module example.com/agent/mod\n\ngo 1.21\n");
    WriteFile("pkg/log/log.go", kPackage);
    WriteFile("pkg/[x]/x.go", kPackage);
    WriteFile("conf/deep/c.xyz", "1\n");
    base_ = Commit("agent");
  }

  std::string Scratch(const std::string& name, const std::string& content) {
    const std::filesystem::path file = std::filesystem::path(folder_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file.string();
  }
  Finished Import(const std::string& json, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"index", "import", Scratch("in.json", json), "--commit",
                                      base_};
    words.insert(words.end(), more.begin(), more.end());
    return Run(words);
  }
  // By job, of a change of `path`.
  Finished SelectByJob(const std::string& path, const std::vector<std::string>& more = {},
                       const std::string& content = "package other\n") {
    WriteFile(path, content);
    const std::string head = Commit("change " + path);
    std::vector<std::string> words = {"select", "--base",   base_,    "--head",
                                      head,     "--format", "datadog"};
    words.insert(words.end(), more.begin(), more.end());
    Finished done = Run(words);
    Shell("git reset -q --hard " + base_);
    return done;
  }

  static constexpr char kPackage[] = "package p\n\nfunc F() int {\n\treturn 1\n}\n";
  static constexpr char kIndex[] =
      R"({"job": {"pkg/log": ["TestA", "TestB", "TestA"], "pkg/[x]/x.go": ["TestC"],
                  "conf/*": ["TestB"], "go.mod": ["*"]},
          "job2": {"pkg/log": ["TestZ"], "calc.py": ["TestY"]}})";
};

TEST_F(IndexKeysTest, ImpactedAndSkippedByJobAsTheIndexSays) {
  const Finished imported = Import(kIndex);
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_THAT(imported.out, AllOf(HasSubstr("job job: stored"), HasSubstr("3 labels under 4 keys"),
                                  HasSubstr("job job2: stored")));
  Finished done = SelectByJob("pkg/log/log.go");
  ASSERT_EQ(done.exit_code, 0) << done.err;
  auto answer = Json(done.out);
  EXPECT_THAT(Strings(answer["job"]["impacted"]), ElementsAre("TestA", "TestB"));
  EXPECT_THAT(Strings(answer["job"]["skipped"]), ElementsAre("TestC"));
  EXPECT_THAT(Strings(answer["job"]["triggering_paths"]["TestA"]), ElementsAre("pkg/log/log.go"));
  EXPECT_THAT(Strings(answer["job2"]["impacted"]), ElementsAre("TestZ"));
  EXPECT_THAT(Strings(answer["job2"]["skipped"]), ElementsAre("TestY"));
  EXPECT_THAT(done.err, HasSubstr("job 'job' has an imported index"));
}

TEST_F(IndexKeysTest, ABracketAPatternAndEveryTest) {
  ASSERT_EQ(Import(kIndex, {"--job", "job"}).exit_code, 0);
  Finished done = SelectByJob("pkg/[x]/x.go");
  EXPECT_THAT(Strings(Json(done.out)["job"]["impacted"]), ElementsAre("TestC")) << done.err;
  done = SelectByJob("conf/deep/c.xyz");
  EXPECT_THAT(Strings(Json(done.out)["job"]["impacted"]), ElementsAre("TestB")) << done.err;
  done = SelectByJob("go.mod");
  EXPECT_THAT(Strings(Json(done.out)["job"]["impacted"]), ElementsAre("TestA", "TestB", "TestC"));
  // What no key knows: theirs selects nothing.
  done = SelectByJob("cmd/new.go");
  EXPECT_THAT(Strings(Json(done.out)["job"]["impacted"]), ElementsAre("TestA", "TestB", "TestC"));
  EXPECT_THAT(Strings(Json(done.out)["job"]["triggering_paths"]["TestC"]),
              ElementsAre("cmd/new.go"));
}

TEST_F(IndexKeysTest, AnUnknownTestRuns) {
  ASSERT_EQ(Import(kIndex, {"--job", "job"}).exit_code, 0);
  WriteFile("pkg/log/log.go", "package other\n");
  const std::string head = Commit("change");
  const std::string labels = Scratch("asked", "TestA\nTestC\nTestNew\n");
  const Finished done =
      Run({"select", "--base", base_, "--head", head, "--labels-file", labels, "--reasons"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto answer = Json(done.out);
  EXPECT_THAT(Strings(answer["run"]), UnorderedElementsAre("TestA", "TestNew"));
  EXPECT_THAT(Strings(answer["absent_labels"]), ElementsAre("TestNew"));
  EXPECT_THAT(Strings(answer["skip"]), ElementsAre("TestC"));
  EXPECT_EQ(uint64_t(answer["reasons"]["INDEX_KEY"]), 1u);
  EXPECT_EQ(answer["cautions"].get_array().size(), 1u);
  const Finished explained = Run({"explain", "TestA", "--base", base_, "--head", head});
  EXPECT_THAT(explained.out, HasSubstr("under the changed file's folder")) << explained.err;
}

TEST_F(IndexKeysTest, WhatIsImportedIsExportedAgain) {
  ASSERT_EQ(Import(kIndex).exit_code, 0);
  const Finished done = Run({"index", "export", base_, "--run-all", "release.json"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto index = Json(done.out);
  EXPECT_THAT(Strings(index["job"]["pkg/log"]), ElementsAre("TestA", "TestB"));
  EXPECT_THAT(Strings(index["job"]["pkg/[x]/x.go"]), ElementsAre("TestC"));
  EXPECT_THAT(Strings(index["job"]["go.mod"]), ElementsAre("TestA", "TestB", "TestC"));
  EXPECT_THAT(Strings(index["job"]["release.json"]), ElementsAre("*"));
  EXPECT_THAT(Strings(index["job2"]["calc.py"]), ElementsAre("TestY"));
  const Finished shown =
      Run({"index", "show", base_, "--job", "job", "--label", "TestB", "--json"});
  EXPECT_THAT(shown.out, AllOf(HasSubstr(R"("pkg/log": [])"), HasSubstr(R"("conf/*": [])")));
}

TEST_F(IndexKeysTest, TheKindsOfOneUpload) {
  base_ = Shell("git rev-parse HEAD~2");  // what the coverage is of
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const Finished files = Run({"index", "export", base_, "--kind", "file"});
  ASSERT_EQ(files.exit_code, 0) << files.err;
  EXPECT_THAT(Strings(Json(files.out)["unit"]["calc.py"]), ElementsAre(kAdd, kMul, "*"));
  const Finished functions = Run({"index", "export", base_, "--kind", "function"});
  EXPECT_THAT(Strings(Json(functions.out)["unit"]["calc.py:add"]), ElementsAre(kAdd));
  EXPECT_THAT(Strings(Json(functions.out)["unit"]["calc.py:mul"]), ElementsAre(kMul));
  const Finished lines =
      Run({"index", "export", base_, "--kind", "line", "--format", "testselect"});
  const auto answer = Json(lines.out);
  EXPECT_EQ(std::string_view(answer["kind"]), "line");
  EXPECT_THAT(Strings(answer["jobs"]["unit"]["keys"]["calc.py:2-2"]), ElementsAre(kAdd));
  EXPECT_EQ(uint64_t(answer["jobs"]["unit"]["tests_without_keys"]), 0u);
}

TEST_F(IndexKeysTest, TheLayoutOfABucketInAFolderAndInAnObjectStore) {
  const std::string bucket = folder_ + "/bucket";
  std::filesystem::create_directory(bucket);
  ASSERT_EQ(Import(kIndex).exit_code, 0);
  for (const std::string& to : {bucket + "/", "file://" + bucket}) {
    Finished done = Run({"index", "export", base_, "--job", "job", "--to", to, "--job-id", "17"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.out, "");
    EXPECT_THAT(done.err, HasSubstr("dynamic_test/package/" + base_ + "/17/index.json"));
    done = Run({"index", "export", base_, "--job", "job2", "--to", to});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    done = Run({"index", "export", base_, "--job", "job2", "--to", to});  // again
    ASSERT_EQ(done.exit_code, 0) << done.err;
    done = Run({"index", "delete", base_});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    done = Run({"index", "import", "--from", to, "--commit", base_, "--json"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(uint64_t(Json(done.out)["jobs"]["job"]["labels"]), 3u);
    EXPECT_EQ(uint64_t(Json(done.out)["jobs"]["job2"]["labels"]), 2u);
    done = Run({"index", "import", "--from", to, "--commit", base_, "--kind", "file"});
    EXPECT_EQ(done.exit_code, 5) << done.err;
    EXPECT_THAT(done.err, HasSubstr("it has no index of this kind"));
  }
  EXPECT_TRUE(std::filesystem::exists(bucket + "/dynamic_test/package/" + base_ + "/index.json"));
}

TEST_F(IndexKeysTest, AnIndexUnderAShortCommit) {
  Scratch("bucket/dynamic_test/diffed_package/" + base_.substr(0, 8) + "/index.json", kIndex);
  const Finished done = Run({"index", "import", "--from", folder_ + "/bucket", "--kind",
                             "diffed-package", "--commit", base_});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("job job2: stored"));
}

TEST_F(IndexKeysTest, WhatIsNoIndex) {
  EXPECT_EQ(Import("[]").exit_code, 2);
  const Finished keys = Import(R"({"j": {"k": "t"}})");
  EXPECT_EQ(keys.exit_code, 2);
  EXPECT_THAT(keys.err, HasSubstr("key 'k' is no list of tests"));
  EXPECT_EQ(Import(kIndex, {"--job", "no"}).exit_code, 5);
  EXPECT_THAT(Import(kIndex, {"--as", "x"}).err, HasSubstr("name one by --job"));
  const Finished none = Import(R"({"j": {"k": [], "go.mod": ["*"]}})");
  EXPECT_EQ(none.exit_code, 0);
  EXPECT_THAT(none.err, HasSubstr("names no test"));
}

TEST_F(IndexKeysTest, AJobMayGetAnotherName) {
  const Finished done = Import(kIndex, {"--job", "job2", "--as", "e2e;os=linux"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(Run({"index", "list", "--json"}).out, HasSubstr("e2e;os=linux"));
}

// What ran is compared with what the index predicts; tests that it does not know are counted apart,
// flaky ones excused.
TEST_F(IndexKeysTest, AnEvaluationIsOfTheTestsThatWereAskedAbout) {
  ASSERT_EQ(
      Import(R"({"job": {"pkg/log": ["TestPass"], "conf": ["TestFail", "TestFlaky"]}})").exit_code,
      0);
  WriteFile("pkg/log/log.go", "package other\n");
  const std::string head = Commit("change");
  const std::string labels = Scratch("asked", "TestPass\nTestFail\nTestFlaky\n");
  const std::string selection = folder_ + "/selection.json";
  ASSERT_EQ(
      Run({"select", "--base", base_, "--head", head, "--labels-file", labels, "--out", selection})
          .exit_code,
      0);
  const auto attempt = [&](const std::string& name, const std::string& flaky) {
    const std::string failed = "<failure message=\"no\">no</failure></testcase>";
    return Scratch(name,
                   "<testsuites><testsuite name=\"go\"><testcase name=\"TestPass\"/>"
                   "<testcase name=\"TestFail\">" +
                       failed + "<testcase name=\"TestNotIndexed\">" + failed +
                       "<testcase name=\"TestSkip\"><skipped/></testcase>"
                       "<testcase name=\"TestFlaky\">" +
                       flaky + "</testsuite></testsuites>");
  };
  const std::string first = attempt("first.xml", "<failure message=\"no\">no</failure></testcase>");
  const std::string second = attempt("second.xml", "</testcase>");
  Run({"evaluate", selection, "--job", "job", "--outcomes", first});
  const Finished done =
      Run({"evaluate", selection, "--job", "job", "--outcomes", second, "--json"});
  EXPECT_EQ(done.exit_code, 1) << done.err;
  const auto one = Json(done.out)["evaluations"].at(0);
  EXPECT_THAT(Strings(one["missed"]), ElementsAre("TestFail")) << done.out;
  EXPECT_EQ(uint64_t(one["counts"]["executed"]), 3u) << done.out;
  EXPECT_EQ(uint64_t(one["counts"]["predicted"]), 1u) << done.out;
}

TEST_F(IndexKeysTest, AFolderOfSuitesIsStoredJobByJob) {
  const std::string profile =
      "mode: set\nexample.com/agent/mod/pkg/log/log.go:3.14,5.2 1 1\n"
      "example.com/agent/mod/pkg/[x]/x.go:3.14,5.2 1 0\n";
  Scratch("suites/one/coverage/coverage.txt", profile);
  Scratch("suites/one/metadata.json", R"({"job_name": "e2e", "test": "TestOne"})");
  Scratch("suites/two/coverage/coverage.txt", profile);
  Scratch("suites/three/coverage/empty", "");  // no coverage came
  Scratch("suites/three/metadata.json", R"({"job_name": "e2e", "test": "TestThree"})");
  Scratch("suites/four/coverage/coverage.txt", profile);
  Scratch("suites/four/metadata.json", "{");
  Scratch("suites/other/notes.txt", "");
  const Finished stored =
      Run({"upload", "--commit", base_, "--layout", "datadog", folder_ + "/suites", "--json"});
  ASSERT_EQ(stored.exit_code, 0) << stored.err;
  const auto answer = Json(stored.out);
  EXPECT_EQ(uint64_t(answer["jobs"]["e2e"]["labels"]), 2u);
  EXPECT_EQ(uint64_t(answer["jobs"]["two"]["labels"]), 1u);
  EXPECT_EQ(uint64_t(answer["jobs"]["four"]["labels"]), 1u);
  EXPECT_THAT(stored.err, AllOf(HasSubstr("three/coverage"), HasSubstr("'TestThree'"),
                                HasSubstr("four/metadata.json")));
  const Finished index = Run({"index", "export", base_, "--kind", "file"});
  EXPECT_THAT(Strings(Json(index.out)["e2e"]["pkg/log/log.go"]), ElementsAre("TestOne"));
  EXPECT_THAT(Strings(Json(index.out)["two"]["pkg/log/log.go"]), ElementsAre("two"));
  EXPECT_THAT(index.err, HasSubstr("1 tests are under no key"));
  const Finished done = SelectByJob("pkg/[x]/x.go", {"--granularity", "package"});
  EXPECT_THAT(Strings(Json(done.out)["e2e"]["impacted"]), Not(IsEmpty())) << done.err;
}

TEST_F(IndexKeysTest, GosOwnCoverageOfASuite) {
  if (std::system("go help build 2> /dev/null | grep -q -- -coverpkg") != 0) {
    GTEST_SKIP() << "there is no go, or one before 1.20, whose programs write no coverage data";
  }
  WriteFile(
      "main.go",
      "package main\n\nimport \"example.com/agent/mod/pkg/log\"\n\nfunc main() {\n\tp.F()\n}\n");
  base_ = Commit("program");
  const std::string suite = folder_ + "/suites/start";
  std::filesystem::create_directories(suite + "/coverage");
  Scratch("suites/start/metadata.json", R"({"job_name": "e2e", "test": "TestStart"})");
  Shell("go build -cover -coverpkg=example.com/agent/mod,example.com/agent/mod/pkg/log -o " +
        folder_ + "/program . && GOCOVERDIR=" + suite + "/coverage " + folder_ + "/program");
  const Finished stored =
      Run({"upload", "--commit", base_, "--layout", "datadog", folder_ + "/suites"});
  ASSERT_EQ(stored.exit_code, 0) << stored.err;
  const Finished index = Run({"index", "export", base_});
  EXPECT_THAT(Strings(Json(index.out)["e2e"]["pkg/log"]), ElementsAre("TestStart")) << index.out;
  EXPECT_THAT(Strings(Json(index.out)["e2e"]["main.go"]), ElementsAre("TestStart"));
}

TEST_F(IndexKeysTest, WithoutTheBaselineAndItSaysSo) {
  const auto profile = [](int lines) {
    return "mode: set\nexample.com/agent/mod/pkg/log/log.go:3.14,5.2 1 1\n" +
           std::string(lines > 1 ? "example.com/agent/mod/pkg/[x]/x.go:3.14,5.2 1 1\n" : "");
  };
  Scratch("suites/base/coverage/coverage.txt", profile(1));
  Scratch("suites/base/metadata.json", R"({"job_name": "e2e", "test": "Base"})");
  Scratch("suites/one/coverage/coverage.txt", profile(2));
  Scratch("suites/one/metadata.json", R"({"job_name": "e2e", "test": "TestOne"})");
  ASSERT_EQ(
      Run({"upload", "--commit", base_, "--layout", "datadog", folder_ + "/suites"}).exit_code, 0);
  const std::vector<std::string> diffed = {"--granularity", "diffed-package", "--baseline", "Base"};
  Finished done = SelectByJob("pkg/log/log.go", {"--granularity", "package"});
  EXPECT_THAT(Strings(Json(done.out)["e2e"]["impacted"]), ElementsAre("Base", "TestOne"));
  const std::string other = "package p\n\nfunc F() int {\n\treturn 2\n}\n";
  done = SelectByJob("pkg/log/log.go", diffed, other);
  EXPECT_THAT(Strings(Json(done.out)["e2e"]["impacted"]), ElementsAre("Base")) << done.err;
  EXPECT_THAT(done.err, HasSubstr("diffed-package is less safe"));
  done = Run({"index", "export", base_, "--kind", "diffed-package", "--baseline", "Base"});
  EXPECT_THAT(Strings(Json(done.out)["e2e"]["pkg/log"]), ElementsAre("Base"));
  EXPECT_THAT(Strings(Json(done.out)["e2e"]["pkg/[x]"]), ElementsAre("TestOne"));
  done = SelectByJob("pkg/log/log.go", {"--granularity", "diffed-package"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, HasSubstr("--baseline"));
}

}  // namespace
}  // namespace testselect
