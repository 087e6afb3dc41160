#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/unit/source/source_fixture.h"

namespace testselect {
namespace {

constexpr absl::string_view kSource = R"(// @jest-environment jsdom
'use strict';
import main, {part as piece} from './main.js';
import * as all from "all";
import './effect';
export * from './more';
export {one, two as three} from './numbers';
const {a, b: c = 1} = require('./lib');
const late = require('./late').value;
export const LIMIT = 3, other = main(LIMIT);
const api = {
  size: 4,
  get(key) { return this.items[key]; },
  put: (key) => key,
};
export default class Stack extends Base {
  #items = [];
  constructor(n) { super(); this.n = n; }
  push(x) { this.#items.push(piece(x)); }
}
function count(xs) {
  for (const x of xs) { total += x; }
  return xs.map(y => y + late);
}
Stack.prototype.pop = function () { return 'popped'; };
module.exports = { count, Stack };
window.app = start();
describe('a stack', () => {
  let stack;
  beforeEach(() => { stack = new Stack(); });
  test.each([1, 2])('pushes %i. item', async (n) => { expect(stack.push(n)).toBe(n); });
});
)";

TEST(JavaScriptUnits, AreWhatAFileIsMadeOf) {
  EXPECT_EQ(UnitsOf("a.js", kSource),
            "condition pragma\n"
            "statement <digest> EFFECTS\n"
            "import piece binds[piece] from(0 ./main.js part)\n"
            "import main binds[main] from(0 ./main.js default)\n"
            "import all binds[all] from(0 all )\n"
            "import  from(0 ./effect ) EFFECTS\n"
            "import * ./more from(0 ./more *)\n"
            "import one binds[<exports> one] from(0 ./numbers one)\n"
            "import three binds[<exports> three] from(0 ./numbers two)\n"
            "import a binds[a] from(0 ./lib a)\n"
            "import c binds[c] from(0 ./lib b)\n"
            "import late binds[late] from(0 ./late value)\n"
            "statement LIMIT binds[<exports> LIMIT]\n"
            "statement other binds[<exports> other] EFFECTS\n"
            "statement api binds[api]\n"
            "header api.get binds[get]\n"
            "body api.get\n"
            "header api.put binds[put]\n"
            "body api.put\n"
            "class Stack binds[<exports> Stack default]\n"
            "statement Stack.#items binds[#items]\n"
            "header Stack.constructor binds[Stack constructor]\n"
            "body Stack.constructor\n"
            "header Stack.push binds[push]\n"
            "body Stack.push\n"
            "header count binds[count]\n"
            "body count MEMO\n"
            "header Stack.pop binds[pop]\n"
            "body Stack.pop\n"
            "statement default binds[<exports> default]\n"
            "statement export count binds[<exports> count]\n"
            "statement export Stack binds[<exports> Stack]\n"
            "statement app,window binds[app window] EFFECTS\n"
            "condition a stack\n"
            "statement stack binds[stack]\n"
            "statement <digest> EFFECTS\n"
            "header pushes %i  item binds[pushes %i  item]\n"
            "body pushes %i  item MEMO\n"
            "import <all of ./main.js> binds[<all of ./main.js>] from(0 ./main.js <exports>)\n"
            "import <all of all> binds[<all of all>] from(0 all <exports>)\n");
}

TEST(JavaScriptUnits, NamesRespectScopes) {
  EXPECT_EQ(UnitOf("a.js", kSource, "body count"),
            "body count free[late total] members[map] parameters[xs] MEMO");
  EXPECT_EQ(UnitOf("a.js", kSource, "body Stack.push"),
            "body Stack.push free[piece] members[#items push] parameters[x]");
  EXPECT_EQ(UnitOf("a.js",
                   "const f = ({a, b: {c}}, ...d) => { try { g(a, c, d, e) } catch (e) { "
                   "h(e) } };",
                   "body f"),
            "body f free[e g h] parameters[a c d]");
  EXPECT_EQ(UnitOf("a.js", "const f = x => x + y;", "body f"), "body f free[y] parameters[x]");
}

TEST(JavaScriptUnits, ABodyChangesAlone) {
  const auto changed = [](absl::string_view from, absl::string_view to) {
    return Changed("a.js", kSource, absl::StrReplaceAll(kSource, {{from, to}}));
  };
  EXPECT_EQ(changed("this.items[key]", "this.items[0]"), "body api.get");
  EXPECT_EQ(changed("size: 4", "size: 5"), "statement api");
  EXPECT_EQ(changed("part as", "whole as"), "import piece");
  EXPECT_EQ(changed("'./numbers'", "'./digits'"), "import one, import three");
  EXPECT_EQ(changed("export const LIMIT = 3", "const LIMIT = 3"),
            "statement LIMIT, statement other");
  EXPECT_EQ(changed("toBe(n)", "toEqual(n)"), "body pushes %i  item");
  EXPECT_EQ(changed("\n", "\r\n"), "");
  EXPECT_EQ(changed("  #items = [];", "  /* none */\n  #items = [] ;"), "");
  EXPECT_EQ(changed("'popped'", "'pop ped'"), "body Stack.pop");
}

// The line of a header or of a last bracket is executed when the function is made: of
// `export function f() {`, V8 leaves `export` outside of the function.
TEST(JavaScriptUnits, BodiesAreTheLinesOfTheirStatements) {
  const absl::string_view source =
      "export function f(a,\n  b) { // adds\n  // them\n  let c = a;\n  return c +\n    b;\n}\n"
      "export const g = (x) => (\n  x + 1\n);\n"
      "exports.h = () => { return 1; };\n"
      "export function empty() {\n  // nothing\n}\n"
      "test('t', () => {\n  f(1);\n});\n";
  EXPECT_EQ(UnitOf("a.js", source, "body f", "l"), "body f lines(4-6)");
  EXPECT_EQ(UnitOf("a.js", source, "body g", "l"), "body g lines(9-9)");
  EXPECT_EQ(UnitOf("a.js", source, "body h", "l"), "body h lines(11-11)");
  EXPECT_EQ(UnitOf("a.js", source, "body empty", "l"), "body empty lines(12-14)");
  EXPECT_EQ(UnitOf("a.js", source, "body t", "l"), "body t lines(16-16)");
}

TEST(JavaScriptUnits, ALineEndCanEndAStatement) {
  EXPECT_EQ(Changed("a.js", "function f() { return 1 }", "function f() { return\n1 }"), "body f");
}

TEST(JavaScriptUnits, ModulesLoadedInTheMiddleAreImports) {
  const absl::string_view source =
      "function f() { return require('./x').y; }\n"
      "jest.mock('./m', () => 1);\nfunction g(n) { return import('./parts/' + n); }\n"
      "function h(n) { return import(`./more/${n}.js`); }\n";
  FakeTree tree({{"a.js", std::string(source)},
                 {"x.js", ""},
                 {"m.js", ""},
                 {"parts/1.js", ""},
                 {"more/2.js", ""},
                 {"other.js", ""}});
  EXPECT_EQ(tree.Imports("a.js"), "m.js more/2.js parts/1.js x.js");
  EXPECT_EQ(UnitOf("a.js", source, "body f", "m"), "body f members[default x y]");
}

TEST(JavaScriptUnits, ErrorsCostTheUnitTheyAreIn) {
  const std::string units =
      UnitsOf("a.js", "function f() { return 1 + ; }\nfunction g() { return 2; }\n", "+");
  EXPECT_THAT(units, testing::HasSubstr("body f BROKEN\n"));
  EXPECT_THAT(units, testing::HasSubstr("body g\n"));
}

// Labels that take members out of a module by name follow the names; others all that it exports.
TEST(JavaScriptUnits, ModulesUsedAsAWholeAreAllOfTheirExports) {
  const absl::string_view imports =
      "import * as m from './m';\nconst lib = require('./lib');\nimport api from './api';\n";
  const auto free = [imports](absl::string_view code) {
    return UnitOf("a.js", absl::StrCat(imports, "function f() { ", code, " }\n"), "body f", "f");
  };
  EXPECT_EQ(free("return m.A + lib['B'];"), "body f free[lib m]");
  EXPECT_EQ(free("const { A, b: { c } } = m; return api(A, c) === lib;"), "body f free[api lib m]");
  EXPECT_EQ(free("return new api.X(), typeof m;"), "body f free[api m]");
  EXPECT_EQ(free("return values(m);"), "body f free[<all of ./m> m values]");
  EXPECT_EQ(free("return { ...lib };"), "body f free[<all of ./lib> lib]");
  EXPECT_EQ(free("return { lib };"), "body f free[<all of ./lib> lib]");
  EXPECT_EQ(free("return api[name];"), "body f free[<all of ./api> api name]");
  EXPECT_EQ(free("for (const k in m) k();"), "body f free[<all of ./m> m]");
  EXPECT_EQ(free("const { A, ...rest } = m; return rest;"), "body f free[<all of ./m> m]");
  EXPECT_EQ(free("const other = m; return other.A;"), "body f free[<all of ./m> m]");
  EXPECT_EQ(free("const n = await import('./n'); return n.A;"), "body f");
  EXPECT_EQ(free("return { ...await import('./n') };"), "body f free[<all of ./n>]");
  EXPECT_EQ(free("return require('./n').A;"), "body f free[require]");
  EXPECT_EQ(free("return import('./n').then(g);"), "body f free[<all of ./n> g]");
  EXPECT_EQ(UnitsOf("a.js", "exports.all = require('./n');\nexport * as n from './n';\n", "bf"),
            "import all binds[<exports> all] free[<all of ./n> exports require]\n"
            "import n binds[<exports> n] free[<all of ./n>]\n"
            "import <all of ./n> binds[<all of ./n>]\n");
  EXPECT_EQ(UnitsOf("a.js", "const { a, ...others } = require('./n');\n"),
            "import a binds[a] from(0 ./n a)\n"
            "import others binds[others] from(0 ./n <exports>)\n"
            "import <all of ./n> binds[<all of ./n>] from(0 ./n <exports>)\n");
}

TEST(JavaScriptUnits, WhatIsExportedTogetherIsNotChangedTogether) {
  EXPECT_EQ(UnitsOf("a.js", "module.exports = { A, b: wrap(B), c() {}, ...rest };\n", "bf"),
            "statement default binds[<exports> default] free[module rest]\n"
            "header c binds[<exports> c]\n"
            "body c\n"
            "statement export A binds[<exports> A] free[A]\n"
            "statement export b binds[<exports> b] free[B wrap]\n");
  EXPECT_EQ(UnitsOf("a.js", "export { A, b as c };\n", "bf"),
            "statement export A binds[<exports> A] free[A]\n"
            "statement export c binds[<exports> c] free[b c]\n");
}

TEST(JavaScriptUnits, ValuesOfTheLanguageLeaveNothingBehind) {
  EXPECT_EQ(UnitsOf("a.js", "export const A = Object.freeze({ B: new Map() });\n"),
            "statement A binds[<exports> A]\n");
  EXPECT_EQ(UnitsOf("a.js", "export const A = register(new Map());\n"),
            "statement A binds[<exports> A] EFFECTS\n");
}

TEST(JavaScriptUnits, MethodsWithoutAPlainNameMayBeAskedForByTheLanguage) {
  const Language& language = LanguageFor("a.js");
  EXPECT_TRUE(language.Fits("[Symbol.iterator]"));
  EXPECT_TRUE(language.Fits("toString"));
  EXPECT_FALSE(language.Fits("area"));
  EXPECT_EQ(UnitsOf("a.js", "class A {\n  *[Symbol.iterator]() {\n    yield 1;\n  }\n}\n"),
            "class A binds[A]\n"
            "header A.[Symbol.iterator] binds[[Symbol.iterator]]\n"
            "body A.[Symbol.iterator]\n");
}

TEST(TypeScriptUnits, TypesAreAnnotations) {
  const absl::string_view source = R"(import type {Shape} from './shape';
import fs = require('fs');
interface Named { name: string }
type Id = string | number;
enum Colour { Red, Green }
declare const VERSION: string;
namespace deep { export const x = 1; }
export abstract class Box<T> extends Base implements Named {
  private size: number = 1;
  @Input() name: string;
  constructor(private readonly n: number) { super(); }
  area(x: Shape): number { return x.width as number; }
  abstract go(): void;
}
export function f(a: Id, b?: Colour): Shape { const c: Id = a; return g<Id>(c); }
)";
  EXPECT_EQ(UnitsOf("a.ts", source),
            "import Shape binds[Shape] from(0 ./shape Shape)\n"
            "import fs binds[fs] from(0 fs default)\n"
            "annotation Named binds[Named]\n"
            "annotation Id binds[Id]\n"
            "statement Colour binds[Colour]\n"
            "annotation \n"
            "statement deep binds[deep]\n"
            "statement x binds[<exports> x]\n"
            "class Box binds[<exports> Box]\n"
            "statement Box.size binds[size]\n"
            "annotation Box.size binds[size]\n"
            "statement Box.name binds[name]\n"
            "annotation Box.name binds[name] INTROSPECTED\n"
            "header Box.constructor binds[Box constructor]\n"
            "body Box.constructor\n"
            "annotation Box.constructor\n"
            "header Box.area binds[area]\n"
            "body Box.area\n"
            "annotation Box.area\n"
            "annotation Box.go binds[go]\n"
            "annotation Box\n"
            "header f binds[<exports> f]\n"
            "body f\n"
            "annotation f\n");
  EXPECT_EQ(UnseenTokens("a.ts", source), "");
  const auto changed = [source](absl::string_view from, absl::string_view to) {
    return Changed("a.ts", source, absl::StrReplaceAll(source, {{from, to}}));
  };
  EXPECT_EQ(changed("a: Id,", "a: string,"), "annotation f");
  EXPECT_EQ(changed("implements Named", "implements Other"), "annotation Box");
  EXPECT_EQ(changed("number = 1", "number = 2"), "class Box, statement Box.size");
  EXPECT_EQ(changed("name: string }", "name: number }"), "annotation Named");
  EXPECT_EQ(changed("abstract go(): void", "abstract go(): any"), "annotation Box.go");
  EXPECT_EQ(changed("Green", "Blue"), "statement Colour");
}

// The compiler leaves the others out.
TEST(TypeScriptUnits, ImportsWhoseNamesAreUsedAsValuesAreLoaded) {
  const std::string unit = "import <loads ./a> from(0 ./a )\n";
  const auto loads = [&](absl::string_view imported, absl::string_view use) {
    const std::string source = absl::StrCat("import ", imported, " from './a';\n", use, "\n");
    return absl::StrContains(UnitsOf("b.ts", source), unit);
  };
  EXPECT_TRUE(loads("{A}", "export const b = new A();"));
  EXPECT_TRUE(loads("{A as B}", "export class C extends B {}"));
  EXPECT_TRUE(loads("a", "export const b = { a };"));
  EXPECT_TRUE(loads("* as a", "export const b = a.c;"));
  EXPECT_TRUE(loads("{A}", "export { A };"));
  EXPECT_FALSE(loads("{A}", "export function f(a: A): A[] { return [a]; }"));
  EXPECT_FALSE(loads("{A}", "export type B = typeof A;"));
  EXPECT_FALSE(loads("* as a", "export let b: a.B;"));
  EXPECT_FALSE(loads("type {A}", "export const b = new A();"));
}

TEST(TypeScriptUnits, JsxIsCodeToo) {
  EXPECT_EQ(
      UnitOf("a.tsx", "export const View = (p: P) => <Box id=\"x\">{p.name} is <b>it</b></Box>;",
             "body View", "fmp"),
      "body View free[Box b] members[id name x] parameters[p]");
}

TEST(JavaScriptUnits, KnowEveryToken) { EXPECT_EQ(UnseenTokens("a.js", kSource), ""); }

class JavaScriptTree : public testing::Test {
 protected:
  FakeTree tree_{{
      {"package.json",
       R"({"name": "top", "main": "src/index.js", "dependencies": {"lodash": "^4"},
           "imports": {"#inner/*": "./src/inner/*.js"},
           "jest": {"moduleNameMapper": {"^@app/(.*)$": "<rootDir>/src/$1"},
                    "setupFiles": ["./setup.js"]}})"},
      {"src/index.js", "import './a';\nexport {x} from 'pkg';\nimport d from './data.json';\n"},
      {"src/a.js", "import b from './b';\nimport _ from 'lodash';\n"},
      {"src/b/index.ts", "export const b = 1;\n"},
      {"src/b/__mocks__/index.ts", "export const b = 2;\n"},
      {"src/inner/deep.js", ""},
      {"src/data.json", "{}"},
      {"src/a.test.js", "import './a';\ndescribe('a', () => { it('adds ${x} up', () => {}); });\n"},
      {"src/__snapshots__/a.test.js.snap", "x"},
      {"setup.js", "global.x = 1;\n"},
      {"late-setup.ts", ""},
      {"vitest.config.ts",
       "export default defineConfig({ test: { setupFiles: ['./late-setup.ts'] },\n"
       "  resolve: { alias: { '~': './src' } } });\n"},
      {"__mocks__/lodash.js", ""},
      {"packages/pkg/package.json", R"({"name": "pkg", "main": "dist/index.js",
           "exports": {"./deep": "./src/x.ts", "./parts/*": {"import": "./lib/*.ts"}},
           "scripts": {"test": "node --import ./preload.mjs --test"},
           "mocha": {"require": "./hooks.js"}})"},
      {"packages/pkg/preload.mjs", ""},
      {"packages/pkg/hooks.js", ""},
      {"packages/pkg/src/index.ts", "export * from './x.js';\n"},
      {"packages/pkg/src/x.ts", "import {b} from '@b';\nimport c from 'lib/c';\n"},
      {"packages/pkg/tsconfig.json",
       "{ // comment\n \"extends\": \"../../tsconfig.base.json\",\n"
       "  \"compilerOptions\": {\"baseUrl\": \".\"},\n}"},
      {"packages/pkg/lib/c.ts", ""},
      {"tsconfig.base.json", R"({"compilerOptions": {"paths": {"@b": ["./src/b"]}}})"},
  }};
};

