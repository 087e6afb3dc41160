// Rules of the walk along names that languages other than Python need.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selection/name_walk_fixture.h"

namespace testselect {
namespace {

using ::testing::IsEmpty;
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
