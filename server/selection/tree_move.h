// TreeMove: where the files and lines of one tree are in a later one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/git/repository.h"
#include "storage/model/evidence.h"

namespace testselect {

// Lines of an old blob in a new one. A value.
class LineMove {
 public:
  LineMove() = default;  // every line stays where it is
  explicit LineMove(const BlobDiff& diff);

  // Whether a line of `old_lines` was changed or deleted, or lines were inserted between two of
  // them. Always, where the blobs cannot be compared by lines.
  bool Touches(LineRange old_lines) const;
  // The unchanged lines among `old_lines`, where they are now; ascending.
  std::vector<LineRange> Move(LineRange old_lines) const;

 private:
  bool binary_ = false;
  std::vector<Hunk> hunks_;
};

// Not thread-safe: it keeps what it has compared.
class TreeMove {
 public:
  struct File {
    std::string path;
    bool same_bytes = true;
    LineMove lines;
  };

  // Errors: those of git.
  static absl::StatusOr<TreeMove> Make(std::shared_ptr<const GitRepository> git,
                                       const ObjectId& from, const ObjectId& to);

  // Where the file at `old_path` is now; null where it was deleted. Renames are followed. The
  // pointer lives as long as this. Errors: those of git. Cost: a changed file is compared once.
  absl::StatusOr<const File*> Find(const std::string& old_path);

 private:
  TreeMove() = default;

  std::shared_ptr<const GitRepository> git_;
  std::shared_ptr<const std::vector<FileChange>> changes_;
  absl::flat_hash_map<absl::string_view, const FileChange*> change_of_;
  absl::flat_hash_map<std::string, std::unique_ptr<File>> files_;  // null: deleted
};

}  // namespace testselect
