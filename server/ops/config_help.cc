// The texts made from the table of settings: --help, docs/configuration.md, --print-config.
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "server/ops/config.h"
#include "server/ops/config_table.h"

namespace testselect {
namespace {

// `text` in lines of at most 80 characters, each begun with `indent` spaces.
std::string Wrapped(absl::string_view text, size_t indent) {
  std::string out, line;
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > 80) {
      absl::StrAppend(&out, std::string(indent, ' '), line, "\n");
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  absl::StrAppend(&out, std::string(indent, ' '), line, "\n");
  return out;
}

// '...' with quotes doubled, which is how YAML takes any one-line text literally.
std::string YamlQuoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}

std::string DefaultOf(const ConfigOption& option) {
  const std::string text = option.Render(ServerConfig());
  return text.empty() ? "none" : text;
}

}  // namespace

std::string RenderConfig(const ServerConfig& config) {
  std::string out;
  for (const ConfigOption& option : ConfigTable()) {
    if (option.kind != ConfigKind::kNames) {
      absl::StrAppend(&out, option.name, ": ", YamlQuoted(option.Render(config)), "\n");
      continue;
    }
    absl::StrAppend(&out, option.name, ":", config.repositories.empty() ? " []" : "", "\n");
    for (const auto& [name, place] : config.repositories) {
      absl::StrAppend(&out, "  - ", YamlQuoted(absl::StrCat(name, "=", place)), "\n");
    }
  }
  return out;
}

std::string ConfigHelp() {
  std::string out =
      "testselectd: the test selection server.\n\n"
      "Usage: testselectd --repository=NAME=PATH [--data-dir=PATH] [FLAG]...\n\n"
      "Every setting is a flag (--data-dir=X), an environment variable (TESTSELECT_DATA_DIR=X)\n"
      "or a key of a YAML file (data-dir: X); the first of these that is given wins.\n\n"
      "  --config=PATH\n        The YAML file of settings.\n"
      "  --print-config\n        Print the effective settings as such a file, and exit.\n"
      "  --check-health\n        Ask the server that runs with these settings whether it serves,\n"
      "        and exit: 0 if it does, else 1.\n"
      "  --help\n        Print this text, and exit.\n"
      "  --version\n        Print the version, and exit.\n\n";
  for (const ConfigOption& option : ConfigTable()) {
    absl::StrAppend(&out, "  --", option.name, "=", option.Type(), "\n", Wrapped(option.doc, 8));
    const std::string range = option.Range();
    const bool bounded =
        !range.empty() && option.kind != ConfigKind::kChoice && option.kind != ConfigKind::kSwitch;
    absl::StrAppend(&out, "        Default: ", DefaultOf(option),
                    bounded ? absl::StrCat(". Range: ", range) : "", ".\n");
  }
  absl::StrAppend(&out,
                  "\nWhen it is ready, the server prints one line on standard output:\n"
                  "  listening grpc=HOST:PORT metrics=HOST:PORT\n"
                  "Exit status: 0 after SIGTERM or SIGINT, 1 if it cannot start, 2 for bad "
                  "settings.\n");
  return out;
}

std::string ConfigHelpMarkdown() {
  std::string out =
      "# Configuration of testselectd\n\n"
      "Made by `testselectd --help-markdown`; a test compares. Every setting is a flag\n"
      "(`--data-dir=X`), an environment variable (`TESTSELECT_DATA_DIR=X`) or a key of the YAML\n"
      "file that `--config` or `TESTSELECT_CONFIG` names (`data-dir: X`); the first of these that\n"
      "is given wins. A name or value that is not known stops the start with a message that names\n"
      "it. The effective settings are logged at start; `--print-config` prints them as a file.\n\n"
      "| setting | type | default | range | meaning |\n|---|---|---|---|---|\n";
  for (const ConfigOption& option : ConfigTable()) {
    const auto cell = [](absl::string_view text) {
      return absl::StrReplaceAll(text, {{"|", "\\|"}});
    };
    absl::StrAppend(&out, "| `", option.name, "` | ", cell(option.Type()), " | ",
                    cell(DefaultOf(option)), " | ", cell(option.Range()), " | ", cell(option.doc),
                    " |\n");
  }
  return out;
}

}  // namespace testselect
