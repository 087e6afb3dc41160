#include "client/ci/yaml_text.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/json_writer.h"

namespace testselect::client {

std::string YamlText(absl::string_view text) {
  std::string quoted;
  AppendJsonString(text, quoted);
  return quoted;
}

std::string YamlTexts(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    absl::StrAppend(&list, list.size() > 1 ? ", " : "", YamlText(text));
  }
  return list + "]";
}

TextRange FindTopLevelKey(absl::string_view yaml, absl::string_view key) {
  TextRange range;
  for (size_t line = 0; line < yaml.size();) {
    const size_t feed = yaml.find('\n', line);
    const size_t next = feed == absl::string_view::npos ? yaml.size() : feed + 1;
    const absl::string_view text = yaml.substr(line, next - line);
    const bool of_value = text[0] == ' ' || text[0] == '-' || text[0] == '\n' || text[0] == '#' ||
                          text[0] == '\r' || text[0] == '\t';
    if (range.begin != std::string::npos && (!of_value || absl::StartsWith(text, "---"))) break;
    if (range.begin == std::string::npos && absl::StartsWith(text, absl::StrCat(key, ":"))) {
      range.begin = line;
    }
    if (range.begin != std::string::npos) range.size = next - range.begin;
    line = next;
  }
  return range;
}

}  // namespace testselect::client
