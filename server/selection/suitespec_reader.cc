// SuiteSpec::Read: files -> components and suites -> patterns.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/selection/suitespec.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

constexpr int kMaxValueDepth = 50;
constexpr size_t kMaxReferences = 1000;
constexpr size_t kMaxValueBytes = 1 << 20;  // of one key: aliases multiply

std::string JsonText(absl::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&json, "\\u", absl::Hex(c, absl::kZeroPad4));
    } else {
      json += c;
    }
  }
  return json + "\"";
}

// A plain scalar is what YAML 1.2 takes it for; a quoted one is a text.
std::string JsonScalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  double number = 0;
  if (node.Tag() == "?") {
    if (text == "true" || text == "false" || text == "null") return text;
    const bool digits = text.find_first_not_of("-0123456789.eE+") == std::string::npos;
    const bool json_number = digits && !absl::StartsWith(text, "+") &&
                             !absl::StartsWith(text, ".") && !absl::EndsWith(text, ".") &&
                             (!absl::StartsWith(text, "0") || text.size() == 1 || text[1] == '.');
    if (json_number && absl::SimpleAtod(text, &number)) return text;
  }
  return JsonText(text);
}

absl::Status AppendJson(const YAML::Node& node, int depth, std::string& json) {
  if (depth > kMaxValueDepth || json.size() > kMaxValueBytes) {
    return absl::InvalidArgumentError("a value too large or nested too deep");
  }
  const char* separator = "";
  if (node.IsMap()) {
    json += "{";
    for (const auto& pair : node) {
      absl::StrAppend(&json, separator, JsonText(pair.first.IsScalar() ? pair.first.Scalar() : ""),
                      ": ");
      TS_RETURN_IF_ERROR(AppendJson(pair.second, depth + 1, json));
      separator = ", ";
    }
    json += "}";
  } else if (node.IsSequence()) {
    json += "[";
    for (const YAML::Node& item : node) {
      json += separator;
      TS_RETURN_IF_ERROR(AppendJson(item, depth + 1, json));
      separator = ", ";
    }
    json += "]";
  } else {
    json += node.IsScalar() ? JsonScalar(node) : "null";
  }
  return absl::OkStatus();
}

// Whether what a file says replaces what others say, and the folder part of its suites' names.
struct SpecPlace {
  bool replaces = false;
  std::string prefix;  // "contrib::flask::"; empty: none
};

SpecPlace PlaceOf(absl::string_view path) {
  SpecPlace place;
  std::vector<std::string> folders = absl::StrSplit(path, '/');
  folders.pop_back();
  place.replaces = !folders.empty() && folders[0] == "benchmarks";
  if (!folders.empty() && folders[0] == "tests") folders.erase(folders.begin());
  place.prefix = folders.empty() ? "" : absl::StrCat(absl::StrJoin(folders, "::"), "::");
  return place;
}

// `{suite}` filled in, `{{` and `}}` as braces; false for anything else in braces.
bool FillIn(absl::string_view pattern, absl::string_view suite, std::string* out) {
  while (!pattern.empty()) {
    if (absl::ConsumePrefix(&pattern, "{{")) {
      *out += '{';
    } else if (absl::ConsumePrefix(&pattern, "}}")) {
      *out += '}';
    } else if (absl::ConsumePrefix(&pattern, "{suite}")) {
      absl::StrAppend(out, suite);
    } else if (pattern[0] == '{' || pattern[0] == '}') {
      return false;
    } else {
      *out += pattern[0];
      pattern.remove_prefix(1);
    }
  }
  return true;
}

}  // namespace

