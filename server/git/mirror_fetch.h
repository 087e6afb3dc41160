// One fetch into a mirror. Private to server/git.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/model/object_id.h"

namespace testselect {

struct MirrorFetch {
  std::string url;
  std::string directory;         // a bare repository
  std::vector<ObjectId> wanted;  // commits to ask for by id if no ref leads to them
  const std::atomic<bool>* cancelled = nullptr;
};

// Creates the bare repository `directory` unless it is there, and removes what a killed fetch left.
absl::Status PrepareMirror(const std::string& directory);

// Makes the refs of the mirror those of the remote, deleted and force-pushed ones included; objects
// are never deleted. Blocks for as long as the network does. kUnavailable, kPermissionDenied,
// kDataLoss, kCancelled. A commit of `wanted` that the remote does not give is no error.
absl::Status RunMirrorFetch(const MirrorFetch& fetch);

}  // namespace testselect
