#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/unit/source/source_fixture.h"

namespace testselect {
namespace {

constexpr absl::string_view kSource = R"(#![no_std]
use std::{io, fs::*};
pub use crate::shape::Area as Space;
mod parts;
#[path = "odd.rs"] mod strange;
static COUNT: AtomicU8 = AtomicU8::new(0);
const LIMIT: usize = 3;
/// A stack.
#[derive(Debug, Clone)]
pub struct Stack<T> { items: Vec<T>, pub size: usize }
enum Colour { Red, Green(u8) }
trait Shape { fn area(&self) -> f64; fn twice(&self) -> f64 { self.area() * 2.0 } }
impl<T> Shape for Stack<T> {
    const SIDES: u8 = 4;
    fn area(&self) -> f64 {
        let Some(first) = self.items.first() else { return LIMIT as f64 };
        match first.kind { Kind::Big { w, .. } if w > MAX => w, other => other.x }
    }
}
macro_rules! twice { ($x:expr) => { helper($x) * 2 } }
const fn double(n: u8) -> u8 { n * 2 }
fn next() -> u8 { COUNT.fetch_add(1) }
fn show(v: &[u8]) { println!("{}", v.iter().map(|x| x + offset).sum()); }
make_items! { Alpha, beta }
#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn works() { assert_eq!(twice!(double(2)), crate::other::value()); }
}
)";

TEST(RustUnits, AreWhatAFileIsMadeOf) {
  EXPECT_EQ(UnitsOf("a.rs", kSource),
            "condition #![no_std]\n"
            "import io std::io binds[io] from(0 std io)\n"
            "import  std::fs::* from(0 std::fs *)\n"
            "import Space crate::shape::Area binds[Space] from(0 crate::shape Area)\n"
            "import mod parts binds[parts] from(1 parts )\n"
            "import mod strange binds[strange] from(2 odd.rs )\n"
            "statement COUNT binds[COUNT]\n"
            "statement LIMIT binds[LIMIT]\n"
            "class Stack binds[Stack]\n"
            "statement Stack.items binds[items]\n"
            "statement Stack.size binds[size]\n"
            "class Colour binds[Colour]\n"
            "statement Red binds[Red]\n"
            "statement Green binds[Green]\n"
            "class Shape binds[Shape]\n"
            "header Shape.area binds[area]\n"
            "header Shape.twice binds[twice]\n"
            "body Shape.twice\n"
            "class Stack#impl Shape for Stack<T> binds[Stack]\n"
            "statement Stack.SIDES binds[SIDES]\n"
            "header Stack.area binds[area]\n"
            "body Stack.area\n"
            "statement twice binds[twice]\n"
            "header double binds[double]\n"
            "body double MEMO\n"
            "header next binds[next]\n"
            "body next MEMO\n"
            "header show binds[show]\n"
            "body show\n"
            "statement Alpha,beta,make_items binds[Alpha beta make_items] EFFECTS\n"
            "condition mod tests\n"
            "import  self::* from(0 self *)\n"
            "header works binds[works]\n"
            "body works\n");
}

TEST(RustUnits, NamesMembersAndMacros) {
  EXPECT_EQ(UnitOf("a.rs", kSource, "body Stack.area"),
            "body Stack.area free[Big Kind LIMIT MAX Some w] members[first items kind w x]");
  EXPECT_EQ(UnitOf("a.rs", kSource, "body show"),
            "body show free[iter map offset println sum x] "
            "members[iter map offset sum v x] parameters[v]");
  EXPECT_EQ(UnitOf("a.rs", "use std::process::Command as Run;\nfn f() { Run::new(\"git\"); }\n",
                   "body f", "fm"),
            "body f free[Run new] members[git process]");
}

TEST(RustUnits, ABodyChangesAlone) {
  const auto changed = [](absl::string_view from, absl::string_view to) {
    return Changed("a.rs", kSource, absl::StrReplaceAll(kSource, {{from, to}}));
  };
  EXPECT_EQ(changed("area() * 2.0", "area() * 3.0"), "body Shape.twice");
  EXPECT_EQ(changed("derive(Debug, Clone)", "derive(Debug)"), "class Stack");
  EXPECT_EQ(changed("helper($x) * 2", "helper($x) * 3"), "statement twice");
  EXPECT_EQ(changed("Alpha", "Gamma"),
            "+statement Gamma,beta,make_items, -statement Alpha,beta,make_items");
  EXPECT_EQ(changed("    #[test]\n", "    #[test]\n    #[ignore]\n"), "header works");
  EXPECT_EQ(changed("cfg(test)", "cfg(unix)"),
            "body works, condition mod tests, header works, import  self::*");
  EXPECT_EQ(changed("A stack", "A pile"), "");
  EXPECT_EQ(changed("\n", "\r\n"), "");
}

