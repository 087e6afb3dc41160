// Reading raw git objects, and walking the entries of a tree without copying them. Private to
// server/git.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/git/git_handle.h"
#include "server/git/repository.h"
#include "storage/model/object_id.h"

namespace testselect {

// kNotFound: "there is no commit <id>".
absl::Status NoSuchObject(const ObjectId& id, git_object_t want);
// kInvalidArgument: "<id> names a blob, not a commit".
absl::Status WrongType(const ObjectId& id, git_object_t type, git_object_t want);

// Reads the object `id`, which must be of type `want`. kNotFound and kInvalidArgument
// as above, kDataLoss, kUnavailable. The repository's name is added by the caller.
absl::StatusOr<OdbObjectHandle> ReadObject(git_odb* odb, const ObjectId& id, git_object_t want);

// What a mode of a tree entry means. Modes that git itself does not write count as regular files.
FileType FileTypeOfMode(uint32_t mode);

// Front to back over the entries of one tree object, in git's order. Owns the object; the current
// entry's name and id live until Next.
class TreeCursor {
 public:
  // The null id is the empty tree. Errors as ReadObject.
  static absl::StatusOr<TreeCursor> Open(git_odb* odb, const ObjectId& tree);

  bool AtEnd() const { return at_end_; }
  uint32_t mode() const { return mode_; }
  bool IsTree() const { return (mode_ & 0170000) == 0040000; }
  absl::string_view name() const { return name_; }
  ObjectId id() const { return ObjectId::FromBytes(id_); }
  // kDataLoss if the tree is malformed from here on.
  absl::Status Next();

 private:
  TreeCursor() = default;

  OdbObjectHandle object_;
  ObjectId tree_;
  absl::string_view rest_;
  bool at_end_ = false;
  uint32_t mode_ = 0;
  absl::string_view name_;
  const unsigned char* id_ = nullptr;
};

// Git's order of tree entries: by name, a folder's name ending in '/'. < 0, 0 or > 0; never 0
// between a folder and something else.
int CompareTreeEntries(const TreeCursor& a, const TreeCursor& b);

// Bounds a recursive walk, because a few small objects can describe a tree of any size.
inline constexpr size_t kMaxTreeEntries = 10'000'000;
inline constexpr int kMaxTreeDepth = 1'000;
class TreeBudget {
 public:
  // Called per entry. kResourceExhausted, naming `path`, beyond either limit.
  absl::Status Spend(int depth, absl::string_view path);

 private:
  size_t spent_ = 0;
};

// All files below `tree` by path ascending. kResourceExhausted as TreeBudget.
absl::StatusOr<std::vector<TreeEntry>> ListTreeFiles(git_odb* odb, const ObjectId& tree);

// The file at `path` below `tree`; nothing where there is none, or a folder.
absl::StatusOr<std::optional<TreeEntry>> FindTreeFile(git_odb* odb, const ObjectId& tree,
                                                      absl::string_view path);

}  // namespace testselect
