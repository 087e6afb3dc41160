"""Edits of a C++ program and its tests that selectors lose tests on."""

# Few headers of the library: they cost more than all the rest.
HARNESS = {"testing.h": """#pragma once
struct TestCase {
  const char* name;
  void (*run)();
  TestCase* next;
  TestCase(const char* name, void (*run)());
};
extern bool failed;
#define TEST(suite, name) \\
  static void suite##_##name(); \\
  static TestCase case_##suite##_##name(#suite "." #name, suite##_##name); \\
  static void suite##_##name()
#define CHECK(x) do { if (!(x)) failed = true; } while (0)
""", "testing.cc": """#include "testing.h"
#include <cstdio>
#include <cstring>
bool failed = false;
static TestCase* cases = nullptr;
TestCase::TestCase(const char* n, void (*r)()) : name(n), run(r), next(cases) { cases = this; }
int main(int argc, char** argv) {
  for (TestCase* c = cases; c != nullptr; c = c->next) {
    if (argc > 1 && !std::strcmp(argv[1], "--list")) std::puts(c->name);
    else if (argc > 1 && !std::strcmp(argv[1], c->name)) c->run();
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


def one(code, cases, **more):
    """A header with this code and an unrelated function, and a test of each."""
    return {"lib.h": f"#pragma once\n{code}inline int Alone() {{ return 7; }}\n", "lib_test.cc": test(*cases.items(), ("Alone", "Alone() == 7")), **more}


H = "lib.h"


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

    # ---- classes
    trap("base_class", one("struct A { int v = 1; };\nstruct B { int v = 2; };\nstruct C : A {};\ninline int Get() { return C().v; }\n", {"Get": "Get() == 1"}), {H: [("C : A", "C : B")]}, most=1),
    trap("virtual_base", one("struct A { static inline int made = 0; A() { ++made; } };\nstruct B : A {};\nstruct C : A {};\nstruct D : B, C {};\ninline int Get() {\n  D d;\n  (void)d;\n  return A::made;\n}\n", {"Get": "Get() == 2"}),
         {H: [("B : A", "B : virtual A"), ("C : A", "C : virtual A")]}, most=1),
    trap("becomes_virtual", one("struct A { int F() const { return 1; } };\nstruct B : A { int F() const { return 2; } };\ninline int Get(const A& a) { return a.F(); }\n", {"Get": "Get(B()) == 1"}), {H: [("struct A { int F", "struct A { virtual int F")]}, most=1),
    trap("hiding_method", one("struct A { int F(int) const { return 1; } };\nstruct B : A {\n};\ninline int Get() { return B().F(1); }\n", {"Get": "Get() == 1"}), {H: [("struct B : A {\n", "struct B : A {\n  int F(long) const { return 2; }\n")]}, most=1),
    trap("member_overload", one("struct A {\n  int F(double) const { return 1; }\n};\ninline int Get() { return A().F(1); }\n", {"Get": "Get() == 1"}), {H: [("struct A {\n", "struct A {\n  int F(int) const { return 2; }\n")]}, most=1),
    trap("const_overload", one("struct A {\n  int F() const { return 1; }\n};\ninline int Get(A a) { return a.F(); }\n", {"Get": "Get(A()) == 1"}), {H: [("struct A {\n", "struct A {\n  int F() { return 2; }\n")]}, most=1),
    trap("crtp", one("template <typename T>\nstruct Base { int Get() { return static_cast<T*>(this)->F(); } int F() { return 1; } };\nstruct D : Base<D> {\n};\n", {"Get": "D().Get() == 1"}), {H: [("Base<D> {\n", "Base<D> {\n  int F() { return 2; }\n")]}, most=1),
    trap("destructor_added", one("inline int gone = 0;\nstruct A {\n  int v = 0;\n};\ninline int Get() {\n  { A a; (void)a; }\n  return gone;\n}\n", {"Get": "Get() == 0"}), {H: [("int v = 0;\n", "int v = 0;\n  ~A() { gone = 1; }\n")]}, most=1),
    trap("guard_destructor", one("inline int level = 0;\nstruct Guard {\n  Guard() { ++level; }\n  ~Guard() { --level; }\n};\ninline int Get() {\n  { Guard g; }\n  return level;\n}\n", {"Get": "Get() == 0"}), {H: [("--level", "level -= 2")]}, most=1),
    trap("copy_constructor_added", one("struct A {\n  int v = 1;\n  A() = default;\n};\ninline int Get(A a) { return a.v; }\n", {"Get": "Get(A(*new A)) == 1"}), {H: [("A() = default;\n", "A() = default;\n  A(const A&) : v(2) {}\n")]}, most=1),
    trap("implicit_constructor_added", one("struct A {\n  int v = 0;\n};\ninline int Pick(long) { return 1; }\ninline int Pick(...) { return 3; }\ninline int Pick(A*) { return 4; }\nstruct B {};\ninline int Get() { return Pick(B()); }\n", {"Get": "Get() == 3"}),
         {H: [("struct B {};", "struct B { operator long() const { return 1; } };")]}, most=1),
    trap("constructor_made_explicit", one("struct A {\n  A(int n) : v(n) {}\n  int v;\n};\ninline int Pick(A) { return 1; }\ninline int Pick(...) { return 2; }\ninline int Get() { return Pick(3); }\n", {"Get": "Get() == 1"}), {H: [("  A(int n)", "  explicit A(int n)")]}, most=1),
    trap("constructor_deleted", one("struct A {\n  A(int n) : v(n) {}\n  A(double n) : v(int(n) + 1) {}\n  int v;\n};\ninline int Get() { return A(1).v; }\n", {"Get": "Get() == 1"}), {H: [("  A(int n) : v(n) {}\n", "")]}, most=1),
    trap("conversion_operator", one("struct A {\n  int v = 1;\n  operator bool() const { return false; }\n};\ninline int Get() { return A() + 1; }\n", {"Get": "Get() == 1"}), {H: [("  operator bool", "  operator int() const { return 5; }\n  operator bool")]}, most=1),
    trap("initializer_list_constructor", one("struct A {\n  A(int a, int b) : n(a + b) {}\n  int n;\n};\ninline int Get() { return A{1, 2}.n; }\n", {"Get": "Get() == 3"}) | {H: "#pragma once\n#include <initializer_list>\nstruct A {\n  A(int a, int b) : n(a + b) {}\n  int n;\n};\ninline int Get() { return A{1, 2}.n; }\ninline int Alone() { return 7; }\n"},
         {H: [("  int n;", "  A(std::initializer_list<int> l) : n(int(l.size())) {}\n  int n;")]}, most=1),
    trap("mem_initialiser", one("struct A {\n  A() : v(1) {}\n  int v;\n};\ninline int Get() { return A().v; }\n", {"Get": "Get() == 1"}), {H: [("v(1)", "v(2)")]}, most=1),
    trap("member_order", one("struct A {\n  explicit A(int n) : a(n), b(a + 1) {}\n  int a;\n  int b;\n};\ninline int Get() { return A(1).b; }\n", {"Get": "Get() == 2"}), {H: [("  int a;\n  int b;\n", "  int b;\n  int a;\n")]}, most=1),
    trap("struct_layout", one("struct A {\n  char a;\n  int b;\n};\ninline int Size() { return sizeof(A); }\n", {"Size": "Size() == 8"}), {H: [("  int b;", "  int b;\n  char c;")]}, most=1),
    trap("nested_layout", one("struct A { char a; };\nstruct B { A a[3]; };\ninline int Size() { return sizeof(B); }\n", {"Size": "Size() == 3"}), {H: [("char a;", "short a;")]}, most=1),
    trap("union_member", one("union U {\n  unsigned char a;\n};\ninline int Size() { return sizeof(U); }\n", {"Size": "Size() == 1"}), {H: [("  unsigned char a;", "  unsigned char a;\n  long b;")]}, most=1),
    trap("bitfield_width", one("struct A {\n  unsigned a : 4;\n};\ninline int Get() {\n  A x{};\n  x.a = 15u;\n  ++x.a;\n  return x.a;\n}\n", {"Get": "Get() == 0"}), {H: [("a : 4", "a : 5")]}, most=1),
    trap("pragma_pack", one("struct A {\n  char a;\n  int b;\n};\ninline int Size() { return sizeof(A); }\n", {"Size": "Size() == 8"}), {H: [("#pragma once\n", "#pragma once\n#pragma pack(1)\n")]}),
    trap("alignas", one("struct A {\n  char a;\n};\ninline int Size() { return alignof(A); }\n", {"Size": "Size() == 1"}), {H: [("struct A", "struct alignas(8) A")]}, most=1),
    trap("friend_function", one("struct A {\n  int v = 1;\n};\ninline int Weigh(...) { return 1; }\ninline int Get() { return Weigh(A()); }\n", {"Get": "Get() == 1"}), {H: [("  int v = 1;\n", "  int v = 1;\n  friend int Weigh(const A&) { return 2; }\n")]}, most=1),
    trap("nested_type", one("struct A {\n  using type = char;\n};\ntemplate <typename T>\nint SizeOf() { return sizeof(typename T::type); }\n", {"Size": "SizeOf<A>() == 1"}), {H: [("type = char", "type = int")]}, most=1),
    trap("static_member", {**one("struct A { static int count; };\n", {"Count": "A::count == 1"}), "lib.cc": '#include "lib.h"\nint A::count = 1;\n'}, {"lib.cc": [("= 1", "= 2")]}, most=1),
    # ---- functions and operators
    trap("default_argument", one("inline int Get(int n = 1) { return n; }\ninline int Call() { return Get(); }\n", {"Call": "Call() == 1"}), {H: [("n = 1", "n = 2")]}, most=1),
    trap("overload_by_lookup_in_a_namespace", {**one("namespace n {\nstruct A {};\n}\ntemplate <typename T>\nint Weigh(const T&) { return 1; }\ntemplate <typename T>\nint Ask(const T& x) { return Weigh(x); }\n", {"Ask": "Ask(n::A()) == 1", "Int": "Ask(1) == 1"})},
         {H: [("struct A {};\n", "struct A {};\ninline int Weigh(const A&) { return 2; }\n")]}),
    trap("overload_in_another_header", {**one("struct A {};\ninline int Weigh(...) { return 1; }\n", {"Ask": "Ask() == 1"}), "more.h": '#pragma once\n#include "lib.h"\n', "lib_test.cc":
         '#include "lib.h"\n#include "more.h"\n#include "testing.h"\nTEST(Lib, Ask) {\n  CHECK(Weigh(A()) == 1);\n}\nTEST(Lib, Alone) {\n  CHECK(Alone() == 7);\n}\n'}, {"more.h": '#pragma once\n#include "lib.h"\ninline int Weigh(const A&) { return 2; }\n'}, most=1),
    trap("comparison_in_another_header", {**one("struct A {\n  int v;\n  operator int() const { return v; }\n};\n", {}), "more.h": '#pragma once\n#include "lib.h"\n', "lib_test.cc":
         '#include "more.h"\n#include "testing.h"\ntemplate <typename T>\nbool Less(T a, T b) {\n  return a < b;\n}\nTEST(Lib, Less) {\n  CHECK(Less(A{1}, A{2}));\n}\nTEST(Lib, Ints) {\n  CHECK(Less(1, 2));\n}\nTEST(Lib, Alone) {\n  CHECK(Alone() == 7);\n}\n'},
         {"more.h": '#pragma once\n#include "lib.h"\ninline bool operator<(A a, A b) { return a.v > b.v; }\n'}, most=2),
    trap("operator_member_added", one("struct A {\n  int v;\n  operator int() const { return v; }\n};\ninline int Sum(A a, A b) { return a + b; }\n", {"Sum": "Sum(A{1}, A{2}) == 3"}), {H: [("  int v;\n", "  int v;\n  int operator+(A) const { return 9; }\n")]}, most=1),
    trap("user_defined_literal", one("constexpr int operator\"\"_k(unsigned long long n) { return int(n) * 1000; }\ninline int Get() { return 2_k; }\n", {"Get": "Get() == 2000"}), {H: [("* 1000", "* 1024")]}, most=1),
    trap("range_for_begin", one("struct A {\n  int v[2] = {1, 2};\n  const int* begin() const { return v; }\n  const int* end() const { return v + 2; }\n};\ninline int Sum() {\n  int n = 0;\n  for (int x : A()) n += x;\n  return n;\n}\n", {"Sum": "Sum() == 3"}),
         {H: [("return v + 2", "return v + 1")]}, most=1),
    trap("range_for_begin_replaced", one("struct B {\n  int v[2] = {1, 2};\n  const int* begin() const { return v; }\n  const int* end() const { return v + 2; }\n};\nstruct A : B {\n};\ninline int Sum() {\n  int n = 0;\n  for (int x : A()) n += x;\n  return n;\n}\n", {"Sum": "Sum() == 3"}),
         {H: [("struct A : B {\n", "struct A : B {\n  const int* begin() const { return v + 1; }\n  const int* end() const { return v + 2; }\n")]}, most=1),
    trap("structured_binding", one("struct A {\n  int a = 1;\n  int b = 2;\n};\ninline int Get() {\n  auto [x, y] = A();\n  return x;\n}\n", {"Get": "Get() == 1"}), {H: [("  int a = 1;\n  int b = 2;\n", "  int b = 2;\n  int a = 1;\n")]}, most=1),
    trap("return_type", one("inline int Get() { return 300; }\ninline int Wide() { return sizeof(Get()); }\n", {"Wide": "Wide() == 4"}), {H: [("inline int Get", "inline char Get")]}, most=1),
    trap("deduced_return_type", one("inline auto Get() { return 1; }\ninline int Wide() { return sizeof(Get()); }\n", {"Wide": "Wide() == 4"}), {H: [("return 1;", "return char(1);")]}, most=1),
    trap("noexcept_asked_for", one("inline int Get() { return 1; }\ninline int Safe() { return noexcept(Get()); }\n", {"Safe": "Safe() == 0"}), {H: [("int Get() {", "int Get() noexcept {")]}, most=1),
    # ---- templates and constants
    trap("specialisation_added", one("template <typename T>\nstruct Traits { static constexpr int v = 1; };\ntemplate <typename T>\nint Get(T) { return Traits<T>::v; }\n", {"Int": "Get(1) == 1", "Char": "Get('a') == 1"}),
         {H: [("inline int Alone", "template <>\nstruct Traits<char> { static constexpr int v = 2; };\ninline int Alone")]}, most=2),
    trap("specialisation_in_a_new_header", {**one("template <typename T>\nstruct Traits { static constexpr int v = 1; };\ntemplate <typename T>\nint Get(T) { return Traits<T>::v; }\n#if __has_include(\"special.h\")\n#include \"special.h\"\n#endif\n", {"Int": "Get(1) == 1", "Char": "Get('a') == 1"})},
         {"special.h": "#pragma once\ntemplate <>\nstruct Traits<char> { static constexpr int v = 2; };\n"}),
    trap("function_specialisation_added", one("template <typename T>\nint Get(T) { return 1; }\n", {"Int": "Get(1) == 1", "Char": "Get('a') == 1"}), {H: [("inline int Alone", "template <>\ninline int Get(char) { return 2; }\ninline int Alone")]}, most=2),
    trap("partial_specialisation", one("template <typename T>\nstruct Is { static constexpr bool v = false; };\ntemplate <typename T>\nstruct Is<T*> { static constexpr bool v = true; };\ninline bool Get() { return Is<int*>::v; }\n", {"Get": "Get()"}), {H: [("v = true", "v = false")]}, most=1),
    trap("concept_changed", one("template <typename T>\nconcept Small = sizeof(T) < 8;\ninline int Get(Small auto) { return 1; }\ninline int Get(auto) { return 2; }\ninline int Call() { return Get(1); }\n", {"Call": "Call() == 1"}), {H: [("sizeof(T) < 8", "sizeof(T) < 2")]}, most=1),
    trap("requires_changed", one("template <typename T>\nrequires(sizeof(T) < 8)\nint Get(T) { return 1; }\ninline int Get(...) { return 2; }\ninline int Call() { return Get(1); }\n", {"Call": "Call() == 1"}), {H: [("sizeof(T) < 8", "sizeof(T) < 2")]}, most=1),
    trap("concept_satisfied_newly", one("struct A {};\ntemplate <typename T>\nconcept Sized = requires(T t) { t.size(); };\ntemplate <typename T>\nint Get(const T&) {\n  if constexpr (Sized<T>) {\n    return 2;\n  } else {\n    return 1;\n  }\n}\n", {"Get": "Get(A()) == 1"}),
         {H: [("struct A {};", "struct A { int size() const { return 0; } };")]}, most=1),
    trap("detected_member", one("struct A {\n};\ntemplate <typename T>\nauto Get(const T& x, int) -> decltype(x.id()) { return 2; }\ntemplate <typename T>\nint Get(const T&, long) { return 1; }\ninline int Call() { return Get(A(), 0); }\n", {"Call": "Call() == 1"}), {H: [("struct A {\n", "struct A {\n  int id() const { return 0; }\n")]}, most=1),
    trap("if_constexpr", one("constexpr bool kFast = false;\ntemplate <typename T>\nT Get(T x) {\n  if constexpr (kFast) {\n    return x + 1;\n  } else {\n    return x;\n  }\n}\n", {"Get": "Get(1) == 1"}), {H: [("kFast = false", "kFast = true")]}, most=1),
    trap("constexpr_function", one("constexpr int Limit(int n) { return n + 1; }\nstruct A { int v[Limit(2)]; };\ninline int Size() { return sizeof(A) / sizeof(int); }\n", {"Size": "Size() == 3"}), {H: [("n + 1", "n + 2")]}, most=1),
    trap("template_default_argument", one("template <int N = 1>\nstruct A { static int Get() { return N; } };\ninline int Call() { return A<>::Get(); }\n", {"Call": "Call() == 1"}), {H: [("N = 1", "N = 2")]}, most=1),
    trap("variable_template", one("template <typename T>\nconstexpr int kSize = sizeof(T);\ninline int Get() { return kSize<char>; }\n", {"Get": "Get() == 1"}), {H: [("sizeof(T)", "sizeof(T) + 1")]}, most=1),
    trap("deduction_guide", one("template <typename T>\nstruct A {\n  T v;\n  explicit A(T x) : v(x) {}\n};\ninline int Size() { return sizeof(A('a').v); }\n", {"Size": "Size() == 1"}), {H: [("inline int Size", "A(char) -> A<int>;\ninline int Size")]}, most=2),
    trap("enum_class_value", one("enum class Color { kRed, kBlue };\ninline int Blue() { return static_cast<int>(Color::kBlue); }\n", {"Blue": "Blue() == 1"}), {H: [("kBlue }", "kBlue = 5 }")]}, most=1),
    trap("alias_retargeted", one("using Number = int;\ninline int Size() { return sizeof(Number); }\n", {"Size": "Size() == 4"}), {H: [("= int", "= char")]}, most=1),
    trap("typedef_retargeted", one("typedef int Number;\ninline int Size() { return sizeof(Number); }\n", {"Size": "Size() == 4"}), {H: [("typedef int", "typedef char")]}, most=1),
    trap("alias_chain", {**one("", {}), "types.h": "#pragma once\nusing Small = int;\n", H: '#pragma once\n#include "types.h"\nusing Number = Small;\nstruct A { Number v; };\ninline int Size() { return sizeof(A); }\ninline int Alone() { return 7; }\n',
                         "lib_test.cc": test(("Size", "Size() == 4"), ("Alone", "Alone() == 7"))}, {"types.h": [("= int", "= char")]}, most=1),
    trap("namespace_alias", one("namespace a { constexpr int v = 1; }\nnamespace b { constexpr int v = 2; }\nnamespace n = a;\ninline int Get() { return n::v; }\n", {"Get": "Get() == 1"}), {H: [("n = a", "n = b")]}),
    trap("using_directive", one("namespace a { inline int F(int) { return 1; } }\nnamespace b { inline int F(long) { return 2; } }\nusing namespace a;\ninline int Get() { return F(1); }\n", {"Get": "Get() == 1"}), {H: [("using namespace a", "using namespace b")]}),
    trap("using_declaration", one("struct A { int F(int) { return 1; } };\nstruct B : A {\n  int F(long) { return 2; }\n};\ninline int Get() { return B().F(1); }\n", {"Get": "Get() == 2"}), {H: [("struct B : A {\n", "struct B : A {\n  using A::F;\n")]}, most=1),
    trap("inner_namespace_shadows", one("constexpr int kSize = 1;\nnamespace n {\ninline int Get() { return kSize; }\n}\n", {"Get": "n::Get() == 1"}), {H: [("namespace n {\n", "namespace n {\nconstexpr int kSize = 2;\n")]}, most=1),
    trap("inline_variable", one("inline int size = 2;\ninline int Size() { return size; }\n", {"Size": "Size() == 2"}), {H: [("size = 2", "size = 3")]}, most=1),
    trap("static_object_of_another_file", {**one("int Order();\nint Next();\nextern int second;\n", {"Order": "second == 2"}), "a.cc": '#include "lib.h"\nint first = Next();\n', "b.cc": '#include "lib.h"\nint second = Next();\n',
                                           "lib.cc": '#include "lib.h"\nint Next() {\n  static int n = 0;\n  return ++n;\n}\n'}, {"a.cc": '#include "lib.h"\nint first = 1;\n'}),
    # ---- the preprocessor
    trap("macro_in_a_body", one("#define STEP 1\ninline int Get() { return STEP; }\n#define STEPS 5\n", {"Get": "Get() == 1"}), {H: [("STEP 1", "STEP 2")]}, most=1),
    trap("macro_that_names", one("#define GETTER(name, value) inline int Get##name() { return value; }\nGETTER(One, 1)\nGETTER(Two, 2)\n", {"One": "GetOne() == 1", "Two": "GetTwo() == 2"}), {H: [("(Two, 2)", "(Two, 3)")]}),
    trap("x_macro", {**one('enum Color {\n#define COLOR(name) name,\n#include "colors.def"\n#undef COLOR\n};\ninline int Blue() { return kBlue; }\n', {"Blue": "Blue() == 1"}), "colors.def": "COLOR(kRed)\nCOLOR(kBlue)\n"}, {"colors.def": "COLOR(kRed)\nCOLOR(kGreen)\nCOLOR(kBlue)\n"}),
    trap("included_table", {**one('inline const int kTable[] = {\n#include "table.inc"\n};\ninline int Get() { return kTable[1]; }\n', {"Get": "Get() == 2"}), "table.inc": "1, 2\n"}, {"table.inc": "1, 3\n"}),
    trap("define_before_include", {**one("", {}), H: "#pragma once\n#ifndef LIMIT\n#define LIMIT 1\n#endif\ninline int Alone() { return 7; }\n", "lib_test.cc": '#include "config.h"\n#include "lib.h"\n#include "testing.h"\nTEST(Lib, Limit) {\n  CHECK(LIMIT == 1);\n}\n', "config.h": "#pragma once\n"},
         {"config.h": "#pragma once\n#define LIMIT 2\n"}),
    trap("include_order", {**one("", {}), H: "#pragma once\n#ifndef LIMIT\n#define LIMIT 1\n#endif\n", "config.h": "#pragma once\n#undef LIMIT\n#define LIMIT 2\n", "lib_test.cc": '#include "config.h"\n#include "lib.h"\n#include "testing.h"\nTEST(Lib, Limit) {\n  CHECK(Get() == 2);\n}\n',
                           "get.cc": '#include "config.h"\n#include "lib.h"\nint Get() { return LIMIT; }\n'} | {"lib_test.cc": '#include "testing.h"\nint Get();\nTEST(Lib, Limit) {\n  CHECK(Get() == 2);\n}\n', H: "#undef LIMIT\n#define LIMIT 1\n", "config.h": "#undef LIMIT\n#define LIMIT 2\n",
                                               "get.cc": '#include "lib.h"\n#include "config.h"\nint Get() { return LIMIT; }\n'}, {"get.cc": '#include "config.h"\n#include "lib.h"\nint Get() { return LIMIT; }\n'}),
    trap("include_added", {**one("inline int Pick(...) { return 1; }\ninline int Get() { return 1; }\n", {}), "more.h": "#pragma once\ninline int Pick(int) { return 2; }\n", "lib_test.cc": '#include "lib.h"\n#include "testing.h"\nTEST(Lib, Pick) {\n  CHECK(Pick(1) == 1);\n}\n'},
         {"lib_test.cc": [('#include "lib.h"\n', '#include "lib.h"\n#include "more.h"\n')]}),
    trap("include_of_code", {**one("", {}), "impl.cpp": "static int Hidden() {\n  return 1;\n}\n", "lib_test.cc": '#include "impl.cpp"\n#include "testing.h"\nTEST(Lib, Hidden) {\n  CHECK(Hidden() == 1);\n}\nTEST(Lib, Two) {\n  CHECK(2 == 2);\n}\n'}, {"impl.cpp": [("return 1", "return 2")]}, most=1),
    trap("header_guard", {**one("", {}), "a.h": "#ifndef A_H\n#define A_H\ninline int A() { return 1; }\n#endif\n", "b.h": "#ifndef B_H\n#define B_H\n#define BONUS 1\n#endif\n", "lib_test.cc":
                          '#include "a.h"\n#include "b.h"\n#include "testing.h"\n#ifndef BONUS\n#define BONUS 0\n#endif\nTEST(Lib, Bonus) {\n  CHECK(A() + BONUS == 2);\n}\n'}, {"b.h": [("B_H", "A_H")]}),
    trap("header_shadows_by_order", {**one("", {}), "CMakeLists.txt": "include_directories(first second)\n", "first/none.h": "#pragma once\n", "second/size.h": "#pragma once\ninline int Size() { return 1; }\n", "lib_test.cc": '#include <size.h>\n#include "testing.h"\nTEST(Lib, Size) {\n  CHECK(Size() == 1);\n}\n'},
         {"first/size.h": "#pragma once\ninline int Size() { return 2; }\n"}),
    trap("header_shadows_beside", {**one("", {}), "CMakeLists.txt": "include_directories(inc)\n", "inc/size.h": "#pragma once\ninline int Size() { return 1; }\n", "t/size_test.cc": '#include "size.h"\n#include "testing.h"\nTEST(Lib, Size) {\n  CHECK(Size() == 1);\n}\n'},
         {"t/size.h": "#pragma once\ninline int Size() { return 2; }\n"}),
    trap("header_shadows_and_lacks", {**one("", {}), "CMakeLists.txt": "include_directories(inc)\n", "inc/size.h": "#pragma once\n#define SIZED 1\n", "t/size_test.cc":
         '#include "size.h"\n#include "testing.h"\n#ifdef SIZED\nstatic int V() { return 1; }\n#else\nstatic int V() { return 2; }\n#endif\nTEST(Lib, Size) {\n  CHECK(V() == 1);\n}\n'}, {"t/size.h": "#pragma once\n"}),
    trap("build_flag", {**one("#ifndef LIMIT\n#define LIMIT 1\n#endif\ninline int Get() { return LIMIT; }\n", {"Get": "Get() == 1"}), "CMakeLists.txt": "add_compile_options(-DNONE)\n"}, {"CMakeLists.txt": "add_compile_options(-DLIMIT=2)\n"}),
    trap("has_include", {**one('#if __has_include("extra.h")\n#define EXTRA 1\n#else\n#define EXTRA 0\n#endif\ninline int Get() { return EXTRA; }\n', {"Get": "Get() == 0"})}, {"extra.h": "#pragma once\n"}),
    trap("line_macro", one("inline int Get() {\n  return __LINE__;\n}\n", {"Get": "Get() > 100 || Get() < 9"}), {H: [("  return __LINE__", "\n\n  return __LINE__")]}),
    # ---- files
    trap("data_file", {**one("", {}), "data.txt": "one", "lib_test.cc": '#include <cstdio>\n#include "testing.h"\nTEST(Lib, Data) {\n  std::FILE* f = std::fopen("data.txt", "r");\n  CHECK(std::fgetc(f) == \'o\');\n  std::fclose(f);\n}\n'}, {"data.txt": "two"}),
    trap("renamed_and_edited", LIB, {"lib.cc": None, "sums.cc": LIB["lib.cc"].replace("a + b", "a - b")}, most=2),
    trap("moved_function", LIB, {"lib.cc": [("int Add(int a, int b) {\n  return a + b;\n}\n", "")], "add.cc": '#include "lib.h"\nint Add(int a, int b) {\n  return a + b;\n}\n'}),
    trap("generated_file", {**one("extern const char kNames[];\n", {"Name": "kNames[0] == 'a'"}), "names.gen.cc": 'extern const char kNames[];\nconst char kNames[] = "ab";\n'}, {"names.gen.cc": [('"ab"', '"cd"')]}, most=1),
    trap("symlink", {**one("", {}), "real/size.h": "inline int Size() { return 1; }\n", "size.h": ("real/size.h",), "lib_test.cc": '#include "size.h"\n#include "testing.h"\nTEST(Lib, Size) {\n  CHECK(Size() == 1);\n}\n'}, {"real/size.h": [("return 1", "return 2")]}),
    trap("symlink_retargeted", {**one("", {}), "a/size.h": "inline int Size() { return 1; }\n", "b/size.h": "inline int Size() { return 2; }\n", "size.h": ("a/size.h",), "lib_test.cc": '#include "size.h"\n#include "testing.h"\nTEST(Lib, Size) {\n  CHECK(Size() == 1);\n}\n'}, {"size.h": ("b/size.h",)}),
    trap("function_added", LIB, {"lib.cc": [("int Add", "int New() { return 1; }\nint Add")]}, most=0),
    trap("layout", LIB, {"lib.cc": [("  return a + b;\n", "\n  return a+b;  // the sum\n")]}, most=0),
    trap("line_endings", LIB, {"lib.cc": LIB["lib.cc"].replace("\n", "\r\n"), "lib.h": LIB["lib.h"].replace("\n", "\r\n")}, most=0),
    trap("test_body", LIB, {"lib_test.cc": [("Add(1, 2) == 3", "Add(1, 2) == 4")]}, most=1),
    trap("test_added", LIB, {"lib_test.cc": LIB["lib_test.cc"] + "TEST(Lib, More) {\n  CHECK(true);\n}\n"}, most=1),
    trap("test_renamed", LIB, {"lib_test.cc": [("TEST(Lib, Add)", "TEST(Lib, Sum)")]}, most=1),
]
