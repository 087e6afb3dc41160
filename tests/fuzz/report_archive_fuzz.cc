// Fuzzes archives: they are unpacked below the spool folder and nowhere else, and go again.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "server/ingest/report_archive.h"
#include "tests/unit/ingest/memory_report.h"

namespace {

// Made once; what is left in it at the end of an input is a leak.
const std::string& SpoolFolder() {
  static const auto* const folder = [] {
    auto* path = new std::string(std::filesystem::temp_directory_path() / "archive-fuzz-XXXXXX");
    if (mkdtemp(path->data()) == nullptr) std::abort();
    return path;
  }();
  return *folder;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  testselect::MemoryReport report(content, size > 0 ? 1 + data[size / 2] : 1);
  if (!testselect::IsArchive(content)) return 0;
  {
    const auto archive = testselect::UnpackedArchive::Unpack(report, SpoolFolder(), 1 << 20);
    if (archive.ok()) {
      for (const auto& file : (*archive)->files()) {
        if (file.file.rfind(SpoolFolder(), 0) == 0) continue;
        std::fprintf(stderr, "a file lies outside the spool: %s\n", file.file.c_str());
        std::abort();
      }
    }
  }
  if (!std::filesystem::is_empty(SpoolFolder())) std::abort();
  return 0;
}
