// The yardstick of JSON ingest: one walk over a coverage.py JSON with simdjson that visits every
// line's contexts and unescapes each label, and keeps nothing. Reading the file is not counted.
//
//   walk_bench FILE       prints {"bytes", "cpu", "contexts"}
#include <simdjson.h>

#include <iostream>

#include "absl/strings/str_format.h"
#include "tests/load/process_meter.h"

namespace {

struct Seen {
  uint64_t contexts = 0, bytes = 0;
};

Seen Walk(simdjson::ondemand::parser* parser, const simdjson::padded_string& text) {
  Seen seen;
  simdjson::ondemand::document report = parser->iterate(text);
  for (auto file : report["files"].get_object()) {
    for (auto line : file.value()["contexts"].get_object()) {
      for (auto context : line.value().get_array()) {
        const std::string_view label = context.get_string();
        seen.bytes += label.size();
        ++seen.contexts;
      }
    }
  }
  return seen;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: walk_bench FILE\n";
    return 2;
  }
  try {
    const simdjson::padded_string text = simdjson::padded_string::load(argv[1]);
    simdjson::ondemand::parser parser;
    const testselect::load::CpuMeter cpu = testselect::load::CpuMeter::Self();
    const absl::Duration before = cpu.Used();
    const Seen seen = Walk(&parser, text);
    absl::PrintF("{\"bytes\": %d, \"cpu\": %.4f, \"contexts\": %d, \"label_bytes\": %d}\n",
                 text.size(), absl::ToDoubleSeconds(cpu.Used() - before), seen.contexts,
                 seen.bytes);
  } catch (const simdjson::simdjson_error& error) {
    std::cerr << "walk_bench: " << argv[1] << ": " << error.what() << "\n";
    return 1;
  }
  return 0;
}
