// The language of the rule file, its errors, and what the built-in rules say about known names.
#include "server/selection/path_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RuleSet Rules(absl::string_view text) {
  auto rules = RuleSet::Parse(text, ".testselect.yml");
  EXPECT_TRUE(rules.ok()) << rules.status();
  return rules.ok() ? *std::move(rules) : RuleSet();
}

struct Sides {
  std::optional<std::string> before = {}, after = {};
  bool environment_same = false;
};

RuleVerdict Check(const RuleSet& rules, absl::string_view path, const Sides& sides = {}) {
  RuleQuery query;
  query.path = path;
  query.environment_same = sides.environment_same;
  query.content = [&](bool after) -> absl::StatusOr<std::optional<std::string>> {
    return after ? sides.after : sides.before;
  };
  auto verdict = rules.Check(query);
  EXPECT_TRUE(verdict.ok()) << verdict.status();
  return verdict.ok() ? *std::move(verdict) : RuleVerdict();
}

TEST(PathRulesTest, TheLastRuleThatMatchesDecides) {
  const RuleSet rules = Rules(
      "run_all:\n- data/**\n"
      "harmless:\n- data/notes/**\n"
      "run_labels:\n  data/notes/x/**: [e2e/*, 'a[1]']\n");
  EXPECT_EQ(Check(rules, "data/a").action, RuleAction::kAll);
  EXPECT_EQ(Check(rules, "data/notes/a").action, RuleAction::kHarmless);
  const RuleVerdict labels = Check(rules, "data/notes/x/y");
  EXPECT_EQ(labels.action, RuleAction::kLabels);
  EXPECT_EQ(labels.code, ReasonCode::kRuleLabels);
  EXPECT_THAT(labels.labels, ElementsAre("e2e/*", "a[1]"));
  EXPECT_EQ(labels.ToString(), "run_labels: data/notes/x/** (.testselect.yml:6)");
  EXPECT_EQ(Check(rules, "src/a").action, RuleAction::kNone);
}

TEST(PathRulesTest, ASectionMayComeTwice) {
  const RuleSet rules = Rules("harmless: a/**\nrun_all: a/b\nharmless: [a/b/c]\n");
  EXPECT_EQ(Check(rules, "a/x").action, RuleAction::kHarmless);
  EXPECT_EQ(Check(rules, "a/b").action, RuleAction::kAll);
  EXPECT_EQ(Check(rules, "a/b/c").action, RuleAction::kHarmless);
}

TEST(PathRulesTest, TheProjectsWordComesBeforeTheBuiltInOnes) {
  EXPECT_EQ(Check(RuleSet(), "README.md").action, RuleAction::kHarmless);
  EXPECT_TRUE(Check(RuleSet(), "README.md").built_in);
  const RuleVerdict own = Check(Rules("run_all: '*.md'\n"), "README.md");
  EXPECT_EQ(own.action, RuleAction::kAll);
  EXPECT_FALSE(own.built_in);
  EXPECT_EQ(own.origin, ".testselect.yml:1");
}

TEST(PathRulesTest, SectionsOfOneValue) {
  const RuleSet rules = Rules(
      "unknown_change: none\nalways_run:\n- smoke/*\nopaque: e2e/*\n"
      "branches:\n  '*': select\n  main: full\n  'release/*': shadow\n  'release/1.*': full\n");
  EXPECT_EQ(rules.unknown_change_selects_all(), false);
  EXPECT_THAT(rules.always_run(), ElementsAre("smoke/*"));
  EXPECT_THAT(rules.opaque(), ElementsAre("e2e/*"));
  EXPECT_EQ(rules.opaque_line(), 4);
  EXPECT_EQ(rules.FindBranch("main")->policy, BranchPolicy::kFull);
  EXPECT_EQ(rules.FindBranch("release/2.0")->policy, BranchPolicy::kShadow);
  EXPECT_EQ(rules.FindBranch("release/1.0")->policy, BranchPolicy::kFull);
  EXPECT_EQ(rules.FindBranch("topic/x")->policy, BranchPolicy::kSelect);
  EXPECT_EQ(RuleSet().FindBranch("main"), nullptr);
  // An exact name is more than a pattern, wherever it stands.
  EXPECT_EQ(Rules("branches: {main: full, '*': select}").FindBranch("main")->policy,
            BranchPolicy::kFull);
}

