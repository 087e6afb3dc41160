// The Python side of label analysis: a program of ours (label_host.py) that lies in this one.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/process.h"

namespace testselect::client {

// `given`, or where it is empty the first of python and python3 that PATH has.
std::string FindPython(const std::string& given);

// `python -m pytest` with arguments of any length and number. Errors: as RunProcess.
absl::StatusOr<FinishedProcess> RunPytestWithLongArguments(
    const std::string& python, const std::vector<std::string>& arguments);

}  // namespace testselect::client
