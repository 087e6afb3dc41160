#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/unit/source/source_fixture.h"

namespace testselect {
namespace {

constexpr absl::string_view kSource = R"(# frozen_string_literal: true
require 'json'
require_relative "shapes/area"
module Geo
  autoload :Point, 'geo/point'
  class Stack < Base
    include Comparable
    attr_reader :size, :name
    LIMIT = 3
    def initialize(size, *rest, name: 'x', &block)
      total = size + rest.sum
      @size = total
      rest.each { |r| push(r, total) }
    end
    def self.known; @known ||= load_all; end
    def name=(value); other.name = value; end
    define_method(:go) { |z| z + LIMIT }
    def method_missing(name, *args); send("do_#{name}", *args); end
    private
    def hidden; HELP; end
    class << self
      def quiet; 1; end
    end
  end
end
HELP = <<~TEXT # a note
  some help
TEXT
Other.setting = 1
)";

TEST(RubyUnits, AreWhatAFileIsMadeOf) {
  EXPECT_EQ(UnitsOf("a.rb", kSource),
            "condition comment\n"
            "import require json from(0 json ) EFFECTS\n"
            "import require_relative shapes/area from(1 shapes/area ) EFFECTS\n"
            "class Geo binds[Geo]\n"
            "import autoload geo/point binds[Point] from(0 geo/point )\n"
            "class Stack binds[Stack]\n"
            "statement Stack.Stack binds[Stack]\n"
            "statement Stack.name,size binds[name size]\n"
            "statement Stack.LIMIT binds[LIMIT]\n"
            "header Stack.initialize binds[initialize]\n"
            "body Stack.initialize\n"
            "header Stack.known binds[known]\n"
            "body Stack.known MEMO\n"
            "header Stack.name= binds[name name=]\n"
            "body Stack.name=\n"
            "header Stack.go binds[go]\n"
            "body Stack.go\n"
            "header Stack.method_missing binds[method_missing]\n"
            "body Stack.method_missing fragments[ do_]\n"
            "header Stack.hidden binds[hidden]\n"
            "body Stack.hidden\n"
            "header Stack.quiet binds[quiet]\n"
            "body Stack.quiet\n"
            "statement HELP binds[HELP]\n"
            "statement Other,setting binds[Other setting] EFFECTS\n");
}

TEST(RubyUnits, NamesRespectScopes) {
  EXPECT_EQ(UnitOf("a.rb", kSource, "body Stack.initialize"),
            "body Stack.initialize free[each push sum] members[each push sum] "
            "parameters[block name rest size]");
  EXPECT_EQ(UnitOf("a.rb", kSource, "body Stack.name=", "fm"),
            "body Stack.name= free[name other] members[name]");
}

TEST(RubyUnits, ABodyChangesAlone) {
  const auto changed = [](absl::string_view from, absl::string_view to) {
    return Changed("a.rb", kSource, absl::StrReplaceAll(kSource, {{from, to}}));
  };
  EXPECT_EQ(changed("z + LIMIT", "z - LIMIT"), "body Stack.go");
  EXPECT_EQ(changed("LIMIT = 3", "LIMIT = 4"), "statement Stack.LIMIT");
  EXPECT_EQ(changed("some help", "more help"), "statement HELP");
  EXPECT_EQ(changed("    private\n", "    protected\n"),
            "body Stack.hidden, body Stack.quiet, header Stack.hidden, header Stack.quiet");
  EXPECT_EQ(changed("literal: true", "literal: false"), "condition comment");
  EXPECT_EQ(changed("      @size = total\n", "      # note\n      @size  =  total\n"), "");
  EXPECT_EQ(changed("\n", "\r\n"), "");
}

constexpr absl::string_view kSpec = R"(require 'spec_helper'
RSpec.describe Geo::Stack do
  let(:stack) { Geo::Stack.new(1) }
  before(:all) { setup }
  it "is small" do
    expect(stack.size).to eq(1)
  end
  context 'when big' do
    it("is not #{x}") { expect(stack).to be_big }
    specify { expect(1).to eq 1 }
  end
end
)";

TEST(RubyUnits, ExamplesAndGroups) {
  EXPECT_EQ(UnitsOf("a_spec.rb", kSpec),
            "import require spec_helper from(0 spec_helper ) EFFECTS\n"
            "condition describe Geo::Stack\n"
            "header stack binds[stack]\n"
            "body stack\n"
            "statement <digest> EFFECTS\n"
            "header is small binds[is small]\n"
            "body is small\n"
            "condition context when big\n"
            "header \"is not  {x}\" binds[\"is not  {x}\"]\n"
            "body \"is not  {x}\"\n"
            "header example binds[example]\n"
            "body example\n");
}

TEST(RubyUnits, KnowEveryToken) {
  EXPECT_EQ(UnseenTokens("a.rb", kSource), "");
  EXPECT_EQ(UnseenTokens("a_spec.rb", kSpec), "");
}

class RubyTree : public testing::Test {
 protected:
  FakeTree tree_{{
      {"lib/geo/stack.rb", "require 'geo/shapes'\nmodule Geo\nclass Stack; end\nend\n"},
      {"lib/geo/shapes.rb", "require_relative 'deep/one'\n"},
      {"lib/geo/deep/one.rb", ""},
      {"lib/geo/http_server.rb", "class HTTPServer; end\n"},
      {"lib/geo/user.rb", "class User; def go; HTTPServer.new; end; end\n"},
      {"spec/spec_helper.rb", ""},
      {"spec/stack_spec.rb", std::string(kSpec)},
      {"test/stack_test.rb", "class StackTest < Minitest::Test\n  def test_push; end\nend\n"},
  }};
};

TEST_F(RubyTree, FilesComeByRequireAndByConstant) {
  EXPECT_EQ(tree_.Imports("lib/geo/stack.rb"), "lib/geo/shapes.rb");
  EXPECT_EQ(tree_.Imports("lib/geo/shapes.rb"), "lib/geo/deep/one.rb");
  EXPECT_EQ(tree_.Imports("lib/geo/user.rb"), "lib/geo/http_server.rb");
  EXPECT_EQ(tree_.Imports("spec/stack_spec.rb"), "lib/geo/stack.rb spec/spec_helper.rb");
}

TEST_F(RubyTree, LabelsArePlacesInFiles) {
  EXPECT_EQ(tree_.Test("./spec/stack_spec.rb[1:1]", "a.rb"), "spec/stack_spec.rb is small");
  EXPECT_EQ(tree_.Test("./spec/stack_spec.rb[1:2:1]", "a.rb"),
            "spec/stack_spec.rb \"is not  {x}\"");
  EXPECT_EQ(tree_.Test("./spec/stack_spec.rb[1:2:2]", "a.rb"), "spec/stack_spec.rb example");
  EXPECT_EQ(tree_.Test("./spec/stack_spec.rb[1:9]", "a.rb"), "spec/stack_spec.rb");
  EXPECT_EQ(tree_.Test("spec/stack_spec.rb:6", "a.rb"), "spec/stack_spec.rb is small");
  EXPECT_EQ(tree_.Test("StackTest#test_push", "a.rb"), "test/stack_test.rb StackTest test_push");
  EXPECT_EQ(tree_.Test("nothing", "a.rb"), "");
}

}  // namespace
}  // namespace testselect
