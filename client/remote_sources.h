// RemoteSources: the cut sources that a server keeps, for the service in this process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "server/selection/source_shelf.h"

namespace testselect::client {

// Thread-safe. Asks for what a cold index lacks, thousands of files a call, each call once and for
// at most ten seconds: a server that is away costs no more than it could save.
class RemoteSources final : public SourceShelf {
 public:
  explicit RemoteSources(std::unique_ptr<Connection> server) : server_(std::move(server)) {}

  absl::StatusOr<std::vector<CutSource>> Fetch(absl::string_view repository,
                                               absl::Span<const std::string> keys,
                                               absl::Time deadline) override;

 private:
  const std::unique_ptr<Connection> server_;
};

}  // namespace testselect::client
