// RuleSet::Parse: the language of .testselect.yml.
#include <yaml-cpp/yaml.h>

#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/selection/path_rules.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

// The scalar of a node for an error message; the kind of anything else.
std::string Spell(const YAML::Node& node) {
  if (node.IsScalar()) return absl::StrCat("'", Shorten(node.Scalar()), "'");
  if (node.IsSequence()) return "a list";
  if (node.IsMap()) return "a map";
  return "nothing";
}

template <typename T>
struct Choice {
  absl::string_view name;
  T value;
};

constexpr std::array<Choice<bool>, 2> kUnknownChange = {{{"all", true}, {"none", false}}};
constexpr std::array<Choice<bool>, 2> kOnMiss = {{{"report", false}, {"always_run", true}}};
constexpr std::array<Choice<BranchPolicy>, 3> kPolicies = {{{"select", BranchPolicy::kSelect},
                                                            {"shadow", BranchPolicy::kShadow},
                                                            {"full", BranchPolicy::kFull}}};
constexpr std::array<Choice<KeyFormat>, 5> kFormats = {{{"toml", KeyFormat::kToml},
                                                        {"json", KeyFormat::kJson},
                                                        {"yaml", KeyFormat::kYaml},
                                                        {"ini", KeyFormat::kIni},
                                                        {"cargo-lock", KeyFormat::kCargoLock}}};
constexpr std::array<Choice<RuleEffect>, 3> kOtherwise = {
    {{"harmless", RuleEffect::kHarmless},
     {"environment", RuleEffect::kEnvironment},
     {"all", RuleEffect::kRunAll}}};
constexpr std::array<Choice<RuleEffect>, 2> kActions = {
    {{"all", RuleEffect::kRunAll}, {"environment", RuleEffect::kEnvironment}}};

}  // namespace

// Reads one file into one set. yaml-cpp throws where a text is no YAML; Parse below catches.
class RuleFileReader {
 public:
  explicit RuleFileReader(absl::string_view name) { set_.name_ = std::string(name); }

  absl::StatusOr<RuleSet> Read(const YAML::Node& root) && {
    if (!root.IsDefined() || root.IsNull()) return std::move(set_);
    if (!root.IsMap()) return Error(root, Spell(root), "expected a map of sections");
    for (const auto& section : root) {
      TS_RETURN_IF_ERROR(Section(section.first, section.second));
    }
    return std::move(set_);
  }

 private:
  using Node = YAML::Node;

  absl::Status Error(const Node& node, absl::string_view what, absl::string_view wanted) const {
    return absl::InvalidArgumentError(
        absl::StrCat(set_.name_, ":", LineOf(node), ": ", what, ": ", wanted));
  }

  absl::Status Section(const Node& key, const Node& value) {
    const std::string name = key.IsScalar() ? key.Scalar() : "";
    if (name == "harmless") return Paths(value, name, RuleEffect::kHarmless);
    if (name == "run_all") return Paths(value, name, RuleEffect::kRunAll);
    if (name == "environment") return Paths(value, name, RuleEffect::kEnvironment);
    if (name == "run_labels") return RunLabels(value);
    if (name == "always_run") {
      set_.always_run_line_ = LineOf(key);
      return LabelList(name, value, set_.always_run_);
    }
    if (name == "opaque") {
      set_.opaque_line_ = LineOf(key);
      return LabelList(name, value, set_.opaque_);
    }
    if (name == "keys") return Keys(value);
    if (name == "branches") return Branches(value);
    if (name == "unknown_change") {
      TS_ASSIGN_OR_RETURN(set_.unknown_change_selects_all_,
                          OneOf("unknown_change", value, kUnknownChange));
      return absl::OkStatus();
    }
    if (name == "on_miss") {
      TS_ASSIGN_OR_RETURN(set_.misses_run_always_, OneOf("on_miss", value, kOnMiss));
      return absl::OkStatus();
    }
    return Error(key, Spell(key),
                 "no section of this name; known are harmless, run_all, environment, run_labels, "
                 "always_run, opaque, unknown_change, on_miss, keys, branches");
  }

  template <typename T, size_t kCount>
  absl::StatusOr<T> OneOf(absl::string_view field, const Node& value,
                          const std::array<Choice<T>, kCount>& choices) const {
    std::string names;
    for (const Choice<T>& choice : choices) {
      if (value.IsScalar() && value.Scalar() == std::string(choice.name)) return choice.value;
      absl::StrAppend(&names, names.empty() ? "" : ", ", choice.name);
    }
    return Error(value, absl::StrCat(field, ": ", Spell(value)), absl::StrCat("expected ", names));
  }

