// The command in process: upload, select and everything around them on a real repository.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(CliTest, UploadThenSelectGivesTheFourLists) {
  const Finished upload = UploadFirst({"--json"});
  ASSERT_EQ(upload.exit_code, 0) << upload.err;
  EXPECT_EQ(uint64_t(Json(upload.out)["labels"]), 2u);
  EXPECT_EQ(uint64_t(Json(upload.out)["pairs"]), 4u);
  const Finished select = Run(SelectArguments());
  ASSERT_EQ(select.exit_code, 0) << select.err;
  const auto answer = Json(select.out);
  EXPECT_TRUE(answer["fallback"].is_null()) << select.out;
  EXPECT_THAT(Strings(answer["absent_labels"]), IsEmpty());
  EXPECT_THAT(Strings(answer["present_diff_labels"]), ElementsAre(kAdd));
  EXPECT_THAT(Strings(answer["global_level_labels"]), IsEmpty());
  EXPECT_THAT(Strings(answer["present_report_labels"]), ElementsAre(kMul, kAdd));
  EXPECT_THAT(Strings(answer["run"]), ElementsAre(kAdd));
  EXPECT_THAT(Strings(answer["skip"]), ElementsAre(kMul));
  EXPECT_EQ(std::string_view(answer["base"]), base_);
  EXPECT_EQ(std::string_view(answer["head"]), head_);
  const simdjson::dom::element index = answer["index"].at(0);
  EXPECT_EQ(std::string_view(index["job"]), "unit");
  EXPECT_EQ(std::string_view(index["commit"]), base_);
  EXPECT_EQ(uint64_t(index["distance"]), 0u);
  EXPECT_EQ(std::string_view(index["state"]), "sealed");
}

TEST_F(CliTest, TheLocalIndexIsHiddenFromGit) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(repo_ + "/.testselect"));
  EXPECT_EQ(Shell("git status --porcelain"), "");
}

TEST_F(CliTest, FormatsAndPlacesOfTheAnswer) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  EXPECT_EQ(Run(SelectArguments({"--format", "list"})).out, std::string(kAdd) + "\n");
  EXPECT_EQ(Run(SelectArguments({"--format", "args", "--force", kMul})).out.size(),
            std::string(kAdd).size() + std::string(kMul).size() + 2);
  const std::string out = folder_ + "/out";
  const Finished to_file = Run(SelectArguments({"--format", "list", "--out", out, "--reasons"}));
  EXPECT_EQ(to_file.out, "");
  EXPECT_THAT(to_file.err, HasSubstr("COVERED_CHANGE"));
  std::ifstream in(out);
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line, kAdd);
  EXPECT_EQ(Run(SelectArguments({"--quiet"})).err, "");
}

TEST_F(CliTest, LabelsFromStandardInputAndFromACommand) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const std::vector<std::string> select = {"select", "--base", base_, "--head", head_};
  std::vector<std::string> from_stdin = select;
  from_stdin.insert(from_stdin.end(), {"--labels-file", "-"});
  const Finished input = Run(from_stdin, {.input = std::string(kAdd) + "\nnew::test\n"});
  EXPECT_THAT(Strings(Json(input.out)["absent_labels"]), ElementsAre("new::test"));
  std::vector<std::string> from_command = select;
  from_command.insert(from_command.end(),
                      {"--labels-command", "printf 'a::b\\n\\n1 test collected\\n'"});
  EXPECT_THAT(Strings(Json(Run(from_command).out)["run"]), ElementsAre("a::b"));
  from_command.back() = "echo a::b; exit 2";
  const Finished failed = Run(from_command);
  EXPECT_EQ(failed.exit_code, 2);
  EXPECT_THAT(failed.err, HasSubstr("ended with status 2"));
  EXPECT_EQ(failed.out, "");
  // Without labels: all that are known.
  EXPECT_THAT(Strings(Json(Run(select).out)["present_report_labels"]),
              ::testing::UnorderedElementsAre(kAdd, kMul));
}

