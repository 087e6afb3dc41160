// Mirror: a bare copy of a remote repository, fetched when a commit is missing. Private to
// server/git.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/git/repository.h"

namespace testselect {

// Whether `location` is a URL or an scp-like address rather than a local path.
bool IsRemoteLocation(absl::string_view location);
// kInvalidArgument naming the schemes we can fetch from.
absl::Status CheckRemoteScheme(absl::string_view name, absl::string_view url);
// `text` with the user information of `url`, if any, taken out: safe to log or to answer.
std::string RedactUrl(absl::string_view text, absl::string_view url);

// Thread-safe.
class Mirror {
 public:
  // Creates `directory` as an empty bare repository if it is not there; objects are looked for in
  // `more_objects` too. Does not touch the network.
  // Errors: kUnavailable, kPermissionDenied (the directory), kFailedPrecondition (it is something
  // else).
  static absl::StatusOr<std::unique_ptr<Mirror>> Open(const std::string& name,
                                                      const std::string& url,
                                                      const std::string& directory,
                                                      const std::string& more_objects);
  // Stops a running fetch; one that is stuck in the network is left behind after two seconds.
  ~Mirror();

  std::shared_ptr<GitRepository> repository() const { return repository_; }

  // As RepositorySource::EnsureCommit. All refs of the remote are fetched; where the commit is on
  // none of them it is asked for by id, which some servers allow. One fetch runs at a time: a
  // caller that comes while one runs waits for it, and for one more if its commit did not come,
  // because that fetch may have begun before the commit was pushed. A fetch that outlives the
  // callers' deadlines goes on, so a later call finds what it brought. kUnavailable,
  // kPermissionDenied: the fetch failed.
  absl::Status EnsureCommit(const ObjectId& commit, absl::Time deadline);

 private:
  struct State;
  Mirror(std::shared_ptr<State> state, std::shared_ptr<GitRepository> repository);

  const std::shared_ptr<State> state_;  // shared with the thread that fetches
  const std::shared_ptr<GitRepository> repository_;
};

}  // namespace testselect
