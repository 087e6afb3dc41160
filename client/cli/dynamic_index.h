// DynamicIndex: datadog-agent's dynamic test index as a value, and as the JSON that its programs
// read and write.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

// By job, by key (a file, a folder or a pattern): the tests, in the order in which they came, each
// once. "*" stands for every test of the job. A job may be there without keys, a key without tests.
using JobKeys = std::map<std::string, std::vector<std::string>>;
using DynamicIndex = std::map<std::string, JobKeys>;

// kInvalidArgument naming `name`, and where the text is no {job: {key: [tests]}}; null is a list of
// no tests.
absl::StatusOr<DynamicIndex> ParseDynamicIndex(absl::string_view name, absl::string_view text);

// Jobs and keys sorted, two blanks deep, followed by a line feed.
std::string DynamicIndexJson(const DynamicIndex& index);

// Adds the tests of `from` to those of `into`.
void MergeDynamicIndex(const DynamicIndex& from, DynamicIndex* into);

// The tests that a job's keys name, sorted; "*" is none.
std::vector<std::string> TestsOf(const JobKeys& keys);

}  // namespace testselect::client
