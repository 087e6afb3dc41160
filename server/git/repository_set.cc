// NewRepositorySet: configured repositories, each opened on first use.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "server/git/libgit2_repository.h"
#include "server/git/mirror.h"
#include "server/git/open_repository.h"
#include "server/git/snapshot_folder.h"
#include "storage/model/digest.h"
#include "storage/model/mutex.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kMaxNameBytes = 200;

// One folder per name and location, so that a changed one never reads the old one's objects.
std::string FolderOf(const std::string& name, const std::string& location) {
  std::string folder;
  for (char c : name) {
    folder += absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' ? c : '_';
  }
  return absl::StrCat(folder, "-",
                      Digest::Of(absl::StrCat(name, "\n", location)).ToHex().substr(0, 12), ".git");
}

absl::Status Validate(const RepositorySetOptions& options) {
  for (const auto& [name, location] : options.repositories) {
    const bool printable =
        std::none_of(name.begin(), name.end(), [](char c) { return absl::ascii_iscntrl(c); });
    if (name.empty() || name.size() > kMaxNameBytes || !printable) {
      return absl::InvalidArgumentError(
          absl::StrCat("repository name '", name.substr(0, 80), "': 1 to ", kMaxNameBytes,
                       " bytes without control characters are allowed"));
    }
    if (location.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("repository '", name, "': its path or URL is empty"));
    }
    if (!IsRemoteLocation(location)) continue;
    TS_RETURN_IF_ERROR(CheckRemoteScheme(name, location));
    if (options.mirror_dir.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("repository '", name, "' is a URL, so mirror_dir must be set"));
    }
  }
  return absl::OkStatus();
}

// A configured repository that is not there is no unknown name: it may come back. The message is
// for clients too, which are not told where it should be.
absl::Status CannotOpen(const absl::Status& status, const std::string& location) {
  return absl::Status(absl::IsNotFound(status) ? absl::StatusCode::kUnavailable : status.code(),
                      absl::StrReplaceAll(status.message(), {{location, "its configured path"}}));
}

class RepositorySet : public RepositorySource {
 public:
  explicit RepositorySet(RepositorySetOptions options) : options_(std::move(options)) {
    for (const auto& [name, location] : options_.repositories) {
      Slot& slot = slots_[name];
      const std::string folder = FolderOf(name, location);
      slot.location = location;
      slot.path =
          IsRemoteLocation(location) ? absl::StrCat(options_.mirror_dir, "/", folder) : location;
      if (options_.snapshot_dir.empty()) continue;
      slot.snapshots =
          std::make_unique<SnapshotFolder>(absl::StrCat(options_.snapshot_dir, "/", folder),
                                           options_.snapshot_max_bytes);
    }
  }

  absl::StatusOr<std::shared_ptr<GitRepository>> Find(absl::string_view name) override {
    TS_ASSIGN_OR_RETURN(Slot * slot, Opened(name));
    MutexLock lock(&slot->mutex);
    return slot->mirror != nullptr ? slot->mirror->repository() : slot->repository;
  }

  absl::Status EnsureCommit(absl::string_view name, const ObjectId& commit,
                            absl::Time deadline) override {
    if (commit.IsNull()) return absl::NotFoundError("there is no commit before a new branch");
    TS_ASSIGN_OR_RETURN(Slot * slot, Opened(name));
    Mirror* mirror = nullptr;
    std::shared_ptr<GitRepository> repository;
    {
      MutexLock lock(&slot->mutex);
      mirror = slot->mirror.get();  // lives as long as this set
      repository = slot->repository;
    }
    if (mirror != nullptr) return mirror->EnsureCommit(commit, deadline);
    return repository->Commit(commit).status();
  }

  absl::StatusOr<ObjectId> PutSnapshot(absl::string_view name, const ObjectId& parent,
                                       absl::Span<const SnapshotFile> files) override {
    TS_ASSIGN_OR_RETURN(Slot * slot, Opened(name));
    if (slot->snapshots == nullptr) {
      return absl::FailedPreconditionError(
          "snapshots are kept by a server only; in process the work tree itself is there");
    }
    auto written = slot->snapshots->Put(slot->path, parent, files);
    if (written.ok()) return written;
    return absl::Status(written.status().code(),
                        absl::StrCat("repository '", name, "': ", written.status().message()));
  }

  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const auto& [name, slot] : slots_) names.push_back(name);
    return names;
  }

 private:
  struct Slot {
    std::string location, path;                 // the path is that of the mirror, if it is one
    std::unique_ptr<SnapshotFolder> snapshots;  // null: none are kept
    Mutex mutex;
    // One of them is set once the repository was opened.
    std::shared_ptr<GitRepository> repository ABSL_GUARDED_BY(mutex);
    std::unique_ptr<Mirror> mirror ABSL_GUARDED_BY(mutex);
  };

  // The slot of `name`, opened now if it was not; a failure is tried again next time.
  absl::StatusOr<Slot*> Opened(absl::string_view name) {
    auto it = slots_.find(name);
    if (it == slots_.end()) {
      return absl::NotFoundError(absl::StrCat(
          "repository '", name.substr(0, kMaxNameBytes), "' is not configured; configured: ",
          slots_.empty() ? "none" : absl::StrJoin(Names(), ", ")));
    }
    Slot& slot = it->second;
    MutexLock lock(&slot.mutex);
    if (slot.repository != nullptr || slot.mirror != nullptr) return &slot;
    const std::string more = slot.snapshots != nullptr ? slot.snapshots->objects() : "";
    if (IsRemoteLocation(slot.location)) {
      TS_ASSIGN_OR_RETURN(slot.mirror, Mirror::Open(it->first, slot.location, slot.path, more));
    } else {
      auto opened = Libgit2Repository::Open(slot.location, it->first,
                                            Libgit2Repository::Search::kExact, more);
      if (!opened.ok()) return CannotOpen(opened.status(), slot.location);
      slot.repository = *std::move(opened);
    }
    return &slot;
  }

  const RepositorySetOptions options_;
  std::map<std::string, Slot, std::less<>> slots_;  // fixed after construction
};

}  // namespace

absl::StatusOr<std::unique_ptr<RepositorySource>> NewRepositorySet(RepositorySetOptions options) {
  TS_RETURN_IF_ERROR(Validate(options));
  return std::unique_ptr<RepositorySource>(std::make_unique<RepositorySet>(std::move(options)));
}

}  // namespace testselect
