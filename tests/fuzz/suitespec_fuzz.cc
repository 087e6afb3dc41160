// Threat model: whoever may push to the repository writes any bytes into its suite specifications.
// Reading them may fail, naming a line, but not crash, hang, or take memory out of proportion.
#include <cstdint>
#include <cstdlib>

#include "absl/strings/match.h"
#include "server/selection/suitespec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto spec = testselect::SuiteSpec::Read(
      {{"tests/suitespec.yml", text}, {"benchmarks/suitespec.yml", text}});
  if (!spec.ok()) {
    if (!absl::StrContains(spec.status().message(), "suitespec.yml:")) std::abort();
    return 0;
  }
  // Every suite of a specification with errors runs.
  const auto chosen = testselect::ChooseSuites(*spec, {"lib/a.py", "conftest.py"});
  if (!spec->errors().empty() && chosen.size() != spec->suites().size()) std::abort();
  for (const auto& choice : chosen) {
    if (choice.reasons.empty()) std::abort();
  }
  return 0;
}
