// Which tests pytest is told to run.
#pragma once

#include <string>
#include <vector>

namespace testselect::client {

// Node ids that stand for exactly `run`, in the order of `collected`, each once; labels that were
// not collected come last. Where all collected parameters of a function run, the function's own id
// stands for them: it holds where parameters have other names in the next process (Codecov drops
// them always, and so runs tests that nobody asked for). Cost: linear in both lists.
std::vector<std::string> PytestArguments(const std::vector<std::string>& collected,
                                         const std::vector<std::string>& run);

}  // namespace testselect::client
