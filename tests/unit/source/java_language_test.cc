#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/unit/source/source_fixture.h"

namespace testselect {
namespace {

constexpr absl::string_view kSource = R"(package shop.cart;

import java.util.*;
import static shop.Prices.of;

/** A cart. */
@Component
public class Cart<T extends Item> extends Base implements Priced {
  private static final Map<String, Cart> KNOWN = load("carts");
  static { register(Cart.class); }
  private int count = LIMIT, size;

  public Cart(int count) { this.count = count; }

  @Override
  public int price(List<? extends T> items, int... more) {
    int sum = 0;
    for (T item : items) { sum += item.price(x -> x * count); }
    return sum;
  }

  static Map<String, Cart> load(String name) { return new HashMap<>(); }
  void keep(Cart c) { KNOWN.put("c", c); }

  enum Kind { SMALL, LARGE { int n() { return 2; } }; int n() { return 1; } }
  record Line(String name, int count) {}
  @interface Marked { int value() default 1; }
}
)";

TEST(JavaUnits, AreWhatAFileIsMadeOf) {
  EXPECT_EQ(UnitsOf("Cart.java", kSource),
            "condition package\n"
            "import java.util.* from(0 java.util.* )\n"
            "import static shop.Prices.of binds[of] from(0 shop.Prices.of )\n"
            "class Cart binds[Cart]\n"
            "statement Cart.KNOWN binds[KNOWN]\n"
            "statement Cart.<digest> EFFECTS\n"
            "statement Cart.count,size binds[count size]\n"
            "header Cart.Cart#(intcount) binds[Cart]\n"
            "body Cart.Cart#(intcount)\n"
            "header Cart.price#(List<?extendsT>items,int...more) binds[price]\n"
            "body Cart.price#(List<?extendsT>items,int...more)\n"
            "header Cart.load#(Stringname) binds[load]\n"
            "body Cart.load#(Stringname) MEMO\n"
            "header Cart.keep#(Cartc) binds[keep]\n"
            "body Cart.keep#(Cartc) MEMO\n"
            "class Kind binds[Kind]\n"
            "statement Kind.SMALL binds[SMALL]\n"
            "statement Kind.LARGE binds[LARGE]\n"
            "header Kind.n#() binds[n]\n"
            "body Kind.n#()\n"
            "class Line binds[Line]\n"
            "statement Line.name binds[name]\n"
            "statement Line.count binds[count]\n"
            "class Marked binds[Marked]\n"
            "statement Marked.value binds[value]\n");
}

TEST(JavaUnits, NamesAndMembers) {
  EXPECT_EQ(UnitOf("Cart.java", kSource, "body Cart.price#(List<?extendsT>items,int...more)"),
            "body Cart.price#(List<?extendsT>items,int...more) free[T count price] "
            "members[price] parameters[items more]");
  EXPECT_EQ(UnitOf("a.java", "class A { Object f() { return Class.forName(\"shop.Cart\"); } }",
                   "body A.f#()", "m"),
            "body A.f#() members[Cart forName shop]");
}

TEST(JavaUnits, ABodyChangesAlone) {
  const auto changed = [](absl::string_view from, absl::string_view to) {
    return Changed("Cart.java", kSource, absl::StrReplaceAll(kSource, {{from, to}}));
  };
  EXPECT_EQ(changed("sum = 0", "sum = 1"), "body Cart.price#(List<?extendsT>items,int...more)");
  EXPECT_EQ(changed("return 1;", "return 3;"), "body Kind.n#()");
  EXPECT_EQ(changed("return 2;", "return 3;"), "class Cart, class Kind, statement Kind.LARGE");
  EXPECT_EQ(changed("@Component", "@Service"), "class Cart");
  EXPECT_EQ(changed("A cart.", "A trolley."), "");
  EXPECT_EQ(changed("\n", "\r\n"), "");
}

TEST(JavaUnits, KnowEveryToken) { EXPECT_EQ(UnseenTokens("Cart.java", kSource), ""); }

class JavaTree : public testing::Test {
 protected:
  FakeTree tree_{{
      {"core/src/main/java/shop/Cart.java",
       "package shop;\nimport shop.price.*;\nimport static shop.tax.Rate.LOW;\nclass Cart { "
       "Item i; Object o = other.deep.Thing.make(); }\n"},
      {"core/src/main/java/shop/Item.java", "package shop;\nclass Item { class Part {} }\n"},
      {"core/src/main/java/shop/price/Price.java", "package shop.price;\nclass Price {}\n"},
      {"core/src/main/java/shop/tax/Rate.java", "package shop.tax;\nclass Rate {}\n"},
      {"core/src/main/java/other/deep/Thing.java", "package other.deep;\nclass Thing {}\n"},
      {"core/src/main/java/far/Item.java", "package far.away;\nclass Item {}\n"},
      {"core/src/test/java/shop/CartTest.java",
       "package shop;\nclass CartTest extends Shared { void adds() { new Cart(); }\n"
       "  class Inner { void deep() {} } }\n"},
      {"more/src/test/java/more/CartTest.java",
       "package more;\nclass CartTest { void adds() {} }\n"},
      {"core/src/test/java/shop/Shared.java", "package shop;\nclass Shared { void common() {} }\n"},
  }};
};

TEST_F(JavaTree, ImportsArePackagesClassesAndWhatIsNamedInFull) {
  const absl::string_view cart = "core/src/main/java/shop/Cart.java";
  EXPECT_EQ(tree_.Resolved(cart, 0, "shop.tax.Rate.LOW"), "core/src/main/java/shop/tax/Rate.java");
  EXPECT_EQ(tree_.Resolved(cart, 0, "shop.price.*"), "core/src/main/java/shop/price/Price.java");
  EXPECT_EQ(tree_.Resolved(cart, 0, "java.util.List"), "");
  EXPECT_EQ(tree_.Imports(cart),
            "core/src/main/java/other/deep/Thing.java core/src/main/java/shop/Item.java "
            "core/src/main/java/shop/price/Price.java core/src/main/java/shop/tax/Rate.java");
}

TEST_F(JavaTree, LabelsOfEverySpelling) {
  const absl::string_view file = "core/src/test/java/shop/CartTest.java";
  EXPECT_EQ(tree_.Test("shop.CartTest.adds", "A.java"), absl::StrCat(file, " CartTest adds"));
  EXPECT_EQ(tree_.Test("more.CartTest#adds", "A.java"),
            "more/src/test/java/more/CartTest.java CartTest adds");
  EXPECT_EQ(tree_.Test("shop.CartTest#adds(int)[1]", "A.java"),
            absl::StrCat(file, " CartTest adds"));
  EXPECT_EQ(tree_.Test("shop.CartTest$Inner.deep", "A.java"), absl::StrCat(file, " Inner deep"));
  EXPECT_EQ(tree_.Test("shop.CartTest.common", "A.java"), absl::StrCat(file, " CartTest common"));
  EXPECT_EQ(tree_.Test("shop.Gone.adds", "A.java"), " Gone adds");
}

}  // namespace
}  // namespace testselect
