// Ownership of libgit2's objects, and its one-time set-up. Private to server/git.
#pragma once

#include <git2.h>
#include <git2/sys/hashsig.h>

#include <memory>

#include "storage/model/object_id.h"

namespace testselect {

template <typename T, void (*Free)(T*)>
struct GitDeleter {
  void operator()(T* p) const { Free(p); }
};
template <typename T, void (*Free)(T*)>
using GitHandle = std::unique_ptr<T, GitDeleter<T, Free>>;

using RepositoryHandle = GitHandle<git_repository, git_repository_free>;
using OdbHandle = GitHandle<git_odb, git_odb_free>;
using OdbObjectHandle = GitHandle<git_odb_object, git_odb_object_free>;
using ObjectHandle = GitHandle<git_object, git_object_free>;
using CommitHandle = GitHandle<git_commit, git_commit_free>;
using TreeHandle = GitHandle<git_tree, git_tree_free>;
using BlobHandle = GitHandle<git_blob, git_blob_free>;
using DiffHandle = GitHandle<git_diff, git_diff_free>;
using IndexHandle = GitHandle<git_index, git_index_free>;
using ReferenceHandle = GitHandle<git_reference, git_reference_free>;
using RemoteHandle = GitHandle<git_remote, git_remote_free>;
using ConfigHandle = GitHandle<git_config, git_config_free>;
using RevwalkHandle = GitHandle<git_revwalk, git_revwalk_free>;
using SignatureHandle = GitHandle<git_signature, git_signature_free>;
using HashsigHandle = GitHandle<git_hashsig, git_hashsig_free>;
using ConflictIteratorHandle =
    GitHandle<git_index_conflict_iterator, git_index_conflict_iterator_free>;

// Passes a handle where C wants a T** to fill: `git_blob_lookup(Out(blob), ...)`. The handle takes
// what was filled in when the full expression ends, so it must not be used in the same expression.
template <typename Handle>
class Out {
 public:
  explicit Out(Handle& handle) : handle_(handle) {}
  ~Out() { handle_.reset(raw_); }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;
  operator typename Handle::pointer *() { return &raw_; }  // NOLINT: implicit by design

 private:
  Handle& handle_;
  typename Handle::pointer raw_ = nullptr;
};

// Starts libgit2 once per process, with the settings we rely on (see the .cc). It is never shut
// down, because a fetch may still run when the process ends. Thread-safe; cheap after the first.
void StartLibgit2();

inline git_oid ToOid(const ObjectId& id) {
  git_oid oid;
  git_oid_fromraw(&oid, id.data());
  return oid;
}
inline ObjectId FromOid(const git_oid* oid) { return ObjectId::FromBytes(oid->id); }

}  // namespace testselect
