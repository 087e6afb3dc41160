#include "server/git/snapshot_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "server/git/git_handle.h"
#include "server/git/git_status.h"
#include "server/git/snapshot_commit.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxPathBytes = 4096;
constexpr absl::Duration kLookEvery = absl::Hours(1);

absl::Status CheckPath(const std::string& path) {
  bool good = !path.empty() && path.size() <= kMaxPathBytes && !absl::StrContains(path, '\0');
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    good = good && !part.empty() && part != "." && part != ".." &&
           absl::AsciiStrToLower(part) != ".git";
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "files.path: '", Shorten(path), "': expected a path of at most ", kMaxPathBytes,
      " bytes from the top of the repository, without '.', '..', '.git' and empty parts"));
}

// Opens the folder, which is made if it is not there.
absl::StatusOr<RepositoryHandle> OpenFolder(const std::string& folder,
                                            const std::string& repository) {
  StartLibgit2();
  RepositoryHandle beside;
  if (int rc = git_repository_open_ext(Out(beside), repository.c_str(),
                                       GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
      rc < 0) {
    return GitError(rc, "cannot open the repository");
  }
  std::error_code error;
  RepositoryHandle opened;
  if (!fs::exists(folder + "/HEAD", error)) {
    fs::create_directories(folder, error);
    if (int rc = git_repository_init(Out(opened), folder.c_str(), /*is_bare=*/1); rc < 0) {
      return GitError(rc, "cannot make the folder of snapshots");
    }
  }
  const std::string objects = absl::StrCat(git_repository_commondir(beside.get()), "objects\n");
  const std::string alternates = folder + "/objects/info/alternates";
  std::ofstream out(alternates, std::ios::trunc);
  out << objects;
  if (!out.flush()) return absl::UnavailableError("the folder of snapshots cannot be written");
  opened.reset();  // opened anew, to see the other's objects
  if (int rc = git_repository_open_ext(Out(opened), folder.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH,
                                       nullptr);
      rc < 0) {
    return GitError(rc, "cannot open the folder of snapshots");
  }
  return opened;
}

git_filemode_t ModeOf(FileType type) {
  switch (type) {
    case FileType::kExecutable:
      return GIT_FILEMODE_BLOB_EXECUTABLE;
    case FileType::kSymlink:
      return GIT_FILEMODE_LINK;
    case FileType::kSubmodule:
      return GIT_FILEMODE_COMMIT;
    case FileType::kNone:
    case FileType::kRegular:
      return GIT_FILEMODE_BLOB;
  }
  return GIT_FILEMODE_BLOB;
}

absl::Status Apply(const SnapshotFile& file, git_repository* repository, git_index* index) {
  TS_RETURN_IF_ERROR(CheckPath(file.path));
  if (file.type == FileType::kNone) {
    const int rc = git_index_remove(index, file.path.c_str(), 0);
    if (rc < 0 && rc != GIT_ENOTFOUND) return GitError(rc, "cannot leave a file out");
    return absl::OkStatus();
  }
  git_index_entry entry{};
  entry.path = file.path.c_str();
  entry.mode = ModeOf(file.type);
  if (file.type == FileType::kSubmodule) {
    TS_ASSIGN_OR_RETURN(const ObjectId commit, ObjectId::FromHex("files.content", file.content));
    entry.id = ToOid(commit);
  } else if (int rc = git_blob_create_from_buffer(&entry.id, repository, file.content.data(),
                                                  file.content.size());
             rc < 0) {
    return GitError(rc, "cannot write a file of the snapshot");
  }
  if (int rc = git_index_add(index, &entry); rc < 0) {
    return GitError(rc, absl::StrCat("cannot add '", Shorten(file.path), "' to the snapshot"));
  }
  return absl::OkStatus();
}

struct StoredObject {
  fs::path path;
  fs::file_time_type written;
  uint64_t bytes = 0;
};

std::vector<StoredObject> ObjectsOf(const std::string& objects) {
  std::vector<StoredObject> stored;
  std::error_code error;
  for (fs::recursive_directory_iterator it(objects, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->is_regular_file(error) || it->path().filename() == "alternates") continue;
    StoredObject object{it->path(), it->last_write_time(error), 0};
    if (error) continue;
    object.bytes = it->file_size(error);
    if (!error) stored.push_back(std::move(object));
  }
  return stored;
}

}  // namespace

absl::StatusOr<ObjectId> SnapshotFolder::Put(const std::string& repository, const ObjectId& parent,
                                             absl::Span<const SnapshotFile> files) {
  MutexLock lock(&mutex_);
  TS_ASSIGN_OR_RETURN(const RepositoryHandle folder, OpenFolder(folder_, repository));
  const git_oid parent_id = ToOid(parent);
  CommitHandle commit;
  if (int rc = git_commit_lookup(Out(commit), folder.get(), &parent_id); rc < 0) {
    return GitError(rc, absl::StrCat("commit ", parent.ToHex()));
  }
  TreeHandle tree;
  if (int rc = git_commit_tree(Out(tree), commit.get()); rc < 0) return GitError(rc, "tree");
  IndexHandle index;
  if (int rc = git_index_new(Out(index)); rc < 0) return GitError(rc, "index");
  if (int rc = git_index_read_tree(index.get(), tree.get()); rc < 0) return GitError(rc, "tree");
  for (const SnapshotFile& file : files) {
    TS_RETURN_IF_ERROR(Apply(file, folder.get(), index.get()));
    written_ += file.content.size();
  }
  git_oid snapshot;
  if (int rc = git_index_write_tree_to(&snapshot, index.get(), folder.get()); rc < 0) {
    return GitError(rc, "cannot write the snapshot's tree");
  }
  TS_ASSIGN_OR_RETURN(const git_oid id, WriteSnapshotCommit(folder.get(), commit.get(), snapshot));
  DropOld(absl::Now());
  return FromOid(&id);
}

void SnapshotFolder::DropOld(absl::Time now) {
  if (now - looked_ < kLookEvery && written_ < max_bytes_ / 10) return;
  looked_ = now;
  written_ = 0;
  const auto oldest = fs::file_time_type::clock::now() - absl::ToChronoSeconds(kSnapshotsKept);
  std::vector<StoredObject> stored = ObjectsOf(objects());
  std::sort(stored.begin(), stored.end(),
            [](const StoredObject& a, const StoredObject& b) { return a.written < b.written; });
  uint64_t bytes = 0;
  for (const StoredObject& object : stored) bytes += object.bytes;
  std::error_code error;  // what cannot be deleted now stays for the next time
  for (const StoredObject& object : stored) {
    if (object.written >= oldest && bytes <= max_bytes_) return;
    fs::remove(object.path, error);
    bytes -= object.bytes;
  }
}

}  // namespace testselect
