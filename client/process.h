// Programs that the client starts: an argument list, a folder, changes of the environment, and
// output that is inherited, or captured within bounds.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

// How a program ended. A plain value.
struct ExitState {
  int code = 0;    // meaningful where no signal ended it
  int signal = 0;  // 0: it ended by itself

  bool ok() const { return code == 0 && signal == 0; }
  // As a shell has it: 128 + the signal.
  int ShellCode() const { return signal == 0 ? code : 128 + signal; }
  // "status 3", "signal 15"
  std::string ToString() const;
};

struct ProcessOptions {
  enum class Output {
    kInherit,   // ours
    kToStderr,  // our standard error
    kCapture,   // kept, up to max_captured bytes
    kDiscard,
    kStream,  // handed to `on_out` as it comes; for standard output only
  };
  std::string folder{};  // the working directory; empty: ours
  // Set in the program's environment, over what is ours.
  std::vector<std::pair<std::string, std::string>> environment{};
  Output out = Output::kInherit;
  Output err = Output::kInherit;
  size_t max_captured = size_t{1} << 30;  // each of out and err
  std::function<void(absl::string_view)> on_out{};
};

struct FinishedProcess {
  ExitState state;
  std::string out, err;  // what was captured
};

// Starts `words` (words[0] is looked for along PATH) and waits for it. It shares our process group,
// so what the terminal sends reaches it; while it runs, SIGINT does not end us, and SIGINT, SIGTERM
// and SIGHUP that another process sends us are passed on to it. One call at a time in a process.
// Errors: kNotFound and kPermissionDenied where it cannot be started; kResourceExhausted for an
// argument list that the system refuses (naming its size), and where more than max_captured comes
// (it is ended then). How the program ended is no error.
absl::StatusOr<FinishedProcess> RunProcess(const std::vector<std::string>& words,
                                           const ProcessOptions& options);

// What the system takes, with room left for the environment: bytes of one argument, its end
// included, and of all of them with their pointers.
inline constexpr size_t kMaxArgumentBytes = 128 * 1024 - 1;
inline constexpr size_t kMaxArgumentsBytes = 1024 * 1024;

// Cuts `values`, in their order, into runs of at most `limit` bytes, each value counted with
// `extra` bytes more. Never an empty run; a value that is too long for any has a run of its own.
std::vector<std::vector<std::string>> ChunkArguments(const std::vector<std::string>& values,
                                                     size_t limit, size_t extra);

// The words that start `command` (as a person types it for a POSIX shell: "python3 -m pytest",
// "FOO=1 npx jest") with `arguments` behind it, none of which the shell looks at.
std::vector<std::string> ShellWords(const std::string& command,
                                    const std::vector<std::string>& arguments);

}  // namespace testselect::client
