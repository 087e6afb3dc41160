"""Edits of Go modules that selectors lose tests on."""


P = "p/p.go"
OTHER = {"other/other.go": "package other\n\nfunc Other() int { return 1 }\n",
         "other/other_test.go": 'package other\n\nimport "testing"\n\nfunc TestOther(t *testing.T) {\n\tif Other() != 1 {\n\t\tt.Fatal()\n\t}\n}\n\n'
                                "func TestOtherAgain(t *testing.T) {\n\tif Other() > 1 {\n\t\tt.Fatal()\n\t}\n}\n"}


def trap(name, files, edits, most=None):
    """With a package that nothing concerns, unless p has a test like that itself: each package is linked twice."""
    bystander = {} if P in files else OTHER
    return {"name": name, "files": {"go.mod": "module example.com/m\n\ngo 1.20\n", **bystander, **files}, "edits": edits, "most": most}


def test(package, body, imports=()):
    lines = "".join(f'\t"{i}"\n' for i in ("testing", *imports))
    return f"package {package}\n\nimport (\n{lines})\n\n{body}"


CALC = {"calc/calc.go": "package calc\n\nconst Limit = 3\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n\nfunc Capped(a int) int {\n\tif a > Limit {\n\t\treturn Limit\n\t}\n\treturn a\n}\n",
        "calc/calc_test.go": test("calc", "func TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal()\n\t}\n}\n\nfunc TestCapped(t *testing.T) {\n\tif Capped(9) != 3 {\n\t\tt.Fatal()\n\t}\n}\n")}


def case(name, wrong):
    return f"func Test{name}(t *testing.T) {{\n\tif {wrong} {{\n\t\tt.Fatal()\n\t}}\n}}\n\n"


ALONE = "func Alone() int { return 7 }\n"


def one(code, cases, imports=(), package="p", **more):
    """A package p of one file, with an unrelated function and its test."""
    tests = "".join(case(n, w) for n, w in {**cases, "Alone": "Alone() != 7"}.items())
    return {f"{package}/{package}.go": f"package {package}\n\n{code}\n{ALONE}", f"{package}/{package}_test.go": test(package, tests, imports), **more}


# A second package that uses the first.
def user(code, cases, imports=("example.com/m/p",), test_imports=()):
    lines = "".join(f'\t"{i}"\n' for i in imports)
    return {"use/use.go": f"package use\n\nimport (\n{lines})\n\n{code}", "use/use_test.go": test("use", "".join(case(n, w) for n, w in cases.items()), test_imports)}



