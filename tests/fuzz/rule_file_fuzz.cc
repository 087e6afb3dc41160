// Threat model: whoever may push to the repository writes any bytes into its rule file. Reading it
// may fail, naming a line, but not crash, hang, or take memory out of proportion.
#include <cstdint>
#include <cstdlib>

#include "absl/strings/match.h"
#include "server/selection/path_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto rules = testselect::RuleSet::Parse(text, "rules.yml");
  if (!rules.ok()) {
    if (!absl::StartsWith(rules.status().message(), "rules.yml:")) std::abort();
    return 0;
  }
  for (const char* path : {"a", "docs/a.md", "x/y/z.toml"}) {
    if (!rules->Check({.path = path, .content = nullptr}).ok()) std::abort();
  }
  rules->FindBranch("main");
  return 0;
}
