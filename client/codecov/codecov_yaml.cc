#include "client/codecov/codecov_yaml.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/json_writer.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr int kMaxDepth = 50;
constexpr size_t kMaxBytes = 1 << 20;

// A plain scalar is what YAML 1.1 takes it for, as the program that these files were written for
// does: `yes` is true.
std::string ScalarJson(const YAML::Node& node) {
  static const auto* const kTrue =
      new std::set<std::string>{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
  static const auto* const kFalse =
      new std::set<std::string>{"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};
  const std::string& text = node.Scalar();
  if (node.Tag() == "?") {
    if (kTrue->contains(text)) return "true";
    if (kFalse->contains(text)) return "false";
    double number = 0;
    int64_t whole = 0;
    if (absl::SimpleAtoi(text, &whole) && (text[0] != '0' || text.size() == 1)) {
      return absl::StrCat(whole);
    }
    if (text.find_first_not_of("-+0123456789.eE") == std::string::npos &&
        text.find('.') != std::string::npos && absl::SimpleAtod(text, &number)) {
      JsonWriter json;
      json.Number(number);
      std::string written = std::move(json).Finish();
      written.pop_back();
      return written;
    }
  }
  std::string json;
  AppendJsonString(text, json);
  return json;
}

class RunnerReader {
 public:
  explicit RunnerReader(absl::string_view path) : path_(path) {}

  absl::StatusOr<std::map<std::string, RunnerParams>> Read(const YAML::Node& root) {
    std::map<std::string, RunnerParams> runners;
    TS_ASSIGN_OR_RETURN(const YAML::Node cli, Section(root, "cli"));
    TS_ASSIGN_OR_RETURN(const YAML::Node all, Section(cli, "runners"));
    if (!all.IsMap()) return runners;
    for (const auto& runner : all) {
      if (!runner.second.IsMap() && !runner.second.IsNull()) {
        return Error(runner.second, "expected a map of a runner's settings");
      }
      RunnerParams& params = runners[runner.first.Scalar()];
      for (const auto& param : runner.second) {
        TS_ASSIGN_OR_RETURN(params[param.first.Scalar()], Param(param.second));
      }
    }
    return runners;
  }

 private:
  absl::Status Error(const YAML::Node& node, absl::string_view wanted) const {
    return absl::InvalidArgumentError(absl::StrCat(path_, ":", node.Mark().line + 1, ": ", wanted));
  }

  absl::StatusOr<YAML::Node> Section(const YAML::Node& parent, const char* key) const {
    if (!parent.IsDefined() || parent.IsNull()) return YAML::Node();
    if (!parent.IsMap()) return Error(parent, "expected a map");
    const YAML::Node found = parent[key];
    if (!found.IsDefined() || found.IsNull()) return YAML::Node();
    if (!found.IsMap()) return Error(found, absl::StrCat(key, ": expected a map"));
    return found;
  }

  absl::StatusOr<RunnerParam> Param(const YAML::Node& node) {
    RunnerParam param;
    param.json.clear();
    TS_RETURN_IF_ERROR(AppendJson(node, 0, param.json));
    if (node.IsScalar()) {
      param.kind = RunnerParam::Kind::kText;
      param.text = node.Scalar();
    } else if (node.IsSequence()) {
      param.kind = RunnerParam::Kind::kList;
      for (const YAML::Node& item : node) {
        if (!item.IsScalar()) param.kind = RunnerParam::Kind::kOther;
        if (item.IsScalar()) param.list.push_back(item.Scalar());
      }
    } else if (node.IsMap()) {
      param.kind = RunnerParam::Kind::kOther;
    }
    return param;
  }

  absl::Status AppendJson(const YAML::Node& node, int depth, std::string& json) {
    if (depth > kMaxDepth || json.size() > kMaxBytes) {
      return Error(node, "a value too large or nested too deep");
    }
    const char* separator = "";
    if (node.IsMap()) {
      json += '{';
      for (const auto& pair : node) {
        json += separator;
        AppendJsonString(pair.first.IsScalar() ? pair.first.Scalar() : "", json);
        json += ": ";
        TS_RETURN_IF_ERROR(AppendJson(pair.second, depth + 1, json));
        separator = ", ";
      }
      json += '}';
    } else if (node.IsSequence()) {
      json += '[';
      for (const YAML::Node& item : node) {
        json += separator;
        TS_RETURN_IF_ERROR(AppendJson(item, depth + 1, json));
        separator = ", ";
      }
      json += ']';
    } else {
      json += node.IsScalar() ? ScalarJson(node) : "null";
    }
    return absl::OkStatus();
  }

  const absl::string_view path_;
};

}  // namespace

std::string FindCodecovYaml(const std::string& top) {
  for (const char* folder : {"", ".github", "dev"}) {
    for (const char* name : {"codecov.yml", "codecov.yaml", ".codecov.yml", ".codecov.yaml"}) {
      const std::filesystem::path path = std::filesystem::path(top) / folder / name;
      std::error_code error;
      if (std::filesystem::is_regular_file(path, error)) return path.string();
    }
  }
  return "";
}

absl::StatusOr<std::map<std::string, RunnerParams>> ParseCodecovRunners(absl::string_view path,
                                                                        absl::string_view text) {
  try {  // yaml-cpp throws; nothing of it leaves this function
    return RunnerReader(path).Read(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ":", error.mark.line + 1, ": no YAML: ", Shorten(error.msg)));
  }
}

}  // namespace testselect::client
