// UnstableBodies: functions that labels were seen to execute in one run and not in another.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/git/repository.h"
#include "server/selection/live_evidence.h"
#include "server/selection/source_forest.h"
#include "server/source/name_table.h"

namespace testselect {

// By path and qualified name, so that what one commit's evidence shows holds for the others of a
// chain. Immutable and thread-safe once made.
class UnstableBodies {
 public:
  // Reads the marks (EvidenceKind::kCameOrWent) of all `segments`, live or not. Errors: kDataLoss,
  // kDeadlineExceeded, those of git. Cost: nothing but a look at each segment's header where none
  // has a mark.
  static absl::StatusOr<std::shared_ptr<const UnstableBodies>> Of(
      const std::vector<const LiveSegment*>& segments, SourceForest* forest,
      absl::string_view repository, const std::shared_ptr<const GitRepository>& git,
      absl::Time deadline);

  bool Contains(const std::string& path, NameId key) const {
    return !bodies_.empty() && bodies_.contains({path, key});
  }
  size_t size() const { return bodies_.size(); }

 private:
  absl::flat_hash_set<std::pair<std::string, NameId>> bodies_;
};

// The qualified name of the body that spans exactly `lines`; kNoName if there is none.
NameId KeyOfBody(const SourceTree& tree, absl::string_view path, LineRange lines);
// The bodies of a file, by position in its units; none for what is not code.
std::vector<const Unit*> BodiesOf(const SourceTree& tree, absl::string_view path);

}  // namespace testselect
