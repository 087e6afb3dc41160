// Go's binary coverage data, as a program built with -cover leaves it in GOCOVERDIR: what a
// covcounters file says, and what the covmeta file of the same hash makes of it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/ingest/evidence_sink.h"
#include "server/ingest/report_parser.h"

namespace testselect {

inline constexpr absl::string_view kGoCovdata = "go-covdata";
inline constexpr absl::string_view kGoMetaMagic = absl::string_view("\0cvm", 4);
inline constexpr absl::string_view kGoCounterMagic = absl::string_view("\0cwm", 4);

// Of the functions of one program, by package and function number: which of the counters were above
// zero. Where a program ran several times, in any of its runs.
using GoExecuted = absl::flat_hash_map<std::pair<uint64_t, uint64_t>, std::vector<bool>>;

// Reads a covcounters file: *hash becomes the 16 bytes that name its covmeta file, and what it
// counted is added to by_hash[*hash]. Errors as ReportParser::Parse. Memory: that map.
absl::Status ReadGoCounters(ReportSource& source, std::string* hash,
                            absl::flat_hash_map<std::string, GoExecuted>* by_hash);

// The hash of a covmeta file, from its first bytes; "" where there are too few.
std::string GoMetaHash(absl::string_view head);

// Reads a covmeta file and sends the lines of all blocks that `executed` has to the sink, for
// `context`. kInvalidArgument besides if the two do not fit each other. Memory: one package.
absl::Status ReadGoMeta(ReportSource& source, const GoExecuted& executed, ContextId context,
                        EvidenceSink& sink);

}  // namespace testselect
