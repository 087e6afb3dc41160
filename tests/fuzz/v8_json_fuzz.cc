// Fuzzes the v8-json parser, and the source maps in its reports.
#include "server/ingest/formats.h"
#include "tests/fuzz/fuzz_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return testselect::FuzzParser(testselect::V8JsonParser(), data, size);
}
