// Patterns for paths, labels and keys. Pure functions and values; a match costs at most the
// product of the two lengths, and matching is of bytes, save that `?` and a bracket expression take
// one whole UTF-8 character.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace testselect {

// Python's fnmatch.fnmatchcase: `*` is any text, slashes included, `?` one character, `[abc]`,
// `[a-z]` and `[!abc]` one of a set; a `[` without its `]` is itself, and there is no escape.
bool FnMatch(absl::string_view pattern, absl::string_view text);

// Whether `label` is meant by `pattern`: it is that text, or FnMatch says so, or FnMatch says so
// where brackets are plain text (`test_x[*]` means the cases of test_x, though brackets are a set
// elsewhere): a label that may be meant is meant.
bool LabelMatch(absl::string_view pattern, absl::string_view label);

// A pattern for paths below the repository's top, in the manner of .gitignore: `*`, `?` and
// `[...]` stay within a folder, `**` crosses folders (and may stand for none); a pattern without a
// slash before its end matches in every folder; one that ends in a slash means everything below
// that folder; a leading slash means the top. A path equal to the pattern always matches.
class PathGlob {
 public:
  explicit PathGlob(absl::string_view pattern);

  bool Matches(absl::string_view path) const;
  const std::string& text() const { return text_; }

 private:
  // What the pattern can be compared with at once; kAny goes through the matcher.
  enum class Shape { kAny, kPlainName, kNameSuffix };

  std::string text_;
  std::string pattern_;  // without the leading slash; "**" added after a trailing one
  std::string fixed_;    // for the other shapes: the name, or its end
  Shape shape_ = Shape::kAny;
  bool any_folder_ = false;
};

}  // namespace testselect
