// A selection as select prints it.
#pragma once

#include <cstdint>
#include <string>

#include "client/selection_answer.h"

namespace testselect::client {

// As datadog-agent's programs read it, by job: {"impacted": [tests], "skipped": [tests],
// "triggering_paths": {test: [changed paths]}}. Labels that no job knows are in none: they run.
std::string SelectionByJob(const SelectionAnswer& answer);

// Which part of the run list was asked for.
struct PartAsked {
  bool budget = false, per_job = false;
  uint32_t shard = 0, shards = 0;  // from 1; 0: all
};
// The object of the documented shape, on one line.
std::string SelectionJson(const SelectionAnswer& answer, const PartAsked& part = {});
// The labels to run in order, one a line.
std::string SelectionList(const SelectionAnswer& answer);
// The same on one line, each a word of POSIX sh; empty for none.
std::string SelectionArgs(const SelectionAnswer& answer);
// How many labels each reason selected, for a person.
std::string ReasonHistogram(const SelectionAnswer& answer);

}  // namespace testselect::client
