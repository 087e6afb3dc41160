#include "server/selection/suitespec.h"

#include <algorithm>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/selection/glob.h"

namespace testselect {
namespace {

// The paths that each pattern matches, asked once.
class Matches {
 public:
  explicit Matches(const std::vector<std::string>& paths) : paths_(paths) {}

  const std::vector<const std::string*>& Of(const std::string& pattern) {
    const auto [it, is_new] = found_.try_emplace(pattern);
    for (const std::string& path : paths_) {
      if (is_new && FnMatch(pattern, path)) it->second.push_back(&path);
    }
    return it->second;
  }

 private:
  const std::vector<std::string>& paths_;
  absl::flat_hash_map<std::string, std::vector<const std::string*>> found_;
};

std::string MatchReason(const SuitePattern& pattern, const std::vector<const std::string*>& paths) {
  return absl::StrCat(*paths[0], " changed, which ", pattern.text, " (", pattern.origin,
                      ") matches",
                      paths.size() == 1 ? "" : absl::StrCat(", and ", paths.size() - 1, " more"));
}

std::vector<std::string> Reasons(const Suite& suite, Matches& matches, bool nothing_changed) {
  if (!suite.broken.empty()) return {suite.broken};
  if (suite.patterns.empty()) return {absl::StrCat("it has no patterns (", suite.origin, ")")};
  std::vector<std::string> reasons;
  for (const SuitePattern& pattern : suite.patterns) {
    if (nothing_changed) break;
    const auto& paths = matches.Of(pattern.text);
    if (!paths.empty()) reasons.push_back(MatchReason(pattern, paths));
  }
  return reasons;
}

}  // namespace

std::vector<SuiteChoice> ChooseSuites(const SuiteSpec& spec,
                                      const std::vector<std::string>& paths) {
  if (!spec.errors().empty()) return AllSuites(spec, spec.errors()[0]);
  Matches matches(paths);
  std::vector<SuiteChoice> choices;
  for (const Suite& suite : spec.suites()) {
    std::vector<std::string> reasons = Reasons(suite, matches, paths.empty());
    if (!reasons.empty()) choices.push_back({suite.name, std::move(reasons)});
  }
  return choices;
}

std::vector<SuiteChoice> AllSuites(const SuiteSpec& spec, absl::string_view reason) {
  std::vector<SuiteChoice> choices;
  for (const Suite& suite : spec.suites()) {
    choices.push_back({suite.name, {std::string(reason)}});
  }
  return choices;
}

SuiteLint LintSuites(const SuiteSpec& spec, const std::vector<std::string>& files) {
  SuiteLint lint;
  Matches matches(files);
  absl::flat_hash_set<const std::string*> covered;
  absl::flat_hash_set<std::pair<std::string, std::string>> told;
  for (const Suite& suite : spec.suites()) {
    for (const SuitePattern& pattern : suite.patterns) {
      const auto& found = matches.Of(pattern.text);
      covered.insert(found.begin(), found.end());
      if (found.empty() && told.insert({pattern.text, pattern.origin}).second) {
        lint.unmatched.push_back(pattern);
      }
    }
  }
  for (const std::string& file : files) {
    if (!covered.contains(&file)) lint.uncovered.push_back(file);
  }
  return lint;
}

}  // namespace testselect
