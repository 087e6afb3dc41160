// RubyCutter: Ruby's definitions, and the examples of RSpec, as units.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/source/generic_cutter.h"

namespace testselect {

// ImportSource::level of Ruby.
enum RubyImport : uint32_t { kRubyRequire = 0, kRubyRelative = 1 };

class RubyCutter : public GenericCutter {
 public:
  RubyCutter(const SyntaxTree& tree, NameTable* names);

 protected:
  void Top(Node node, const std::string& owner) override;
  bool Obeyed(Node comment) const override;
  void Used(Node node, UnitDraft* draft) override;
  void Finished(Node root) override;

 private:
  // A statement and what belongs to it though it stands behind: the text of its heredocs.
  UnitDraft& Statement(Node node, absl::string_view owner, NameSet binds,
                       std::vector<Node> without = {});
  void Class(Node node, absl::string_view name);
  // What is in the body of a class; `private` and its like say something about what follows.
  void Body(Node body, const std::string& owner);
  void Method(Node node, const std::string& owner);
  void Function(Node node, absl::string_view name, absl::string_view owner, Node body,
                Node parameters, uint16_t body_flags = 0);
  void Call(Node node, const std::string& owner);
  bool Require(Node node, absl::string_view method, Node first);
  // Calls with a block: examples and groups of RSpec, `define_method`.
  bool WithBlock(Node node, absl::string_view method, const std::string& owner, Node first,
                 Node block);
  bool KeepsState(Node body, bool of_class) const;

  std::vector<std::pair<size_t, Node>> bodies_;  // drafts of methods
};

}  // namespace testselect
