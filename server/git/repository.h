// GitRepository: read access to one repository's history. The interface that ingest and selection
// use; libgit2 implements it (open_repository.h), tests may fake it.
//
// Thread-safe. Errors: kNotFound = no such commit or object (the message says whether the clone is
// shallow); kInvalidArgument = the id names something else; kDataLoss = a corrupt object;
// kUnavailable = I/O or network, retry.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "storage/model/evidence.h"
#include "storage/model/object_id.h"

namespace testselect {

struct CommitInfo {
  ObjectId id;
  ObjectId tree;
  std::vector<ObjectId> parents;  // first parent first
  absl::Time committed;
  std::string message;
};

enum class ChangeKind : uint8_t { kAdded, kDeleted, kModified, kRenamed, kTypeChanged };
enum class FileType : uint8_t { kNone, kRegular, kExecutable, kSymlink, kSubmodule };

// One changed path between two trees. A rename has both paths, and may have edits too. A change of
// the executable bit alone is kModified with equal blobs and different types; between file, link
// and submodule it is kTypeChanged. A submodule's "blob" is the commit it points to. Paths are
// bytes, which need not be UTF-8.
struct FileChange {
  ChangeKind kind = ChangeKind::kModified;
  std::string old_path, new_path;  // equal unless renamed; old empty if added, new empty if deleted
  ObjectId old_blob, new_blob;     // null where there is none
  FileType old_type = FileType::kNone, new_type = FileType::kNone;
};

// A hunk without context: `old_count` lines from `old_start` were replaced by `new_count` lines
// from `new_start`. Counts may be 0: then start is the line before (as in unified diffs, 0 = top).
struct Hunk {
  uint32_t old_start = 0, old_count = 0;
  uint32_t new_start = 0, new_count = 0;
  friend bool operator==(const Hunk&, const Hunk&) = default;
};

struct BlobDiff {
  bool binary = false;  // then there are no hunks
  std::vector<Hunk> hunks;
};

struct TreeEntry {
  std::string path;
  ObjectId blob;
  FileType type = FileType::kRegular;
};

// A file of somebody's work tree that is not as a commit has it.
struct SnapshotFile {
  std::string path;
  FileType type = FileType::kNone;  // kNone: there is no such file (any more)
  std::string content;              // a link's target; a submodule's commit, 40 hexadecimal digits
};

class GitRepository {
 public:
  virtual ~GitRepository() = default;

  virtual absl::StatusOr<CommitInfo> Commit(const ObjectId& id) const = 0;
  // Calls `visit` for `from` and its ancestors, first-parent line first, then the others by commit
  // time, newest first, each once, with its distance (edges on the shortest path walked so far),
  // until it returns false. In a shallow clone the walk ends at the border; *shallow_end says so.
  virtual absl::Status WalkAncestors(
      const ObjectId& from, std::function<bool(const CommitInfo&, uint32_t distance)> visit,
      bool* shallow_end) const = 0;
  // True if `ancestor` is `of` or an ancestor of it; in a shallow clone, as far as it reaches.
  virtual absl::StatusOr<bool> IsAncestor(const ObjectId& ancestor, const ObjectId& of) const = 0;

  // Changes from one tree to another, renames found by content (50% like git), by old or new path
  // ascending. Kept in a bounded cache by the pair of trees.
  virtual absl::StatusOr<std::shared_ptr<const std::vector<FileChange>>> DiffTrees(
      const ObjectId& old_tree, const ObjectId& new_tree) const = 0;
  // Line hunks between two blobs (null: empty). A changed line end is a changed line. Kept in a
  // bounded cache by the pair of blobs.
  virtual absl::StatusOr<std::shared_ptr<const BlobDiff>> DiffBlobs(
      const ObjectId& old_blob, const ObjectId& new_blob) const = 0;
  virtual absl::StatusOr<std::string> ReadBlob(const ObjectId& blob) const = 0;
  // All files of a tree, by path ascending.
  virtual absl::StatusOr<std::shared_ptr<const std::vector<TreeEntry>>> ListTree(
      const ObjectId& tree) const = 0;
  // The file at `path` of a tree; nothing where there is none, or a folder. Cost: the tree objects
  // on the way.
  virtual absl::StatusOr<std::optional<TreeEntry>> FindInTree(const ObjectId& tree,
                                                              absl::string_view path) const = 0;
  virtual bool IsShallow() const = 0;
};

constexpr absl::Duration kSnapshotsKept = absl::Hours(14 * 24);

// Where selection and ingest find repositories by their configured name.
class RepositorySource {
 public:
  virtual ~RepositorySource() = default;
  // kNotFound naming `name` and the configured names.
  virtual absl::StatusOr<std::shared_ptr<GitRepository>> Find(absl::string_view name) = 0;
  // Makes sure that `commit` is there: a mirror that lacks it is fetched first, one fetch at a time
  // per repository, waiting until `deadline`. kNotFound if it is still missing, kDeadlineExceeded.
  virtual absl::Status EnsureCommit(absl::string_view name, const ObjectId& commit,
                                    absl::Time deadline) = 0;
  virtual std::vector<std::string> Names() const = 0;  // sorted
  // A commit on `parent` whose tree is that of `parent` with `files`. The same state gives the same
  // id, which SnapshotCommit gives too. It is kept apart from the repository, for
  // kSnapshotsKept where there is room. kInvalidArgument naming a path that cannot be in a
  // repository; kFailedPrecondition: nothing like that is kept here; kNotFound (name, parent).
  virtual absl::StatusOr<ObjectId> PutSnapshot(absl::string_view name, const ObjectId& parent,
                                               absl::Span<const SnapshotFile> files) = 0;
};

}  // namespace testselect
