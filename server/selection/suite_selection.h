// Which suites of a repository a change needs: suitespec.yml files and changes, out of git.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "server/selection/suitespec.h"

namespace testselect {

struct SuiteAnswer {
  std::vector<SuiteChoice> run;     // by name
  std::vector<std::string> errors;  // of the specification: everything runs because of them
  size_t known = 0;                 // how many suites there are
};

// Reads every suitespec.yml of `tree`. kNotFound if there is none, kInvalidArgument as
// SuiteSpec::Read, and the errors of git.
absl::StatusOr<SuiteSpec> ReadSuiteSpec(const GitRepository& git, const ObjectId& tree);

// The suites for the changes from `base` to `head`, old and new names of renamed files. The head
// commit's message may ask for all (MessageOverride). Errors as ReadSuiteSpec.
absl::StatusOr<SuiteAnswer> SelectSuites(const GitRepository& git, const CommitInfo& base,
                                         const CommitInfo& head);
// The suites of `head` for changes of `paths`.
absl::StatusOr<SuiteAnswer> SelectSuites(const GitRepository& git, const CommitInfo& head,
                                         const std::vector<std::string>& paths);
// All suites of `head`, for one reason.
absl::StatusOr<SuiteAnswer> SelectAllSuites(const GitRepository& git, const CommitInfo& head,
                                            absl::string_view reason);

}  // namespace testselect