TRAPS = [
    trap("body", CALC, {"calc/calc.go": [("a + b", "a - b")]}, most=1),
    trap("comment", CALC, {"calc/calc.go": [("func Add", "// Add adds.\nfunc Add")]}, most=0),
    trap("constant", CALC, {"calc/calc.go": [("Limit = 3", "Limit = 4")]}, most=1),
    trap("interface_method", {
        "shape/shape.go": "package shape\n\ntype Shape interface {\n\tArea() int\n}\n\ntype Base struct{}\n\nfunc (Base) Area() int { return 1 }\n\ntype Square struct {\n\tBase\n}\n\n"
                          "func Total(s Shape) int { return s.Area() }\n",
        "shape/shape_test.go": test("shape", "func TestSquare(t *testing.T) {\n\tif Total(Square{}) != 1 {\n\t\tt.Fatal()\n\t}\n}\n\nfunc TestNothing(t *testing.T) {}\n")},
        {"shape/shape.go": [("func Total", "func (Square) Area() int { return 4 }\n\nfunc Total")]}),
    trap("stringer_comes", {
        "show/show.go": 'package show\n\nimport "fmt"\n\ntype T struct{ A int }\n\nfunc Show(t T) string { return fmt.Sprint(t) }\n',
        "show/show_test.go": test("show", 'func TestShow(t *testing.T) {\n\tif Show(T{1}) != "{1}" {\n\t\tt.Fatal()\n\t}\n}\n')},
        {"show/show.go": [("func Show", 'func (T) String() string { return "t" }\n\nfunc Show')]}),
    trap("init", {
        "reg/reg.go": "package reg\n\nvar Names []string\n\nfunc init() {\n\tNames = append(Names, \"a\")\n}\n",
        "reg/reg_test.go": test("reg", "func TestNames(t *testing.T) {\n\tif len(Names) != 1 {\n\t\tt.Fatal()\n\t}\n}\n")},
        {"reg/reg.go": [('append(Names, "a")', 'append(Names, "a", "b")')]}),
    trap("init_file_added", {
        "reg/reg.go": "package reg\n\nvar Names []string\n", "reg/reg_test.go": test("reg", "func TestNames(t *testing.T) {\n\tif len(Names) != 0 {\n\t\tt.Fatal()\n\t}\n}\n")},
        {"reg/more.go": "package reg\n\nfunc init() { Names = append(Names, \"x\") }\n"}),
    trap("embed", {
        "data/data.go": 'package data\n\nimport _ "embed"\n\n//go:embed table.txt\nvar table string\n\nfunc Table() string { return table }\n', "data/table.txt": "one",
        "data/data_test.go": test("data", 'func TestTable(t *testing.T) {\n\tif Table() != "one" {\n\t\tt.Fatal()\n\t}\n}\n\nfunc TestX(t *testing.T) {}\n')},
        {"data/table.txt": "two"}),
    trap("build_tag", {
        "tag/a.go": "//go:build !windows\n\npackage tag\n\nfunc V() int { return 1 }\n", "tag/b.go": "//go:build windows\n\npackage tag\n\nfunc V() int { return 2 }\n",
        "tag/t_test.go": test("tag", "func TestV(t *testing.T) {\n\tif V() != 1 {\n\t\tt.Fatal()\n\t}\n}\n")},
        {"tag/a.go": [("!windows", "windows")], "tag/b.go": [("windows", "!windows")]}),
    trap("package_variable", {
        "state/s.go": "package state\n\nvar Size = compute()\n\nfunc compute() int { return 2 }\n", "state/s_test.go": test("state", "func TestSize(t *testing.T) {\n\tif Size != 2 {\n\t\tt.Fatal()\n\t}\n}\n")},
        {"state/s.go": [("return 2", "return 3")]}),
    trap("test_helper", {
        "h/h.go": "package h\n\nfunc V() int { return 1 }\n", "h/helper_test.go": "package h\n\nfunc want() int { return 1 }\n",
        "h/h_test.go": test("h", "func TestV(t *testing.T) {\n\tif V() != want() {\n\t\tt.Fatal()\n\t}\n}\n\nfunc TestX(t *testing.T) {}\n")}, {"h/helper_test.go": [("return 1", "return 2")]}),
    trap("across_packages", {**CALC, "use/use.go": 'package use\n\nimport "example.com/m/calc"\n\nfunc Three() int { return calc.Limit }\n',
                             "use/use_test.go": test("use", "func TestThree(t *testing.T) {\n\tif Three() != 3 {\n\t\tt.Fatal()\n\t}\n}\n")}, {"calc/calc.go": [("Limit = 3", "Limit = 4")]}),
    trap("removed_function_breaks_importer", {**CALC, "use/use.go": 'package use\n\nimport "example.com/m/calc"\n\nfunc Three() int { return calc.Add(1, 2) }\n',
                                              "use/use_test.go": test("use", "func TestThree(t *testing.T) {\n\tif Three() != 3 {\n\t\tt.Fatal()\n\t}\n}\n\nfunc TestZ(t *testing.T) {}\n")},
         {"calc/calc.go": [("func Add(a, b int) int {\n\treturn a + b\n}\n\n", "")], "calc/calc_test.go": [("Add(1, 2)", "(1 + 2)")]}),
    trap("struct_tag", {
        "j/j.go": 'package j\n\nimport "encoding/json"\n\ntype T struct {\n\tA int `json:"a"`\n}\n\nfunc Text() string {\n\tb, _ := json.Marshal(T{1})\n\treturn string(b)\n}\n',
        "j/j_test.go": test("j", 'func TestText(t *testing.T) {\n\tif Text() != `{"a":1}` {\n\t\tt.Fatal()\n\t}\n}\n')}, {"j/j.go": [('json:"a"', 'json:"b"')]}),
    trap("test_main", {
        "tm/t.go": "package tm\n\nvar Ready bool\n", "tm/t_test.go": test("tm", "func TestMain(m *testing.M) {\n\tReady = true\n\tos.Exit(m.Run())\n}\n\nfunc TestReady(t *testing.T) {\n\tif !Ready {\n\t\tt.Fatal()\n\t}\n}\n", ("os",))},
        {"tm/t_test.go": [("Ready = true", "Ready = false")]}),

    # ---- methods and interfaces
    trap("promoted_from_another_package", {
        **one("type Base struct{}\n\nfunc (Base) Area() int { return 1 }\n", {"Base": "(Base{}).Area() != 1"}),
        **user("type Square struct{ p.Base }\n\nfunc Area() int { return Square{}.Area() }\n\nfunc Nine() int { return 9 }\n", {"Square": "Area() != 1", "Nine": "Nine() != 9"})},
        {"use/use.go": [("func Area", "func (Square) Area() int { return 2 }\n\nfunc Area")]}, most=1),
    trap("promoted_from_nearer", one(
        "type Inner struct{}\n\nfunc (Inner) Name() int { return 1 }\n\ntype Mid struct{ Inner }\n\ntype Outer struct{ Mid }\n\nfunc Get() int { return Outer{}.Name() }\n", {"Get": "Get() != 1"}),
        {P: [("func Get", "func (Mid) Name() int { return 2 }\n\nfunc Get")]}, most=1),
    trap("field_promoted_from_nearer", one(
        "type Inner struct{ Name int }\n\ntype Mid struct{ Inner }\n\ntype Outer struct{ Mid }\n\nfunc Get() int {\n\tvar o Outer\n\to.Inner.Name = 1\n\treturn o.Name\n}\n", {"Get": "Get() != 1"}),
        {P: [("type Mid struct{ Inner }", "type Mid struct {\n\tInner\n\tName int\n}")]}, most=1),
    trap("interface_satisfied_newly", one(
        "type T struct{}\n\nfunc Describe(x any) int {\n\tswitch x.(type) {\n\tcase interface{ Name() string }:\n\t\treturn 2\n\t}\n\treturn 1\n}\n", {"Describe": "Describe(T{}) != 1", "Int": "Describe(3) != 1"}),
        {P: [("func Describe", 'func (T) Name() string { return "" }\n\nfunc Describe')]}),
    trap("unexported_interface_satisfied_newly", one(
        "type namer interface{ name() string }\n\ntype T struct{}\n\nfunc Is(x any) bool {\n\t_, ok := x.(namer)\n\treturn ok\n}\n", {"Is": "Is(T{})"}),
        {P: [("func Is", 'func (T) name() string { return "" }\n\nfunc Is')]}, most=1),
    trap("unexported_interface_satisfied_elsewhere", {
        **one("type T struct{}\n\nfunc Make() any { return T{} }\n", {"Make": "Make() == nil", "Is": "is(Make())"}),
        "p/is.go": "package p\n\ntype namer interface{ name() string }\n\nfunc is(x any) bool {\n\t_, ok := x.(namer)\n\treturn ok\n}\n"},
        {P: [("func Make", 'func (T) name() string { return "" }\n\nfunc Make')]}, most=2),
    trap("interface_grows", one(
        "type Namer interface{ Name() string }\n\ntype T struct{}\n\nfunc (T) Name() string { return \"\" }\n\nfunc Is(x any) bool {\n\t_, ok := x.(Namer)\n\treturn ok\n}\n", {"Is": "!Is(T{})"}),
        {P: [("Name() string }\n\ntype T", "Name() string; size() int }\n\ntype T")]}, most=1),
    trap("stringer_asked_for", {
        **one("type T struct{}\n\nfunc Make() any { return T{} }\n", {"Make": "Make() == nil"}),
        **user('func Text(x any) string {\n\tif s, ok := x.(fmt.Stringer); ok {\n\t\treturn s.String()\n\t}\n\treturn "none"\n}\n\nfunc Of() string { return Text(p.Make()) }\n', {"Of": 'Of() != "none"', "Int": 'Text(1) != "none"'},
               ("fmt", "example.com/m/p"))}, {P: [("func Make", 'func (T) String() string { return "t" }\n\nfunc Make')]}, most=3),
    trap("receiver_becomes_pointer", one(
        'type T struct{ A int }\n\nfunc (t T) String() string { return "t" }\n\nfunc Text() string { return fmt.Sprint(T{1}) }\n', {"Text": 'Text() != "t"'}, **{
            "p/doc.go": "package p\n"}) | {P: 'package p\n\nimport "fmt"\n\ntype T struct{ A int }\n\nfunc (t T) String() string { return "t" }\n\nfunc Text() string { return fmt.Sprint(T{1}) }\n\n' + ALONE},
        {P: [("func (t T) String", "func (t *T) String")]}, most=1),
    trap("stringer_of_embedded", {
        **one("type T struct{ A int }\n\nfunc Use() int { return T{1}.A }\n", {"Use": "Use() != 1"}),
        **user("type Outer struct{ p.T }\n\nfunc Text() string { return fmt.Sprint(Outer{p.T{A: 1}}) }\n\nfunc Nine() int { return 9 }\n", {"Text": 'Text() != "{{1}}"', "Nine": "Nine() != 9"}, ("fmt", "example.com/m/p"))},
        {P: [("func Use", 'func (T) String() string { return "t" }\n\nfunc Use')]}, most=2),
    trap("json_of_a_field", {
        **one("type When struct{ Day int }\n\ntype Doc struct{ At When }\n\nfunc Make() any { return Doc{} }\n", {"Make": "Make() == nil"}),
        **user("func Text() string {\n\tb, _ := json.Marshal(p.Make())\n\treturn string(b)\n}\n\nfunc Nine() int { return 9 }\n", {"Text": 'Text() != `{"At":{"Day":0}}`', "Nine": "Nine() != 9"}, ("encoding/json", "example.com/m/p"))},
        {P: [("func Make", 'func (When) MarshalJSON() ([]byte, error) { return []byte("1"), nil }\n\nfunc Make')]}, most=2),
    trap("formatter_comes", {P: 'package p\n\nimport "fmt"\n\ntype T int\n\nvar _ = fmt.Sprint\n\nvar Kept T = 1\n\n' + ALONE, "p/p_test.go": test("p", case("Text", 'fmt.Sprint(Kept) != "1"') + case("Alone", "Alone() != 7"), ("fmt",))},
         {P: [("var Kept", 'func (T) Format(s fmt.State, verb rune) { s.Write([]byte("t")) }\n\nvar Kept')]}, most=1),
    trap("error_is", one(
        'type E struct{}\n\nfunc (E) Error() string { return "e" }\n\nvar Base = errors.New("b")\n\nfunc Fail() error { return fmt.Errorf("x: %w", E{}) }\n', {"Fail": "errors.Is(Fail(), Base)", "Text": 'Fail().Error() != "x: e"'}, ("errors",)) | {
            P: 'package p\n\nimport (\n\t"errors"\n\t"fmt"\n)\n\ntype E struct{}\n\nfunc (E) Error() string { return "e" }\n\nvar Base = errors.New("b")\n\nfunc Fail() error { return fmt.Errorf("x: %w", E{}) }\n\n' + ALONE},
        {P: [("var Base", "func (E) Is(target error) bool { return target == Base }\n\nvar Base")]}, most=2),
    trap("error_unwrap", {P: 'package p\n\nimport "errors"\n\nvar Base = errors.New("b")\n\ntype E struct{ err error }\n\nfunc (E) Error() string { return "e" }\n\nvar Kept error = E{Base}\n\n' + ALONE,
                          "p/p_test.go": test("p", case("Is", "errors.Is(Kept, Base)") + case("Alone", "Alone() != 7"), ("errors",))}, {P: [("var Kept", "func (e E) Unwrap() error { return e.err }\n\nvar Kept")]}, most=1),
    trap("reflected_methods", one("type T struct{}\n\nfunc Make() any { return &T{} }\n", {"Count": "reflect.TypeOf(Make()).NumMethod() != 0"}, ("reflect",)), {P: [("func Make", "func (*T) Go() {}\n\nfunc Make")]}, most=1),
    trap("template_calls_a_method", {
        P: 'package p\n\nimport (\n\t"embed"\n\t"strings"\n\t"text/template"\n)\n\n//go:embed pages\nvar pages embed.FS\n\ntype Base struct{}\n\nfunc (Base) Title() string { return "one" }\n\ntype Page struct{ Base }\n\n'
           'func Render() string {\n\tvar b strings.Builder\n\ttemplate.Must(template.ParseFS(pages, "pages/a.tmpl")).Execute(&b, Page{})\n\treturn b.String()\n}\n\n' + ALONE,
        "p/pages/a.tmpl": "{{.Title}}", "p/p_test.go": test("p", case("Render", 'Render() != "one"') + case("Alone", "Alone() != 7"))},
        {P: [("type Page struct{ Base }", 'type Page struct{ Base }\n\nfunc (Page) Title() string { return "two" }')]}, most=1),
    trap("generic_over_a_method", one(
        "type Sized interface{ Size() int }\n\ntype Base struct{}\n\nfunc (Base) Size() int { return 1 }\n\ntype T struct{ Base }\n\nfunc Sum[S Sized](all []S) (n int) {\n\tfor _, s := range all {\n\t\tn += s.Size()\n\t}\n\treturn\n}\n",
        {"Sum": "Sum([]T{{}, {}}) != 2"}), {P: [("func Sum", "func (T) Size() int { return 5 }\n\nfunc Sum")]}, most=1),
    trap("generic_constraint", {
        **one("type Number interface{ ~int | ~float64 }\n\nfunc Sum[T Number](all ...T) (n T) {\n\tfor _, x := range all {\n\t\tn += x\n\t}\n\treturn\n}\n", {"Sum": "Sum(1, 2) != 3"}),
        **user("func Half() float64 { return p.Sum(0.5) }\n\nfunc Nine() int { return 9 }\n", {"Half": "Half() != 0.5", "Nine": "Nine() != 9"})},
        {P: [("~int | ~float64", "~int")]}),
    trap("generic_method", one("type List[T any] struct{ items []T }\n\nfunc (l *List[T]) Add(x T) { l.items = append(l.items, x) }\n\nfunc (l *List[T]) Len() int { return len(l.items) }\n",
                               {"Len": "new(List[int]).Len() != 0", "Add": "func() int { var l List[int]; l.Add(1); return l.Len() }() != 1"}), {P: [("return len(l.items)", "return len(l.items) + 1")]}, most=2),
    trap("namesake_methods", one("type A struct{}\n\nfunc (A) Size() int { return 1 }\n\ntype B struct{}\n\nfunc (B) Size() int { return 2 }\n\ntype C struct{ B }\n\nfunc OfA() any { return A{} }\n\nfunc OfC() int { return C{}.Size() }\n",
                                 {"OfA": "OfA() == nil", "OfC": "OfC() != 2"}), {P: [("func OfA", "func (C) Size() int { return 3 }\n\nfunc OfA")]}, most=1),
    trap("asserted_interface", {**one("", {"Print": 'Print() != "{}"'}), P:
         'package p\n\nimport "fmt"\n\ntype Sized interface{ Size() int }\n\ntype A struct{}\n\nfunc (A) Size() int { return 1 }\n\nvar _ Sized = (*A)(nil)\n\nvar _ Sized = A{}\n\nfunc Print() string { return fmt.Sprint(A{}) }\n\n' + ALONE},
         {P: [("func Print", 'func (A) String() string { return "a" }\n\nfunc Print')]}, most=1),
    # ---- constants, variables, types
    trap("error_of_another_file", {**one("func Fail() error { return Err }\n", {"Fail": 'Fail().Error() != "e"'}), "p/errors.go": 'package p\n\nimport "errors"\n\nvar Err = errors.New("e")\n'}, {"p/errors.go": [('"e"', '"f"')]}, most=1),
    trap("iota_shifted", one("type Color int\n\nconst (\n\tRed Color = iota\n\tBlue\n)\n\nfunc Get() Color { return Blue }\n", {"Get": "Get() != 1"}), {P: [("\tBlue", "\tGreen\n\tBlue")]}, most=1),
    trap("implicit_repetition", one("const (\n\tA = 2\n\tB\n)\n\nfunc Get() int { return B }\n", {"Get": "Get() != 2"}), {P: [("A = 2", "A = 3")]}, most=1),
    trap("array_length", one("const Size = 3\n\nvar table [Size]int\n\nfunc Get() int { return len(table) }\n", {"Get": "Get() != 3"}), {P: [("Size = 3", "Size = 4")]}, most=1),
    trap("closure_variable", one("var get = func() int { return 2 }\n\nfunc Get() int { return get() }\n", {"Get": "Get() != 2"}), {P: [("return 2", "return 3")]}, most=1),
    trap("closure_called", one("var table = func() map[string]int { return map[string]int{\"a\": 1} }()\n\nfunc Get() int { return table[\"a\"] }\n", {"Get": "Get() != 1"}), {P: [("1}", "2}")]}, most=1),
    trap("function_in_a_table", one("var table = map[string]func(int) int{\"a\": double}\n\nfunc double(x int) int { return 2 * x }\n\nfunc triple(x int) int { return 3 * x }\n\nfunc Get() int { return table[\"a\"](1) }\n",
                                    {"Get": "Get() != 2", "Triple": "triple(1) != 3"}), {P: [('"a": double', '"a": triple')]}, most=1),
    trap("method_value", {**one("type T struct{ n int }\n\nfunc (t T) Do() int { return t.n }\n\nvar do = T{2}.Do\n\nfunc Get() int { return do() }\n", {"Get": "Get() != 2"})}, {P: [("T{2}", "T{3}")]}, most=1),
    trap("type_alias_retargeted", one("type Number = int\n\nfunc Get() any { return Number(1) }\n", {"Get": "Get() != any(1)"}), {P: [("= int", "= int8")]}, most=1),
    trap("underlying_type", one("type Level int\n\nfunc Next(l Level) Level { return l + 1 }\n", {"Next": "int(Next(255)) != 256"}) , {P: [("type Level int", "type Level int64")]}, most=1),
    trap("overflowing_type", one("type Level int\n\nvar top Level = 255\n\nfunc Next() int { return int(top + 1) }\n", {"Next": "Next() != 256"}) , {P: [("type Level int", "type Level uint8")]}, most=1),
    trap("inferred_type", one("func size() int { return 1 }\n\nvar half = size() / 2\n\nfunc Get() bool { return half == 0 }\n", {"Get": "!Get()"}), {P: [("size() int", "size() float64")]}, most=2),
    trap("builtin_shadowed", {**one("func Get() int { return len([]int{1}) }\n", {"Get": "Get() != 1"}), "p/more.go": "package p\n"}, {"p/more.go": "package p\n\nfunc len(x []int) int { return 9 }\n"}, most=1),
    trap("variable_shadowed_in_a_scope", one("type T struct{ n int }\n\nvar limit = 3\n\nfunc (t T) Get() int {\n\tif limit := t.n; limit > 5 {\n\t\treturn limit\n\t}\n\treturn limit\n}\n", {"Get": "(T{1}).Get() != 3"}), {P: [("limit = 3", "limit = 4")]}, most=1),
    trap("named_result", one("func Get(n int) (out int, err error) {\n\tout = n\n\tif n > 1 {\n\t\tout = more(n)\n\t}\n\treturn\n}\n\nfunc more(n int) int { return n + 1 }\n\nfunc Zero() bool {\n\tn, _ := Get(0)\n\treturn n == 0\n}\n\nfunc Two() bool {\n\tn, _ := Get(2)\n\treturn n == 3\n}\n",
                             {"Zero": "!Zero()", "Two": "!Two()"}), {P: [("return n + 1", "return n + 2")]}, most=1),
    trap("package_name_shadowed", {**one("const Limit = 3\n\nfunc Get() int { return Limit }\n", {"Get": "Get() != 3"}), **user(
        "type box struct{ Limit int }\n\nfunc Real() int { return p.Limit }\n\nfunc Local() int {\n\tp := box{5}\n\treturn p.Limit\n}\n", {"Real": "Real() != 3", "Local": "Local() != 5"})}, {P: [("Limit = 3", "Limit = 4")]}),
    trap("field_added_and_printed", one("type T struct{ A int }\n\nfunc Make() any { return T{A: 1} }\n", {"Print": 'fmt.Sprint(Make()) != "{1}"'}, ("fmt",)), {P: [("{ A int }", "{ A, B int }")]}, most=1),
    trap("field_added_and_compared", one("var made int\n\ntype T struct{ A int }\n\nfunc Make() T {\n\treturn T{A: 1}\n}\n\nfunc Same() bool { return Make() == Make() }\n", {"Same": "!Same()"}),
         {P: [("{ A int }", "{ A, b int }"), ("return T{A: 1}", "made++\n\treturn T{A: 1, b: made}")]}, most=1),
    trap("field_breaks_a_literal", {**one("type T struct{ A int }\n\nfunc Get() int { return T{A: 1}.A }\n", {"Get": "Get() != 1"}), **user("func Get() int { return p.T{1}.A }\n\nfunc Nine() int { return 9 }\n", {"Get": "Get() != 1", "Nine": "Nine() != 9"})},
         {P: [("{ A int }", "{ A, B int }")]}, most=2),
    trap("deferred", one("func Get() (n int) {\n\tdefer done(&n)\n\treturn 1\n}\n\nfunc done(n *int) { *n += 1 }\n", {"Get": "Get() != 2"}), {P: [("+= 1", "+= 2")]}, most=1),
    trap("goroutine", one("func Get() int {\n\tc := make(chan int)\n\tgo send(c)\n\treturn <-c\n}\n\nfunc send(c chan int) { c <- 1 }\n", {"Get": "Get() != 1"}), {P: [("c <- 1", "c <- 2")]}, most=1),
    # ---- init, imports, packages
    trap("init_order_by_file_name", {**one("var Names string\n", {"Names": 'Names != "bc"'}), "p/b.go": 'package p\n\nfunc init() { Names += "b" }\n', "p/c.go": 'package p\n\nfunc init() { Names += "c" }\n'},
         {"p/b.go": None, "p/d.go": 'package p\n\nfunc init() { Names += "b" }\n'}),
    trap("variable_order_by_file_name", {**one("var count int\n\nfunc next() int {\n\tcount++\n\treturn count\n}\n", {"B": "B != 1", "C": "C != 2"}), "p/b.go": "package p\n\nvar B = next()\n", "p/c.go": "package p\n\nvar C = next()\n"},
         {"p/b.go": None, "p/d.go": "package p\n\nvar B = next()\n"}),
    trap("blank_import_registers", {**one("var Names []string\n\nfunc Add(n string) { Names = append(Names, n) }\n", {"Names": "len(Names) != 0"}), "plug/plug.go": 'package plug\n\nimport "example.com/m/p"\n\nfunc init() { p.Add("plug") }\n',
                                    **user("func Count() int { return len(p.Names) }\n\nfunc Nine() int { return 9 }\n", {"Count": "Count() != 1", "Nine": "Nine() != 9"}), "use/plugs.go": 'package use\n\nimport _ "example.com/m/plug"\n'},
         {"plug/plug.go": [('p.Add("plug")', 'p.Add("plug"); p.Add("more")')]}),
    trap("blank_import_removed", {**one("var Names []string\n\nfunc Add(n string) { Names = append(Names, n) }\n", {"Names": "len(Names) != 0"}), "plug/plug.go": 'package plug\n\nimport "example.com/m/p"\n\nfunc init() { p.Add("plug") }\n',
                                  **user("func Count() int { return len(p.Names) }\n\nfunc Nine() int { return 9 }\n", {"Count": "Count() != 1", "Nine": "Nine() != 9"}), "use/plugs.go": 'package use\n\nimport _ "example.com/m/plug"\n'},
         {"use/plugs.go": "package use\n"}, most=3),
    trap("dot_import", {**one("const Limit = 3\n\nfunc Get() int { return 1 }\n", {"Get": "Get() != 1"}), "use/use.go": 'package use\n\nimport . "example.com/m/p"\n\nfunc Three() int { return Limit }\n\nfunc Nine() int { return 9 }\n',
                        "use/use_test.go": test("use", case("Three", "Three() != 3") + case("Nine", "Nine() != 9"))}, {P: [("Limit = 3", "Limit = 4")]}),
    trap("import_alias_retargeted", {**one("const Limit = 3\n", {}), "q/q.go": "package q\n\nconst Limit = 4\n", "use/use.go": 'package use\n\nimport c "example.com/m/p"\n\nfunc Get() int { return c.Limit }\n\nfunc Nine() int { return 9 }\n',
                                     "use/use_test.go": test("use", case("Get", "Get() != 3") + case("Nine", "Nine() != 9"))}, {"use/use.go": [("example.com/m/p", "example.com/m/q")]}, most=1),
    trap("internal_package", {**one("", {}), "internal/deep/deep.go": "package deep\n\nvar Limit = 3\n", **user("func Get() int { return deep.Limit }\n\nfunc Nine() int { return 9 }\n", {"Get": "Get() != 3", "Nine": "Nine() != 9"}, ("example.com/m/internal/deep",))},
         {"internal/deep/deep.go": [("Limit = 3", "Limit = 4")]}, most=1),
    trap("package_called_otherwise", {**one("", {}), "go-deep/deep.go": "package deeper\n\nvar Limit = 3\n", **user("func Get() int { return deeper.Limit }\n\nfunc Nine() int { return 9 }\n", {"Get": "Get() != 3", "Nine": "Nine() != 9"}, ("example.com/m/go-deep",))},
         {"go-deep/deep.go": [("Limit = 3", "Limit = 4")]}),
    trap("vendored", {"go.mod": "module example.com/m\n\ngo 1.20\n\nrequire other.org/x v1.0.0\n", "vendor/modules.txt": "# other.org/x v1.0.0\n## explicit; go 1.20\nother.org/x\n", "vendor/other.org/x/x.go": "package x\n\nfunc V() int { return 3 }\n",
                      **one("", {}), **user("func Get() int { return x.V() }\n", {"Get": "Get() != 3"}, ("other.org/x",))}, {"vendor/other.org/x/x.go": [("return 3", "return 4")]}, most=1),
    trap("replaced_module", {"go.mod": "module example.com/m\n\ngo 1.20\n\nrequire other.org/x v1.0.0\n\nreplace other.org/x => ./third\n", "third/go.mod": "module other.org/x\n\ngo 1.20\n", "third/x.go": "package x\n\nfunc V() int { return 3 }\n",
                             **one("", {}), **user("func Get() int { return x.V() }\n", {"Get": "Get() != 3"}, ("other.org/x",))}, {"third/x.go": [("return 3", "return 4")]}, most=1),
    trap("replace_retargeted", {"go.mod": "module example.com/m\n\ngo 1.20\n\nrequire other.org/x v1.0.0\n\nreplace other.org/x => ./third\n", "third/go.mod": "module other.org/x\n\ngo 1.20\n", "third/x.go": "package x\n\nfunc V() int { return 3 }\n",
                                "fourth/go.mod": "module other.org/x\n\ngo 1.20\n", "fourth/x.go": "package x\n\nfunc V() int { return 4 }\n", **user("func Get() int { return x.V() }\n", {"Get": "Get() != 3"}, ("other.org/x",))}, {"go.mod": [("./third", "./fourth")]}),
    trap("suffix_swap", {**one("func Get() int { return v() }\n", {"Get": "Get() != 1"}), "p/v_linux.go": "package p\n\nfunc v() int { return 1 }\n", "p/v_windows.go": "package p\n\nfunc v() int { return 2 }\n"},
         {"p/v_linux.go": "package p\n\nfunc v() int { return 2 }\n", "p/v_windows.go": "package p\n\nfunc v() int { return 1 }\n"}, most=2),
    trap("suffix_renamed", {**one("func Get() int { return v() }\n", {"Get": "Get() != 1"}), "p/v_linux.go": "package p\n\nfunc v() int { return 1 }\n", "p/v_windows.go": "package p\n\nfunc v() int { return 2 }\n"},
         {"p/v_linux.go": None, "p/v_darwin.go": "package p\n\nfunc v() int { return 1 }\n", "p/v_windows.go": None, "p/v_linux_amd64.go": "package p\n\nfunc v() int { return 2 }\n"}),
    trap("constraint_added", {**CALC, **user("func Get() int { return calc.Add(1, 1) }\n\nfunc Nine() int { return 9 }\n", {"Get": "Get() != 2", "Nine": "Nine() != 9"}, ("example.com/m/calc",)), "calc/more.go": "package calc\n\nconst More = 1\n"},
         {"calc/calc.go": [("package calc", "//go:build ignore\n\npackage calc")]}),
    trap("generated_file", {**one("func Get() string { return names[1] }\n", {"Get": 'Get() != "b"'}), "p/p_names.go": '// Code generated by names. DO NOT EDIT.\n\npackage p\n\nvar names = [...]string{"a", "b"}\n'},
         {"p/p_names.go": [('"b"', '"c"')]}, most=1),
    # ---- tests
    trap("external_test_package", {**one("func Get() int { return limit }\n\nvar limit = 3\n", {}), "p/x_test.go": 'package p_test\n\nimport (\n\t"testing"\n\n\t"example.com/m/p"\n)\n\n' + case("Outside", "p.Get() != 3"),
                                   "p/export_test.go": "package p\n\nfunc init() { limit = 3 }\n\nvar Limit = &limit\n"}, {"p/p.go": [("limit = 3", "limit = 4")], "p/export_test.go": [("limit = 3 ", "")]}),
    trap("export_test", {**one("func get(n int) int { return n }\n", {}), "p/export_test.go": "package p\n\nfunc Get() int { return get(3) }\n", "p/x_test.go": 'package p_test\n\nimport (\n\t"testing"\n\n\t"example.com/m/p"\n)\n\n' + case("Outside", "p.Get() != 3") + case("Other", "p.Alone() != 7")},
         {"p/export_test.go": [("get(3)", "get(4)")]}, most=1),
    trap("testdata", {**one("func Get(b []byte) int { return len(b) }\n", {}), "p/d_test.go": test("p", case("Data", 'func() int { b, _ := os.ReadFile("testdata/a.txt"); return Get(b) }() != 3'), ("os",)), "p/testdata/a.txt": "one"}, {"p/testdata/a.txt": "three"}),
    trap("example_output", {**one('func Get() string { return "a" }\n', {"Get": 'Get() != "a"'}), "p/example_test.go": 'package p_test\n\nimport (\n\t"fmt"\n\n\t"example.com/m/p"\n)\n\nfunc ExampleGet() {\n\tfmt.Println(p.Get())\n\t// Output: a\n}\n'},
         {"p/example_test.go": [("Output: a", "Output: b")]}, most=1),
    trap("example_of_a_body", {**one('func Get() string { return "a" }\n', {}), "p/example_test.go": 'package p_test\n\nimport (\n\t"fmt"\n\n\t"example.com/m/p"\n)\n\nfunc ExampleGet() {\n\tfmt.Println(p.Get())\n\t// Output: a\n}\n'},
         {P: [('"a"', '"b"')]}, most=1),
    trap("fuzz_seed", {**one("func Get(n int) int { return n }\n", {}), "p/f_test.go": test("p", "func FuzzGet(f *testing.F) {\n\tf.Add(1)\n\tf.Fuzz(func(t *testing.T, n int) {\n\t\tif Get(n) == 5 {\n\t\t\tt.Fatal()\n\t\t}\n\t})\n}\n")},
         {"p/testdata/fuzz/FuzzGet/five": "go test fuzz v1\nint(5)\n"}),
    trap("benchmark", {**one("func Get() int { return 1 }\n", {}), "p/b_test.go": test("p", "func BenchmarkGet(b *testing.B) {\n\tif Get() != 1 {\n\t\tb.Fatal()\n\t}\n}\n")}, {P: [("return 1", "return 2")]}, most=1),
    trap("subtests", {P: "package p\n\nfunc Get(n int) int { return n }\n\n" + ALONE, "p/p_test.go": test("p", "var cases = map[string]int{\"one\": 1, \"two\": 2}\n\nfunc TestGet(t *testing.T) {\n\tfor name, n := range cases {\n\t\tt.Run(name, func(t *testing.T) {\n"
                      "\t\t\tif Get(n) > 2 {\n\t\t\t\tt.Fatal()\n\t\t\t}\n\t\t})\n\t}\n}\n\n" + case("Alone", "Alone() != 7"))}, {"p/p_test.go": [('"two": 2', '"two": 2, "three": 3')]}, most=4),
    trap("subtest_body", {P: "package p\n\nfunc One() int { return 1 }\n\nfunc Two() int { return 2 }\n\n" + ALONE, "p/p_test.go": test("p", "func TestAll(t *testing.T) {\n\tt.Run(\"one\", func(t *testing.T) {\n\t\tif One() != 1 {\n\t\t\tt.Fatal()\n\t\t}\n\t})\n"
                          "\tt.Run(\"two\", func(t *testing.T) {\n\t\tif Two() != 2 {\n\t\t\tt.Fatal()\n\t\t}\n\t})\n}\n\n" + case("Alone", "Alone() != 7"))}, {P: [("return 2", "return 3")]}, most=2),
    trap("test_main_helper", {P: "package p\n\nvar Ready bool\n\n" + ALONE, "p/p_test.go": test("p", "func TestMain(m *testing.M) {\n\tprepare()\n\tos.Exit(m.Run())\n}\n\n" + case("Ready", "!Ready") + case("Alone", "Alone() != 7"), ("os",)),
                              "p/prepare_test.go": "package p\n\nfunc prepare() { Ready = true }\n"}, {"p/prepare_test.go": [("true", "false")]}),
    trap("test_added", CALC, {"calc/calc_test.go": [("func TestCapped", "func TestMore(t *testing.T) {}\n\nfunc TestCapped")]}, most=2),
    # ---- nothing, or little
    trap("moved_function", CALC, {"calc/calc.go": [("func Add(a, b int) int {\n\treturn a + b\n}\n\n", "")], "calc/sum.go": "package calc\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n"}, most=1),
    trap("renamed_and_edited", CALC, {"calc/calc.go": None, "calc/sums.go": CALC["calc/calc.go"].replace("a + b", "a - b")}, most=2),
    trap("function_added", CALC, {"calc/calc.go": [("func Add", "func New() int { return 1 }\n\nfunc Add")]}, most=1),
    trap("layout", CALC, {"calc/calc.go": [("\treturn a + b\n", "\t\n\treturn a+b  // the sum\n")]}, most=0),
    trap("line_endings", CALC, {"calc/calc.go": CALC["calc/calc.go"].replace("\n", "\r\n")}, most=0),
    trap("test_comment", CALC, {"calc/calc_test.go": [("func TestAdd", "// TestAdd adds.\nfunc TestAdd")]}, most=0),
    trap("import_of_a_name_brings_init", {**one("var Names []string\n\nfunc Add(n string) { Names = append(Names, n) }\n\nfunc Count() int { return len(Names) }\n", {}), "q/q.go": 'package q\n\nimport "example.com/m/p"\n\nfunc init() { p.Add("q") }\n\nfunc One() int { return 1 }\n',
                                         "r/r.go": 'package r\n\nimport "example.com/m/p"\n\nfunc Count() int { return p.Count() }\n\nfunc More() int { return 0 }\n',
                                         "r/r_test.go": test("r", case("Count", "Count() != 0") + case("More", "More() > 8"))},
         {"r/r.go": 'package r\n\nimport (\n\t"example.com/m/p"\n\t"example.com/m/q"\n)\n\nfunc Count() int { return p.Count() }\n\nfunc More() int { return q.One() }\n'}),
]
