"""Edits of a C++ program and its tests that selectors lose tests on."""

HARNESS = {"testing.h": """#pragma once
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>
struct TestCase { const char* name; void (*run)(); };
std::vector<TestCase>& Cases();
struct Register { Register(const char* name, void (*run)()) { Cases().push_back({name, run}); } };
extern bool failed;
#define TEST(suite, name) \\
  static void suite##_##name(); \\
  static Register reg_##suite##_##name(#suite "." #name, suite##_##name); \\
  static void suite##_##name()
#define CHECK(x) do { if (!(x)) failed = true; } while (0)
""", "testing.cc": """#include "testing.h"
bool failed = false;
std::vector<TestCase>& Cases() { static std::vector<TestCase> cases; return cases; }
int main(int argc, char** argv) {
  for (const TestCase& c : Cases()) {
    if (argc > 1 && !std::strcmp(argv[1], "--list")) std::puts(c.name);
    else if (argc > 1 && !std::strcmp(argv[1], c.name)) c.run();
  }
  return failed;
}
"""}


def trap(name, files, edits, most=None):
    other = {"other.h": "#pragma once\nint Other();\n", "other.cc": '#include "other.h"\nint Other() { return 1; }\n',
             "other_test.cc": '#include "other.h"\n#include "testing.h"\nTEST(Other, One) {\n  CHECK(Other() == 1);\n}\nTEST(Other, Two) {\n  CHECK(Other() < 2);\n}\n'}
    return {"name": name, "files": {**HARNESS, **other, **files}, "edits": edits, "most": most}


def test(*cases, include="lib.h"):
    return f'#include "{include}"\n#include "testing.h"\n' + "".join(f"TEST(Lib, {name}) {{\n  CHECK({check});\n}}\n" for name, check in cases)


LIB = {"lib.h": "#pragma once\nconstexpr int kLimit = 3;\nint Add(int a, int b);\nint Capped(int a);\n",
       "lib.cc": '#include "lib.h"\nint Add(int a, int b) {\n  return a + b;\n}\nint Capped(int a) {\n  return a > kLimit ? kLimit : a;\n}\n',
       "lib_test.cc": test(("Add", "Add(1, 2) == 3"), ("Capped", "Capped(9) == 3"))}

TRAPS = [
    trap("body", LIB, {"lib.cc": [("a + b", "a - b")]}, most=1),
    trap("comment", LIB, {"lib.cc": [("  return a + b", "  // sum\n  return a + b")]}, most=0),
    trap("constant_in_header", LIB, {"lib.h": [("kLimit = 3", "kLimit = 4")]}, most=1),
    trap("template_header", {
        "lib.h": "#pragma once\ntemplate <typename T>\nT Twice(T x) {\n  return x + x;\n}\ninline int One() { return 1; }\n", "lib_test.cc": test(("Twice", "Twice(2) == 4"), ("One", "One() == 1"))},
        {"lib.h": [("x + x", "x + x + x")]}),
    trap("macro", {"lib.h": "#pragma once\n#define SCALE(x) ((x) * 2)\ninline int F(int a) { return SCALE(a); }\ninline int G() { return 7; }\n",
                   "lib_test.cc": test(("F", "F(2) == 4"), ("G", "G() == 7"))}, {"lib.h": [("(x) * 2", "(x) * 3")]}),
    trap("better_overload", {"lib.h": "#pragma once\ninline int Pick(double) { return 1; }\ninline int G() { return 7; }\n", "lib_test.cc": test(("Pick", "Pick(1) == 1"), ("G", "G() == 7"))},
         {"lib.h": [("inline int G", "inline int Pick(int) { return 2; }\ninline int G")]}),
    trap("default_member_initialiser", {"lib.h": "#pragma once\nstruct S {\n  int a = 1;\n};\ninline int Get() { return S().a; }\ninline int G() { return 7; }\n",
                                        "lib_test.cc": test(("Get", "Get() == 1"), ("G", "G() == 7"))}, {"lib.h": [("int a = 1", "int a = 2")]}),
    trap("virtual_override_added", {
        "lib.h": "#pragma once\nstruct Base {\n  virtual ~Base() = default;\n  virtual int Area() const { return 0; }\n};\nstruct Square : Base {\n};\ninline int AreaOf(const Base& b) { return b.Area(); }\ninline int G() { return 7; }\n",
        "lib_test.cc": test(("Area", "AreaOf(Square()) == 0"), ("G", "G() == 7"))},
        {"lib.h": [("struct Square : Base {\n", "struct Square : Base {\n  int Area() const override { return 4; }\n")]}),
    trap("static_registration", {
        "lib.h": "#pragma once\nint Count();\nstruct Item { Item(); };\n", "lib.cc": '#include "lib.h"\nstatic int& Counter() { static int n = 0; return n; }\nItem::Item() { ++Counter(); }\nint Count() { return Counter(); }\n',
        "items.cc": '#include "lib.h"\nstatic Item one;\n', "lib_test.cc": test(("Count", "Count() == 1"))}, {"items.cc": '#include "lib.h"\nstatic Item one;\nstatic Item two;\n'}),
    trap("enum_value", {"lib.h": "#pragma once\nenum Color { kRed, kBlue };\ninline int Blue() { return kBlue; }\ninline int G() { return 7; }\n", "lib_test.cc": test(("Blue", "Blue() == 1"), ("G", "G() == 7"))},
         {"lib.h": [("{ kRed,", "{ kRed, kGreen,")]}),
    trap("operator_added", {"lib.h": "#pragma once\nstruct N {\n  int v;\n  operator int() const { return v; }\n};\ninline bool Same(N a, N b) { return a == b; }\ninline int G() { return 7; }\n",
                            "lib_test.cc": test(("Same", "Same(N{1}, N{1})"), ("G", "G() == 7"))}, {"lib.h": [("inline bool Same", "inline bool operator==(N, N) { return false; }\ninline bool Same")]}),
    trap("conditional_compilation", {"lib.h": "#pragma once\n#define FAST 0\n#if FAST\ninline int V() { return 2; }\n#else\ninline int V() { return 1; }\n#endif\ninline int G() { return 7; }\n",
                                     "lib_test.cc": test(("V", "V() == 1"), ("G", "G() == 7"))}, {"lib.h": [("FAST 0", "FAST 1")]}),
    trap("global_variable", {"lib.h": "#pragma once\nextern int size;\ninline int Size() { return size; }\n", "lib.cc": '#include "lib.h"\nint size = 2;\n', "lib_test.cc": test(("Size", "Size() == 2"))},
         {"lib.cc": [("size = 2", "size = 3")]}),
    trap("does_not_build", LIB, {"lib.cc": [("a + b;", "a + ;")]}),
]
