// Target: which repository, in which service, a command works on.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/console.h"
#include "client/cli/options.h"
#include "client/connection.h"
#include "testselect/v1/selection.pb.h"

namespace testselect::client {

struct Target {
  std::unique_ptr<Connection> connection;
  std::string repository;  // the name by which the service knows it
};

// Checks --repo against where the service is, without connecting: with a server it must be a name.
// kInvalidArgument, which says what to give instead.
absl::Status CheckRepository(const CommonOptions& common);

// Whether `repo` can be the name of a server's repository: not empty, and no path by its looks.
bool MayBeRepositoryName(absl::string_view repo);

// Connects. `deadline` bounds the wait for a locked index too. Errors as ConnectRemote,
// ConnectLocal and FindRepositoryTop.
absl::StatusOr<Target> OpenTarget(const CommonOptions& common, absl::Time deadline,
                                  Console& console);

// The top of the repository that --repo (or the working directory) lies in.
absl::StatusOr<std::string> LocalTop(const CommonOptions& common);

// When a command that usually needs `fallback` must be done; in process nothing bounds it but
// --timeout.
absl::Time DeadlineOf(const CommonOptions& common, absl::Duration fallback);

// Checks a commit given on the command line: 40 hexadecimal digits. kInvalidArgument naming `flag`,
// with the command that gives a full id.
absl::Status CheckCommit(absl::string_view flag, const std::string& commit);

// "NAME" or "NAME;K=V;..." as the protocol's job. kInvalidArgument naming `flag`.
absl::StatusOr<v1::Job> ParseJob(absl::string_view flag, const std::string& text);

}  // namespace testselect::client