TEST(RustUnits, ExamplesInDocumentationAreTests) {
  EXPECT_EQ(Changed("a.rs", "/// ```\n/// assert!(f());\n/// ```\nfn f() {}\n",
                    "/// ```\n/// assert!(!f());\n/// ```\nfn f() {}\n"),
            "header f");
}

TEST(RustUnits, KnowEveryToken) { EXPECT_EQ(UnseenTokens("a.rs", kSource), ""); }

class RustTree : public testing::Test {
 protected:
  FakeTree tree_{{
      {"Cargo.toml", "[package]\nname = \"top-crate\"\n\n[dependencies]\nname = \"no\"\n"},
      {"src/lib.rs", "mod a;\npub mod b;\nfn f() { crate::b::deep::g(); helper::go(); }\n"},
      {"src/a.rs", "use super::b;\nuse crate::b::deep::{self, Thing};\nuse helper::Tool;\n"},
      {"src/b/mod.rs", "mod deep;\n#[cfg(test)]\nmod tests { #[test]\nfn works() {} }\n"},
      {"src/b/deep.rs", "static DATA: &str = include_str!(\"data.txt\");\nfn works() {}\n"},
      {"src/b/data.txt", "x"},
      {"src/lonely.rs", ""},
      {"tests/it.rs", "mod common;\nuse top_crate::a;\n#[test]\nfn runs() { common::up(); }\n"},
      {"tests/common/mod.rs", "pub fn up() {}\n"},
      {"helper/Cargo.toml", "[package]\nname = \"helper\"\n"},
      {"helper/src/lib.rs", "mod inner;\n"},
      {"helper/src/inner.rs", ""},
  }};
};

TEST_F(RustTree, PathsLeadToFiles) {
  EXPECT_EQ(tree_.Imports("src/lib.rs"), "helper/src/lib.rs src/a.rs src/b/deep.rs src/b/mod.rs");
  EXPECT_EQ(tree_.Imports("src/a.rs"), "helper/src/lib.rs src/b/deep.rs src/b/mod.rs");
  EXPECT_EQ(tree_.Imports("src/b/deep.rs"), "src/b/data.txt");
  EXPECT_EQ(tree_.Imports("tests/it.rs"), "src/a.rs src/lib.rs tests/common/mod.rs");
  EXPECT_EQ(tree_.Resolved("src/b/mod.rs", 0, "self", "deep"), "src/b/deep.rs");
  EXPECT_EQ(tree_.Resolved("src/b/deep.rs", 0, "super", "x"), "src/b/mod.rs");
  EXPECT_EQ(tree_.Resolved("src/a.rs", 0, "self", "*"), "src/a.rs");
  EXPECT_EQ(tree_.Resolved("src/a.rs", 0, "std::io", "Read"), "");
}

TEST_F(RustTree, LabelsArePathsOfModules) {
  EXPECT_EQ(tree_.Test("b::tests::works", "a.rs"), "src/b/mod.rs works");
  EXPECT_EQ(tree_.Test("b::deep::works", "a.rs"), "src/b/deep.rs deep works");
  EXPECT_EQ(tree_.Test("top_crate::b::deep::works::case_1", "a.rs"), "src/b/deep.rs works case_1");
  EXPECT_EQ(tree_.Test("runs", "a.rs"), "tests/it.rs runs");
  EXPECT_EQ(tree_.Test("it::runs", "a.rs"), "tests/it.rs it runs");
  EXPECT_EQ(tree_.Test("top_crate::it runs", "a.rs"), "tests/it.rs it runs");
  EXPECT_EQ(tree_.Test("top_crate b::deep::works", "a.rs"), "src/b/deep.rs deep works");
  EXPECT_EQ(tree_.Test("src/a.rs - f (line 3)", "a.rs"), "src/a.rs");
  EXPECT_EQ(tree_.Test("nothing::here", "a.rs"), " nothing here");
}

}  // namespace
}  // namespace testselect
