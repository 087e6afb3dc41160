// The part of codecov.yml that configures the runners of label analysis.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/codecov/runner_params.h"

namespace testselect::client {

// The first that exists of codecov.yml, codecov.yaml, .codecov.yml and .codecov.yaml in `top`, its
// .github/ and its dev/, in this order; empty where none does.
std::string FindCodecovYaml(const std::string& top);

// cli.runners of the file, by name; none where it has no such section. kInvalidArgument "path:line:
// what is wrong" for a text that is no YAML, a section of the wrong kind, or more than 1 MiB of
// values (aliases multiply).
absl::StatusOr<std::map<std::string, RunnerParams>> ParseCodecovRunners(absl::string_view path,
                                                                        absl::string_view text);

}  // namespace testselect::client
