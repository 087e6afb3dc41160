// What is known of a commit's files: which imports which, and which labels depend on one.
//
// Answers questions of people; selections ask WalkContext. Pure over trees, git and the store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/git/repository.h"
#include "server/source/source_tree.h"
#include "storage/index_store.h"
#include "storage/model/object_id.h"
#include "storage/model/upload.h"

namespace testselect {

class SourceForest;
struct Resolution;

// The evidence one job contributed.
struct IndexUse {
  JobKey job;
  ObjectId commit;
  uint32_t distance = 0;
  SegmentState state = SegmentState::kSealed;
  uint32_t segments = 0;
  absl::Time created;
};

struct GraphRequest {
  std::string repository;
  ObjectId commit;
  std::vector<std::string> paths;  // empty: all
  absl::Time deadline = absl::InfiniteFuture();
};

struct GraphFile {
  std::string path;
  std::string language;              // empty: no code
  std::vector<std::string> imports;  // paths of files in the graph, ascending
};

struct FileGraph {
  std::vector<GraphFile> files;  // by path
};

struct LabelQuestion {
  std::string repository;
  ObjectId commit;
  std::string path;
  LineRange lines;           // 0-0: the whole file
  std::vector<JobKey> jobs;  // empty: all; a job without flavor stands for all its flavors
  absl::Time deadline = absl::InfiniteFuture();
};

// A label whose test file brings the file along.
struct ReachingLabel {
  std::string label;
  // Files from the test's to the one asked about, both included, each importing the next; as few as
  // there can be. Empty after the first kMaxChains labels.
  std::vector<std::string> via;
};

struct LabelAnswer {
  static constexpr size_t kMaxChains = 100;

  std::vector<std::string> executed;   // sorted
  std::vector<std::string> opened;     // opened the file as data; sorted
  bool outside_tests = false;          // some line ran outside any test, while importing say
  std::vector<ReachingLabel> reached;  // nearest first, then by name
  uint64_t homeless = 0;               // labels whose test file is not known: they may reach it too
  std::vector<IndexUse> index;         // the evidence, by job
};

// All code of `tree` and what it imports; with `paths`, those files, what they import and what
// imports them, and the imports between the former and the latter. kNotFound naming a path that
// is not in the tree. Cost: linear in the tree's files and imports.
absl::StatusOr<FileGraph> GraphOf(const SourceTree& tree, const std::vector<std::string>& paths);

// What hunks from an older blob to a newer one make of the newer one's `lines`: the older one's,
// with all lines of a hunk that they touch. 0-0 if none of them is older.
LineRange LinesBefore(const std::vector<Hunk>& hunks, LineRange lines);

struct LabelInputs {
  const IndexStore* store = nullptr;
  SourceForest* forest = nullptr;
  std::shared_ptr<const GitRepository> git;
  ObjectId tree;  // of the question's commit
};

// Answers from the evidence of `resolution`, of each label its newest. Lines are followed back to
// the commits of the evidence, through changes and renames. kNotFound naming `path` where the
// commit has no such file; kDataLoss; errors of git.
absl::StatusOr<LabelAnswer> LabelsOf(const LabelInputs& inputs, const LabelQuestion& question,
                                     const Resolution& resolution);

}  // namespace testselect
