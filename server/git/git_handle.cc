#include "server/git/git_handle.h"

namespace testselect {

void StartLibgit2() {
  static const bool started = [] {
    git_libgit2_init();
    // Git refuses repositories of other users because their configuration can name programs to
    // run. libgit2 runs no program, hook or external filter, and a service usually serves clones
    // that somebody else owns; so the refusal would only get in the way.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    // Extensions that do not change how objects are read. Objects that a partial clone lacks are
    // reported as missing when they are asked for.
    const char* extensions[] = {"partialclone", "worktreeconfig", "preciousobjects"};
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, size_t{3});
    // Every object that is read is checked against its name.
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
    return true;
  }();
  (void)started;
}

}  // namespace testselect