TEST(PathRulesTest, HarmlessKeysLeaveTheRest) {
  const RuleSet rules =
      Rules("keys:\n- paths: conf/*.yaml\n  harmless: [ui, log.level]\n  action: all\n");
  const auto verdict = [&](const char* before, const char* after) {
    return Check(rules, "conf/a.yaml", {before, after});
  };
  EXPECT_EQ(verdict("ui: {a: 1}\nx: 1", "ui: {a: 2}\nx: 1").action, RuleAction::kHarmless);
  EXPECT_EQ(verdict("log: {level: 1}", "log: {level: 2}").action, RuleAction::kHarmless);
  EXPECT_EQ(verdict("log: {file: 1}", "log: {file: 2}").action, RuleAction::kAll);
  EXPECT_EQ(verdict("ui: 1\nx: 1", "ui: 2\nx: 2").detail, "the key 'x' changed");
  EXPECT_EQ(verdict("x: 1", "x: 1 # more").action, RuleAction::kHarmless);
}

TEST(PathRulesTest, RelevantKeysExcludeTheRest) {
  const RuleSet rules = Rules(
      "keys:\n"
      "- paths: [a.json, b.conf]\n"
      "  format: json\n"
      "  relevant: [db]\n"
      "  action: {run_labels: ['db/*']}\n");
  const RuleVerdict hit = Check(rules, "b.conf", {R"({"db": {"x": 1}})", R"({"db": {"x": 2}})"});
  EXPECT_EQ(hit.action, RuleAction::kLabels);
  EXPECT_THAT(hit.labels, ElementsAre("db/*"));
  EXPECT_EQ(Check(rules, "a.json", {R"({"ui": 1})", R"({"ui": 2})"}).action, RuleAction::kHarmless);
}

TEST(PathRulesTest, AFileWhoseKeysCannotBeReadRunsAll) {
  const RuleSet rules =
      Rules("keys: [{paths: '*.toml', relevant: [a]}, {paths: x, relevant: [a]}]");
  const RuleVerdict broken = Check(rules, "x.toml", {"b = 1", "b = = 1"});
  EXPECT_EQ(broken.action, RuleAction::kAll);
  EXPECT_THAT(broken.detail, HasSubstr("cannot be read after the change: line 1"));
  EXPECT_EQ(Check(rules, "x.toml", {std::nullopt, "b = 1"}).action, RuleAction::kAll);
  EXPECT_EQ(Check(rules, "x", {"", ""}).action, RuleAction::kAll);
  const RuleVerdict unknown = *rules.Check({.path = "x.toml", .content = nullptr});
  EXPECT_EQ(unknown.action, RuleAction::kAll);
}

TEST(PathRulesTest, ErrorsOfContentAreErrors) {
  const RuleSet rules = Rules("keys: [{paths: '*.toml', relevant: [a]}]");
  const auto verdict = rules.Check(
      {.path = "x.toml", .content = [](bool) { return absl::NotFoundError("no blob"); }});
  EXPECT_EQ(verdict.status(), absl::NotFoundError("no blob"));
}

