// GoCutter: Go's declarations as units.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/source/generic_cutter.h"

namespace testselect {

// Words of the standard library whose users are looked for (LanguageTraits); "exec" is the name of
// the package, because `Command` is everybody's word.
inline constexpr absl::string_view kGoListsFiles[] = {"ReadDir", "Glob", "Walk", "WalkDir"};
inline constexpr absl::string_view kGoStartsProcesses[] = {"exec", "StartProcess", "ForkExec"};

// ImportSource::level of Go.
enum GoImport : uint32_t { kGoPackage = 0, kGoEmbed = 1 };

class GoCutter : public GenericCutter {
 public:
  GoCutter(const SyntaxTree& tree, NameTable* names);

 protected:
  void Top(Node node, const std::string& owner) override;
  bool Obeyed(Node comment) const override;
  bool MayAct(Node call) const override;
  void Finished(Node root) override;

 private:
  void MarkStandardNames();
  void Comment(Node node);
  void Constants(Node node);
  void Import(Node node);
  void Variable(Node node);
  void Type(Node node);
  void Member(Node member, absl::string_view of);
  void Function(Node node);
  void MarkUnnamedImports();
  void MarkWriters();
  bool WritesSharedState(Node body, const NameSet& free) const;
  bool Mutates(Node call, const NameSet& free) const;

  std::vector<Node> embeds_;                     // comments that the next variable obeys
  std::vector<size_t> guessed_;                  // imports whose local name is a guess
  std::vector<std::pair<size_t, Node>> bodies_;  // drafts of functions
  NameSet standard_;     // local names of packages that nothing registers with
  NameSet imported_;     // local names of packages
  NameSet shared_;       // variables of the package that hold references
  bool uses_c_ = false;  // comments may be code in C
};

}  // namespace testselect