TEST_F(CliTest, TheSameUploadTwiceIsOne) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const Finished again = UploadFirst({"--json"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(bool(Json(again.out)["already_stored"]));
  const Finished list = Run({"index", "list", "--json"});
  EXPECT_EQ(Json(list.out)["commits"].at(0)["segments"].get_array().size(), 1u) << list.out;
}

TEST_F(CliTest, AbsoluteNamesOfThisCheckoutNeedNoRoot) {
  const std::string file = folder_ + "/absolute.coverage";
  WriteCoverageFile(file, {{std::string(kAdd) + "|run", {{repo_ + "/calc.py", {2}}}}});
  const Finished done = Run({"upload", "--commit", base_, "--job", "absolute", file});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const Finished shown =
      Run({"index", "show", base_, "--job", "absolute", "--label", kAdd, "--json"});
  EXPECT_THAT(shown.out, HasSubstr("\"calc.py\"")) << shown.err;
}

TEST_F(CliTest, ACommitMayBeAnyRevisionOfTheCloneAtHand) {
  Shell("git tag first " + base_ + " && git branch newest " + head_);
  ASSERT_EQ(Run({"upload", "--commit", "first", coverage_}).exit_code, 0);
  const Finished full = Run({"index", "show", base_, "--json"});
  ASSERT_EQ(full.exit_code, 0) << full.err;
  for (const std::string& name :
       {std::string("HEAD~1"), base_.substr(0, 8), std::string("first")}) {
    const Finished shown = Run({"index", "show", name, "--json"});
    EXPECT_EQ(shown.exit_code, 0) << name << ": " << shown.err;
    EXPECT_EQ(shown.out, full.out) << name;
  }
  const Finished selected =
      Run({"select", "--base", "first", "--head", "newest", "--labels-file", labels_});
  ASSERT_EQ(selected.exit_code, 0) << selected.err;
  EXPECT_EQ(std::string_view(Json(selected.out)["head"]), head_);
  EXPECT_EQ(Run({"explain", kAdd, "--base", "HEAD^", "--head", "HEAD"}).exit_code, 0);
}

TEST_F(CliTest, WrongCommits) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const std::string unknown(40, 'a');
  const Finished nowhere = Run({"select", "--base", "no-such-branch", "--head", head_});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("git rev-parse no-such-branch"));
  const Finished head =
      Run({"select", "--base", base_, "--head", unknown, "--labels-file", labels_});
  EXPECT_EQ(head.exit_code, 5) << head.err;
  EXPECT_THAT(head.err, HasSubstr(unknown));
  const Finished same = Run({"select", "--base", base_, "--head", base_, "--labels-file", labels_});
  EXPECT_EQ(same.exit_code, 2) << same.err;
  const Finished upload = Run({"upload", "--commit", unknown, coverage_});
  EXPECT_EQ(upload.exit_code, 5) << upload.err;
  // An unknown base is no error: everything runs, and the answer says why.
  const Finished base =
      Run({"select", "--base", unknown, "--head", head_, "--labels-file", labels_});
  EXPECT_EQ(base.exit_code, 0) << base.err;
  EXPECT_EQ(std::string_view(Json(base.out)["fallback"]["code"]), "UNKNOWN_BASE");
  EXPECT_EQ(Strings(Json(base.out)["run"]).size(), 2u);
  EXPECT_EQ(Run({"select", "--base", unknown, "--head", head_, "--labels-file", labels_,
                 "--fail-on-fallback"})
                .exit_code,
            3);
}

TEST_F(CliTest, NothingIndexedRunsEverything) {
  const Finished select = Run(SelectArguments());
  EXPECT_EQ(select.exit_code, 0) << select.err;
  const auto answer = Json(select.out);
  EXPECT_EQ(std::string_view(answer["fallback"]["code"]), "NO_INDEX");
  EXPECT_THAT(Strings(answer["absent_labels"]), ElementsAre(kMul, kAdd));
  EXPECT_EQ(Strings(answer["run"]).size(), 2u);
  // A list of nothing would be taken for "nothing to run".
  const Finished list = Run({"select", "--base", base_, "--head", head_, "--format", "list"});
  EXPECT_EQ(list.exit_code, 5) << list.out;
  EXPECT_THAT(list.err, HasSubstr("--labels-file"));
}

