#include "server/ingest/kotlin_smap.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace testselect {
namespace {

struct File {
  std::string name, class_name;
};

std::string PathOf(const File& file) {
  const size_t slash = file.class_name.rfind('/');
  return slash == std::string::npos ? file.name
                                    : absl::StrCat(file.class_name.substr(0, slash + 1), file.name);
}

struct Mapping {
  uint32_t input = 0, file = 0, count = 1, output = 0;
};

// "20#1,2:104": two lines from line 20 of file 1 on are lines 104 and 105.
bool ParseMapping(absl::string_view line, Mapping* mapping) {
  const std::pair<absl::string_view, absl::string_view> halves =
      absl::StrSplit(line, absl::MaxSplits(':', 1));
  const std::pair<absl::string_view, absl::string_view> from =
      absl::StrSplit(halves.first, absl::MaxSplits('#', 1));
  const std::pair<absl::string_view, absl::string_view> file =
      absl::StrSplit(from.second, absl::MaxSplits(',', 1));
  return absl::SimpleAtoi(from.first, &mapping->input) &&
         absl::SimpleAtoi(file.first, &mapping->file) &&
         (file.second.empty() || absl::SimpleAtoi(file.second, &mapping->count)) &&
         absl::SimpleAtoi(halves.second, &mapping->output) && mapping->input > 0 &&
         mapping->count > 0 && mapping->count <= kMaxLine && mapping->input <= kMaxLine &&
         mapping->output > 0 && mapping->output <= kMaxLine;
}

}  // namespace

KotlinSmap::KotlinSmap(absl::string_view text, absl::string_view class_name) {
  std::map<uint32_t, File> files;
  enum { kBefore, kFiles, kLines } section = kBefore;
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  bool kotlin = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    absl::string_view line = lines[i];
    if (absl::ConsumePrefix(&line, "*")) {
      if (absl::ConsumePrefix(&line, "S ")) {
        if (kotlin) return;  // "KotlinDebug" follows, which tells of the places of the calls
        kotlin = line == "Kotlin";
      }
      section = line == "F" ? kFiles : line == "L" ? kLines : kBefore;
      continue;
    }
    if (!kotlin) continue;
    if (section == kFiles && absl::ConsumePrefix(&line, "+ ") && i + 1 < lines.size()) {
      const std::pair<absl::string_view, absl::string_view> id_name =
          absl::StrSplit(line, absl::MaxSplits(' ', 1));
      uint32_t id = 0;
      if (!absl::SimpleAtoi(id_name.first, &id)) continue;
      files[id] = {std::string(id_name.second), std::string(lines[++i])};
    }
    Mapping mapping;
    if (section != kLines || !ParseMapping(line, &mapping)) continue;
    const auto file = files.find(mapping.file);
    if (file == files.end()) continue;
    if (file->second.class_name == class_name && mapping.input == mapping.output) continue;
    first_ = std::min(first_, mapping.output);
    copies_.push_back({mapping.output,
                       std::min(mapping.output + mapping.count - 1, kMaxLine),
                       {mapping.input, std::min(mapping.input + mapping.count - 1, kMaxLine)},
                       file->second.class_name,
                       PathOf(file->second)});
  }
}

}  // namespace testselect
