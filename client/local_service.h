// The service in this process: no server, no port, the index under <repository>/.testselect/.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "server/selection/source_shelf.h"

namespace testselect::client {

// The folder of the index below a repository's top.
inline constexpr char kLocalFolder[] = ".testselect";

struct LocalOptions {
  std::string top;  // of the repository (FindRepositoryTop)
  // How long another command may hold the index; also ends at `deadline`.
  absl::Duration lock_wait = absl::Seconds(60);
  absl::Time deadline = absl::InfiniteFuture();
  bool verbose = false;  // the service logs everything rather than warnings only
  // Where cut sources are had that the index lacks; may be null.
  std::shared_ptr<SourceShelf> sources{};
  // Told once, in a sentence, when the wait has lasted a second.
  std::function<void(absl::string_view)> notice;
};

// Starts the service; it stops with the connection. Its only repository is kLocalRepository.
// Creates the folder, with a .gitignore that hides it from git. Errors: kUnavailable (the index is
// locked for longer than allowed), and those of opening the store.
absl::StatusOr<std::unique_ptr<Connection>> ConnectLocal(const LocalOptions& options);

// Creates <top>/.testselect with its .gitignore if missing; returns its path. kPermissionDenied,
// kResourceExhausted, kUnavailable.
absl::StatusOr<std::string> PrepareLocalFolder(const std::string& top);

}  // namespace testselect::client
