#include "absl/strings/str_cat.h"
#include "tests/unit/source/source_fixture.h"

namespace testselect {
namespace {

constexpr absl::string_view kSource = R"(//go:build linux

package stack

import (
	"fmt"
	str "strings"
	_ "embed"
	"example.com/m/own"
)

const limit = 3

const (
	Red = iota
	Green
)

//go:embed words.txt more/*.txt
var words string

var cache = make(map[string]int)

// Stack is one.
type Stack struct {
	items []Item
	*own.Base
}

type Shape interface {
	Area() float64
}

func init() { fmt.Println("up") }

func New(n int) *Stack {
	s := &Stack{items: make([]Item, 0, n)}
	for i, item := range known {
		s.items = append(s.items, item.Copy(i))
	}
	return s
}

func (s *Stack) Push(item Item) {
	cache[str.ToUpper(item.Name)] = limit
}
)";

TEST(GoUnits, AreWhatAFileIsMadeOf) {
  EXPECT_EQ(UnitsOf("a/stack.go", kSource),
            "condition build\n"
            "condition package\n"
            "import fmt fmt binds[fmt] from(0 fmt )\n"
            "import str strings binds[str] from(0 strings )\n"
            "import _ embed from(0 embed ) EFFECTS\n"
            "import own example.com/m/own binds[own] from(0 example.com/m/own )\n"
            "statement limit binds[limit]\n"
            "statement Green,Red binds[Green Red]\n"
            "statement words binds[words] from(1 words.txt more/*.txt )\n"
            "statement cache binds[cache]\n"
            "class Stack binds[Stack]\n"
            "statement Stack.items binds[items]\n"
            "class Shape binds[Shape]\n"
            "header Shape.Area binds[Area]\n"
            "header init binds[init] EVERYWHERE\n"
            "body init\n"
            "header New binds[New]\n"
            "body New\n"
            "header Stack.Push binds[Push]\n"
            "body Stack.Push MEMO\n");
}

TEST(GoUnits, NamesAreFreeUnlessDeclaredInReach) {
  EXPECT_EQ(UnitOf("a/stack.go", kSource, "body New"),
            "body New free[Item Stack append items known make] members[Copy items] parameters[n]");
  EXPECT_EQ(UnitOf("a/stack.go", kSource, "body Stack.Push"),
            "body Stack.Push free[cache limit str] members[Name] parameters[item s] MEMO");
}
TEST(GoUnits, PromotedMethodsComeThroughTheEmbeddedType) {
  EXPECT_EQ(UnitOf("a/stack.go", kSource, "class Stack", "fm"),
            "class Stack free[Base Item Stack own] members[Base]");
}

TEST(GoUnits, ABodyChangesAlone) {
  EXPECT_EQ(Changed("a.go", "package a\nfunc f() int { return 1 }\nfunc g() {}\n",
                    "package a\nfunc f() int { return 2 }\nfunc g() {}\n"),
            "body f");
}

TEST(GoUnits, CommentsAndLayoutAreNothing) {
  EXPECT_EQ(Changed("a.go", "package a\nfunc f() int { return 1 }\n",
                    "// Package a.\npackage a\r\n\r\nfunc f() int {\r\n\treturn 1 // one\r\n}\r\n"),
            "");
}

TEST(GoUnits, DirectivesAreTokens) {
  EXPECT_EQ(Changed("a.go", "//go:build linux\n\npackage a\n", "//go:build darwin\n\npackage a\n"),
            "condition build");
  EXPECT_EQ(Changed("a.go", "package a\n\n//go:embed a.txt\nvar s string\n",
                    "package a\n\n//go:embed b.txt\nvar s string\n"),
            "statement s");
  EXPECT_EQ(Changed("a.go", "package a\nfunc ExampleF() {\n\tF()\n\t// Output: 1\n}\n",
                    "package a\nfunc ExampleF() {\n\tF()\n\t// Output: 2\n}\n"),
            "body ExampleF");
  EXPECT_NE(Changed("a.go", "package a\n// int one() { return 1; }\nimport \"C\"\n",
                    "package a\n// int one() { return 2; }\nimport \"C\"\n"),
            "");
}

TEST(GoUnits, WhiteSpaceInStringsCounts) {
  EXPECT_EQ(Changed("a.go", "package a\nvar s = `a  b`\n", "package a\nvar s = `a b`\n"),
            "statement s");
}

TEST(GoUnits, AnErrorCostsTheFunctionItIsIn) {
  const std::string units =
      UnitsOf("a.go", "package a\nfunc f() { x := := 1 }\nfunc g() int { return 2 }\n", "+");
  EXPECT_EQ(units, "condition package\nheader f\nbody f BROKEN\nheader g\nbody g\n");
}

TEST(GoUnits, WritersOfPackageVariablesLeaveSomethingBehind) {
  const auto memo = [](absl::string_view body) {
    const std::string source = absl::StrCat(
        "package a\nimport \"sync\"\nvar n int\nvar files = token.NewFileSet()\n"
        "var once sync.Once\nvar pattern = regexp.MustCompile(`a`)\nfunc f(p *T) {\n",
        body, "\n}\n");
    return UnitOf("a.go", source, "body f", "+") == "body f MEMO";
  };
  EXPECT_TRUE(memo("n++"));
  EXPECT_TRUE(memo("elsewhere.x[1] = 2"));
  EXPECT_TRUE(memo("g(&n)"));
  EXPECT_TRUE(memo("parse(files, 1)"));
  EXPECT_TRUE(memo("once.Do(g)"));
  EXPECT_FALSE(memo("p.n = 1; m := n; m++"));
  EXPECT_FALSE(memo("return pattern.MatchString(s)"));
  EXPECT_FALSE(memo("fmt.Sprint(n)"));
}

TEST(GoUnits, AnUnusedVariableSetByACallIsThereForTheCall) {
  const absl::string_view source =
      "package a\nvar _ = register(1)\nvar x = register(2)\nvar y = make(T)\nfunc f() { g(y) }\n";
  EXPECT_EQ(UnitOf("a.go", source, "statement x", "+"), "statement x EFFECTS");
  EXPECT_EQ(UnitOf("a.go", source, "statement y", "+"), "statement y");
}

TEST(GoUnits, AnImportNobodyNamesAsItsPathSaysMayBeUsedByAll) {
  const absl::string_view source =
      "package a\nimport (\n\"gopkg.in/yaml.v3\"\n\"x.io/odd\"\n)\nvar a = yaml.Node{}\n";
  EXPECT_EQ(UnitOf("a.go", source, "import yaml.v3 gopkg.in/yaml.v3", "+"),
            "import yaml.v3 gopkg.in/yaml.v3 from(0 gopkg.in/yaml.v3 )");
  EXPECT_EQ(UnitOf("a.go", source, "import odd x.io/odd", "+"),
            "import odd x.io/odd from(0 x.io/odd ) EFFECTS");
}

TEST(GoUnits, NamesOfResultsAreLocalAndThoseOfInnerScopesAreNot) {
  const auto body = [](absl::string_view source, absl::string_view name) {
    return UnitOf("a.go", absl::StrCat("package a\n", source), absl::StrCat("body ", name), "f+");
  };
  EXPECT_EQ(body("func f(a int) (n int, err error) { n = a; err = g(); return }", "f"),
            "body f free[g]");
  EXPECT_EQ(body("func f(g func(limit int) int) int { return g(limit) }", "f"),
            "body f free[limit]");
  EXPECT_EQ(body("func (t T) f() (n int) {\nif limit := g(); limit > 0 { n = limit }\n"
                 "return n + limit\n}",
                 "T.f"),
            "body T.f free[g limit]");
}

TEST(GoUnits, AMethodDoesNotUseItsNamesakes) {
  const absl::string_view source =
      "package a\ntype S interface{ Area() int }\nfunc (b B) Area() int { return b.Width() }\n";
  EXPECT_EQ(UnitOf("a.go", source, "header B.Area", "fm"), "header B.Area free[B int]");
  EXPECT_EQ(UnitOf("a.go", source, "class S", "fm"), "class S free[S int] members[Area]");
}

TEST(GoUnits, AnErrorOrAPatternIsMadeForItsValue) {
  const absl::string_view source =
      "package a\nimport (\n\"errors\"\n\"flag\"\n\"regexp\"\n)\n"
      "var Err = errors.New(`e`)\nvar Flag = flag.Bool(`f`)\nvar List = make([]int, 1)\n"
      "var Pattern = regexp.MustCompile(text())\nvar Words = regexp.MustCompile(`w`).String()\n";
  EXPECT_EQ(UnitsOf("a.go", source, "+"),
            "condition package\n"
            "import errors errors from(0 errors )\n"
            "import flag flag from(0 flag )\n"
            "import regexp regexp from(0 regexp )\n"
            "statement Err\n"
            "statement Flag EFFECTS\n"
            "statement List\n"
            "statement Pattern EFFECTS\n"
            "statement Words\n");
}

TEST(GoUnits, WhatAsksTheCompilerDoesNothing) {
  EXPECT_EQ(
      UnitsOf("a.go", "package a\nvar _ S = (*T)(nil)\nvar _ S = T{}\nvar _ = register(T{})\n"),
      "condition package\n"
      "statement <digest>\n"
      "statement <digest>\n"
      "statement <digest> EFFECTS\n");
}

TEST(GoUnits, NamesOfTheStandardLibraryAreNobodyElses) {
  const auto uses = [](absl::string_view body) {
    return UnitOf("a.go",
                  absl::StrCat("package a\nimport (\n\"errors\"\n\"os\"\nr \"math/rand/v2\"\n"
                               "\"example.com/m/url\"\n)\n",
                               body),
                  "body f", "fm");
  };
  EXPECT_EQ(uses("func f(t *errors.T) { errors.New(r.Int().Sum) }"),
            "body f free[errors r] members[Sum]");
  EXPECT_EQ(uses("func f() { url.New() }"), "body f free[url] members[New]");
  EXPECT_EQ(uses("func f() { var x os.File }"), "body f free[os]");
  // A guard is looked for, wherever it comes from.
  EXPECT_EQ(uses("func f() { os.ReadDir(a) }"), "body f free[a os] members[ReadDir]");
  // Something here has the name: it may be that one.
  EXPECT_EQ(uses("func f(errors T) { errors.New() }"), "body f members[New]");
}

TEST(GoUnits, KnowEveryToken) { EXPECT_EQ(UnseenTokens("a/stack.go", kSource), ""); }

class GoTree : public testing::Test {
 protected:
  FakeTree tree_{{
      {"go.mod", "module example.com/m\n\ngo 1.22\nreplace other.org/x => ./third/x\n"},
      {"main.go", "package main\nimport \"example.com/m/a\"\nfunc main() { a.F() }\n"},
      {"a/a.go", "package a\nimport \"other.org/x\"\n//go:embed data/*.txt\nvar d string\n"},
      {"a/b.go", "package a\nfunc F() {}\n"},
      {"a/c.go", "package a\n"},
      {"a/a_test.go", "package a\nfunc TestA(t *testing.T) {}\n"},
      {"a/b_test.go", "package a_test\nfunc TestB(t *testing.T) {}\n"},
      {"a/data/1.txt", "1"},
      {"a/data/2.bin", "2"},
      {"third/x/x.go", "package x\n"},
      {"tool/go.mod", "module example.com/m/tool\n"},
      {"tool/sub/sub.go", "package sub\n"},
      {"tool/sub/sub_test.go", "package sub\nfunc TestA(t *testing.T) {}\n"},
  }};
};

TEST_F(GoTree, ImportsArePackagesOfTheLongestModule) {
  EXPECT_EQ(tree_.Resolved("main.go", 0, "example.com/m/a"), "a/a.go a/b.go a/c.go");
  EXPECT_EQ(tree_.Resolved("main.go", 0, "example.com/m/tool/sub"), "tool/sub/sub.go");
  EXPECT_EQ(tree_.Resolved("main.go", 0, "other.org/x"), "third/x/x.go");
  EXPECT_EQ(tree_.Resolved("main.go", 0, "fmt"), "");
}

TEST_F(GoTree, EmbeddedFilesAreData) {
  EXPECT_EQ(tree_.Resolved("a/a.go", 1, "data/*.txt"), "a/data/1.txt");
  EXPECT_EQ(tree_.Resolved("a/a.go", 1, "data"), "a/data/1.txt a/data/2.bin");
}

TEST_F(GoTree, FilesOfAPackageReachEachOther) {
  EXPECT_EQ(tree_.Reaches("a/b.go"), "a/a.go a/b.go a/c.go a/data/1.txt third/x/x.go");
  EXPECT_EQ(tree_.Reaches("a/a_test.go"),
            "a/a.go a/a_test.go a/b.go a/b_test.go a/c.go a/data/1.txt third/x/x.go");
  EXPECT_EQ(tree_.Reaches("main.go"), "a/a.go a/b.go a/c.go a/data/1.txt main.go third/x/x.go");
}

TEST_F(GoTree, LabelsNameAPackageAndAFunction) {
  EXPECT_EQ(tree_.Test("example.com/m/a.TestA/sub.Test/x", "a.go"), "a/a_test.go TestA");
  EXPECT_EQ(tree_.Test("example.com/m/a.TestB", "a.go"), "a/b_test.go TestB");
  EXPECT_EQ(tree_.Test("example.com/m/tool/sub.TestA", "a.go"), "tool/sub/sub_test.go TestA");
  EXPECT_EQ(tree_.Test("a.TestA", "a.go"), "a/a_test.go TestA");
  EXPECT_EQ(tree_.Test("nothing", "a.go"), "");
  EXPECT_FALSE(tree_.Layer("a.go").Measured(tree_.Find("a/a_test.go")));
}

}  // namespace
}  // namespace testselect