  absl::Status CheckText(absl::string_view field, const Node& value) const {
    if (!value.IsScalar() || value.Scalar().empty()) {
      return Error(value, absl::StrCat(field, ": ", Spell(value)), "expected a text");
    }
    return absl::OkStatus();
  }

  // One text, or a list of them.
  absl::StatusOr<std::vector<Node>> Texts(absl::string_view field, const Node& value) const {
    std::vector<Node> texts;
    if (value.IsNull()) return texts;
    if (value.IsSequence()) {
      for (const Node& item : value) texts.push_back(item);
    } else {
      texts.push_back(value);
    }
    for (const Node& text : texts) TS_RETURN_IF_ERROR(CheckText(field, text));
    return texts;
  }

  absl::StatusOr<PathGlob> Glob(absl::string_view field, const Node& node) const {
    TS_RETURN_IF_ERROR(CheckText(field, node));
    absl::string_view text = node.Scalar();
    if (text[0] == '!') {
      return Error(
          node, absl::StrCat(field, ": ", Spell(node)),
          "a pattern cannot begin with '!'; the last rule that matches decides, so put the "
          "exception into a later one");
    }
    absl::ConsumePrefix(&text, "./");
    if (text.empty() || text == "/" || text == ".." || absl::StartsWith(text, "../")) {
      return Error(node, absl::StrCat(field, ": ", Spell(node)),
                   "expected a pattern for paths below the top of the repository");
    }
    return PathGlob(text);
  }

