// FlattenKeys for INI, in the dialect of Python's configparser without interpolation: `#` and `;`
// begin comments at the beginning of a line only, a value goes on in lines indented deeper than its
// key, empty lines included.
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/selection/flat_key_writer.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

constexpr absl::string_view kDefault = "DEFAULT";

class IniReader {
 public:
  absl::Status Read(absl::string_view text) {
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      ++number_;
      TS_RETURN_IF_ERROR(Line(line));
    }
    EndOption();
    return absl::OkStatus();
  }

  FlatKeys Keys() && {
    FlatKeys keys;
    for (const auto& [section, options] : sections_) {
      if (section != kDefault && options.empty() && sections_[std::string(kDefault)].empty()) {
        keys.emplace(section, "{}");
      }
      std::map<std::string, std::string> all = sections_[std::string(kDefault)];
      for (const auto& [name, value] : options) all[name] = value;
      for (const auto& [name, value] : all) keys.emplace(absl::StrCat(section, ".", name), value);
    }
    return keys;
  }

 private:
  absl::Status Line(absl::string_view line) {
    const absl::string_view content = absl::StripAsciiWhitespace(line);
    if (!content.empty() && (content[0] == '#' || content[0] == ';')) return absl::OkStatus();
    if (content.empty()) {
      if (!option_.empty()) value_.push_back(content);
      return absl::OkStatus();
    }
    const size_t indent = line.find_first_not_of(" \t\r\f\v");
    if (!option_.empty() && indent > indent_) {
      value_.push_back(content);
      return absl::OkStatus();
    }
    EndOption();
    indent_ = indent;
    if (const size_t close = content.rfind(']');
        content[0] == '[' && close > 1 && close != absl::string_view::npos) {
      in_section_ = true;
      section_ = std::string(content.substr(1, close - 1));
      sections_[section_];
      return absl::OkStatus();
    }
    return Option(content);
  }

  absl::Status Option(absl::string_view content) {
    const size_t delimiter = content.find_first_of("=:");
    if (!in_section_ || delimiter == absl::string_view::npos || delimiter == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "line ", number_, ": '", Shorten(content), "' is ",
          in_section_ ? "neither a section nor a key with a value" : "before any [section]"));
    }
    option_ =
        absl::AsciiStrToLower(absl::StripTrailingAsciiWhitespace(content.substr(0, delimiter)));
    value_ = {absl::StripLeadingAsciiWhitespace(content.substr(delimiter + 1))};
    return absl::OkStatus();
  }

  void EndOption() {
    if (option_.empty()) return;
    while (!value_.empty() && value_.back().empty()) value_.pop_back();
    sections_[section_][option_] = absl::StrJoin(value_, "\n");  // the last one of a name counts
    option_.clear();
  }

  std::map<std::string, std::map<std::string, std::string>> sections_;
  std::string section_, option_;
  std::vector<absl::string_view> value_;
  size_t indent_ = 0;
  int number_ = 0;
  bool in_section_ = false;
};

}  // namespace

absl::StatusOr<FlatKeys> FlattenIni(absl::string_view text) {
  if (!IsUtf8(text)) return absl::InvalidArgumentError("not UTF-8");
  IniReader reader;
  TS_RETURN_IF_ERROR(reader.Read(text));
  return std::move(reader).Keys();
}

}  // namespace testselect
