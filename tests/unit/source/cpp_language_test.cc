#include "absl/strings/str_replace.h"
#include "tests/unit/source/source_fixture.h"

namespace testselect {
namespace {

constexpr absl::string_view kSource = R"(#pragma once
#include "shape.h"
#include <vector>
#define JOIN(a, b) a##_made_##b  // a comment
#define LIMIT 3
#if defined(WIDE) && LIMIT
using Number = long;
#else
using Number = int;
#endif
namespace geo::flat {
enum Colour { kRed, kGreen };
template <typename T>
class Stack : public Shape {
 public:
  explicit Stack(int n) : size_(n) {}
  int Pop() const;
  virtual ~Stack() = default;
 private:
  int size_ = LIMIT;
};
bool operator==(const Stack<int>& a, const Point& b) { return a.x == b.y; }
constexpr int Twice(int n) { return n * 2; }
static int counter = 0;
}
int Stack::Pop() const {
  for (const auto& item : items) Use(item.field);
  return "name of";
}
int geo::flat::Next() { return ++counter; }
TEST_F(StackTest, Pops) { EXPECT_EQ(1, s.Pop()); }
)";

TEST(CppUnits, AreWhatAFileIsMadeOf) {
  EXPECT_EQ(UnitsOf("a.h", kSource),
            "import \"shape.h\" from(1 shape.h ) EFFECTS\n"
            "import <vector> from(0 vector ) EFFECTS\n"
            "statement JOIN binds[JOIN] fragments[_made_]\n"
            "statement LIMIT binds[LIMIT]\n"
            "condition #if defined(WIDE)&&LIMIT\n"
            "statement Number binds[Number]\n"
            "statement Number#2 binds[Number]\n"
            "statement Colour,kGreen,kRed binds[Colour kGreen kRed]\n"
            "class Stack binds[Stack]\n"
            "header Stack.Stack#(intn) binds[Stack]\n"
            "body Stack.Stack#(intn)\n"
            "header Stack.Pop#() binds[Pop]\n"
            "header Stack.~Stack#() binds[~Stack]\n"
            "statement Stack.size_ binds[size_]\n"
            "header operator==#(constStack<int>&a,constPoint&b) binds[Point Stack operator==]\n"
            "body operator==#(constStack<int>&a,constPoint&b)\n"
            "header Twice#(intn) binds[Twice]\n"
            "body Twice#(intn) MEMO\n"
            "statement counter binds[counter]\n"
            "header Stack.Pop#()#2 binds[Pop]\n"
            "body Stack.Pop#()\n"
            "header flat.Next#() binds[Next]\n"
            "body flat.Next#() MEMO\n"
            "header StackTest.Pops binds[Pops]\n"
            "body StackTest.Pops\n"
            "condition #include order\n");
}

TEST(CppUnits, AFunctionDoesNotUseItsNamesakes) {
  const absl::string_view source =
      "struct A {\n  int Get(A other) const { return 1; }\n};\nint A::Set() { return 2; }\n"
      "int Next(B b) { return 3; }\n";
  EXPECT_EQ(UnitOf("a.cc", source, "header A.Get#(Aother)", "fm"), "header A.Get#(Aother) free[A]");
  EXPECT_EQ(UnitOf("a.cc", source, "header A.Set#()", "fm"), "header A.Set#() free[A]");
  EXPECT_EQ(UnitOf("a.cc", source, "header Next#(Bb)", "fm"), "header Next#(Bb) free[B]");
  EXPECT_EQ(
      UnitOf("a.cc", "TEST(A, B) {}\nregister_all(c) {}\nint NAMED(d) {}\n", "header A.B", "f"),
      "header A.B free[A B TEST]");
  EXPECT_EQ(UnitOf("a.cc", "register_all(c) {}\n", "header register_all#(c)", "f"),
            "header register_all#(c) free[c register_all]");
  EXPECT_EQ(UnitOf("a.cc", "int NAMED(d) {}\n", "header NAMED#(d)", "f"),
            "header NAMED#(d) free[NAMED d]");
}

TEST(CppUnits, ConversionsAreOperatorsOfTheirClass) {
  EXPECT_EQ(UnitsOf("a.cc",
                    "struct A {\n  operator long() const { return 1; }\n};\n"
                    "B::operator C*() { return 0; }\n"),
            "class A binds[A]\n"
            "header A.operator long# binds[operator long]\n"
            "body A.operator long#\n"
            "header B.operator C# binds[operator C]\n"
            "body B.operator C#\n");
}

TEST(CppUnits, AUsingDeclarationBindsOneName) {
  EXPECT_EQ(UnitsOf("a.cc",
                    "using a::F;\nusing namespace b;\nusing enum c::E;\n"
                    "struct B : A {\n  using A::A;\n  using A::G;\n};\n"),
            "statement F binds[F]\n"
            "statement <digest> EFFECTS\n"
            "statement <digest> EFFECTS\n"
            "class B binds[B]\n"
            "statement B.A binds[A]\n"
            "statement B.G binds[G]\n");
}

TEST(CppUnits, WhatIsIncludedSeesWhatCameBefore) {
  const absl::string_view source =
      "#include \"a.h\"\n#include \"b.h\"\n#define C 1\n#include \"c.h\"\n#define D 1\n";
  EXPECT_EQ(
      Changed("x.cc", source,
              "#include \"b.h\"\n#include \"a.h\"\n#define C 1\n#include \"c.h\"\n#define D 1\n"),
      "condition #include order");
  EXPECT_EQ(
      Changed("x.cc", source,
              "#define C 1\n#include \"a.h\"\n#include \"b.h\"\n#include \"c.h\"\n#define D 1\n"),
      "condition #include order");
  EXPECT_EQ(Changed("x.cc", source, absl::StrReplaceAll(source, {{"C 1", "C 2"}, {"D", "E"}})),
            "+statement E, -statement D, statement C");
}

TEST(CppUnits, NamesAndMembers) {
  EXPECT_EQ(UnitOf("a.h", kSource, "body Stack.Pop#()"),
            "body Stack.Pop#() free[Use items] members[field name of]");
  EXPECT_EQ(UnitOf("a.h", kSource, "class Stack", "fm"), "class Stack free[LIMIT Shape Stack T]");
  EXPECT_EQ(UnitOf("a.h", kSource, "body Stack.Stack#(intn)"),
            "body Stack.Stack#(intn) members[size_] parameters[n]");
}

TEST(CppUnits, ABodyChangesAlone) {
  const auto changed = [](absl::string_view from, absl::string_view to) {
    return Changed("a.h", kSource, absl::StrReplaceAll(kSource, {{from, to}}));
  };
  EXPECT_EQ(changed("n * 2", "n * 3"), "body Twice#(intn)");
  EXPECT_EQ(changed("size_(n)", "size_(n + 1)"), "header Stack.Stack#(intn)");
  EXPECT_EQ(changed("size_ = LIMIT", "size_ = 4"), "class Stack, statement Stack.size_");
  EXPECT_EQ(changed("virtual ~", "~"), "header Stack.~Stack#()");
  EXPECT_EQ(changed("// a comment", "// another"), "");
  EXPECT_EQ(changed("LIMIT 3", "LIMIT 4"), "statement LIMIT");
  EXPECT_EQ(changed("\n", "\r\n"), "");
  EXPECT_EQ(changed("const auto& item", "auto item"), "body Stack.Pop#()");
}

TEST(CppUnits, WhatStandsAroundAUnitIsPartOfIt) {
  EXPECT_EQ(Changed("a.cc", "namespace a { int f() { return 1; } }",
                    "namespace b { int f() { return 1; } }"),
            "body f#(), header f#()");
  EXPECT_EQ(Changed("a.cc", "#if A\nint f() { return 1; }\n#endif\n",
                    "#if B\nint f() { return 1; }\n#endif\n"),
            "+condition #if B, -condition #if A, body f#(), header f#()");
}

TEST(CppUnits, AnErrorCostsTheUnitItIsIn) {
  const std::string units = UnitsOf(
      "a.cc", "int f() { return 1 +; }\nint g() { return 2; }\n}}} int h() { return 3; }\n", "+");
  EXPECT_THAT(units, testing::HasSubstr("body f#() BROKEN\n"));
  EXPECT_THAT(units, testing::HasSubstr("body g#()\n"));
  EXPECT_THAT(units, testing::HasSubstr("body h#()\n"));
}

TEST(CppUnits, StaticVariablesOfAFunctionAreKeptFromCallToCall) {
  EXPECT_EQ(UnitOf("a.cc", "int f() { static int n = g(); return n; }", "body f#()", "+"),
            "body f#() MEMO");
  EXPECT_EQ(UnitOf("a.cc", "int f() { static constexpr int n = 1; return n; }", "body f#()", "+"),
            "body f#()");
}

TEST(CppUnits, CHeadersMayUseWordsOfCpp) {
  EXPECT_EQ(UnitsOf("a.h", "int new(int template);\nstruct s { int class; };\n", "b+"),
            "header new#(inttemplate) binds[new]\nclass s binds[s]\n"
            "statement s.class binds[class]\n");
}

TEST(CppUnits, KnowEveryToken) { EXPECT_EQ(UnseenTokens("a.h", kSource), ""); }

class CppTree : public testing::Test {
 protected:
  FakeTree tree_{{
      {"src/a.cc",
       "#include \"a.h\"\n#include <lib/b.h>\nint x[] = {\n#include \"data.inc\"\n};\n"},
      {"src/a.h", "int f();\n"},
      {"include/a.h", "int f();\n"},
      {"include/lib/b.h", "int g();\n"},
      {"include/xlib/b.h", "int g();\n"},
      {"src/data.inc", "1, 2\n"},
      {"test/a_test.cc", "#include \"../src/a.h\"\nTEST(A, One) { f(); }\nTEST_P(B, Two) {}\n"},
      {"test/plain.c", "#include \"a.h\"\nint main() { return 0; }\n"},
  }};
};

TEST_F(CppTree, IncludesMeanWhatLiesBesideOrEndsSo) {
  EXPECT_EQ(tree_.Resolved("src/a.cc", 1, "a.h"), "src/a.h");
  EXPECT_EQ(tree_.Resolved("src/a.cc", 0, "a.h"), "include/a.h src/a.h");
  EXPECT_EQ(tree_.Resolved("src/a.cc", 0, "lib/b.h"), "include/lib/b.h");
  EXPECT_EQ(tree_.Resolved("test/a_test.cc", 1, "../src/a.h"), "src/a.h");
  EXPECT_EQ(tree_.Imports("src/a.cc"), "include/a.h include/lib/b.h src/a.h src/data.inc");
}

TEST_F(CppTree, AConditionMayAskForAFile) {
  const FakeTree tree(
      {{"a.cc", "#if __has_include(\"x.h\") && __has_include(<lib/y.h>)\nint n;\n#endif\n"},
       {"include/lib/y.h", "int y;\n"},
       {"x.h", "int x;\n"}});
  EXPECT_EQ(tree.Imports("a.cc"), "include/lib/y.h x.h");
}

TEST_F(CppTree, LabelsOfGoogleTestAndOfCTest) {
  EXPECT_EQ(tree_.Test("A.One", "a.cc"), "test/a_test.cc A One");
  EXPECT_EQ(tree_.Test("Inst/B.Two/0", "a.cc"), "test/a_test.cc Inst B Two");
  EXPECT_EQ(tree_.Test("B/1.Two", "a.cc"), "test/a_test.cc B Two");
  EXPECT_EQ(tree_.Test("plain", "a.cc"), "test/plain.c plain");
  EXPECT_EQ(tree_.Test("unit.plain", "a.cc"), "test/plain.c unit plain");
  EXPECT_EQ(tree_.Test("nothing", "a.cc"), " nothing");
}

// A constructor may register something; nobody else names the object.
TEST(CppUnits, AnObjectThatItsFileNeverUsesIsThereForItsConstructor) {
  EXPECT_EQ(UnitsOf("a.cc",
                    "static Item one;\nint plain;\nextern Item other;\nItem used;\n"
                    "Item* Get() { return &used; }\n"),
            "statement one binds[one] EFFECTS\n"
            "statement plain binds[plain]\n"
            "statement other binds[other]\n"
            "statement used binds[used]\n"
            "header Get#() binds[Get]\n"
            "body Get#()\n");
}

}  // namespace
}  // namespace testselect