  absl::Status Paths(const Node& value, absl::string_view field, RuleEffect effect) {
    TS_ASSIGN_OR_RETURN(const std::vector<Node> patterns, Texts(field, value));
    for (const Node& pattern : patterns) {
      TS_ASSIGN_OR_RETURN(PathGlob glob, Glob(field, pattern));
      PathRule rule{std::move(glob)};
      rule.effect = effect;
      rule.line = LineOf(pattern);
      set_.rules_.push_back(std::move(rule));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> Labels(absl::string_view field,
                                                  const Node& value) const {
    TS_ASSIGN_OR_RETURN(const std::vector<Node> texts, Texts(field, value));
    if (texts.empty()) {
      return Error(value, absl::StrCat(field, ": ", Spell(value)), "expected patterns for labels");
    }
    std::vector<std::string> labels;
    for (const Node& text : texts) labels.push_back(text.Scalar());
    return labels;
  }

  absl::Status RunLabels(const Node& value) {
    if (!value.IsMap()) {
      return Error(value, absl::StrCat("run_labels: ", Spell(value)),
                   "expected a map of path patterns to label patterns");
    }
    for (const auto& pair : value) {
      TS_ASSIGN_OR_RETURN(PathGlob glob, Glob("run_labels", pair.first));
      PathRule rule{std::move(glob)};
      rule.effect = RuleEffect::kRunLabels;
      rule.line = LineOf(pair.first);
      TS_ASSIGN_OR_RETURN(rule.labels,
                          Labels(absl::StrCat("run_labels.", rule.paths.text()), pair.second));
      set_.rules_.push_back(std::move(rule));
    }
    return absl::OkStatus();
  }

  absl::Status LabelList(absl::string_view field, const Node& value,
                         std::vector<std::string>& labels) const {
    TS_ASSIGN_OR_RETURN(const std::vector<Node> texts, Texts(field, value));
    for (const Node& text : texts) labels.push_back(text.Scalar());
    return absl::OkStatus();
  }

  absl::Status Branches(const Node& value) {
    if (!value.IsMap()) {
      return Error(value, absl::StrCat("branches: ", Spell(value)),
                   "expected a map of branch patterns to select, shadow or full");
    }
    for (const auto& pair : value) {
      TS_RETURN_IF_ERROR(CheckText("branches", pair.first));
      TS_ASSIGN_OR_RETURN(
          const BranchPolicy policy,
          OneOf(absl::StrCat("branches.", pair.first.Scalar()), pair.second, kPolicies));
      set_.branches_.push_back({pair.first.Scalar(), policy, LineOf(pair.first)});
    }
    return absl::OkStatus();
  }

  absl::Status Keys(const Node& value) {
    if (!value.IsSequence()) {
      return Error(value, absl::StrCat("keys: ", Spell(value)),
                   "expected a list of maps with paths, and harmless or relevant keys");
    }
    for (const Node& item : value) TS_RETURN_IF_ERROR(KeyRule(item));
    return absl::OkStatus();
  }

  // What an entry of `keys` says before it is made into a rule for each of its paths.
  struct KeyEntry {
    std::vector<Node> paths;
    PathRule rule{PathGlob("")};
    RuleEffect action = RuleEffect::kRunAll;
    std::vector<Node> harmless, relevant, environment;
    std::optional<RuleEffect> otherwise;
  };

  absl::Status KeyRule(const Node& item) {
    if (!item.IsMap()) return Error(item, absl::StrCat("keys: ", Spell(item)), "expected a map");
    KeyEntry entry;
    for (const auto& pair : item) {
      TS_RETURN_IF_ERROR(KeyField(pair.first, pair.second, entry));
    }
    if (entry.paths.empty()) return Error(item, "keys", "an entry without paths");
    if (entry.harmless.empty() && entry.relevant.empty() && entry.environment.empty()) {
      return Error(item, "keys", "an entry without harmless, relevant or environment keys");
    }
    PathRule& rule = entry.rule;
    rule.effect = RuleEffect::kKeys;
    rule.whole_file = entry.action;
    const auto add = [&rule](const std::vector<Node>& keys, RuleEffect effect) {
      for (const Node& key : keys) rule.keys.push_back({key.Scalar(), effect});
    };
    add(entry.harmless, RuleEffect::kHarmless);
    add(entry.environment, RuleEffect::kEnvironment);
    add(entry.relevant, entry.action);
    // Where only what matters is listed, the rest does not.
    rule.other_keys =
        entry.otherwise.value_or(entry.harmless.empty() ? RuleEffect::kHarmless : entry.action);
    for (const Node& path : entry.paths) {
      TS_ASSIGN_OR_RETURN(rule.paths, Glob("keys.paths", path));
      rule.line = LineOf(path);
      set_.rules_.push_back(rule);
    }
    return absl::OkStatus();
  }

  absl::Status KeyField(const Node& key, const Node& value, KeyEntry& entry) {
    const std::string name = key.IsScalar() ? key.Scalar() : "";
    std::vector<Node>* const list = name == "paths"         ? &entry.paths
                                    : name == "harmless"    ? &entry.harmless
                                    : name == "relevant"    ? &entry.relevant
                                    : name == "environment" ? &entry.environment
                                                            : nullptr;
    if (list != nullptr) {
      TS_ASSIGN_OR_RETURN(*list, Texts(absl::StrCat("keys.", name), value));
      return absl::OkStatus();
    }
    if (name == "action") return Action(value, entry);
    if (name == "otherwise") {
      TS_ASSIGN_OR_RETURN(entry.otherwise, OneOf("keys.otherwise", value, kOtherwise));
      return absl::OkStatus();
    }
    if (name == "format") {
      TS_ASSIGN_OR_RETURN(entry.rule.format, OneOf("keys.format", value, kFormats));
      return absl::OkStatus();
    }
    return Error(key, absl::StrCat("keys: ", Spell(key)),
                 "expected paths, harmless, relevant, environment, otherwise, action or format");
  }

  absl::Status Action(const Node& value, KeyEntry& entry) {
    if (value.IsMap() && value.size() == 1 && value.begin()->first.IsScalar() &&
        value.begin()->first.Scalar() == "run_labels") {
      entry.action = RuleEffect::kRunLabels;
      TS_ASSIGN_OR_RETURN(entry.rule.labels,
                          Labels("keys.action.run_labels", value.begin()->second));
      return absl::OkStatus();
    }
    if (!value.IsScalar()) {
      return Error(value, absl::StrCat("keys.action: ", Spell(value)),
                   "expected all, environment, or a map of run_labels alone");
    }
    TS_ASSIGN_OR_RETURN(entry.action, OneOf("keys.action", value, kActions));
    return absl::OkStatus();
  }

  RuleSet set_;
};

absl::StatusOr<RuleSet> RuleSet::Parse(absl::string_view text, absl::string_view name) {
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ":1: ", text.size(), " bytes: at most ", kMaxBytes, " are read"));
  }
  if (!IsUtf8(text)) return absl::InvalidArgumentError(absl::StrCat(name, ":1: not UTF-8"));
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ":", LineOf(documents[1]), ": a second document: expected one"));
    }
    return RuleFileReader(name).Read(documents.empty() ? YAML::Node() : documents[0]);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(name, ":", error.mark.line + 1, ": ",
                                                   Shorten(error.msg, 200), " (column ",
                                                   error.mark.column + 1, ")"));
  }
}

}  // namespace testselect