TEST_F(JavaScriptTree, ImportsOfEveryKind) {
  const auto resolved = [this](absl::string_view module, absl::string_view from = "src/index.js") {
    return tree_.Resolved(from, 0, module);
  };
  EXPECT_EQ(resolved("./a"), "src/a.js");
  EXPECT_EQ(resolved("./b"), "src/b/__mocks__/index.ts src/b/index.ts");
  EXPECT_EQ(resolved("./data.json"), "src/data.json");
  EXPECT_EQ(resolved("@app/a"), "src/a.js");
  EXPECT_EQ(resolved("~/a"), "src/a.js");
  EXPECT_EQ(resolved("#inner/deep"), "src/inner/deep.js");
  EXPECT_EQ(resolved("pkg"), "packages/pkg/src/index.ts");
  EXPECT_EQ(resolved("pkg/x"), "packages/pkg/src/x.ts");
  EXPECT_EQ(resolved("pkg/deep"), "packages/pkg/src/x.ts");
  EXPECT_EQ(resolved("pkg/parts/c"), "packages/pkg/lib/c.ts");
  EXPECT_EQ(resolved("lodash"), "__mocks__/lodash.js");
  EXPECT_EQ(resolved("./x.js", "packages/pkg/src/index.ts"), "packages/pkg/src/x.ts");
  EXPECT_EQ(resolved("@b", "packages/pkg/src/x.ts"), "src/b/__mocks__/index.ts src/b/index.ts");
  EXPECT_EQ(resolved("lib/c", "packages/pkg/src/x.ts"), "packages/pkg/lib/c.ts");
  EXPECT_EQ(resolved("react"), "");
}

