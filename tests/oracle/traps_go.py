"""Edits of Go modules that selectors lose tests on."""


def trap(name, files, edits, most=None):
    files = {"go.mod": "module example.com/m\n\ngo 1.20\n", "other/other.go": "package other\n\nfunc Other() int { return 1 }\n",
             "other/other_test.go": 'package other\n\nimport "testing"\n\nfunc TestOther(t *testing.T) {\n\tif Other() != 1 {\n\t\tt.Fatal()\n\t}\n}\n\n'
                                    "func TestOtherAgain(t *testing.T) {\n\tif Other() > 1 {\n\t\tt.Fatal()\n\t}\n}\n", **files}
    return {"name": name, "files": files, "edits": edits, "most": most}


def test(package, body, imports=()):
    lines = "".join(f'\t"{i}"\n' for i in ("testing", *imports))
    return f"package {package}\n\nimport (\n{lines})\n\n{body}"


CALC = {"calc/calc.go": "package calc\n\nconst Limit = 3\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n\nfunc Capped(a int) int {\n\tif a > Limit {\n\t\treturn Limit\n\t}\n\treturn a\n}\n",
        "calc/calc_test.go": test("calc", "func TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal()\n\t}\n}\n\nfunc TestCapped(t *testing.T) {\n\tif Capped(9) != 3 {\n\t\tt.Fatal()\n\t}\n}\n")}

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
]