TEST_F(CliTest, WrongRepositories) {
  const Finished missing = Run({"index", "list", "--repo", folder_ + "/none"});
  EXPECT_EQ(missing.exit_code, 5) << missing.err;
  const Finished none = Run({"index", "list", "--repo", folder_});
  EXPECT_EQ(none.exit_code, 5) << none.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/.testselect"));
  // From a folder inside.
  EXPECT_EQ(Run({"index", "list", "--repo", repo_ + "/tests"}, {.cwd = folder_}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(repo_ + "/tests/.testselect"));
}

TEST_F(CliTest, RefusedReportsStoreNothing) {
  const std::string report = folder_ + "/report";
  std::vector<std::pair<std::string, std::string>> cases = {
      {"", "empty"}, {"what is this", "noise"}, {"{\"meta\": {\"version\"", "cut JSON"}};
  std::ifstream whole(coverage_, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(whole)), {});
  cases.emplace_back(bytes.substr(0, bytes.size() / 3), "cut SQLite");
  for (const auto& [content, name] : cases) {
    std::ofstream(report, std::ios::binary | std::ios::trunc) << content;
    const Finished refused = Run({"upload", "--commit", base_, report});
    EXPECT_EQ(refused.exit_code, 6) << name << ": " << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("error: ")) << name;
    EXPECT_EQ(refused.out, "") << name;
    EXPECT_EQ(Run({"inspect", report}).exit_code, 6) << name;
  }
  WriteCoverageFile(report, {{"t::a|run", {{"other/x.py", {1}}, {"other/y.py", {1, 2}}}}});
  const Finished other = Run({"upload", "--commit", base_, report});
  EXPECT_EQ(other.exit_code, 6) << other.err;
  EXPECT_THAT(other.err, HasSubstr("other/x.py"));
  EXPECT_EQ(Run({"index", "list"}).out, "nothing is indexed\n");
}

TEST_F(CliTest, WorkingTreeAndStagedFiles) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  Shell("git checkout -q -b work " + base_);
  WriteFile("calc.py", "def add(a, b):\n    return a + b\n\n\ndef mul(a, b):\n    return b * a\n");
  const std::string before = Shell("git status --porcelain; git rev-parse HEAD; git stash list");
  const std::vector<std::string> select = {"select", "--working-tree", "--labels-file",
                                           labels_,  "--format",       "list"};
  const Finished tree = Run(select);
  EXPECT_EQ(tree.exit_code, 0) << tree.err;
  EXPECT_EQ(tree.out, std::string(kMul) + "\n");
  Shell("git add calc.py");
  WriteFile("calc.py", "def add(a, b):\n    return b + a\n\n\ndef mul(a, b):\n    return b * a\n");
  const Finished staged = Run({"select", "--staged", "--labels-file", labels_, "--format", "list"});
  EXPECT_EQ(staged.out, std::string(kMul) + "\n") << staged.err;
  const Finished both =
      Run({"select", "--working-tree", "--base", base_, "--labels-file", labels_});
  EXPECT_EQ(Strings(Json(both.out)["run"]).size(), 2u) << both.err;
  const Finished head =
      Run({"select", "--working-tree", "--head", head_, "--labels-file", labels_});
  EXPECT_EQ(head.exit_code, 2);
  EXPECT_THAT(head.err, HasSubstr("leave --head out"));
}

TEST_F(CliTest, ShardsAreUsedOnceAllArrivedOrSealed) {
  ASSERT_EQ(UploadFirst({"--shard", "1/2"}).exit_code, 0);
  EXPECT_EQ(std::string_view(Json(Run(SelectArguments()).out)["fallback"]["code"]), "NO_INDEX");
  const Finished sealed = Run({"index", "seal", base_, "--job", "unit", "--json"});
  ASSERT_EQ(sealed.exit_code, 0) << sealed.err;
  EXPECT_EQ(Json(sealed.out)["segment_ids"].get_array().size(), 1u);
  EXPECT_THAT(Strings(Json(Run(SelectArguments()).out)["run"]), ElementsAre(kAdd));
  EXPECT_EQ(UploadFirst({"--shard", "3/2"}).exit_code, 2);
}