TEST_F(JavaScriptTree, TestsBringSetUpFilesAndSnapshotsAlong) {
  EXPECT_EQ(tree_.Imports("src/a.test.js"),
            "late-setup.ts packages/pkg/hooks.js packages/pkg/preload.mjs setup.js "
            "src/__snapshots__/a.test.js.snap src/a.js");
}

TEST_F(JavaScriptTree, LabelsArePathsAndTitles) {
  EXPECT_EQ(tree_.Test("src/a.test.js::a adds 17 up", "a.js"), "src/a.test.js adds ${x} up");
  EXPECT_EQ(tree_.Test("src/a.test.js > a > adds 17 up", "a.js"), "src/a.test.js adds ${x} up");
  EXPECT_EQ(tree_.Test("src/a.test.js::a adds 17 down", "a.js"), "src/a.test.js");
  EXPECT_EQ(tree_.Test("src/a.test.js > a::b > adds 17 up", "a.js"), "src/a.test.js adds ${x} up");
  EXPECT_EQ(tree_.Test("gone.test.js::a", "a.js"), "");
}

TEST_F(JavaScriptTree, ImportsThatNobodyCanFindAreUnknown) {
  const auto known = [this](absl::string_view module) {
    return tree_.Layer("a.js").Known(tree_.Find("src/a.js"),
                                     {0, tree_.names().Intern(module), kNoName});
  };
  EXPECT_TRUE(known("./b"));
  EXPECT_TRUE(known("node:fs"));
  EXPECT_TRUE(known("fs/promises"));
  EXPECT_TRUE(known("lodash/map"));
  EXPECT_FALSE(known("./gone"));
  EXPECT_FALSE(known("react"));
  const auto imported = [this](absl::string_view module) {
    return tree_.Layer("a.js").ImportsLibrary({0, tree_.names().Intern(module), kNoName});
  };
  EXPECT_TRUE(imported("lodash/map"));
  EXPECT_FALSE(imported("./a"));
  EXPECT_FALSE(imported("react"));
}

}  // namespace
}  // namespace testselect
