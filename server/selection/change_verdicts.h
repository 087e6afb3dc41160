// ChangeVerdicts: what the path rules say about the changes of one plan (design: "How a selection
// is made", 4d), and the marks that follow for one segment.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "server/selection/marks.h"
#include "server/selection/path_rules.h"
#include "server/selection/rule_labels.h"
#include "storage/index_store.h"

namespace testselect {

// How far the rules have explained a change.
enum class RulesSaid : uint8_t {
  kNothing,  // the other layers go on as without rules
  kMore,     // the change is explained, and who was seen to use the file comes on top
  kAll,      // the change is explained, and nobody was seen to use the file
};

// Not thread-safe; keeps what it was asked, so that the segments of a plan share the work. What it
// is made of must outlive it.
class ChangeVerdicts {
 public:
  // Whether any label was seen to execute or open the change's file, or code names it as data:
  // then a built-in rule that calls such files harmless is no more than a guess.
  using IsUsed = std::function<bool(const FileChange&)>;

  // `environment` is the selection's digest: what equal ones mean depends on what it speaks of.
  ChangeVerdicts(const RuleSet& rules, const GitRepository& git, const LabelUniverse& universe,
                 absl::string_view environment, IsUsed is_used)
      : rules_(rules),
        git_(git),
        labels_(universe),
        environment_(environment),
        is_used_(std::move(is_used)) {}

  // Marks what the rules select of the labels of `segment`. Of a renamed file, both names are
  // asked, and the stronger word counts. `environment_same`: what is installed is known to be what
  // the segment was recorded with. Errors: those of git.
  absl::StatusOr<RulesSaid> Apply(const FileChange& change, const LabelDictionary& segment,
                                  bool environment_same, MarkSink& sink);

  // Marks the labels that the project runs always.
  void ApplyAlwaysRun(const LabelDictionary& segment, MarkSink& sink);
  // The labels that the project calls opaque, in the segment's numbers.
  DenseLabelSet OpaqueIn(const LabelDictionary& segment) {
    if (rules_.opaque().empty()) return DenseLabelSet();
    return labels_.In(segment, rules_.opaque());
  }

 private:
  struct Verdict {
    RuleVerdict rule;
    bool partial = false;  // labels for one of two names, which explains nothing of the other
    bool used = false;     // is_used_, where the rule says anything
  };
  absl::StatusOr<Verdict> VerdictOf(const FileChange& change, bool environment_same);
  absl::StatusOr<Verdict> Ask(const FileChange& change, bool environment_same);
  absl::StatusOr<RuleVerdict> VerdictOfPath(const FileChange& change, absl::string_view path,
                                            bool environment_same);

  const RuleSet& rules_;
  const GitRepository& git_;
  RuleLabels labels_;
  const absl::string_view environment_;
  const IsUsed is_used_;
  // By old path, new path, blobs and environment.
  absl::flat_hash_map<std::string, Verdict> verdicts_;
};

}  // namespace testselect