TEST_F(CliTest, IndexShowAndDelete) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const Finished show = Run({"index", "show", base_, "--json"});
  ASSERT_EQ(show.exit_code, 0) << show.err;
  EXPECT_EQ(uint64_t(Json(show.out)["labels"]), 2u);
  EXPECT_EQ(uint64_t(Json(show.out)["files"]), 2u);
  EXPECT_EQ(uint64_t(Json(show.out)["pairs"]), 4u);
  EXPECT_EQ(uint64_t(Json(show.out)["global_lines"]), 5u);
  const Finished label = Run({"index", "show", base_, "--label", kAdd, "--json"});
  EXPECT_EQ(label.out,
            "{\"files\": {\"calc.py\": [[2, 2]], \"tests/test_calc.py\": [[5, 5]]}, "
            "\"outcome\": \"unknown\", \"seconds\": null}\n");
  EXPECT_EQ(Run({"index", "show", base_, "--label", "no::such"}).exit_code, 5);
  EXPECT_EQ(Run({"index", "show", head_}).exit_code, 5);
  EXPECT_EQ(Run({"index", "delete", base_, "--json"}).out, "{\"segments\": 1}\n");
  EXPECT_EQ(Run({"index", "delete", base_}).exit_code, 5);
  // What was deleted can be uploaded again.
  const Finished again = UploadFirst({"--json"});
  EXPECT_FALSE(bool(Json(again.out)["already_stored"])) << again.out;
  EXPECT_EQ(Run({"index", "show", base_}).exit_code, 0);
}

TEST_F(CliTest, IndexRetain) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  ASSERT_EQ(Run({"upload", "--commit", base_, "--job", "other", coverage_}).exit_code, 0);
  std::ofstream(repo_ + "/NOTES.md") << "a note\n";
  const std::string next = Commit("next");
  ASSERT_EQ(
      Run({"upload", "--commit", next, "--job", "unit", "--path-root", repo_, coverage_}).exit_code,
      0);
  const Finished dry =
      Run({"index", "retain", "--dry-run", "--max-age", "30d", "--total", "1", "--json"});
  ASSERT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_EQ(uint64_t(Json(dry.out)["policy"]["max_age_seconds"]), 30u * 86400);
  EXPECT_TRUE(Json(dry.out)["policy"]["commits"].is_null());
  EXPECT_EQ(uint64_t(Json(dry.out)["dropped"]), 0u);  // the first commit is other's newest
  const Finished text = Run({"index", "retain", "--total", "1"});
  EXPECT_THAT(text.out, HasSubstr("newest with usable evidence of job other"));
  ASSERT_EQ(Run({"index", "delete", base_, "--job", "other"}).exit_code, 0);
  const Finished done = Run({"index", "retain", "--total", "1"});
  EXPECT_THAT(done.out, HasSubstr("not among the 1 newest in all"));
  EXPECT_THAT(done.out, HasSubstr("1 segments stay, 1 went with 1 notes; the store had "));
  EXPECT_EQ(Run({"index", "show", base_}).exit_code, 5);
  EXPECT_EQ(Run({"index", "show", next}).exit_code, 0);
  for (const std::string age : {"30x", "-1h", "1ms", "99999d"}) {
    const Finished refused = Run({"index", "retain", "--max-age=" + age});
    EXPECT_EQ(refused.exit_code, 2) << age;
    EXPECT_THAT(refused.err, HasSubstr("--max-age"));
  }
}

