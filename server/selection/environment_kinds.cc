#include "server/selection/environment_kinds.h"

#include <array>

#include "absl/strings/match.h"
#include "server/selection/glob.h"

namespace testselect {
namespace {

struct Kind {
  absl::string_view prefix;
  std::array<const char*, 16> files;  // as in rule files; the rest null
};

// tox.ini is nobody's: what it sets besides packages is seen in none of them.
constexpr Kind kKinds[] = {
    {kPythonPackages,
     {"requirements*.txt", "requirements*.in", "/requirements/**", "constraints*.txt",
      "poetry.lock", "pdm.lock", "uv.lock", "pylock*.toml", "Pipfile*", ".python-version",
      "pyproject.toml", "setup.cfg"}},
    {kNodePackages,
     {"package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml",
      "pnpm-workspace.yaml", ".npmrc", ".nvmrc", ".node-version"}},
    {kGoModules, {"go.sum", "go.work.sum"}},
    {kRustCrates, {"Cargo.lock", "Cargo.toml", "rust-toolchain", "rust-toolchain.toml"}},
};

const Kind* KindOf(absl::string_view digest) {
  for (const Kind& kind : kKinds) {
    if (absl::StartsWith(digest, kind.prefix)) return &kind;
  }
  return nullptr;
}

}  // namespace

bool SpeaksOf(absl::string_view environment_digest, absl::string_view path) {
  const Kind* const kind = KindOf(environment_digest);
  if (kind == nullptr) return true;
  for (const char* const file : kind->files) {
    if (file == nullptr) return false;
    if (PathGlob(file).Matches(path)) return true;
  }
  return false;
}

bool AreComparable(absl::string_view a, absl::string_view b) {
  const Kind *const of_a = KindOf(a), *const of_b = KindOf(b);
  return of_a == nullptr || of_b == nullptr || of_a == of_b;
}

}  // namespace testselect
