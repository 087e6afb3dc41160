#include "server/git/mirror_fetch.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/git/git_handle.h"
#include "server/git/git_status.h"
#include "server/git/http_access.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr char kAllRefs[] = "+refs/*:refs/*";

// What libgit2's callbacks may ask for during one fetch.
struct Session {
  const std::atomic<bool>* cancelled;
  HttpAccess access;
  int keys_tried = 0;
  char* header = nullptr;  // git_strarray is not const-correct
};

int StopIfCancelled(void* session) {
  return static_cast<Session*>(session)->cancelled->load() ? GIT_EUSER : 0;
}
int OnTransfer(const git_indexer_progress*, void* session) { return StopIfCancelled(session); }
int OnMessage(const char*, int, void* session) { return StopIfCancelled(session); }

// SSH: the agent's keys, then the usual key files without a passphrase. HTTP credentials come from
// the URL (http_access.h).
int OnCredential(git_credential** out, const char*, const char* user, unsigned allowed,
                 void* payload) {
  static constexpr const char* kKeyFiles[] = {"id_ed25519", "id_ecdsa", "id_rsa"};
  auto* session = static_cast<Session*>(payload);
  const char* name = user != nullptr ? user : "git";
  if ((allowed & GIT_CREDENTIAL_USERNAME) != 0) return git_credential_username_new(out, name);
  if ((allowed & GIT_CREDENTIAL_SSH_KEY) == 0) return GIT_PASSTHROUGH;
  if (session->keys_tried++ == 0) return git_credential_ssh_key_from_agent(out, name);
  const char* home = std::getenv("HOME");
  while (home != nullptr && session->keys_tried - 2 < 3) {
    const std::string key = absl::StrCat(home, "/.ssh/", kKeyFiles[session->keys_tried - 2]);
    std::error_code ignored;  // a key that cannot be looked at is a key that is not there
    if (std::filesystem::exists(key, ignored)) {
      return git_credential_ssh_key_new(out, name, nullptr, key.c_str(), nullptr);
    }
    ++session->keys_tried;
  }
  return GIT_PASSTHROUGH;
}

git_fetch_options FetchOptions(Session* session) {
  git_fetch_options options;
  git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
  options.callbacks.transfer_progress = OnTransfer;
  options.callbacks.sideband_progress = OnMessage;
  options.callbacks.credentials = OnCredential;
  options.callbacks.payload = session;
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;  // all refs are fetched anyway
  options.proxy_opts.type = GIT_PROXY_AUTO;
  if (!session->access.authorization.empty()) {
    session->header = session->access.authorization.data();
    options.custom_headers = {&session->header, 1};
    // It would go along to wherever the server points.
    options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  }
  return options;
}

// Stale refs go before new ones come: a branch "a" that was deleted must not block "a/b".
absl::Status FetchAllRefs(git_remote* remote, const git_fetch_options& options,
                          const HttpAccess& access) {
  char* spec = const_cast<char*>(kAllRefs);  // git_strarray is not const-correct
  const git_strarray specs = {&spec, 1};
  if (int rc = git_remote_download(remote, &specs, &options); rc < 0) {
    return ExplainHttpError(access, rc == GIT_EAUTH, GitError(rc, "fetch"));
  }
  int rc = git_remote_prune(remote, &options.callbacks);
  if (rc == 0) {
    rc = git_remote_update_tips(remote, &options.callbacks, 0, options.download_tags, "fetch");
  }
  if (rc < 0) return GitError(rc, "update of the refs");
  git_remote_disconnect(remote);  // the next fetch makes a connection of its own
  return absl::OkStatus();
}

// A remote without a name. The machine's url.*.insteadOf is not looked for: the URL is configured
// for this server, and libgit2 1.5 leaks 20 KB for each of the machine's settings that is none.
int CreateRemote(git_remote** out, git_repository* repository, const std::string& url) {
  git_remote_create_options options;
  git_remote_create_options_init(&options, GIT_REMOTE_CREATE_OPTIONS_VERSION);
  options.repository = repository;
  options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF;
  return git_remote_create_with_opts(out, url.c_str(), &options);
}

bool Has(git_repository* repository, const ObjectId& id) {
  OdbHandle odb;
  const git_oid oid = ToOid(id);
  if (git_repository_odb(Out(odb), repository) < 0) return false;
  return git_odb_exists(odb.get(), &oid) == 1;
}

// Asks for one commit by id. Not every server allows it, and it may not exist: no error then.
void FetchById(git_repository* repository, const ObjectId& id, Session* session) {
  RemoteHandle remote;
  if (CreateRemote(Out(remote), repository, session->access.url) < 0) return;
  const git_fetch_options options = FetchOptions(session);
  std::string text = absl::StrCat("+", id.ToHex(), ":refs/testselect/", id.ToHex());
  char* spec = text.data();
  const git_strarray specs = {&spec, 1};
  git_remote_fetch(remote.get(), &specs, &options, "fetch");
}

absl::Status WriteConfig(git_repository* repository) {
  ConfigHandle config;
  int rc = git_repository_config(Out(config), repository);
  // Commits that no ref leads to any more may still be indexed: no collection takes them.
  if (rc == 0) rc = git_config_set_string(config.get(), "gc.pruneExpire", "never");
  if (rc == 0) rc = git_config_set_string(config.get(), "gc.auto", "0");
  return rc < 0 ? GitError(rc, "cannot configure the mirror") : absl::OkStatus();
}

}  // namespace

absl::Status PrepareMirror(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot create the mirror: ", error.message()));
  }
  for (const auto& entry : fs::directory_iterator(directory + "/objects/pack", error)) {
    // Names of libgit2's unfinished packs.
    if (absl::StartsWith(entry.path().filename().string(), "pack_git2_")) {
      fs::remove(entry.path(), error);
    }
  }
  RepositoryHandle repository;
  if (git_repository_open_bare(Out(repository), directory.c_str()) == 0) return absl::OkStatus();
  git_repository_init_options options;
  git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
  if (int rc = git_repository_init_ext(Out(repository), directory.c_str(), &options); rc < 0) {
    return GitError(rc, "cannot create the mirror");
  }
  return WriteConfig(repository.get());
}

absl::Status RunMirrorFetch(const MirrorFetch& fetch) {
  Session session{fetch.cancelled, HttpAccess::Of(fetch.url)};
  RepositoryHandle repository;
  if (int rc = git_repository_open_bare(Out(repository), fetch.directory.c_str()); rc < 0) {
    return GitError(rc, "cannot open the mirror");
  }
  RemoteHandle remote;
  if (int rc = CreateRemote(Out(remote), repository.get(), session.access.url); rc < 0) {
    return GitError(rc, "cannot fetch");
  }
  TS_RETURN_IF_ERROR(FetchAllRefs(remote.get(), FetchOptions(&session), session.access));
  for (const ObjectId& id : fetch.wanted) {
    if (!Has(repository.get(), id)) FetchById(repository.get(), id, &session);
  }
  return absl::OkStatus();
}

}  // namespace testselect
