// Fuzzes the go-covdata parser.
#include "server/ingest/formats.h"
#include "tests/fuzz/fuzz_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return testselect::FuzzFolder(testselect::GoCovdataParser()->folder_parser(), data, size);
}
