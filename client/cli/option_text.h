// How the pages made from the command tree name an option.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace testselect::client {

struct OptionText {
  std::vector<std::string> flags;  // "-q", "--quiet"; empty for a positional
  std::string value;               // "SHA"; empty for a switch
  std::string doc;
  std::string environment;  // the variable that sets it; may be empty
  bool required = false;
  bool repeatable = false;
  std::vector<std::string> choices;  // of a value like "all|none"
  bool is_file = false;              // its value is a path
};

// The options of a command in the order of its help, --help last.
std::vector<OptionText> OptionTexts(const CLI::App& command);

// "testselect index show [OPTIONS] SHA".
std::string UsageLine(const std::string& command_name, const CLI::App& command);

}  // namespace testselect::client
