// JavaCutter: Java's declarations as units.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/source/generic_cutter.h"

namespace testselect {

class JavaCutter : public GenericCutter {
 public:
  JavaCutter(const SyntaxTree& tree, NameTable* names);

 protected:
  void Top(Node node, const std::string& owner) override;
  void Finished(Node root) override;

 private:
  void Import(Node node);
  void Type(Node node);
  void Method(Node node, const std::string& owner);
  void Field(Node node, const std::string& owner);
  void CalledAtStart(Node node);
  bool WritesSharedState(Node body, const NameSet& free) const;

  std::vector<std::pair<size_t, Node>> bodies_;  // drafts of methods
  NameSet statics_;                              // static fields
  NameSet at_start_;                             // what initialisers of classes call, once
};

}  // namespace testselect
