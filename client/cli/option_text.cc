#include "client/cli/option_text.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace testselect::client {
namespace {

OptionText TextOf(const CLI::Option& option) {
  OptionText text;
  for (const std::string& name : option.get_snames()) text.flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) text.flags.push_back("--" + name);
  if (option.get_type_size_max() > 0) text.value = option.get_type_name();
  text.doc = option.get_description();
  text.environment = option.get_envname();
  text.required = option.get_required();
  text.repeatable = option.get_items_expected_max() > 1;
  // "a|b" lists choices, "DIR|NAME" what is meant.
  const bool lower = std::none_of(text.value.begin(), text.value.end(),
                                  [](unsigned char c) { return absl::ascii_isupper(c); });
  if (absl::StrContains(text.value, "|") && lower) {
    text.choices = absl::StrSplit(text.value, '|');
  }
  text.is_file = absl::StrContains(text.value, "FILE") || absl::StrContains(text.value, "DIR") ||
                 absl::StrContains(text.value, "REPORT");
  return text;
}

}  // namespace

std::vector<OptionText> OptionTexts(const CLI::App& command) {
  std::vector<OptionText> texts;
  const CLI::Option* help = command.get_help_ptr();
  for (const CLI::Option* option : command.get_options()) {
    if (option != help) texts.push_back(TextOf(*option));
  }
  if (help != nullptr) texts.push_back(TextOf(*help));
  return texts;
}

std::string UsageLine(const std::string& command_name, const CLI::App& command) {
  std::string line = absl::StrCat("testselect ", command_name);
  for (const OptionText& option : OptionTexts(command)) {
    if (option.required && !option.flags.empty()) {
      absl::StrAppend(&line, " ", option.flags.back(), " ", option.value);
    }
  }
  line += " [OPTIONS]";
  for (const OptionText& option : OptionTexts(command)) {
    if (option.flags.empty()) absl::StrAppend(&line, " ", option.value);
  }
  return line;
}

}  // namespace testselect::client