TEST_F(CliTest, ExplainSaysWhy) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const Finished add = Run({"explain", kAdd, "--base", base_, "--head", head_, "--json"});
  ASSERT_EQ(add.exit_code, 0) << add.err;
  EXPECT_TRUE(bool(Json(add.out)["selected"]));
  EXPECT_EQ(std::string_view(Json(add.out)["evidence"].at(0)["path"]), "calc.py");
  const Finished mul = Run({"explain", kMul, "--base", base_, "--head", head_});
  EXPECT_THAT(mul.out, HasSubstr("can be skipped"));
}

TEST_F(CliTest, InspectCountsWithoutStoring) {
  const Finished inspect = Run({"inspect", "--json", coverage_}, {.cwd = folder_});
  ASSERT_EQ(inspect.exit_code, 0) << inspect.err;
  const auto summary = Json(inspect.out);
  EXPECT_EQ(std::string_view(summary["format"]), "coveragepy-sqlite");
  EXPECT_EQ(uint64_t(summary["labels"]), 2u);
  EXPECT_EQ(uint64_t(summary["pairs"]), 4u);
  EXPECT_EQ(uint64_t(summary["global_pairs"]), 5u);
  EXPECT_EQ(std::string_view(summary["pairs_sha256"]).size(), 64u);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/.testselect"));
}

TEST_F(CliTest, ThousandsOfLabelledReports) {
  std::ofstream(folder_ + "/add.info") << "SF:calc.py\nDA:1,1\nDA:2,1\nend_of_record\n";
  std::vector<std::string> arguments = {"upload", "--commit", base_, "--json"};
  for (int i = 0; i < 3000; ++i) {
    arguments.push_back("case[" + std::to_string(i) + "=x]=" + folder_ + "/add.info");
  }
  const Finished upload = Run(arguments);
  ASSERT_EQ(upload.exit_code, 0) << upload.err;
  EXPECT_EQ(uint64_t(Json(upload.out)["labels"]), 3000u);
  EXPECT_EQ(uint64_t(Json(upload.out)["pairs"]), 6000u);
}

TEST_F(CliTest, AFolderIsAReport) {
  std::filesystem::create_directories(folder_ + "/cov/sub");
  std::filesystem::create_directories(folder_ + "/results");
  std::ofstream(folder_ + "/cov/a.info") << "SF:calc.py\nDA:1,1\nend_of_record\n";
  std::ofstream(folder_ + "/cov/sub/b.info") << "SF:calc.py\nDA:2,1\nend_of_record\n";
  std::ofstream(folder_ + "/results/TEST-x.xml")
      << "<testsuite><testcase name='one' time='1'><failure/></testcase></testsuite>";
  const std::vector<std::string> reports = {"--outcomes", folder_ + "/results",
                                            "one=" + folder_ + "/cov"};
  std::vector<std::string> upload = {"upload", "--commit", base_, "--json"};
  upload.insert(upload.end(), reports.begin(), reports.end());
  for (const bool stored_before : {false, true}) {  // the same folder is the same upload
    const Finished uploaded = Run(upload);
    ASSERT_EQ(uploaded.exit_code, 0) << uploaded.err;
    const auto answer = Json(uploaded.out);
    EXPECT_EQ(bool(answer["already_stored"]), stored_before);
    EXPECT_EQ(uint64_t(answer["labels"]), 1u);
    EXPECT_EQ(uint64_t(answer["pairs"]), 2u);
    EXPECT_EQ(uint64_t(answer["outcomes"]), 1u);
  }
  const Finished inspect = Run({"inspect", "--json", "one=" + folder_ + "/cov"});
  EXPECT_EQ(uint64_t(Json(inspect.out)["pairs"]), 2u);
}

