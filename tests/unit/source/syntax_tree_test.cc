// A tree is what its file says, whatever the thread parsed before.
#include "server/source/syntax_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/source/grammars.h"

namespace testselect {
namespace {

// Every node as "kind field begin-end lines(first-last)".
std::string Print(const TSLanguage* language, absl::string_view source) {
  const auto tree = SyntaxTree::Parse(language, source);
  if (!tree.ok()) return tree.status().ToString();
  std::string out;
  ForEachNode(tree->root(), [&](Node n) {
    absl::StrAppend(&out, n.kind(), " ", n.field(), " ", n.begin(), "-", n.end(), " lines(",
                    n.first_line(), "-", n.last_line(), ")\n");
  });
  return out;
}

TEST(SyntaxTreeTest, LinesEndWithTheirLineEnds) {
  EXPECT_EQ(Print(tree_sitter_python(), "\nx = 1\r\n\n"),
            "module  1-9 lines(2-3)\n"
            "expression_statement  1-6 lines(2-2)\n"
            "assignment  1-6 lines(2-2)\n"
            "identifier left 1-2 lines(2-2)\n"
            "=  3-4 lines(2-2)\n"
            "integer right 5-6 lines(2-2)\n");
  EXPECT_EQ(Print(tree_sitter_python(), ""), "module  0-0 lines(1-1)\n");
}

TEST(SyntaxTreeTest, EveryNodeKnowsItsNeighbours) {
  const auto tree = SyntaxTree::Parse(tree_sitter_python(), "def f(a, b=1):\n  return (a +\n b)\n");
  ASSERT_TRUE(tree.ok());
  ForEachNode(tree->root(), [](Node n) {
    uint32_t next = n.index() + 1;
    for (const Node child : Children(n)) {
      EXPECT_EQ(child.index(), next);
      EXPECT_TRUE(child.parent() == n);
      next = child.subtree_end();
    }
    EXPECT_EQ(n.subtree_end(), next);
  });
}

// Large enough for blocks that are given back; and broken, so that several parses compete.
TEST(SyntaxTreeTest, OneFileAfterTheOtherIsParsedAsIfItWereAlone) {
  std::string large = "x = [\n";
  for (int i = 0; i < 6'000; ++i) absl::StrAppend(&large, "  f(", i, "), 'a' + g[", i, "],\n");
  const std::string broken = "def f(:\n  x = (1\nclass A\n  def g(self) return {\n";
  const std::string small = "import a\n";
  const std::string want_large = Print(tree_sitter_python(), large + "]\n");
  const std::string want_broken = Print(tree_sitter_python(), broken);
  const std::string want_small = Print(tree_sitter_python(), small);
  const std::string want_ruby = Print(tree_sitter_ruby(), "a = <<~B\n  #{c}\nB\n");
  const auto again = [&] {
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(Print(tree_sitter_python(), broken) == want_broken);
      EXPECT_EQ(Print(tree_sitter_ruby(), "a = <<~B\n  #{c}\nB\n"), want_ruby);
      EXPECT_EQ(Print(tree_sitter_python(), small), want_small);
      EXPECT_TRUE(Print(tree_sitter_python(), large + "]\n") == want_large);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back(again);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace testselect
