// BasicLayer: what the languages of the generic cutter have in common on a tree.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/source/language.h"
#include "server/source/tree_paths.h"

namespace testselect {

// The files that define a body or a class, by its key without "#...". Made at the first question,
// because it looks at all units of the files it is about. Thread-safe.
class Definitions {
 public:
  // Of those files of `files` that are code; they must outlive it.
  Definitions(const TreeView& tree, absl::Span<const FileId> files);
  // Ascending.
  absl::Span<const FileId> Of(absl::string_view key) const;

 private:
  void Make() const;

  const TreeView& tree_;
  absl::Span<const FileId> files_;
  mutable absl::once_flag made_;
  mutable absl::flat_hash_map<NameId, std::vector<FileId>> files_of_;
};

class BasicLayer : public TreeLayer {
 public:
  // What the imports of `file` resolve to.
  std::vector<FileId> ImportsOf(FileId file) const override;

 protected:
  // Of the files whose paths end in one of `suffixes`.
  BasicLayer(const TreeView& tree, absl::Span<const absl::string_view> suffixes)
      : tree_(tree), paths_(tree, suffixes), definitions_(tree, paths_.all()) {}

  const TreeView& tree() const { return tree_; }
  const TreePaths& paths() const { return paths_; }
  const Definitions& definitions() const { return definitions_; }
  absl::string_view Text(NameId name) const { return tree_.names().Name(name); }

 private:
  const TreeView& tree_;
  TreePaths paths_;
  Definitions definitions_;
};

// Takes `file` and repeats out, and sorts.
void MakeSet(FileId file, std::vector<FileId>* files);

}  // namespace testselect