TEST_F(CliTest, TwoHundredThousandLabels) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const std::string many = folder_ + "/many";
  std::ofstream file(many);
  for (int i = 0; i < 200'000; ++i) file << "tests/test_x.py::test[" << i << "]\n";
  file << kMul << "\n" << kAdd << "\n";
  file.close();
  const Finished select = Run({"select", "--base", base_, "--head", head_, "--labels-file", many});
  ASSERT_EQ(select.exit_code, 0) << select.err;
  const auto answer = Json(select.out);
  EXPECT_EQ(Strings(answer["absent_labels"]).size(), 200'000u);
  EXPECT_EQ(Strings(answer["run"]).size(), 200'001u);
  EXPECT_THAT(Strings(answer["skip"]), ElementsAre(kMul));
}

TEST_F(CliTest, HelpAndMistakes) {
  EXPECT_THAT(Run({"--help"}).out, HasSubstr("Exit status"));
  EXPECT_EQ(Run({}).exit_code, 2);
  EXPECT_EQ(Run({"select", "--nonsense"}).exit_code, 2);
  EXPECT_THAT(Run({"select", "--nonsense"}).err, Not(IsEmpty()));
  EXPECT_THAT(Run({"version"}).out, HasSubstr("testselect "));
  EXPECT_EQ(Run({"--version"}).out, Run({"version"}).out);
}

TEST_F(CliTest, OutcomesOrderBudgetShardsAndJobs) {
  const std::string log = folder_ + "/report.jsonl";
  const auto write_log = [&](const std::string& add, const std::string& mul) {
    std::ofstream out(log);
    for (const auto& [label, outcome] : {std::pair(kAdd, add), std::pair(kMul, mul)}) {
      for (const std::string when : {"setup", "call", "teardown"}) {
        out << R"({"$report_type": "TestReport", "nodeid": ")" << label << R"(", "when": ")" << when
            << R"(", "outcome": ")" << (when == "call" ? outcome : "passed")
            << R"(", "duration": 1})"
            << "\n";
      }
    }
  };
  write_log("passed", "failed");
  ASSERT_EQ(UploadFirst({"--outcomes", log}).exit_code, 0);
  const auto first = Json(Run(SelectArguments({"--budget", "4s", "--per-job"})).out);
  EXPECT_THAT(Strings(first["run"]), ElementsAre(kMul));  // failed last
  EXPECT_THAT(Strings(first["over_budget"]), ElementsAre(kAdd));
  EXPECT_THAT(Strings(first["skip"]), IsEmpty());
  EXPECT_THAT(Strings(first["jobs"]["unit"]["run"]), ElementsAre(kAdd, kMul));
  const Finished cut = Run(SelectArguments({"--budget", "4s"}));
  EXPECT_EQ(cut.exit_code, 0);
  EXPECT_THAT(cut.err, HasSubstr("--budget 4s leaves out 1 of the labels that must run"));
  std::vector<std::string> all;
  for (const std::string shard : {"1", "2"}) {
    const Finished part = Run(SelectArguments({"--shards", "2", "--shard", shard}));
    const auto answer = Json(part.out);
    EXPECT_EQ(Strings(answer["other_shards"]).size(), 1u) << part.out;
    for (const std::string& label : Strings(answer["run"])) all.push_back(label);
  }
  EXPECT_THAT(all, ::testing::UnorderedElementsAre(kAdd, kMul));
  write_log("passed", "passed");
  ASSERT_EQ(UploadFirst({"--outcomes", log, "--attempt", "2"}).exit_code, 0);
  const Finished shown = Run({"index", "show", base_, "--label", kMul, "--json"});
  const auto history = Json(shown.out)["history"].at(0);
  EXPECT_EQ(uint64_t(history["runs"]), 2u) << shown.out;
  EXPECT_EQ(uint64_t(history["failures"]), 1u);
  EXPECT_TRUE(bool(history["flaky"]));
  EXPECT_FALSE(bool(history["failed"]));
  EXPECT_THAT(Run({"explain", kMul, "--base", base_, "--head", head_}).out,
              HasSubstr("known to be flaky"));
  EXPECT_EQ(Run(SelectArguments({"--shards", "2"})).exit_code, 2);
  EXPECT_EQ(Run(SelectArguments({"--shards", "2", "--shard", "3"})).exit_code, 2);
  EXPECT_EQ(Run(SelectArguments({"--budget", "soon"})).exit_code, 2);
}

}  // namespace
}  // namespace testselect
