// What git costs the first sight of a change, beside libgit2's own tree diff on the same trees:
//   git_benchmark REPOSITORY BASE HEAD
// CPU milliseconds of this thread; each round opens the repository anew, so nothing is cached.
#include <git2.h>

#include <cstdio>
#include <ctime>

#include "server/git/git_handle.h"
#include "server/git/open_repository.h"

namespace testselect {
namespace {

double CpuMillis() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

// libgit2's git_diff_tree_to_tree, without renames.
double Libgit2TreeDiff(const char* path, const ObjectId& old_tree, const ObjectId& new_tree) {
  RepositoryHandle repository;
  TreeHandle before, after;
  DiffHandle diff;
  const git_oid old_oid = ToOid(old_tree), new_oid = ToOid(new_tree);
  if (git_repository_open(Out(repository), path) < 0) return -1;
  const double start = CpuMillis();
  if (git_tree_lookup(Out(before), repository.get(), &old_oid) < 0) return -1;
  if (git_tree_lookup(Out(after), repository.get(), &new_oid) < 0) return -1;
  if (git_diff_tree_to_tree(Out(diff), repository.get(), before.get(), after.get(), nullptr) < 0) {
    return -1;
  }
  return CpuMillis() - start;
}

absl::StatusOr<ObjectId> TreeOf(const char* path, const ObjectId& commit) {
  auto git = OpenGitRepository(path);
  if (!git.ok()) return git.status();
  auto info = (*git)->Commit(commit);
  if (!info.ok()) return info.status();
  return info->tree;
}

absl::Status Round(const char* path, const ObjectId& old_tree, const ObjectId& new_tree) {
  // Packs are shared by all handles of a process: no other handle may be open while one measures.
  const double theirs = Libgit2TreeDiff(path, old_tree, new_tree);
  auto git = OpenGitRepository(path);
  if (!git.ok()) return git.status();
  const double start = CpuMillis();
  auto changes = (*git)->DiffTrees(old_tree, new_tree);
  const double diffed = CpuMillis();
  if (!changes.ok()) return changes.status();
  size_t hunks = 0;
  for (const FileChange& c : **changes) {
    if (c.kind != ChangeKind::kModified && c.kind != ChangeKind::kRenamed) continue;
    auto diff = (*git)->DiffBlobs(c.old_blob, c.new_blob);
    if (!diff.ok()) return diff.status();
    hunks += (*diff)->hunks.size();
  }
  const double hunked = CpuMillis();
  std::printf(
      "%zu changes: tree diff with renames %.2f ms (libgit2's, without: %.2f ms), "
      "%zu hunks of both blobs read and compared %.2f ms\n",
      (*changes)->size(), diffed - start, theirs, hunks, hunked - diffed);
  return absl::OkStatus();
}

}  // namespace
}  // namespace testselect

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  auto base = testselect::ResolveRevision(argv[1], argv[2]);
  auto head = testselect::ResolveRevision(argv[1], argv[3]);
  absl::Status status = base.ok() ? head.status() : base.status();
  if (status.ok()) {
    base = testselect::TreeOf(argv[1], *base);
    head = testselect::TreeOf(argv[1], *head);
    status = base.ok() ? head.status() : base.status();
  }
  for (int round = 0; status.ok() && round < 4; ++round) {
    status = testselect::Round(argv[1], *base, *head);
  }
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
