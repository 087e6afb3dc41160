// What the fuzzers of reports of several files share; threat model as fuzz_parser.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/ingest/report_folder.h"

namespace testselect {

// Reads the bytes as files: each is a line with its name and the content that follows it up to
// "\n=file=\n". Parses them as one report, in pieces of a size that the bytes choose, and finishes
// the upload. Aborts where a rule of fuzz_parser.h is broken.
int FuzzFolder(const FolderParser* parser, const uint8_t* data, size_t size);

}  // namespace testselect
