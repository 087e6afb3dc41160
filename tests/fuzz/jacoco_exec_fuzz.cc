// Fuzzes the jacoco-exec parser, and what it makes of class files: the input is both.
#include <string>

#include "server/ingest/formats.h"
#include "server/ingest/jacoco_probes.h"
#include "tests/fuzz/fuzz_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  const auto java = testselect::JacocoClass::Analyse(content);
  if (java.ok()) {
    (void)java->Lines(content);
    (void)java->AllLines();
  }
  return testselect::FuzzParser(testselect::JacocoExecParser(), data, size);
}
