// FlattenKeys for YAML.
#include <yaml-cpp/yaml.h>

#include "server/selection/flat_key_writer.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

class YamlFlattener {
 public:
  absl::Status Flatten(const YAML::Node& node, const std::string& prefix, int depth) {
    TS_RETURN_IF_ERROR(budget_.Spend(depth));
    if (!node.IsMap() || node.size() == 0) {
      std::string value;
      TS_RETURN_IF_ERROR(Write(node, depth, value));
      keys.emplace(prefix, value);
      return absl::OkStatus();
    }
    for (const auto& pair : node) {
      std::string name;
      if (pair.first.IsScalar()) {
        name = pair.first.Scalar();
      } else {
        TS_RETURN_IF_ERROR(Write(pair.first, depth, name));
      }
      TS_RETURN_IF_ERROR(Flatten(pair.second, JoinKey(prefix, name), depth + 1));
    }
    return absl::OkStatus();
  }

  FlatKeys keys;

 private:
  // One spelling per value: kind and tag ("?" plain, "!" quoted), lengths before texts.
  absl::Status Write(const YAML::Node& node, int depth, std::string& out) {
    TS_RETURN_IF_ERROR(budget_.Spend(depth));
    if (node.IsScalar()) {
      absl::StrAppend(&out, node.Tag(), " ", node.Scalar().size(), ":", node.Scalar());
    } else if (node.IsSequence()) {
      absl::StrAppend(&out, node.Tag(), "[");
      for (const YAML::Node& item : node) {
        TS_RETURN_IF_ERROR(Write(item, depth + 1, out));
        out += ",";
      }
      out += "]";
    } else if (node.IsMap()) {
      absl::StrAppend(&out, node.Tag(), "{");
      for (const auto& pair : node) {
        TS_RETURN_IF_ERROR(Write(pair.first, depth + 1, out));
        out += "=";
        TS_RETURN_IF_ERROR(Write(pair.second, depth + 1, out));
        out += ",";
      }
      out += "}";
    } else {
      out += "null";
    }
    return absl::OkStatus();
  }

  FlatKeyBudget budget_;
};

}  // namespace

absl::StatusOr<FlatKeys> FlattenYaml(absl::string_view text) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    YamlFlattener flattener;
    for (size_t i = 0; i < documents.size(); ++i) {
      // Documents after the first are told apart by their number.
      const std::string prefix = i == 0 ? "" : absl::StrCat("---", i);
      TS_RETURN_IF_ERROR(flattener.Flatten(documents[i], prefix, 0));
    }
    return std::move(flattener.keys);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("line ", error.mark.line + 1, ", column ",
                                                   error.mark.column + 1, ": ",
                                                   Shorten(error.msg, 200)));
  }
}

}  // namespace testselect
