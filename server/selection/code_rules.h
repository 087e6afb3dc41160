// CodeRules: what changed files of code mean for the evidence of one commit.
//
// Joins the segments of one tree, and walks from the units that changed along the names they bind.
// Files of other kinds are ChangeRules' affair.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/git/repository.h"
#include "server/selection/name_walk.h"
#include "server/selection/selection_plan.h"
#include "server/selection/source_forest.h"

namespace testselect {

// Takes verdicts in the universe's numbers.
class UniverseMarks {
 public:
  virtual ~UniverseMarks() = default;
  virtual void SelectHere(const Mark& mark, const DenseLabelSet& labels) = 0;
  virtual void AddCanaries(const Mark& mark, std::vector<SelectionPlan::CanaryGroup> groups) = 0;
  // Whether anybody reads messages: making them costs time.
  virtual bool WantsMessages() const = 0;
};

struct CodeRulesInputs {
  SourceForest* forest = nullptr;
  std::string repository;
  std::shared_ptr<const GitRepository> git;
  ObjectId before, after;  // trees
  Digest evidence;         // names `universe`
  std::shared_ptr<const LabelUniverse> universe;
  std::vector<LiveEvidence> segments;  // recorded at `before`
  std::shared_ptr<const UnstableBodies> unstable;
  std::function<bool(const std::string& path)> seen_elsewhere;  // EvidenceView::SeenElsewhere
  absl::Time deadline = absl::InfiniteFuture();
  bool by_statement = false;  // changed statements of a body count, not the body
};

// Not thread-safe. `marks` must outlive it.
class CodeRules final : public WalkSink {
 public:
  // Errors: those of git, and kDeadlineExceeded.
  static absl::StatusOr<std::unique_ptr<CodeRules>> Make(CodeRulesInputs inputs,
                                                         UniverseMarks* marks);

  // Whether the change is of code on one side at least, or of data that code names.
  bool Explains(const FileChange& change) const;
  // Whether a test file, or code that a test executed, brings a path of the change along.
  bool IsReached(const FileChange& change);
  // Marks what a change that it explains selects.
  void Apply(const FileChange& change);
  // A file that it does not explain came or went: who lists files may see it.
  void ApplyCameOrWent(const FileChange& change);
  // Says what could not be read or followed. To be called last.
  void Finish();

  void Select(const WalkMark& mark, const DenseLabelSet& labels) override;
  void AddCanaries(const WalkMark& mark, const PathSet& test_files) override;

 private:
  CodeRules(CodeRulesInputs inputs, CodePair code, UniverseMarks* marks);
  bool IsCode(PathId path) const {
    return context_.IsCodeBefore(path) || context_.IsCodeAfter(path);
  }
  bool IsNamedData(PathId path) const;
  void ApplyPath(absl::string_view path);
  void FindAliases(const SourceTree& tree);
  void SelectOpeners(absl::string_view path);
  template <typename F>
  void WithMark(const WalkMark& mark, F f);

  const CodeRulesInputs in_;
  const CodePair code_;
  UniverseMarks& marks_;
  EvidenceView evidence_;
  // Names that symbolic links give to files: who knows a file by one sees its changes.
  absl::flat_hash_map<std::string, std::vector<std::string>> aliases_;
  WalkContext context_;
  NameWalk walk_;
};

}  // namespace testselect
