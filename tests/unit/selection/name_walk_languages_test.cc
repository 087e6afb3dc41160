// Rules of the walk along names that languages other than Python need.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selection/name_walk_fixture.h"

namespace testselect {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

TEST_F(NameWalkTest, AMemberOfAClassThatATestFileDoesNotReachIsNotUsedThere) {
  File("go.mod", "module m\n");
  File("a/a.go", "package a\n\ntype Base struct{}\n\nfunc (Base) Area() int { return 1 }\n");
  File("a/a_test.go", "package a\n\nfunc TestBase(t *testing.T) {\n\tcheck(Base{}.Area())\n}\n");
  File("b/b.go",
       "package b\n\nimport \"m/a\"\n\ntype Square struct{ a.Base }\n\n"
       "func Area() int { return Square{}.Area() }\n");
  File("b/b_test.go",
       "package b\n\nfunc TestArea(t *testing.T) {\n\tcheck(Area())\n}\n\n"
       "func TestAlone(t *testing.T) {}\n");
  Ran("m/a.TestBase", "a/a.go", {"return 1"});
  Ran("m/b.TestArea", "a/a.go", {"return 1"});
  Ran("m/b.TestArea", "b/b.go", {"return Square"});
  Ran("m/b.TestAlone", "b/b.go", {"package"});
  Edit("b/b.go", "func Area", "func (Square) Area() int { return 2 }\n\nfunc Area");
  EXPECT_THAT(Selected(), UnorderedElementsAre("m/b.TestArea"));
}

TEST_F(NameWalkTest, AFunctionThatMovesToAFileOfItsOwnConcernsItsUsers) {
  const std::string one = "func One() int { return 1 }\n", two = "func Two() int { return 2 }\n";
  File("go.mod", "module m\n");
  File("a/a.go", "package a\n\n" + one + "\n" + two);
  File("a/a_test.go",
       "package a\n\nfunc TestOne(t *testing.T) {\n\tcheck(One())\n}\n\n"
       "func TestTwo(t *testing.T) {\n\tcheck(Two())\n}\n");
  Ran("m/a.TestOne", "a/a.go", {"return 1"});
  Ran("m/a.TestTwo", "a/a.go", {"return 2"});
  Edit("a/a.go", two, "");
  edits_.emplace_back("a/b.go", "package a\n\n" + two);
  EXPECT_THAT(Selected(), UnorderedElementsAre("m/a.TestTwo"));
}

TEST_F(NameWalkTest, AnIncludeThatMeansANewFileSelectsWhoReachesIt) {
  File("inc/size.h", "#define SIZED 1\n");
  File("t/a_test.cc",
       "#include \"size.h\"\n#ifdef SIZED\nint V() { return 1; }\n#else\n"
       "int V() { return 2; }\n#endif\nTEST(A, One) {\n  CHECK(V());\n}\n");
  File("t/b_test.cc", "TEST(B, One) {\n  CHECK(true);\n}\n");
  Ran("A.One", "t/a_test.cc", {"return 1", "TEST(A", "CHECK(V"});
  Ran("B.One", "t/b_test.cc", {"TEST(B", "CHECK(true)"});
  edits_.emplace_back("t/size.h", "#pragma once\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("A.One"));
}

TEST_F(NameWalkTest, AConditionThatAsksForAFileChangesWhenItComes) {
  File("lib.h", "#if __has_include(\"extra.h\")\n#endif\ninline int V() { return 1; }\n");
  File("a_test.cc", "#include \"lib.h\"\nTEST(A, One) {\n  CHECK(V());\n}\n");
  File("b_test.cc", "TEST(B, One) {\n  CHECK(true);\n}\n");
  Ran("A.One", "lib.h", {"return 1"});
  Ran("A.One", "a_test.cc", {"CHECK(V"});
  Ran("B.One", "b_test.cc", {"CHECK(true)"});
  edits_.emplace_back("extra.h", "#pragma once\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("A.One"));
}

TEST_F(NameWalkTest, AMethodThatDidNothingAndDoesSomethingSelectsWhoNamesIt) {
  File("lib/a.rb", "class A\n  def one\n    1\n  end\n\n  def hook; end\nend\n");
  File("spec/a_spec.rb", "require_relative '../lib/a'\nit 'x' do\n  A.new.one\nend\n");
  File("spec/b_spec.rb", "require_relative '../lib/a'\nit 'y' do\n  A.new.hook\nend\n");
  Imported("lib/a.rb", {"class", "def"});
  Ran("./spec/a_spec.rb[1:1]", "spec/a_spec.rb", {"A.new"});
  Ran("./spec/a_spec.rb[1:1]", "lib/a.rb", {"    1"});
  Ran("./spec/b_spec.rb[1:1]", "spec/b_spec.rb", {"A.new"});
  Edit("lib/a.rb", "hook; end", "hook; raise; end");
  EXPECT_THAT(Selected(), UnorderedElementsAre("./spec/b_spec.rb[1:1]"));
}

// The name that an import gives a package is its file's own.
TEST_F(NameWalkTest, AnImportThatComesConcernsItsOwnFile) {
  File("go.mod", "module m\n");
  File("a/a.go",
       "package a\n\nimport \"strings\"\n\nfunc One() string { return strings.ToUpper(\"a\") }\n");
  File("a/b.go", "package a\n\nfunc Two() int { return 2 }\n\nfunc Three() int { return 3 }\n");
  File("a/a_test.go",
       "package a\n\nfunc TestOne(t *testing.T) {\n\tcheck(One())\n}\n\n"
       "func TestTwo(t *testing.T) {\n\tcheck(Two())\n}\n");
  Ran("m/a.TestOne", "a/a.go", {"strings.ToUpper"});
  Ran("m/a.TestTwo", "a/b.go", {"return 2"});
  edits_.emplace_back("a/b.go",
                      "package a\n\nimport \"strings\"\n\n"
                      "func Two() int { return strings.Index(\"ab\", \"b\") }\n\n"
                      "func Three() int { return 3 }\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("m/a.TestTwo"));
}

TEST_F(NameWalkTest, AnImportOfAnotherPackageByTheSameNameConcernsItsUsers) {
  File("go.mod", "module m\n");
  File("a/a.go",
       "package a\n\nimport \"text/template\"\n\nfunc One() string { return "
       "template.HTMLEscapeString(\"a\") }\n\n"
       "func Two() int { return 2 }\n");
  File("a/a_test.go",
       "package a\n\nfunc TestOne(t *testing.T) {\n\tcheck(One())\n}\n\n"
       "func TestTwo(t *testing.T) {\n\tcheck(Two())\n}\n");
  Ran("m/a.TestOne", "a/a.go", {"template.HTML"});
  Ran("m/a.TestTwo", "a/a.go", {"return 2"});
  Edit("a/a.go", "text/template", "html/template");
  EXPECT_THAT(Selected(), UnorderedElementsAre("m/a.TestOne"));
}

class NewMethodTest : public NameWalkTest {
 protected:
  // The type T gains the method `name`; `more` is another file of its package.
  std::vector<std::string> SelectedWith(const std::string& name, const std::string& more = "") {
    File("go.mod", "module m\n");
    File("a/a.go",
         "package a\n\ntype T struct{}\n\nfunc New() *T { return &T{} }\n\nfunc Two() int { return "
         "2 }\n");
    if (!more.empty()) File("a/more.go", "package a\n\n" + more);
    File("a/a_test.go",
         "package a\n\nfunc TestOne(t *testing.T) {\n\tcheck(New())\n}\n\n"
         "func TestTwo(t *testing.T) {\n\tcheck(Two())\n}\n");
    Ran("m/a.TestOne", "a/a.go", {"return &T"});
    Ran("m/a.TestTwo", "a/a.go", {"return 2"});
    Edit("a/a.go", "func Two", "func (*T) " + name + "() int { return 1 }\n\nfunc Two");
    return Selected();
  }
};

TEST_F(NewMethodTest, ThatNoInterfaceAsksForConcernsNobodyElse) {
  // One label sees whether the package builds.
  EXPECT_THAT(SelectedWith("Unheard"), SizeIs(1));
  EXPECT_EQ(Count(ReasonCode::kNameChange), 0);
}

TEST_F(NewMethodTest, ThatTheStandardLibraryAsksForConcernsTheTypesUsers) {
  EXPECT_THAT(SelectedWith("String"), Contains("m/a.TestOne"));
  EXPECT_EQ(Count(ReasonCode::kNameChange), 1);
}

TEST_F(NewMethodTest, ThatAnInterfaceOfTheTreeAsksForConcernsTheTypesUsers) {
  EXPECT_THAT(SelectedWith("Unheard", "type Hearer interface{ Unheard() int }\n"),
              Contains("m/a.TestOne"));
  EXPECT_EQ(Count(ReasonCode::kNameChange), 1);
}

TEST_F(NewMethodTest, ThatAnUnexportedInterfaceOfTheTreeAsksForConcernsTheTypesUsers) {
  EXPECT_THAT(SelectedWith("unheard", "type hearer interface{ unheard() int }\n"),
              Contains("m/a.TestOne"));
  EXPECT_EQ(Count(ReasonCode::kNameChange), 1);
}

TEST_F(NewMethodTest, ConcernsTheTypesUsersWhereALibraryMayAskForIt) {
  EXPECT_THAT(SelectedWith("Unheard", "import \"other.org/x\"\n\nvar kept = x.Kept\n"),
              Contains("m/a.TestOne"));
  EXPECT_EQ(Count(ReasonCode::kNameChange), 1);
}

TEST_F(NewMethodTest, ConcernsTheTypesUsersWhereMethodsAreCalledByName) {
  EXPECT_THAT(
      SelectedWith("Unheard", "import \"text/template\"\n\nvar kept = template.New(\"a\")\n"),
      Contains("m/a.TestOne"));
  EXPECT_EQ(Count(ReasonCode::kNameChange), 1);
}

TEST_F(NewMethodTest, ConcernsTheTypesUsersWhereMethodsAreListed) {
  EXPECT_THAT(
      SelectedWith(
          "Unheard",
          "import \"reflect\"\n\nfunc Count(v any) int { return reflect.TypeOf(v).NumMethod() }\n"),
      Contains("m/a.TestOne"));
  EXPECT_EQ(Count(ReasonCode::kNameChange), 1);
}

class ImportEffectsTest : public NameWalkTest {
 protected:
  // host gains an import of `extra` for one of its functions; the other test asks what the registry
  // has.
  void Project(const std::string& extra) {
    File("plugins.js", "export const plugins = [];\n");
    File("extra.js", extra);
    File("host.js",
         "import { plugins } from './plugins.js';\n\nexport function all() {\n  return "
         "plugins;\n}\n\n"
         "export function more() {\n  return 0;\n}\n");
    File("host.test.js",
         "import { all, more } from './host.js';\ntest('all', () => {\n  check(all());\n});\n"
         "test('more', () => {\n  check(more());\n});\n");
    Ran("host.test.js > all", "host.js", {"return plugins"});
    Ran("host.test.js > more", "host.js", {"return 0"});
    for (const char* label : {"host.test.js > all", "host.test.js > more"}) {
      Ran(label, "plugins.js", {"plugins"});
      Ran(label, "host.js", {"import"});
    }
    edits_.emplace_back(
        "host.js",
        "import { plugins } from './plugins.js';\nimport { extra } from './extra.js';\n\n"
        "export function all() {\n  return plugins;\n}\n\n"
        "export function more() {\n  return extra();\n}\n");
  }
};

TEST_F(ImportEffectsTest, OfAModuleThatRegistersConcernAllWhoBringItAlong) {
  Project(
      "import { plugins } from './plugins.js';\n\nplugins.push('extra');\n\nexport function "
      "extra() {\n  return 1;\n}\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("host.test.js > all", "host.test.js > more"));
  EXPECT_EQ(Count(ReasonCode::kReach), 2);
}

TEST_F(ImportEffectsTest, OfAModuleThatMakesValuesConcernNobodyElse) {
  Project(
      "'use strict';\n\nconst sizes = new Map();\nsizes.set('a', 1);\n\nexport function extra() "
      "{\n  return sizes.size;\n}\n");
  Selected();
  EXPECT_EQ(Count(ReasonCode::kReach), 0);
}

TEST_F(NameWalkTest, APackageWithAnInitThatANameIsTakenFromConcernsItsImporters) {
  File("go.mod", "module m\n");
  File("q/q.go", "package q\n\nfunc init() { println(\"q\") }\n\nfunc One() int { return 1 }\n");
  File("r/r.go", "package r\n\nfunc Count() int { return 5 }\n\nfunc More() int { return 0 }\n");
  File("r/r_test.go",
       "package r\n\nfunc TestCount(t *testing.T) {\n\tcheck(Count())\n}\n\n"
       "func TestMore(t *testing.T) {\n\tcheck(More())\n}\n");
  Ran("m/r.TestCount", "r/r.go", {"return 5"});
  Ran("m/r.TestMore", "r/r.go", {"return 0"});
  edits_.emplace_back("r/r.go",
                      "package r\n\nimport \"m/q\"\n\nfunc Count() int { return 5 }\n\n"
                      "func More() int { return q.One() }\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("m/r.TestCount", "m/r.TestMore"));
}

// TypeScript leaves an import out that is there for types alone.
TEST_F(NameWalkTest, AnImportThatIsThereForTypesNoLongerIsLoaded) {
  File("plugins.ts", "export const plugins: string[] = [];\n");
  File("extra.ts",
       "import { plugins } from './plugins';\n\nplugins.push('extra');\n\nexport class Extra {}\n");
  File("host.ts",
       "import { plugins } from './plugins';\nimport { Extra } from './extra';\n\nexport function "
       "all(): string[] {\n"
       "  return plugins;\n}\n\nexport function made(e?: Extra): boolean {\n  return e !== "
       "undefined;\n}\n");
  File("host.test.ts",
       "import { all, made } from './host';\ntest('all', () => {\n  check(all());\n});\n"
       "test('made', () => {\n  check(made());\n});\n");
  Ran("host.test.ts > all", "host.ts", {"return plugins"});
  Ran("host.test.ts > made", "host.ts", {"return e"});
  Edit("host.ts", "e !== undefined", "e instanceof Extra");
  EXPECT_THAT(Selected(), UnorderedElementsAre("host.test.ts > all", "host.test.ts > made"));
}

TEST_F(NameWalkTest, ADecoratorOfAMemberRegistersIt) {
  const std::string column = "  @column id: number = 1;\n";
  File("row.ts",
       "export const columns: string[] = [];\n\nfunction column(target: any, key: string) {\n  "
       "columns.push(key);\n}\n\n"
       "export class Row {\n" +
           column +
           "  name: string = 'a';\n}\n\nexport function none(): number {\n  return 0;\n}\n");
  File("row.test.ts",
       "import { columns, none } from './row';\ntest('none', () => {\n  check(none());\n});\n"
       "test('columns', () => {\n  check(columns);\n});\n");
  Ran("row.test.ts > none", "row.test.ts", {"check(none"});
  Ran("row.test.ts > none", "row.ts", {"return 0"});
  Ran("row.test.ts > columns", "row.test.ts", {"check(columns)"});
  Ran("row.test.ts > columns", "row.ts", {"columns.push"});
  Edit("row.ts", "  name: string", "  @column name: string");
  EXPECT_THAT(Selected(), Contains("row.test.ts > columns"));
  EXPECT_EQ(Count(ReasonCode::kNameChange), 1);
}

// A function that init puts into a table is not called by it.
TEST_F(NameWalkTest, WhatInitCalledRanInEveryProcess) {
  File("go.mod", "module m\n");
  File("a/a.go",
       "package a\n\nvar table map[string]func() int\n\nfunc init() {\n"
       "\ttable = map[string]func() int{\"one\": one}\n\ttable[\"size\"] = fixed(size())\n}\n\n"
       "func one() int { return 1 }\n\nfunc size() int { return 8 }\n");
  File("a/a_test.go",
       "package a\n\nfunc TestOne(t *testing.T) {\n\tcheck(table[\"one\"]())\n}\n\n"
       "func TestSize(t *testing.T) {\n\tcheck(table)\n}\n");
  for (const char* label : {"m/a.TestOne", "m/a.TestSize"}) {
    Ran(label, "a/a.go", {"table = map", "fixed(size", "return 8"});
  }
  Ran("m/a.TestOne", "a/a.go", {"return 1"});
  Edit("a/a.go", "return 1", "return 2");
  EXPECT_THAT(Selected(), UnorderedElementsAre("m/a.TestOne"));
}

TEST_F(NameWalkTest, OneTestSaysWhetherAPackageOfGoBuilds) {
  File("go.mod", "module m\n");
  File("a/a.go", "package a\n\nfunc One() int { return 1 }\n");
  File("a/a_test.go", "package a\n\nfunc TestOne(t *testing.T) {\n\tcheck(One())\n}\n");
  File("a/b_test.go", "package a\n\nfunc TestTwo(t *testing.T) {\n\tcheck(One())\n}\n");
  Ran("m/a.TestOne", "a/a.go", {"return 1"});
  Ran("m/a.TestTwo", "a/a.go", {"return 1"});
  edits_.emplace_back("a/a.go", files_["a/a.go"] + "\nfunc New() int { return 3 }\n");
  EXPECT_THAT(Selected(), testing::SizeIs(1));
  EXPECT_EQ(Count(ReasonCode::kCanary), 1u);
}

// a.cc and b.cc, each with its test in t.cc.
class TwoUnitsOfTranslationTest : public NameWalkTest {
 protected:
  TwoUnitsOfTranslationTest() {
    File("lib.h", "#pragma once\nint A();\nint B();\n");
    File("more.h", "#pragma once\n#define MORE 1\n");
    File("a.cc", "#include \"lib.h\"\nint A() { return 1; }\n");
    File("b.cc", "#include \"lib.h\"\nint B() { return 2; }\n");
    File("t.cc",
         "#include \"lib.h\"\nTEST(T, A) {\n  CHECK(A() == 1);\n}\n"
         "TEST(T, B) {\n  CHECK(B() == 2);\n}\n");
    Ran("T.A", "a.cc", {"return 1"});
    Ran("T.A", "t.cc", {"== 1"});
    Ran("T.B", "b.cc", {"return 2"});
    Ran("T.B", "t.cc", {"== 2"});
  }
};

TEST_F(TwoUnitsOfTranslationTest, AnIncludeConcernsWhoRanTheFileThatIsCompiledWithIt) {
  Edit("a.cc", "#include \"lib.h\"\n", "#include \"lib.h\"\n#include \"more.h\"\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("T.A"));
}

TEST_F(TwoUnitsOfTranslationTest, AHeaderThatNobodyIncludesMayBeIncludedByTheBuild) {
  Edit("more.h", "#define MORE 1\n", "#if MORE\n#endif\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("T.A", "T.B"));
}

TEST_F(TwoUnitsOfTranslationTest, AnIncludeOfAnObjectConcernsAll) {
  File("more.h", "#pragma once\nstatic Registration one;\n");
  Edit("a.cc", "#include \"lib.h\"\n", "#include \"lib.h\"\n#include \"more.h\"\n");
  EXPECT_THAT(Selected(), UnorderedElementsAre("T.A", "T.B"));
}

TEST_F(TwoUnitsOfTranslationTest, AFileUnderAnotherNameConcernsTheUsersOfWhatItDefines) {
  edits_.emplace_back("c.cc", files_["a.cc"]);
  Edit("a.cc", "int A() { return 1; }\n", "");
  EXPECT_THAT(Selected(), UnorderedElementsAre("T.A"));
}

TEST_F(NameWalkTest, AClassChangesUnderEveryNameThatItIsExportedBy) {
  File("shape.mjs", "export class A { v() {\n    return 1;\n  } }\nexport class B { v() {} }\n");
  File("square.mjs", "import {A, B} from './shape.mjs';\nexport default class Q extends A {}\n");
  File("s.test.mjs",
       "import Square from './square.mjs';\n"
       "test('a', () => {\n  'nothing';\n});\ntest('v', () => {\n  new Square().v();\n});\n");
  Ran("s.test.mjs > a", "s.test.mjs", {"nothing"});
  Ran("s.test.mjs > v", "s.test.mjs", {"new Square"});
  Ran("s.test.mjs > v", "shape.mjs", {"return 1"});
  Edit("square.mjs", "extends A", "extends B");
  EXPECT_THAT(Selected(), testing::Contains("s.test.mjs > v"));
}

TEST_F(NameWalkTest, WhoUsesAModuleAsAWholeUsesAllThatItExports) {
  File("c.mjs", "export const A = 1;\nexport const B = 2;\n");
  File("index.mjs", "export * from './c.mjs';\n");
  File("sum.mjs",
       "import * as c from './index.mjs';\n"
       "export function sum() {\n  return Object.values(c);\n}\n"
       "export function first() {\n  return c.A;\n}\n");
  File("s.test.mjs",
       "import {first, sum} from './sum.mjs';\n"
       "test('a', () => {\n  first();\n});\ntest('sum', () => {\n  sum();\n});\n");
  Ran("s.test.mjs > a", "s.test.mjs", {"  first()"});
  Ran("s.test.mjs > a", "sum.mjs", {"c.A"});
  Ran("s.test.mjs > sum", "s.test.mjs", {"  sum()"});
  Ran("s.test.mjs > sum", "sum.mjs", {"Object.values"});
  Edit("c.mjs", "B = 2", "B = 3");
  EXPECT_THAT(Selected(), UnorderedElementsAre("s.test.mjs > sum"));
}

}  // namespace
}  // namespace testselect
