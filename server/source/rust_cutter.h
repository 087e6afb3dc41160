// RustCutter: Rust's items as units.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/source/generic_cutter.h"

namespace testselect {

// ImportSource::level of Rust: a path of names ("crate::a", with the name taken out of it); a file
// that `mod` declares ("a/b": below inline modules); a file by its path beside this one.
enum RustImport : uint32_t { kRustUse = 0, kRustMod = 1, kRustPath = 2 };

class RustCutter : public GenericCutter {
 public:
  RustCutter(const SyntaxTree& tree, NameTable* names);

 protected:
  void Top(Node node, const std::string& owner) override;
  bool Obeyed(Node comment) const override { return obeyed_[comment.index()] != 0; }
  bool Binds(absl::string_view name) const override;
  void Finished(Node root) override;

 private:
  // Names in a group of an import: where it is, and what it is called here.
  struct Use {
    std::string path;
    absl::string_view name;  // "": the module itself; "*": all of it
    std::string local;
  };

  void Item(Node node, const std::string& owner, const std::vector<Node>& attributes);
  void FindExamples();
  void Import(Node node, const std::vector<Node>& attributes);
  void Flatten(Node node, const std::string& path, int depth, std::vector<Use>* out) const;
  // "super::x" of an inline module as this file would write it.
  std::string FromFile(absl::string_view path) const;
  void Module(Node node, const std::vector<Node>& attributes);
  void Type(Node node, const std::vector<Node>& attributes);
  void Implementation(Node node, const std::vector<Node>& attributes);
  void Function(Node node, const std::string& owner, const std::vector<Node>& attributes);
  void Macro(Node node, const std::string& owner, const std::vector<Node>& attributes);
  void AddPaths(Node root);
  void AddMacroPath(Node tokens);
  void AddIncluded(Node macro);
  bool KeepsState(Node body, const NameSet& free) const;

  std::vector<uint8_t> obeyed_;                  // by node index: comments with examples
  std::vector<Node> attributes_;                 // that the next item has
  std::vector<std::string> inline_;              // modules that are open
  std::vector<std::pair<size_t, Node>> bodies_;  // drafts of functions
  NameSet statics_;                              // that can change
  NameSet commands_;                             // names of std::process::Command
};

}  // namespace testselect
