#include "server/git/open_repository.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/git/git_handle.h"
#include "server/git/git_status.h"
#include "server/git/libgit2_repository.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

absl::StatusOr<RepositoryHandle> OpenContaining(const std::string& path) {
  StartLibgit2();
  RepositoryHandle repository;
  if (int rc = git_repository_open_ext(Out(repository), path.c_str(), GIT_REPOSITORY_OPEN_CROSS_FS,
                                       nullptr);
      rc < 0) {
    return GitError(rc, absl::StrCat("no git repository at '", path, "'"));
  }
  return repository;
}

absl::Status NoSuchRevision(git_repository* repository, const std::string& rev) {
  std::string text = absl::StrCat("there is no commit '", rev.substr(0, 80), "'");
  if (git_repository_is_shallow(repository) == 1) {
    absl::StrAppend(&text,
                    "; the clone is shallow: fetch its history (git fetch --unshallow; in CI"
                    " a greater fetch-depth, 0 for all)");
  }
  return absl::NotFoundError(text);
}

}  // namespace

absl::StatusOr<std::shared_ptr<GitRepository>> OpenGitRepository(const std::string& path) {
  return Libgit2Repository::Open(path, path, Libgit2Repository::Search::kParents);
}

absl::StatusOr<std::string> FindRepositoryTop(const std::string& path) {
  absl::StatusOr<RepositoryHandle> repository = OpenContaining(path);
  if (!repository.ok()) return repository.status();
  const char* work_tree = git_repository_workdir(repository->get());
  std::string top = work_tree != nullptr ? work_tree : git_repository_path(repository->get());
  while (top.size() > 1 && top.back() == '/') top.pop_back();
  return top;
}

absl::StatusOr<std::string> HeadBranch(const std::string& path) {
  TS_ASSIGN_OR_RETURN(const RepositoryHandle repository, OpenContaining(path));
  ReferenceHandle head;
  if (int rc = git_reference_lookup(Out(head), repository.get(), "HEAD"); rc < 0) {
    return GitError(rc, "HEAD");
  }
  const char* target = git_reference_symbolic_target(head.get());
  if (target == nullptr) return std::string();
  absl::string_view name = target;
  return std::string(absl::ConsumePrefix(&name, "refs/heads/") ? name : absl::string_view());
}

absl::StatusOr<std::optional<ObjectId>> NewestPushedCommit(const std::string& path) {
  TS_ASSIGN_OR_RETURN(const RepositoryHandle repository, OpenContaining(path));
  std::vector<git_oid> pushed;
  const auto note = [](const char* name, void* payload) {
    auto& [repo, ids] = *static_cast<std::pair<git_repository*, std::vector<git_oid>*>*>(payload);
    git_oid id;
    if (git_reference_name_to_id(&id, repo, name) == 0) ids->push_back(id);
    return 0;  // one that leads nowhere is as good as none
  };
  std::pair<git_repository*, std::vector<git_oid>*> payload{repository.get(), &pushed};
  if (int rc = git_reference_foreach_glob(repository.get(), "refs/remotes/*", note, &payload);
      rc < 0) {
    return GitError(rc, "branches of remotes");
  }
  if (pushed.empty()) return std::nullopt;
  RevwalkHandle walk;
  if (int rc = git_revwalk_new(Out(walk), repository.get()); rc < 0) return GitError(rc, "HEAD");
  git_revwalk_simplify_first_parent(walk.get());
  if (int rc = git_revwalk_push_head(walk.get()); rc < 0) return GitError(rc, "HEAD");
  git_oid id;
  for (int rc = 0; (rc = git_revwalk_next(&id, walk.get())) != GIT_ITEROVER;) {
    if (rc < 0) return GitError(rc, "the history of HEAD");
    rc = git_graph_reachable_from_any(repository.get(), &id, pushed.data(), pushed.size());
    if (rc < 0) return GitError(rc, "the branches of remotes");
    if (rc == 1) return FromOid(&id);
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<std::string>> WorkTreeFolders(const std::string& path) {
  namespace fs = std::filesystem;
  TS_ASSIGN_OR_RETURN(const RepositoryHandle repository, OpenContaining(path));
  const char* const top = git_repository_workdir(repository.get());
  if (top == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("repository '", path, "' is bare: it has no work tree"));
  }
  std::vector<std::string> folders = {top};
  folders.back().pop_back();
  std::error_code error;
  for (fs::recursive_directory_iterator
           it(top, fs::directory_options::skip_permission_denied, error),
       end;
       !error && it != end; it.increment(error)) {
    std::error_code gone;  // folders come and go meanwhile
    if (!it->is_directory(gone) || it->is_symlink(gone)) continue;
    const std::string inside = it->path().string().substr(absl::string_view(top).size());
    int ignored = 0;
    if (git_ignore_path_is_ignored(&ignored, repository.get(), absl::StrCat(inside, "/").c_str()) <
        0) {
      ignored = 0;
    }
    if (ignored != 0 || it->path().filename() == ".git" || inside == ".testselect") {
      it.disable_recursion_pending();
      continue;
    }
    folders.push_back(it->path().string());
  }
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("the folders of the work tree cannot be listed: ", error.message()));
  }
  return folders;
}

absl::StatusOr<ObjectId> ResolveRevision(const std::string& path, const std::string& rev) {
  absl::StatusOr<RepositoryHandle> repository = OpenContaining(path);
  if (!repository.ok()) return repository.status();
  ObjectHandle object, commit;
  int rc = git_revparse_single(Out(object), repository->get(), rev.c_str());
  if (rc == GIT_ENOTFOUND) return NoSuchRevision(repository->get(), rev);
  if (rc < 0) return GitError(rc, absl::StrCat("revision '", rev.substr(0, 80), "'"));
  rc = git_object_peel(Out(commit), object.get(), GIT_OBJECT_COMMIT);
  if (rc < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("revision '", rev.substr(0, 80), "' names a ",
                     git_object_type2string(git_object_type(object.get())), ", not a commit"));
  }
  return FromOid(git_object_id(commit.get()));
}

}  // namespace testselect
