// SuiteSpec: which paths each suite of a repository tests, as its `suitespec.yml` files say.
//
// Read as dd-trace-py's own scripts read them, and safer where those depend on chance:
// * Components are one map for all files. What benchmarks/ defines replaces what other folders
//   define; other definitions of one name add up (their order is not defined).
// * A component whose name begins with `$` belongs to every suite; `@name` stands for a component.
// * Suites are named by their folder below tests/ (or benchmarks/, which stays in the name), joined
//   by `::`, and have their own name as `pattern` where they give none.
// * Patterns are FnMatch; a leading `!` excludes nothing; `{suite}` is the suite's name with dots.
// Values; immutable once made.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

inline constexpr char kSuiteSpecName[] = "suitespec.yml";

struct SpecFile {
  std::string path, text;
};

struct SuitePattern {
  std::string text;
  std::string origin;  // "tests/suitespec.yml:12"
};

struct Suite {
  std::string name;
  std::string origin;
  std::vector<std::pair<std::string, std::string>> keys;  // all of them; values as JSON
  // Resolved, each text once; empty where the whole specification has errors.
  std::vector<SuitePattern> patterns;
  std::string broken;  // why the patterns are not known, a sentence; empty: they are
};

class SuiteSpec {
 public:
  // kInvalidArgument "path:line: what is wrong" for a file that is no such map: which suites it
  // has cannot be known.
  static absl::StatusOr<SuiteSpec> Read(const std::vector<SpecFile>& files);

  const std::vector<Suite>& suites() const { return suites_; }  // by name
  // References to components that do not exist or go in circles, "path:line: ...": what the suites
  // depend on is then not known.
  const std::vector<std::string>& errors() const { return errors_; }

 private:
  friend class SuiteSpecReader;

  std::vector<Suite> suites_;
  std::vector<std::string> errors_;
};

// A suite that runs, and why.
struct SuiteChoice {
  std::string name;
  std::vector<std::string> reasons;  // never empty
};

// The suites that changes of `paths` need, by name. All of them where `spec` has errors; one whose
// patterns are not known, or that has none, always. Cost: patterns times paths.
std::vector<SuiteChoice> ChooseSuites(const SuiteSpec& spec, const std::vector<std::string>& paths);
// All suites, for one reason.
std::vector<SuiteChoice> AllSuites(const SuiteSpec& spec, absl::string_view reason);

// What a linter says about a specification and the files of its repository.
struct SuiteLint {
  std::vector<std::string> uncovered;   // files that no suite's pattern matches
  std::vector<SuitePattern> unmatched;  // patterns that match no file, each once
};
SuiteLint LintSuites(const SuiteSpec& spec, const std::vector<std::string>& files);

}  // namespace testselect
