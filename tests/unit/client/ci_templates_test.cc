// The templates under deploy/ci and the page about them keep to the commands that there are.
#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <regex>
#include <set>
#include <string>

#include "client/cli/command_tree.h"
#include "client/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect::client {
namespace {

class CiTemplatesTest : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string Text(const std::string& file) {
    const absl::StatusOr<std::string> text =
        ReadFile(std::string(std::getenv("TESTSELECT_SOURCE_DIR")) + "/" + file);
    EXPECT_TRUE(text.ok()) << text.status();
    return text.value_or("");
  }
  // Of every command.
  std::set<std::string> Options() const {
    std::set<std::string> names;
    for (const NamedCommand& command : VisibleCommands(*tree_)) {
      for (const CLI::Option* option : command.app->get_options()) {
        for (const std::string& name : option->get_lnames()) names.insert("--" + name);
      }
    }
    return names;
  }

  CommandLine values_;
  const std::unique_ptr<CLI::App> tree_ = BuildCommandTree(values_);
};

TEST_P(CiTemplatesTest, ATemplateIsYaml) { EXPECT_TRUE(YAML::Load(Text(GetParam())).IsMap()); }

TEST_P(CiTemplatesTest, ATemplateUsesOptionsThatThereAre) {
  const std::set<std::string> options = Options();
  const std::string text = Text(GetParam());
  const std::regex option("--[a-z][a-z-]+");
  size_t found = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), option), end; at != end; ++at, ++found) {
    EXPECT_TRUE(options.contains(at->str())) << at->str();
  }
  EXPECT_GT(found, 3u);
}

INSTANTIATE_TEST_SUITE_P(Deploy, CiTemplatesTest,
                         ::testing::Values("deploy/ci/github/action.yml",
                                           "deploy/ci/gitlab/testselect.gitlab-ci.yml"),
                         [](const auto& one) {
                           return std::string(one.param).find("github") == std::string::npos
                                      ? "gitlab"
                                      : "github";
                         });

}  // namespace
}  // namespace testselect::client