class SuiteSpecReader {
 public:
  absl::StatusOr<SuiteSpec> Read(std::vector<SpecFile> files) && {
    std::sort(files.begin(), files.end(), [](const SpecFile& a, const SpecFile& b) {
      return std::pair(PlaceOf(a.path).replaces, a.path) <
             std::pair(PlaceOf(b.path).replaces, b.path);
    });
    for (const SpecFile& file : files) TS_RETURN_IF_ERROR(ReadFile(file));
    for (const auto& [name, component] : components_) CheckReferences(component.patterns);
    for (auto& [name, suite] : suites_) CheckReferences(suite.paths);
    for (auto& [name, suite] : suites_) {
      if (spec_.errors_.empty()) Resolve(suite);
      spec_.suites_.push_back(std::move(suite.suite));
    }
    return std::move(spec_);
  }

 private:
  struct Component {
    std::vector<SuitePattern> patterns;
    bool replaces = false;
  };
  struct RawSuite {
    Suite suite;
    std::vector<SuitePattern> paths;
  };

  static std::string Origin(absl::string_view path, const YAML::Node& node) {
    return absl::StrCat(path, ":", node.Mark().line + 1);
  }
  static absl::Status Error(absl::string_view origin, absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(origin, ": ", what));
  }

  absl::Status ReadFile(const SpecFile& file) {
    if (!IsUtf8(file.text)) return Error(absl::StrCat(file.path, ":1"), "not UTF-8");
    try {
      const YAML::Node root = YAML::Load(file.text);
      if (root.IsNull()) return absl::OkStatus();
      if (!root.IsMap()) return Error(Origin(file.path, root), "expected a map");
      for (const auto& section : root) {
        const std::string name = section.first.IsScalar() ? section.first.Scalar() : "";
        if (name == "components") TS_RETURN_IF_ERROR(Components(file.path, section.second));
        if (name == "suites") TS_RETURN_IF_ERROR(Suites(file.path, section.second));
      }
      return absl::OkStatus();
    } catch (const YAML::Exception& error) {
      return Error(absl::StrCat(file.path, ":", error.mark.line + 1), Shorten(error.msg, 200));
    }
  }

  absl::Status Components(const std::string& path, const YAML::Node& map) {
    if (map.IsNull()) return absl::OkStatus();
    if (!map.IsMap()) return Error(Origin(path, map), "components: expected a map");
    const bool replaces = PlaceOf(path).replaces;
    for (const auto& pair : map) {
      Component& component = components_[pair.first.Scalar()];
      if (replaces && !component.replaces) component = Component{{}, true};
      TS_RETURN_IF_ERROR(Patterns(path, pair.second, component.patterns));
    }
    return absl::OkStatus();
  }

  static absl::Status Patterns(const std::string& path, const YAML::Node& list,
                               std::vector<SuitePattern>& patterns) {
    if (list.IsNull()) return absl::OkStatus();
    if (!list.IsSequence()) return Error(Origin(path, list), "expected a list of patterns");
    for (const YAML::Node& item : list) {
      if (!item.IsScalar()) return Error(Origin(path, item), "expected a pattern");
      patterns.push_back({item.Scalar(), Origin(path, item)});
    }
    return absl::OkStatus();
  }

  absl::Status Suites(const std::string& path, const YAML::Node& map) {
    if (map.IsNull()) return absl::OkStatus();
    if (!map.IsMap()) return Error(Origin(path, map), "suites: expected a map");
    const std::string prefix = PlaceOf(path).prefix;
    for (const auto& pair : map) {
      if (!pair.first.IsScalar()) return Error(Origin(path, pair.first), "expected a name");
      const std::string bare = pair.first.Scalar();
      // Two files may name one suite: it then has the paths of both.
      RawSuite& raw = suites_[absl::StrCat(prefix, bare)];
      raw.suite.name = absl::StrCat(prefix, bare);
      raw.suite.origin = Origin(path, pair.first);
      raw.suite.keys.clear();
      TS_RETURN_IF_ERROR(SuiteKeys(path, pair.second, raw));
      const bool has_pattern = std::any_of(raw.suite.keys.begin(), raw.suite.keys.end(),
                                           [](const auto& key) { return key.first == "pattern"; });
      if (!prefix.empty() && !has_pattern) {
        raw.suite.keys.emplace_back("pattern", JsonText(bare));
      }
    }
    return absl::OkStatus();
  }

  static absl::Status SuiteKeys(const std::string& path, const YAML::Node& map, RawSuite& raw) {
    bool has_paths = false;
    if (!map.IsMap()) {
      raw.suite.broken = absl::StrCat("its entry is no map (", raw.suite.origin, ")");
      return absl::OkStatus();
    }
    for (const auto& pair : map) {
      std::string json;
      if (absl::Status s = AppendJson(pair.second, 0, json); !s.ok()) {
        return Error(Origin(path, pair.second), s.message());
      }
      raw.suite.keys.emplace_back(pair.first.Scalar(), json);
      if (pair.first.Scalar() != "paths") continue;
      has_paths = !pair.second.IsNull();
      TS_RETURN_IF_ERROR(Patterns(path, pair.second, raw.paths));
    }
    if (!has_paths) {
      raw.suite.broken = absl::StrCat("it has no paths (", raw.suite.origin, ")");
    }
    return absl::OkStatus();
  }

  // Reports every reference of `patterns` that leads nowhere, or into a circle; each once.
  void CheckReferences(const std::vector<SuitePattern>& patterns) {
    for (const SuitePattern& pattern : patterns) {
      if (!absl::StartsWith(pattern.text, "@")) continue;
      const auto found = components_.find(pattern.text.substr(1));
      const auto complain = [&](absl::string_view what) {
        spec_.errors_.push_back(
            absl::StrCat(pattern.origin, ": '", Shorten(pattern.text), "': ", what));
      };
      const bool known = found != components_.end();
      if (known && std::find(open_.begin(), open_.end(), found->first) != open_.end()) {
        complain(absl::StrCat("the references go in a circle: ", absl::StrJoin(open_, " -> "),
                              " -> ", found->first));
        continue;
      }
      if (!checked_.insert(&pattern).second) continue;
      if (!known) {
        complain("there is no component of this name");
      } else if (open_.size() == kMaxReferences) {
        complain("the references are nested too deep");
      } else {
        open_.push_back(found->first);
        CheckReferences(found->second.patterns);
        open_.pop_back();
      }
    }
  }

  void Resolve(RawSuite& raw) {
    std::set<std::string> texts, expanded;
    Expand(raw.paths, raw.suite, texts, expanded);
    for (const auto& [name, component] : components_) {
      if (absl::StartsWith(name, "$")) Expand(component.patterns, raw.suite, texts, expanded);
    }
  }

  void Expand(const std::vector<SuitePattern>& patterns, Suite& suite, std::set<std::string>& texts,
              std::set<std::string>& expanded) {
    for (const SuitePattern& pattern : patterns) {
      if (absl::StartsWith(pattern.text, "@")) {
        const auto found = components_.find(pattern.text.substr(1));
        if (found != components_.end() && expanded.insert(found->first).second) {
          Expand(found->second.patterns, suite, texts, expanded);
        }
        continue;
      }
      std::string text;
      if (!FillIn(pattern.text, absl::StrReplaceAll(suite.name, {{"::", "."}}), &text)) {
        suite.broken = absl::StrCat("the pattern '", Shorten(pattern.text), "' (", pattern.origin,
                                    ") has braces other than {suite}");
      } else if (texts.insert(text).second) {
        suite.patterns.push_back({text, pattern.origin});
      }
    }
  }

  SuiteSpec spec_;
  std::map<std::string, Component> components_;
  std::map<std::string, RawSuite> suites_;
  std::set<const SuitePattern*> checked_;
  std::vector<std::string> open_;  // the components whose references are being followed
};

absl::StatusOr<SuiteSpec> SuiteSpec::Read(const std::vector<SpecFile>& files) {
  return SuiteSpecReader().Read(files);
}

}  // namespace testselect
