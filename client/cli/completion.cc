#include <CLI/CLI.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/command_tree.h"
#include "client/cli/option_text.h"
#include "client/cli/reference_pages.h"

namespace testselect::client {
namespace {

// The words that may follow `prefix` ("" or "index ") among the commands.
std::map<std::string, std::set<std::string>> WordsByPrefix(const CLI::App& tree) {
  std::map<std::string, std::set<std::string>> words;
  for (const NamedCommand& command : VisibleCommands(tree)) {
    const size_t space = command.name.find(' ');
    words[""].insert(command.name.substr(0, space));
    if (space != std::string::npos) {
      words[command.name.substr(0, space)].insert(command.name.substr(space + 1));
    }
  }
  return words;
}

// case branches that set `values` after an option with choices, or complete files after one that
// takes a file.
std::string BashValueCases(const NamedCommand& command) {
  std::string cases;
  for (const OptionText& option : OptionTexts(*command.app)) {
    if (option.flags.empty() || option.value.empty()) continue;
    const std::string pattern = absl::StrJoin(option.flags, "|");
    if (!option.choices.empty()) {
      absl::StrAppend(&cases, "        ", pattern, ") COMPREPLY=($(compgen -W '",
                      absl::StrJoin(option.choices, " "), "' -- \"$current\")); return ;;\n");
    } else if (option.is_file) {
      absl::StrAppend(&cases, "        ", pattern,
                      ") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n");
    } else {
      absl::StrAppend(&cases, "        ", pattern, ") return ;;\n");
    }
  }
  return cases;
}

std::string Flags(const NamedCommand& command) {
  std::vector<std::string> flags;
  for (const OptionText& option : OptionTexts(*command.app)) {
    flags.insert(flags.end(), option.flags.begin(), option.flags.end());
  }
  return absl::StrJoin(flags, " ");
}

bool TakesFiles(const NamedCommand& command) {
  for (const OptionText& option : OptionTexts(*command.app)) {
    if (option.flags.empty() && option.is_file) return true;
  }
  return false;
}

// Text inside a single-quoted _arguments specification.
std::string ZshText(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"'", "'\\''"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}, {"\n", " "}});
}

std::string ZshArguments(const NamedCommand& command) {
  std::string lines;
  for (const OptionText& option : OptionTexts(*command.app)) {
    std::string action;
    if (!option.value.empty()) {
      action = absl::StrCat(":", ZshText(option.value), ":");
      if (!option.choices.empty()) {
        absl::StrAppend(&action, "(", absl::StrJoin(option.choices, " "), ")");
      } else if (option.is_file) {
        action += "_files";
      }
    }
    if (option.flags.empty()) {
      absl::StrAppend(&lines, " \\\n        '", option.repeatable ? "*" : "",
                      action.empty() ? ":argument:" : action, "'");
      continue;
    }
    for (const std::string& flag : option.flags) {
      absl::StrAppend(&lines, " \\\n        '", option.repeatable ? "*" : "", flag, "[",
                      ZshText(option.doc), "]", action, "'");
    }
  }
  return lines;
}

}  // namespace

std::string BashCompletion(const CLI::App& tree) {
  const auto words = WordsByPrefix(tree);
  std::string script =
      "# bash completion for testselect, made by `testselect completion bash`\n"
      "_testselect() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "  local command=\"${COMP_WORDS[1]}\"\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n";
  absl::StrAppend(
      &script, "    COMPREPLY=($(compgen -W '", absl::StrJoin(words.at(""), " "),
      " --help --version' -- \"$current\"))\n    return\n  fi\n  case \"$command\" in\n");
  for (const auto& [prefix, following] : words) {
    if (prefix.empty()) continue;
    absl::StrAppend(&script, "    ", prefix,
                    ")\n      if [ \"$COMP_CWORD\" -eq 2 ] && [[ \"$current\" != -* ]]; then\n",
                    "        COMPREPLY=($(compgen -W '", absl::StrJoin(following, " "),
                    "' -- \"$current\"))\n        return\n      fi\n", "      if [[ ' ",
                    absl::StrJoin(following, " "), " ' == *\" ${COMP_WORDS[2]} \"* ]]; then\n",
                    "        command=\"$command ${COMP_WORDS[2]}\"\n      fi ;;\n");
  }
  script += "  esac\n  case \"$command\" in\n";
  for (const NamedCommand& command : VisibleCommands(tree)) {
    absl::StrAppend(&script, "    '", command.name, "')\n      case \"$previous\" in\n",
                    BashValueCases(command), "        *) ;;\n      esac\n",
                    "      if [[ \"$current\" == -* ]]; then\n        COMPREPLY=($(compgen -W '",
                    Flags(command), "' -- \"$current\"))\n");
    if (TakesFiles(command)) {
      script += "      else\n        COMPREPLY=($(compgen -f -- \"${current##*=}\"))\n";
    }
    script += "      fi ;;\n";
  }
  script += "  esac\n}\ncomplete -o filenames -F _testselect testselect\n";
  return script;
}

std::string ZshCompletion(const CLI::App& tree) {
  const auto words = WordsByPrefix(tree);
  std::string script =
      "#compdef testselect\n# zsh completion for testselect, made by `testselect completion zsh`\n"
      "_testselect() {\n  local command=\"${words[2]}\"\n  if (( CURRENT == 2 )); then\n";
  absl::StrAppend(&script, "    compadd -- ", absl::StrJoin(words.at(""), " "),
                  " --help --version\n    return\n  fi\n  local skip=1\n  case \"$command\" in\n");
  for (const auto& [prefix, following] : words) {
    if (prefix.empty()) continue;
    absl::StrAppend(&script, "    ", prefix,
                    ")\n      if (( CURRENT == 3 )) && [[ \"${words[3]}\" != -* ]]; then\n",
                    "        compadd -- ", absl::StrJoin(following, " "),
                    "\n        return\n      fi\n      if [[ ' ", absl::StrJoin(following, " "),
                    " ' == *\" ${words[3]} \"* ]]; then\n",
                    "        command=\"$command ${words[3]}\"\n        skip=2\n      fi ;;\n");
  }
  script += "  esac\n  shift $skip words\n  (( CURRENT -= skip ))\n  case \"$command\" in\n";
  for (const NamedCommand& command : VisibleCommands(tree)) {
    absl::StrAppend(&script, "    '", command.name, "')\n      _arguments -s",
                    ZshArguments(command), " ;;\n");
  }
  script +=
      "  esac\n}\nif [ \"$funcstack[1]\" = \"_testselect\" ]; then\n  _testselect \"$@\"\n"
      "else\n  compdef _testselect testselect\nfi\n";
  return script;
}

}  // namespace testselect::client
