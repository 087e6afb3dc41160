// Which lines of a body stand for a change in it, language by language.
#include "server/source/statements.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/unit/source/source_fixture.h"

namespace testselect {
namespace {

std::optional<Outline> OutlineOf(absl::string_view path, absl::string_view source) {
  const auto reader = LanguageFor(path).Statements(path, source);
  if (reader == nullptr) return std::nullopt;
  const auto lines = static_cast<uint32_t>(std::count(source.begin(), source.end(), '\n'));
  return reader->In({1, lines});
}

// Each place, by the lines that show who came there: "changed 4 3 2; inserted 3"; "body" where only
// that is known. After the last lines stands the body, unless the place is "(inner)".
std::string Edits(absl::string_view path, absl::string_view before, absl::string_view after) {
  const auto then = OutlineOf(path, before), now = OutlineOf(path, after);
  if (!then.has_value() || !now.has_value()) return "body";
  const auto edits = CompareStatements(*then, *now);
  if (!edits.has_value()) return "body";
  std::string text;
  for (const StatementEdit& edit : *edits) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", edit.inserted ? "inserted" : "changed");
    for (const StatementEdit::Sign& sign : edit.signs) {
      char separator = ' ';
      for (const LineRange lines : sign.lines) {
        absl::StrAppend(&text, std::string(1, separator), lines.first);
        if (lines.last != lines.first) absl::StrAppend(&text, "-", lines.last);
        separator = ',';
      }
    }
    if (edit.optional) absl::StrAppend(&text, " (inner)");
  }
  return text;
}

constexpr absl::string_view kPython =
    "def f(x):\n"              // 1
    "    \"\"\"Says.\"\"\"\n"  // 2
    "    a = 1\n"              // 3
    "    if x:\n"              // 4
    "        b(a)\n"           // 5
    "        c(a)\n"           // 6
    "    else:\n"              // 7
    "        d(a)\n"           // 8
    "    return a\n";          // 9

std::string Replaced(absl::string_view from, absl::string_view to) {
  EXPECT_TRUE(absl::StrContains(kPython, from)) << from;
  return absl::StrReplaceAll(kPython, {{from, to}});
}
std::string EditsOfPython(absl::string_view from, absl::string_view to) {
  return Edits("a.py", kPython, Replaced(from, to));
}

TEST(Statements, AChangedStatementIsItsLinesAndElseWhatRunsBefore) {
  EXPECT_EQ(EditsOfPython("c(a)", "c(2)"), "changed 6 5 4 3");
}

TEST(Statements, ADeletedStatementIsItsLines) {
  EXPECT_EQ(EditsOfPython("        c(a)\n", ""), "changed 6 5 4 3");
}

TEST(Statements, AnInsertedStatementIsWhatRunsJustBefore) {
  EXPECT_EQ(EditsOfPython("c(a)", "n()\n        c(a)"), "inserted 5 4 3");
  EXPECT_EQ(EditsOfPython("        b(a)", "        n()\n        b(a)"), "inserted 4 3");
  EXPECT_EQ(EditsOfPython("        d(a)", "        n()\n        d(a)"), "inserted 4 3");
  EXPECT_EQ(EditsOfPython("    return a", "    n()\n    return a"), "inserted 4 3");
}

TEST(Statements, BeforeTheFirstOneThereIsOnlyTheBody) {
  EXPECT_EQ(EditsOfPython("    a = 1", "    n()\n    a = 1"), "inserted");
}

TEST(Statements, AChangedConditionTakesItsBlocksAlong) {
  EXPECT_EQ(EditsOfPython("if x:", "if not x:"),
            "changed 4,7 3; changed 5 (inner); changed 6 (inner); changed 8 (inner)");
}

TEST(Statements, AStatementThatLeavesItsBlockIsChangedThere) {
  EXPECT_EQ(Edits("a.py", "def f(x):\n    if x:\n        a()\n        b()\n",
                  "def f(x):\n    if x:\n        a()\n    b()\n"),
            "changed 4 3 2; inserted 2");
}

TEST(Statements, CommentsLayoutAndDocstringsAreNoChange) {
  EXPECT_EQ(EditsOfPython("c(a)", "# more\n\n        c(  a  )  # most"), "body");
  EXPECT_EQ(EditsOfPython("Says.", "Says more."), "body");
  const std::string both = "def f(x):\n    '''Other.'''\n    # why\n    a = 2\n";
  EXPECT_EQ(Edits("a.py", "def f(x):\n    '''Says.'''\n    a = 1\n", both), "changed 3");
}

TEST(Statements, WhatIsNoStatementLeavesTheBody) {
  EXPECT_EQ(Edits("a.py", kPython, Replaced("f(x)", "f(x, y)")), "body");
  EXPECT_EQ(EditsOfPython("c(a)", "c(a"), "body");
  EXPECT_EQ(Edits("a.js", "const f = (x) => x + 1;\n", "const f = (x) => x + 2;\n"), "body");
}

TEST(Statements, AFunctionInAFunctionIsNotEnteredFromWhereItStands) {
  EXPECT_EQ(Edits("a.py", "def f():\n    x = 1\n    def g():\n        a()\n    return g\n",
                  "def f():\n    x = 1\n    def g():\n        n()\n        a()\n    return g\n"),
            "inserted");
  EXPECT_EQ(Edits("a.js", "function f() {\n  on(function () {\n    a();\n    b();\n  });\n}\n",
                  "function f() {\n  on(function () {\n    n();\n    b();\n  });\n}\n"),
            "changed 3");
}

TEST(Statements, WhoGoesOnAfterAYieldNeedNotHaveComeThere) {
  EXPECT_EQ(Edits("a.py", "def f():\n    a()\n    yield 1\n", "def f():\n    a()\n    yield 2\n"),
            "changed");
  EXPECT_EQ(Edits("a.py", "def f():\n    a()\n    yield 1\n    b()\n",
                  "def f():\n    a()\n    yield 1\n    n()\n    b()\n"),
            "inserted");
}

TEST(Statements, OfCOrCppKnowSwitchesAndJumps) {
  constexpr absl::string_view kSwitch =
      "int f(int x) {\n  int n = 0;\n  switch (x) {\n    case 1:\n      a();\n      b();\n"
      "      break;\n    default:\n      c();\n  }\n  return n;\n}\n";
  const auto edits = [&](absl::string_view from, absl::string_view to) {
    return Edits("a.cc", kSwitch, absl::StrReplaceAll(kSwitch, {{from, to}}));
  };
  EXPECT_EQ(edits("b();", "b(1);"), "changed 6 5 3 2");
  EXPECT_EQ(edits("c();", "n();\n      c();"), "inserted 3 2");
  EXPECT_EQ(Edits("a.c", "void f() {\n  a();\n  goto out;\nout:\n  b();\n}\n",
                  "void f() {\n  a();\n  n();\n  goto out;\nout:\n  b();\n}\n"),
            "inserted");
}

// The condition of `do` runs after its block, a `catch` need not run before `finally`.
TEST(Statements, OnlyWhatRunsBeforeABlockLeadsToIt) {
  EXPECT_EQ(
      Edits("A.java",
            "class A {\n  void f() {\n    x();\n    do {\n      a();\n    } while (c());\n  }\n}\n",
            "class A {\n  void f() {\n    x();\n    do {\n      n();\n      a();\n    } while "
            "(c());\n  }\n}\n"),
      "inserted 4 3");
  EXPECT_EQ(Edits("A.java",
                  "class A {\n  void f() {\n    x();\n    try {\n      a();\n    } catch (E e) {\n"
                  "      b();\n    } finally {\n      c();\n    }\n  }\n}\n",
                  "class A {\n  void f() {\n    x();\n    try {\n      a();\n    } catch (E e) {\n"
                  "      b();\n    } finally {\n      n();\n      c();\n    }\n  }\n}\n"),
            "inserted 4 3");
}

TEST(Statements, OfEveryLanguageAreKnown) {
  EXPECT_EQ(
      Edits(
          "a.go",
          "package a\n\nfunc f(x int) {\n\ta()\n\tif x > 1 {\n\t\tb()\n\t\tc()\n\t}\n\tswitch x {\n"
          "\tcase 1:\n\t\td()\n\t\te()\n\t}\n}\n",
          "package a\n\nfunc f(x int) {\n\ta()\n\tif x > 1 {\n\t\tb()\n\t\tc(1)\n\t}\n\tswitch x "
          "{\n"
          "\tcase 1:\n\t\td()\n\t\te(1)\n\t}\n}\n"),
      "changed 7 6 5 4; changed 12 11 9 5 4");
  EXPECT_EQ(
      Edits("a.ts", "function f(x: number) {\n  a();\n  if (x) {\n    b();\n    c();\n  }\n}\n",
            "function f(x: number) {\n  a();\n  if (x) {\n    b();\n    c(1);\n  }\n}\n"),
      "changed 5 4 3 2");
  EXPECT_EQ(
      Edits("a.js",
            "function f(x) {\n  switch (x) {\n    case 1:\n      a();\n      b();\n  }\n}\n",
            "function f(x) {\n  switch (x) {\n    case 1:\n      a();\n      b(1);\n  }\n}\n"),
      "changed 5 4 2");
  EXPECT_EQ(
      Edits(
          "A.java",
          "class A {\n  void f(int x) {\n    if (x > 1) {\n      a();\n      b();\n    }\n  }\n}\n",
          "class A {\n  void f(int x) {\n    if (x > 1) {\n      a();\n      b(1);\n    }\n  "
          "}\n}\n"),
      "changed 5 4 3");
  EXPECT_EQ(
      Edits("a.rs",
            "fn f(x: u8) {\n    a();\n    if x > 1 {\n        b();\n        c();\n    }\n}\n",
            "fn f(x: u8) {\n    a();\n    if x > 1 {\n        b();\n        c(1);\n    }\n}\n"),
      "changed 5 4 3 2");
  EXPECT_EQ(Edits("a.rb", "def f(x)\n  a\n  if x\n    b\n    c\n  end\nend\n",
                  "def f(x)\n  a\n  if x\n    b\n    c 1\n  end\nend\n"),
            "changed 5 4 3 2");
}

}  // namespace
}  // namespace testselect
