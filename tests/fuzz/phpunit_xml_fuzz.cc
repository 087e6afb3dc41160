// Fuzzes the phpunit-xml parser.
#include "server/ingest/formats.h"
#include "tests/fuzz/fuzz_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return testselect::FuzzFolder(testselect::PhpunitXmlParser()->folder_parser(), data, size);
}
