#include "server/source/tree_paths.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace testselect {
namespace {

// Whether `c` is in the set that `pattern` begins with ("[...]"); the set is taken off.
bool InSet(absl::string_view* pattern, char c) {
  size_t i = 1;
  const bool negated = i < pattern->size() && ((*pattern)[i] == '!' || (*pattern)[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (const size_t first = i; i < pattern->size() && ((*pattern)[i] != ']' || i == first); ++i) {
    const char low = (*pattern)[i];
    char high = low;
    if (i + 2 < pattern->size() && (*pattern)[i + 1] == '-' && (*pattern)[i + 2] != ']') {
      high = (*pattern)[i + 2];
      i += 2;
    }
    if (low <= c && c <= high) found = true;
  }
  pattern->remove_prefix(std::min(i + 1, pattern->size()));
  return found != negated;
}

}  // namespace

absl::string_view FolderOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? "" : path.substr(0, slash);
}

absl::string_view BaseName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

absl::string_view Stem(absl::string_view path) {
  const absl::string_view name = BaseName(path);
  const size_t dot = name.rfind('.');
  return dot == absl::string_view::npos || dot == 0 ? name : name.substr(0, dot);
}

std::string JoinPath(absl::string_view folder, absl::string_view relative) {
  std::vector<absl::string_view> parts;
  for (const absl::string_view piece : {folder, relative}) {
    for (const absl::string_view part : absl::StrSplit(piece, '/', absl::SkipEmpty())) {
      if (part == ".") continue;
      if (part == ".." && !parts.empty() && parts.back() != "..") {
        parts.pop_back();
      } else {
        parts.push_back(part);
      }
    }
  }
  return absl::StrJoin(parts, "/");
}

bool HasSuffix(absl::string_view path, absl::Span<const absl::string_view> suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(),
                     [path](absl::string_view s) { return absl::EndsWith(path, s); });
}

bool GlobMatches(absl::string_view pattern, absl::string_view text) {
  absl::string_view star_pattern, star_text;  // where to go on if this way fails
  bool starred = false;
  while (true) {
    if (!pattern.empty() && pattern[0] == '*') {
      pattern.remove_prefix(1);
      star_pattern = pattern;
      star_text = text;
      starred = true;
      continue;
    }
    if (text.empty() && pattern.empty()) return true;
    bool matches = false;
    if (!text.empty() && !pattern.empty()) {
      if (pattern[0] == '[' && pattern.find(']', 2) != absl::string_view::npos) {
        matches = InSet(&pattern, text[0]);
      } else {
        matches = pattern[0] == '?' || pattern[0] == text[0];
        pattern.remove_prefix(1);
      }
    }
    if (matches) {
      text.remove_prefix(1);
      continue;
    }
    if (!starred || star_text.empty()) return false;
    star_text.remove_prefix(1);
    pattern = star_pattern;
    text = star_text;
  }
}

TreePaths::TreePaths(const TreeView& tree, absl::Span<const absl::string_view> suffixes)
    : tree_(tree) {
  for (FileId file = 0; file < tree.size(); ++file) {
    const absl::string_view path = tree.Path(file);
    if (!suffixes.empty() && !HasSuffix(path, suffixes)) continue;
    all_.push_back(file);
    by_folder_[FolderOf(path)].push_back(file);
    by_name_[BaseName(path)].push_back(file);
    by_stem_[Stem(path)].push_back(file);
  }
}

absl::Span<const FileId> TreePaths::Look(const Index& index, absl::string_view key) {
  const auto it = index.find(key);
  return it == index.end() ? absl::Span<const FileId>() : absl::MakeConstSpan(it->second);
}

absl::Span<const FileId> TreePaths::InFolder(absl::string_view folder) const {
  return Look(by_folder_, folder);
}

absl::Span<const FileId> TreePaths::Named(absl::string_view base_name) const {
  return Look(by_name_, base_name);
}

absl::Span<const FileId> TreePaths::WithStem(absl::string_view stem) const {
  return Look(by_stem_, stem);
}

std::vector<FileId> TreePaths::EndingIn(absl::string_view tail) const {
  std::vector<FileId> out;
  const std::string below = absl::StrCat("/", tail);
  for (const FileId file : Named(BaseName(tail))) {
    const absl::string_view path = tree_.Path(file);
    if (path == tail || absl::EndsWith(path, below)) out.push_back(file);
  }
  return out;
}

}  // namespace testselect
