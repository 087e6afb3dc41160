#include "client/agent/agent_health.h"

#include "absl/strings/str_cat.h"

namespace testselect::client {
namespace {

HttpPage PageOf(absl::string_view part, const absl::Status& status) {
  if (status.ok()) return {200, "ok\n"};
  return {503, absl::StrCat(part, ": ", status.message(), "\n")};
}

}  // namespace

bool AgentHealth::Set(const absl::Status& status, absl::Status* kept) {
  MutexLock lock(&mutex_);
  const bool changed = kept->ok() != status.ok();
  *kept = status;
  return changed;
}

HttpPage AgentHealth::Alive() const {
  MutexLock lock(&mutex_);
  return PageOf("spool", spool_);
}

HttpPage AgentHealth::Ready() const {
  MutexLock lock(&mutex_);
  if (!spool_.ok()) return PageOf("spool", spool_);
  return server_.ok() ? PageOf("permission", permission_) : PageOf("server", server_);
}

}  // namespace testselect::client
