// storage_crash_writer STORE FIRST: commits without end and tells standard output, as 4-byte
// numbers, each acknowledged commit; to be killed. Every fifth commit an older one is deleted,
// which is told before (the number with the highest bit set). rocksdb_crash_test.cc starts it.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "storage/rocksdb_index_store.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

bool Tell(uint32_t number) { return write(1, &number, sizeof(number)) == sizeof(number); }

int WriteForever(const char* path, uint32_t first) {
  RocksDbOptions options;
  options.path = path;
  auto store = OpenRocksDbIndexStore(options);
  if (!store.ok()) return 3;
  for (uint32_t commit = first;; ++commit) {
    const auto dictionary = (*store)->NewestDictionary("repo", Header(1).job);
    if (!dictionary.ok()) return 4;
    const SegmentContent content = ContentOf(CrashEvidence(commit), *dictionary);
    if (!(*store)->Commit(Header(commit), content, {}).ok()) return 5;
    if (!Tell(commit)) return 6;
    if (commit % 5 == 4) {
      if (!Tell((commit - 2) | 0x80000000u)) return 6;
      if (!(*store)->Delete("repo", Commit(commit - 2), std::nullopt).ok()) return 7;
    }
    if (commit % 11 == 10 && !(*store)->Compact().ok()) return 8;
  }
}

}  // namespace
}  // namespace testselect

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return testselect::WriteForever(argv[1], static_cast<uint32_t>(std::atol(argv[2])));
}
