#include "client/cli/local_changes.h"

#include "client/cli/target.h"
#include "server/git/open_repository.h"
#include "storage/model/status_macros.h"

namespace testselect::client {

absl::StatusOr<LocalChanges> ReadLocalChanges(const CommonOptions& common, const std::string& base,
                                              const std::string& head) {
  CommonOptions here = common;
  if (!common.remote.server.empty()) here.repo.clear();
  TS_ASSIGN_OR_RETURN(const std::string top, LocalTop(here));
  TS_ASSIGN_OR_RETURN(const auto git, OpenGitRepository(top));
  TS_ASSIGN_OR_RETURN(const ObjectId from, ObjectId::FromHex("base", base));
  TS_ASSIGN_OR_RETURN(const ObjectId to, ObjectId::FromHex("head", head));
  TS_ASSIGN_OR_RETURN(const CommitInfo old_commit, git->Commit(from));
  TS_ASSIGN_OR_RETURN(const CommitInfo new_commit, git->Commit(to));
  TS_ASSIGN_OR_RETURN(const auto changes, git->DiffTrees(old_commit.tree, new_commit.tree));
  TS_ASSIGN_OR_RETURN(const auto files, git->ListTree(new_commit.tree));
  LocalChanges out;
  for (const FileChange& change : *changes) {
    for (const std::string& path : {change.old_path, change.new_path}) {
      if (!path.empty()) out.changed.insert(path);
    }
  }
  for (const TreeEntry& file : *files) out.files.insert(file.path);
  return out;
}

}  // namespace testselect::client
