// Fuzzes the parser of datadog-agent's dynamic test index.
#include "server/ingest/formats.h"
#include "tests/fuzz/fuzz_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return testselect::FuzzParser(testselect::DynamicTestIndexParser(), data, size);
}
