// Threat model: whoever may push to the repository writes any bytes into a file that a rule looks
// into. Reading them may fail, but not crash, hang, or take memory out of proportion.
#include <cstdint>
#include <cstdlib>

#include "server/selection/flat_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using testselect::KeyFormat;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  for (const KeyFormat format :
       {KeyFormat::kToml, KeyFormat::kJson, KeyFormat::kYaml, KeyFormat::kIni}) {
    const auto keys = testselect::FlattenKeys(format, text);
    // A text equals itself, whatever it is.
    if (keys.ok() && !testselect::ChangedKeys(*keys, *keys).empty()) std::abort();
  }
  return 0;
}
