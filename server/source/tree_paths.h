// Paths: their parts, and the files of a tree by folder and by name.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/source/language.h"

namespace testselect {

// "a/b/c.go" -> "a/b"; "" for a file at the top.
absl::string_view FolderOf(absl::string_view path);
// "a/b/c.go" -> "c.go".
absl::string_view BaseName(absl::string_view path);
// "a/b.test.js" -> "b.test": the base name without its last suffix.
absl::string_view Stem(absl::string_view path);
// `relative` seen from `folder`, without "." and ".."; a path that leaves the tree begins with
// "../".
std::string JoinPath(absl::string_view folder, absl::string_view relative);
bool HasSuffix(absl::string_view path, absl::Span<const absl::string_view> suffixes);
// "*" any text ("/" included), "?" one character, "[abc]" and "[!a-z]" one of a set.
bool GlobMatches(absl::string_view pattern, absl::string_view text);

// Files by folder and by base name, made once. Immutable; the tree must outlive it.
class TreePaths {
 public:
  // Of the files whose paths end in one of `suffixes`, or of all where there are none.
  TreePaths(const TreeView& tree, absl::Span<const absl::string_view> suffixes);

  // Ascending. Empty where there is no such folder or name.
  absl::Span<const FileId> InFolder(absl::string_view folder) const;
  absl::Span<const FileId> Named(absl::string_view base_name) const;
  // Files by their name without its suffix.
  absl::Span<const FileId> WithStem(absl::string_view stem) const;
  absl::Span<const FileId> all() const { return all_; }
  // Files whose path ends in `tail` ("a/b.h": "a/b.h" and "x/a/b.h", not "xa/b.h").
  std::vector<FileId> EndingIn(absl::string_view tail) const;
  // Folders whose path ends in `tail`, with their files.
  const absl::flat_hash_map<absl::string_view, std::vector<FileId>>& folders() const {
    return by_folder_;
  }

 private:
  using Index = absl::flat_hash_map<absl::string_view, std::vector<FileId>>;
  static absl::Span<const FileId> Look(const Index& index, absl::string_view key);

  const TreeView& tree_;
  std::vector<FileId> all_;
  Index by_folder_, by_name_, by_stem_;
};

}  // namespace testselect
