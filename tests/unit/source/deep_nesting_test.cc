// A file that nests without end is one that nothing is known of; it takes nobody's stack.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/source/syntax_tree.h"
#include "tests/unit/source/source_fixture.h"

namespace testselect {
namespace {

struct Nesting {
  std::string path, before, open, inside, close, after;

  std::string Text(int times) const {
    std::string text = before;
    for (int i = 0; i < times; ++i) text += open;
    text += inside;
    for (int i = 0; i < times; ++i) text += close;
    return text + after + "\n";
  }
};

const std::vector<Nesting>& Nestings() {
  static const auto* const nestings = new std::vector<Nesting>{
      {"a.py", "x = ", "(", "1", ")", ""},
      {"a.py", "x = ", "-", "1", "", ""},
      {"a.py", "x = ", "f(", "1", ")", ""},
      {"a.py", "x = a", ".b", "", "", ""},
      {"a.py", "x = 1", " + 1", "", "", ""},
      {"a.py", "x = ", "lambda: ", "1", "", ""},
      {"a.py", "@", "a(", "", ")", "\ndef f(): pass"},
      {"a.go", "package a\nvar x = ", "(", "1", ")", ""},
      {"a.go", "package a\nvar x ", "[]", "int", "", ""},
      {"a.c", "int x = ", "(", "1", ")", ";"},
      {"a.cc", "int x = ", "(", "1", ")", ";"},
      {"a.cc", "int x = ", "(a)", "1", "", ";"},
      {"a.cc", "", "a<", "int", ">", " x;"},
      {"a.cc", "", "namespace a {", "", "}", ""},
      {"a.cc", "", "#if A\n", "", "#endif\n", ""},
      {"a.h", "", "struct A {", "", "};", ""},
      {"a.js", "let x = ", "[", "", "]", ";"},
      {"a.js", "let x = ", "() => ", "1", "", ";"},
      {"a.js", "", "if (a) {} else ", "{}", "", ""},
      {"a.ts", "let x: ", "A<", "B", ">", ";"},
      {"a.tsx", "let x = ", "<a>", "", "</a>", ";"},
      {"A.java", "class A { int x = ", "(", "1", ")", "; }"},
      {"A.java", "", "class A { ", "", "}", ""},
      {"a.rs", "fn f() { let x = ", "(", "1", ")", "; }"},
      {"a.rs", "", "mod a { ", "", "}", ""},
      {"a.rb", "x = ", "[", "", "]", ""},
      {"a.rb", "", "module A\n", "", "end\n", ""},
  };
  return *nestings;
}

TEST(DeepNestingTest, AFileThatNestsWithoutEndIsNotCut) {
  NameTable names;
  for (const Nesting& nesting : Nestings()) {
    SCOPED_TRACE(nesting.path + ": " + nesting.open);
    const Language& language = LanguageFor(nesting.path);
    EXPECT_FALSE(language.Cut(nesting.path, nesting.Text(20'000), &names).parsed);
  }
}

TEST(DeepNestingTest, TheDeepestTreesAreCut) {
  NameTable names;
  for (const Nesting& nesting : Nestings()) {
    SCOPED_TRACE(nesting.path + ": " + nesting.open);
    const Language& language = LanguageFor(nesting.path);
    // One nesting is one to four nodes: some of these depths are close to the limit.
    for (const int times : {25, 120, 240, 490, SyntaxTree::kMaxDepth - 10}) {
      const SourceModule module = language.Cut(nesting.path, nesting.Text(times), &names);
      if (times < 100) {
        EXPECT_TRUE(module.parsed) << times;
      }
    }
  }
}

}  // namespace
}  // namespace testselect