TEST(PathRulesTest, EverythingWrongNamesFileLineAndValue) {
  const std::pair<const char*, const char*> cases[] = {
      {"harmful: [a]",
       ".testselect.yml:1: 'harmful': no section of this name; known are harmless, run_all, "
       "environment, run_labels, always_run, opaque, unknown_change, on_miss, keys, branches"},
      {"\nopaque: {a: b}", ".testselect.yml:2: opaque: a map: expected a text"},
      {"opaque:\n- ''", ".testselect.yml:2: opaque: '': expected a text"},
      {"- a", ".testselect.yml:1: a list: expected a map of sections"},
      {"\nunknown_change: maybe", ".testselect.yml:2: unknown_change: 'maybe': expected all, none"},
      {"harmless:\n- a\n- [b]", ".testselect.yml:3: harmless: a list: expected a text"},
      {"harmless:\n- ''", ".testselect.yml:2: harmless: '': expected a text"},
      {"harmless: {a: b}", ".testselect.yml:1: harmless: a map: expected a text"},
      {"run_all:\n- '!x'",
       ".testselect.yml:2: run_all: '!x': a pattern cannot begin with '!'; the last rule that "
       "matches decides, so put the exception into a later one"},
      {"run_all: ../x",
       ".testselect.yml:1: run_all: '../x': expected a pattern for paths below the top of the "
       "repository"},
      {"run_labels: [a]",
       ".testselect.yml:1: run_labels: a list: expected a map of path patterns to label patterns"},
      {"run_labels:\n  a/**: []",
       ".testselect.yml:2: run_labels.a/**: a list: expected patterns for labels"},
      {"branches:\n  main: fool",
       ".testselect.yml:2: branches.main: 'fool': expected select, shadow, full"},
      {"keys: x",
       ".testselect.yml:1: keys: 'x': expected a list of maps with paths, and harmless "
       "or relevant keys"},
      {"keys:\n- relevant: [a]", ".testselect.yml:2: keys: an entry without paths"},
      {"keys:\n- paths: a",
       ".testselect.yml:2: keys: an entry without harmless, relevant or environment keys"},
      {"keys:\n- paths: a\n  action: some",
       ".testselect.yml:3: keys.action: 'some': expected all, environment"},
      {"keys:\n- path: a",
       ".testselect.yml:2: keys: 'path': expected paths, harmless, relevant, environment, "
       "otherwise, action or format"},
      {"a: 1\n---\nb: 1", ".testselect.yml:3: a second document: expected one"},
      {"harmless: '\xFF'", ".testselect.yml:1: not UTF-8"},
  };
  for (const auto& [text, want] : cases) {
    const auto rules = RuleSet::Parse(text, ".testselect.yml");
    EXPECT_EQ(rules.status().message(), want) << text;
    EXPECT_EQ(rules.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_THAT(RuleSet::Parse("a: 1\nb: [", ".testselect.yml").status().message(),
              HasSubstr(".testselect.yml:"));
  EXPECT_THAT(RuleSet::Parse(std::string(2'000'000, ' '), "f").status().message(),
              HasSubstr("at most 1048576"));
}

TEST(PathRulesTest, AnEmptyFileHasNoRules) {
  for (const char* text : {"", "# nothing\n", "harmless:\n", "---\n"}) {
    EXPECT_TRUE(Rules(text).rules().empty()) << text;
  }
}

struct BuiltInCase {
  const char* path;
  RuleAction want;
};

TEST(BuiltInRulesTest, KnownNames) {
  const BuiltInCase cases[] = {
      {"README.md", RuleAction::kHarmless},
      {"docs/conf.py", RuleAction::kHarmless},
      {"src/docs/conf.py", RuleAction::kNone},
      {"docs/requirements.txt", RuleAction::kHarmless},
      {"LICENSE.txt", RuleAction::kHarmless},
      {".github/workflows/ci.yml", RuleAction::kHarmless},
      {".flake8", RuleAction::kHarmless},
      {".testselect.yml", RuleAction::kHarmless},
      {"requirements-dev.txt", RuleAction::kAll},
      {"requirements/dev.in", RuleAction::kAll},
      {"uv.lock", RuleAction::kAll},
      {"web/package-lock.json", RuleAction::kAll},
      {"go.sum", RuleAction::kAll},
      {"Pipfile.lock", RuleAction::kAll},
      {"go.mod", RuleAction::kAll},
      {"CMakeLists.txt", RuleAction::kAll},
      {"lib/BUILD.bazel", RuleAction::kAll},
      {"pytest.ini", RuleAction::kAll},
      {"docs/pytest.ini", RuleAction::kAll},
      {"jest.config.js", RuleAction::kAll},
      {"src/__mocks__/fs.js", RuleAction::kAll},
      {"tsconfig.base.json", RuleAction::kAll},
      {"conftest.py", RuleAction::kNone},
      {"src/a.py", RuleAction::kNone},
      {"tests/data.txt", RuleAction::kNone},
  };
  for (const BuiltInCase& c : cases) {
    EXPECT_EQ(Check(RuleSet(), c.path).action, c.want) << c.path;
    EXPECT_TRUE(Check(RuleSet(), c.path).built_in || c.want == RuleAction::kNone) << c.path;
  }
}

TEST(BuiltInRulesTest, ListsAndLocksAreHarmlessInTheSameEnvironment) {
  for (const char* path : {"requirements.txt", "poetry.lock", "go.sum", "yarn.lock", "Gemfile"}) {
    EXPECT_EQ(Check(RuleSet(), path, {.environment_same = true}).action, RuleAction::kHarmless)
        << path;
    const RuleVerdict other = Check(RuleSet(), path);
    EXPECT_EQ(other.code, ReasonCode::kEnvironmentFile) << path;
    EXPECT_THAT(other.detail, HasSubstr("not known to be the same")) << path;
  }
  // The build's own file is no list of packages.
  EXPECT_EQ(Check(RuleSet(), "go.mod", {.environment_same = true}).action, RuleAction::kAll);
}

struct KeysCase {
  const char* path;
  const char* before;
  const char* after;
  RuleAction want, same_environment;
};

TEST(BuiltInRulesTest, KeysOfKnownFiles) {
  constexpr RuleAction kNo = RuleAction::kHarmless, kAll = RuleAction::kAll;
  const KeysCase cases[] = {
      {"pyproject.toml", "[tool.ruff]\na=1", "[tool.ruff]\na=2", kNo, kNo},
      {"pyproject.toml", "[project]\nversion='1'", "[project]\nversion='2'", kNo, kNo},
      {"pyproject.toml", "[tool.pytest.ini_options]\na=1", "[tool.pytest.ini_options]\na=2", kAll,
       kAll},
      {"pyproject.toml", "[project.scripts]\na='b:c'", "[project.scripts]\na='b:d'", kAll, kAll},
      {"pyproject.toml", "[project]\ndependencies=['a']", "[project]\ndependencies=['b']", kAll,
       kNo},
      {"pyproject.toml", "[build-system]\nrequires=['a']", "[build-system]\nrequires=['b']", kAll,
       kNo},
      {"pyproject.toml", "[tool.poetry.group.dev.dependencies]\na='1'",
       "[tool.poetry.group.dev.dependencies]\na='2'", kAll, kNo},
      {"pyproject.toml", "[tool.poetry.plugins.x]\na='1'", "[tool.poetry.plugins.x]\na='2'", kAll,
       kAll},
      {"pyproject.toml", "a = 1", "a = ", kAll, kAll},
      {"setup.cfg", "[flake8]\na=1", "[flake8]\na=2", kNo, kNo},
      {"setup.cfg", "[tool:pytest]\na=1", "[tool:pytest]\na=2", kAll, kAll},
      {"setup.cfg", "[options]\ninstall_requires=a", "[options]\ninstall_requires=b", kAll, kNo},
      {"setup.cfg", "[options.entry_points]\na=1", "[options.entry_points]\na=2", kAll, kAll},
      {"tox.ini", "[flake8]\na=1", "[flake8]\na=2", kNo, kNo},
      {"tox.ini", "[testenv]\ndeps=1", "[testenv]\ndeps=2", kAll, kNo},
      {"tox.ini", "[pytest]\na=1", "[pytest]\na=2", kAll, kAll},
      {"package.json", R"({"description": "a"})", R"({"description": "b"})", kNo, kNo},
      {"package.json", R"({"scripts": {"lint": "a"}})", R"({"scripts": {"lint": "b"}})", kNo, kNo},
      {"package.json", R"({"scripts": {"test": "a"}})", R"({"scripts": {"test": "b"}})", kAll,
       kAll},
      {"package.json", R"({"jest": {"a": 1}})", R"({"jest": {"a": 2}})", kAll, kAll},
      {"package.json", R"({"devDependencies": {"a": "1"}})", R"({"devDependencies": {"a": "2"}})",
       kAll, kNo},
      {"package-lock.json", R"({"version": "1", "packages": {"": {"version": "1"}}})",
       R"({"version": "2", "packages": {"": {"version": "2"}}})", kNo, kNo},
      {"package-lock.json", R"({"packages": {"node_modules/a": {"version": "1"}}})",
       R"({"packages": {"node_modules/a": {"version": "2"}}})", kAll, kNo},
      {"Cargo.toml", "[package]\nauthors=['a']", "[package]\nauthors=['b']", kNo, kNo},
      {"Cargo.toml", "[features]\na=[]", "[features]\na=['b']", kAll, kAll},
      {"Cargo.toml", "[package]\nversion='1'\nrust-version='1.70'",
       "[package]\nversion='2'\nrust-version='1.71'", kNo, kNo},
      {"Cargo.toml", "[workspace.package]\nrust-version='1.70'",
       "[workspace.package]\nrust-version='1.71'", kNo, kNo},
      {"Cargo.toml", "[package]\nedition='2021'", "[package]\nedition='2024'", kAll, kAll},
      {"Cargo.toml", "[workspace.package]\nedition='2021'", "[workspace.package]\nedition='2024'",
       kAll, kAll},
      {"Cargo.toml", "[dependencies]\na={version='1',path='a'}",
       "[dependencies]\na={version='2',path='a'}", kAll, kNo},
      {"Cargo.toml", "[dependencies]\na={version='1',features=['x']}",
       "[dependencies]\na={version='1',features=['y']}", kAll, kAll},
      {"Cargo.lock", "[[package]]\nname='app'\nversion='1'", "[[package]]\nname='app'\nversion='2'",
       kNo, kNo},
      {"Cargo.lock", "[[package]]\nname='app'\nversion='1'\ndependencies=['a']",
       "[[package]]\nname='app'\nversion='2'\ndependencies=['b']", kAll, kNo},
      {"Cargo.lock", "[[package]]\nname='a'\nversion='1'\nsource='registry'\nchecksum='x'",
       "[[package]]\nname='a'\nversion='2'\nsource='registry'\nchecksum='y'", kAll, kNo},
      {"Cargo.lock", "[[package]]\nname='a'\nversion='1'\nsource='registry'", "", kAll, kNo},
      {"Cargo.lock", "[[package]]\nname=", "[[package]]\nname='a'", kAll, kAll},
  };
  for (const KeysCase& c : cases) {
    EXPECT_EQ(Check(RuleSet(), c.path, {c.before, c.after}).action, c.want)
        << c.path << ": " << c.after;
    EXPECT_EQ(Check(RuleSet(), c.path, {c.before, c.after, true}).action, c.same_environment)
        << c.path << ": " << c.after;
  }
}

}  // namespace
}  // namespace testselect
