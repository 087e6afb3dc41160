// RuleSet: what a project says about paths, labels and branches (.testselect.yml), and what is said
// about well-known files where it says nothing. docs/rules.md is the user's page.
//
// Values; immutable and thread-safe once made. Knows neither git nor protos.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/selection/flat_keys.h"
#include "server/selection/glob.h"
#include "server/selection/reason.h"

namespace testselect {

// The file that is read at the top of the head commit.
inline constexpr char kRuleFileName[] = ".testselect.yml";

// What a rule does with a path that it matches. By strength: each is less than the next.
enum class RuleEffect : uint8_t {
  kHarmless,     // no label depends on it
  kRunLabels,    // some labels do
  kEnvironment,  // the installed environment does: all run, unless it is known to be the same
  kRunAll,       // every label does
  kKeys,         // that depends on which of its keys changed
};

// What a change of some keys does.
struct KeyEffect {
  std::string keys;  // as in KeyIsUnder
  RuleEffect effect = RuleEffect::kHarmless;
};

struct PathRule {
  PathGlob paths;
  RuleEffect effect = RuleEffect::kHarmless;
  std::vector<std::string> labels = {};  // of kRunLabels; patterns as in LabelMatch
  // Of kKeys: the longest pattern that fits a key decides, the stronger effect among equals.
  std::vector<KeyEffect> keys = {};
  RuleEffect other_keys = RuleEffect::kRunAll;
  RuleEffect whole_file = RuleEffect::kRunAll;  // the file came or went
  std::optional<KeyFormat> format = {};         // not set: by the path's name
  int line = 0;                                 // in the rule file
};

enum class BranchPolicy : uint8_t { kSelect, kShadow, kFull };

struct BranchRule {
  std::string branches;  // as in FnMatch
  BranchPolicy policy = BranchPolicy::kSelect;
  int line = 0;
};

enum class RuleAction : uint8_t { kNone, kHarmless, kAll, kLabels };

struct RuleVerdict {
  RuleAction action = RuleAction::kNone;
  ReasonCode code = ReasonCode::kRuleRunAll;  // of kAll and kLabels
  std::vector<std::string> labels;            // of kLabels
  bool built_in = false;  // a guess about a well-known name, not the project's own word
  std::string rule;       // "run_all: go.mod"; empty for kNone
  std::string origin;     // ".testselect.yml:12" or "built-in"
  std::string detail;     // what decided beside the path, e.g. "tool.pytest.addopts changed"

  // "run_all: go.mod (built-in)", for a person; with the detail where there is one.
  std::string ToString() const;
};

// One changed path. `content` gives the file's bytes before (false) and after (true) the change,
// nothing where the file is not there; it is asked for rules about keys only.
struct RuleQuery {
  absl::string_view path;
  std::function<absl::StatusOr<std::optional<std::string>>(bool after)> content;
  bool environment_same = false;  // the installed environment is known to be the evidence's
};

class RuleSet {
 public:
  static constexpr size_t kMaxBytes = 1 << 20;

  // The project's rules. An empty text has none. kInvalidArgument "name:line: what is wrong with
  // which value".
  static absl::StatusOr<RuleSet> Parse(absl::string_view text, absl::string_view name);
  // What holds where the project says nothing.
  static const RuleSet& BuiltIn();

  // The last rule that matches decides; the built-in ones are asked where none of this set does.
  // A file whose keys cannot be read runs all. Errors: those of `content`.
  absl::StatusOr<RuleVerdict> Check(const RuleQuery& query) const;

  // The policy of `branch`: that of the rule with exactly this name, else of the last pattern that
  // fits, else null.
  const BranchRule* FindBranch(absl::string_view branch) const;

  const std::string& name() const { return name_; }
  const std::vector<PathRule>& rules() const { return rules_; }
  const std::vector<BranchRule>& branches() const { return branches_; }
  const std::vector<std::string>& always_run() const { return always_run_; }  // as in LabelMatch
  int always_run_line() const { return always_run_line_; }
  // Labels that do more than any upload of theirs records; as in LabelMatch.
  const std::vector<std::string>& opaque() const { return opaque_; }
  int opaque_line() const { return opaque_line_; }
  // Whether a change that nothing explains selects all; not set: the project does not say.
  std::optional<bool> unknown_change_selects_all() const { return unknown_change_selects_all_; }

  // Whether labels that a selection missed run always from then on; not set: the project does not
  // say, and misses are reported only.
  std::optional<bool> misses_run_always() const { return misses_run_always_; }

  // "run_all: go.mod", and where it stands: "built-in" or "name:line".
  std::string Origin(int line) const;
  static std::string Describe(const PathRule& rule);

 private:
  friend class RuleFileReader;

  absl::StatusOr<RuleVerdict> Decide(const PathRule& rule, const RuleQuery& query) const;

  std::string name_;
  std::vector<PathRule> rules_;
  std::vector<BranchRule> branches_;
  std::vector<std::string> always_run_;
  int always_run_line_ = 0;
  std::vector<std::string> opaque_;
  int opaque_line_ = 0;
  std::optional<bool> unknown_change_selects_all_;
  std::optional<bool> misses_run_always_;
};

absl::string_view BranchPolicyName(BranchPolicy policy);  // "select"

}  // namespace testselect
