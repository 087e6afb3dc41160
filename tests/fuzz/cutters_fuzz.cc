// Threat model: whoever may push to the repository writes any bytes into its source files. Cutting
// one may find it unparsable, but not crash, hang, or take memory out of proportion.
//
// The first byte chooses the file's name and with it the language: `a` the first.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>

#include "server/source/language.h"
#include "server/source/module_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr absl::string_view kPaths[] = {"a.py", "a.go",  "a.c",  "a.cc",   "a.h", "a.js",
                                                 "a.ts", "a.tsx", "a.rs", "A.java", "a.rb"};
  if (size == 0) return 0;
  const absl::string_view path = kPaths[static_cast<uint8_t>(data[0] - 'a') % std::size(kPaths)];
  const absl::string_view source(reinterpret_cast<const char*>(data) + 1, size - 1);
  testselect::NameTable names;
  const testselect::SourceModule module = testselect::LanguageOf(path)->Cut(path, source, &names);
  for (const testselect::Unit& unit : module.units) {
    if (unit.lines.first == 0 || unit.lines.first > unit.lines.last) std::abort();
  }
  const std::string record = testselect::EncodeModule(module, names);
  const auto decoded = testselect::DecodeModule(record, &names);
  if (!decoded.ok() || testselect::EncodeModule(*decoded, names) != record) std::abort();
  return 0;
}
