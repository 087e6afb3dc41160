#include "server/git/object_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/git/git_status.h"
#include "storage/model/status_macros.h"

namespace testselect {

absl::Status NoSuchObject(const ObjectId& id, git_object_t want) {
  return absl::NotFoundError(
      absl::StrCat("there is no ", git_object_type2string(want), " ", id.ToHex()));
}

absl::Status WrongType(const ObjectId& id, git_object_t type, git_object_t want) {
  return absl::InvalidArgumentError(absl::StrCat(id.ToHex(), " names a ",
                                                 git_object_type2string(type), ", not a ",
                                                 git_object_type2string(want)));
}

absl::StatusOr<OdbObjectHandle> ReadObject(git_odb* odb, const ObjectId& id, git_object_t want) {
  const git_oid oid = ToOid(id);
  OdbObjectHandle object;
  if (int rc = git_odb_read(Out(object), odb, &oid); rc < 0) {
    if (rc == GIT_ENOTFOUND) return NoSuchObject(id, want);
    return GitError(rc, absl::StrCat(git_object_type2string(want), " ", id.ToHex()));
  }
  const git_object_t type = git_odb_object_type(object.get());
  if (type != want) return WrongType(id, type, want);
  return object;
}

FileType FileTypeOfMode(uint32_t mode) {
  switch (mode & 0170000) {
    case 0120000:
      return FileType::kSymlink;
    case 0160000:
      return FileType::kSubmodule;
    default:
      return (mode & 0100) != 0 ? FileType::kExecutable : FileType::kRegular;
  }
}

absl::StatusOr<TreeCursor> TreeCursor::Open(git_odb* odb, const ObjectId& tree) {
  TreeCursor cursor;
  if (tree.IsNull()) {
    cursor.at_end_ = true;
    return cursor;
  }
  TS_ASSIGN_OR_RETURN(cursor.object_, ReadObject(odb, tree, GIT_OBJECT_TREE));
  cursor.tree_ = tree;
  cursor.rest_ =
      absl::string_view(static_cast<const char*>(git_odb_object_data(cursor.object_.get())),
                        git_odb_object_size(cursor.object_.get()));
  TS_RETURN_IF_ERROR(cursor.Next());
  return cursor;
}

absl::Status TreeCursor::Next() {
  if (rest_.empty()) {
    at_end_ = true;
    return absl::OkStatus();
  }
  // "<mode in octal> <name>\0<20 bytes of id>"
  const size_t space = rest_.find(' ');
  const size_t nul = rest_.find('\0');
  const bool framed = space != absl::string_view::npos && nul != absl::string_view::npos &&
                      space > 0 && space <= 7 && nul > space + 1 &&
                      rest_.size() - nul > ObjectId::kBytes;
  uint32_t mode = 0;
  bool octal = framed;
  for (size_t i = 0; octal && i < space; ++i) {
    octal = rest_[i] >= '0' && rest_[i] <= '7';
    mode = mode * 8 + static_cast<uint32_t>(rest_[i] - '0');
  }
  if (!octal) return absl::DataLossError(absl::StrCat("tree ", tree_.ToHex(), " is malformed"));
  mode_ = mode;
  name_ = rest_.substr(space + 1, nul - space - 1);
  id_ = reinterpret_cast<const unsigned char*>(rest_.data()) + nul + 1;
  rest_.remove_prefix(nul + 1 + ObjectId::kBytes);
  return absl::OkStatus();
}

int CompareTreeEntries(const TreeCursor& a, const TreeCursor& b) {
  const absl::string_view x = a.name(), y = b.name();
  const size_t common = std::min(x.size(), y.size());
  if (int order = std::memcmp(x.data(), y.data(), common); order != 0) return order;
  auto after = [common](absl::string_view name, bool is_tree) -> int {
    if (name.size() > common) return static_cast<unsigned char>(name[common]);
    return is_tree ? '/' : 0;
  };
  if (int order = after(x, a.IsTree()) - after(y, b.IsTree()); order != 0) return order;
  // "a/" against a file whose name really continues with '/': no valid tree has one.
  return static_cast<int>(x.size()) - static_cast<int>(y.size());
}

absl::Status TreeBudget::Spend(int depth, absl::string_view path) {
  if (depth > kMaxTreeDepth) {
    return absl::ResourceExhaustedError(
        absl::StrCat("folders nest deeper than ", kMaxTreeDepth, " at '", path.substr(0, 80), "'"));
  }
  if (++spent_ > kMaxTreeEntries) {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", kMaxTreeEntries, " entries, at '", path.substr(0, 80), "'"));
  }
  return absl::OkStatus();
}

namespace {

absl::Status AppendFiles(git_odb* odb, const ObjectId& tree, std::string* path, int depth,
                         TreeBudget* budget, std::vector<TreeEntry>* out) {
  TS_ASSIGN_OR_RETURN(TreeCursor cursor, TreeCursor::Open(odb, tree));
  const size_t length = path->size();
  while (!cursor.AtEnd()) {
    TS_RETURN_IF_ERROR(budget->Spend(depth, *path));
    path->append(cursor.name().data(), cursor.name().size());
    if (cursor.IsTree()) {
      path->push_back('/');
      TS_RETURN_IF_ERROR(AppendFiles(odb, cursor.id(), path, depth + 1, budget, out));
    } else {
      out->push_back({*path, cursor.id(), FileTypeOfMode(cursor.mode())});
    }
    path->resize(length);
    TS_RETURN_IF_ERROR(cursor.Next());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<TreeEntry>> ListTreeFiles(git_odb* odb, const ObjectId& tree) {
  std::vector<TreeEntry> files;
  std::string path;
  TreeBudget budget;
  TS_RETURN_IF_ERROR(AppendFiles(odb, tree, &path, 0, &budget, &files));
  // Git's own order is the order of whole paths; only a tree that git did not write is not sorted.
  auto by_path = [](const TreeEntry& a, const TreeEntry& b) { return a.path < b.path; };
  if (!std::is_sorted(files.begin(), files.end(), by_path)) {
    std::sort(files.begin(), files.end(), by_path);
  }
  return files;
}

absl::StatusOr<std::optional<TreeEntry>> FindTreeFile(git_odb* odb, const ObjectId& tree,
                                                      absl::string_view path) {
  ObjectId folder = tree;
  absl::string_view rest = path;
  while (true) {
    const size_t slash = rest.find('/');
    const bool last = slash == absl::string_view::npos;
    const absl::string_view name = rest.substr(0, slash);
    TS_ASSIGN_OR_RETURN(TreeCursor cursor, TreeCursor::Open(odb, folder));
    while (!cursor.AtEnd() && (cursor.name() != name || cursor.IsTree() == last)) {
      TS_RETURN_IF_ERROR(cursor.Next());
    }
    if (cursor.AtEnd()) return std::optional<TreeEntry>();
    if (last) {
      return std::optional<TreeEntry>(
          TreeEntry{std::string(path), cursor.id(), FileTypeOfMode(cursor.mode())});
    }
    folder = cursor.id();
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace testselect
