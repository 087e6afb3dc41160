#include "server/ops/config.h"

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ops/config_table.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

class ConfigTest : public ::testing::Test {
 protected:
  std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = folder_.Path(name);
    std::ofstream(path) << text;
    return path;
  }

  TemporaryFolder folder_;
};

TEST_F(ConfigTest, DefaultsAreThoseOfTheStruct) {
  ASSERT_OK_AND_ASSIGN(const ParsedConfig parsed, ParseConfig({}, {}));
  EXPECT_EQ(parsed.action, ConfigAction::kServe);
  EXPECT_EQ(RenderConfig(parsed.config), RenderConfig(ServerConfig()));
}

TEST_F(ConfigTest, FlagsWinOverVariablesWinOverTheFile) {
  const std::string file = WriteFile("precedence.yaml",
                                     "listen: '127.0.0.1:1'\nlog-level: debug\n"
                                     "ingest-workers: 3\n");
  ASSERT_OK_AND_ASSIGN(
      const ParsedConfig parsed,
      ParseConfig({"--config", file, "--listen=127.0.0.1:3"},
                  {{"TESTSELECT_LISTEN", "127.0.0.1:2"}, {"TESTSELECT_LOG_LEVEL", "error"}}));
  EXPECT_EQ(parsed.config.listen, "127.0.0.1:3");
  EXPECT_EQ(parsed.config.log_level, "error");
  EXPECT_EQ(parsed.config.ingest_workers, 3u);
}

TEST_F(ConfigTest, RepositoriesFromEverySource) {
  const auto two = ElementsAre(Pair("a", "/srv/a"), Pair("b", "https://host/b.git?x=1"));
  const std::string list =
      WriteFile("list.yaml", "repository:\n  - a=/srv/a\n  - b=https://host/b.git?x=1\n");
  const std::string map =
      WriteFile("map.yaml", "repository:\n  a: /srv/a\n  b: https://host/b.git?x=1\n");
  struct Case {
    const char* name;
    Arguments arguments;
    Variables variables;
  };
  for (const Case& c : {
           Case{"flags", {"--repository=a=/srv/a", "--repository", "b=https://host/b.git?x=1"}, {}},
           Case{"variable", {}, {{"TESTSELECT_REPOSITORY", "a=/srv/a, b=https://host/b.git?x=1"}}},
           Case{"list", {"--config=" + list}, {}},
           Case{"map", {}, {{"TESTSELECT_CONFIG", map}}},
           Case{"flags replace the file",
                {"--config=" + list, "--repository=a=/srv/a",
                 "--repository=b=https://host/b.git?x=1"},
                {}},
       }) {
    ASSERT_OK_AND_ASSIGN(const ParsedConfig parsed, ParseConfig(c.arguments, c.variables));
    EXPECT_THAT(parsed.config.repositories, two) << c.name;
  }
}

TEST_F(ConfigTest, ErrorsNameSettingValueRangeAndSource) {
  const std::string unknown = WriteFile("unknown.yaml", "log-level: info\nlisten-on: x\n");
  const std::string broken = WriteFile("broken.yaml", "listen: [unclosed\n");
  const std::string nested = WriteFile("nested.yaml", "listen: {a: b}\n");
  struct Case {
    Arguments arguments;
    Variables variables;
    std::string want;
  };
  for (const Case& c : {
           Case{{"--ingest-workers=0"},
                {},
                "ingest-workers='0' (flag --ingest-workers): expected a whole number, 1 to 256"},
           Case{{},
                {{"TESTSELECT_ROLE", "both"}},
                "role='both' (environment variable TESTSELECT_ROLE): expected one of "
                "all|frontend|indexer"},
           Case{{"--max-request-bytes=4GiB"},
                {},
                "max-request-bytes='4GiB' (flag --max-request-bytes): expected bytes (KiB, MiB, "
                "GiB and TiB are known), 8MiB to 2047MiB"},
           Case{{"--shutdown-grace=soon"},
                {},
                "shutdown-grace='soon' (flag --shutdown-grace): expected a duration such as "
                "1m30s, 0 to 1h"},
           Case{{"--quarantine-below=1.5"},
                {},
                "quarantine-below='1.5' (flag --quarantine-below): expected a number, 0 to 1"},
           Case{{"--insecure=maybe"},
                {},
                "insecure='maybe' (flag --insecure): expected true or false"},
           Case{{"--repository=nothing"},
                {},
                "repository='nothing' (flag --repository): expected NAME=PATH or NAME=URL with a "
                "name of 1 to 200 bytes"},
           Case{{"--repository=a=x", "--repository=a=y"},
                {},
                "repository='a=y' (flag --repository): the name 'a' is given twice"},
           Case{{"--no-such"}, {}, "flag --no-such is not known (see --help)"},
           Case{{"serve"}, {}, "'serve' is no flag; flags begin with '--' (see --help)"},
           Case{{"--listen"}, {}, "flag --listen needs a value"},
           Case{{"--config=" + unknown},
                {},
                "setting 'listen-on' (file '" + unknown + "' line 2) is not known (see --help)"},
           Case{{"--config=" + nested},
                {},
                "listen (file '" + nested + "' line 1): expected one value"},
           Case{{"--listen=localhost"},
                {},
                "listen='localhost': expected HOST:PORT, port 0 to 65535"},
           Case{{"--tls-cert=/c"}, {}, "tls-cert='/c' and tls-key='' need each other"},
           Case{{"--data-dir="}, {}, "data-dir='': expected a folder"},
       }) {
    EXPECT_THAT(ParseConfig(c.arguments, c.variables),
                StatusIs(absl::StatusCode::kInvalidArgument, c.want));
  }
  EXPECT_THAT(ParseConfig({"--config=" + broken}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("configuration file '" + broken + "' is no YAML")));
  EXPECT_THAT(ParseConfig({"--config=/no/such/file"}, {}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ConfigTest, ListensOnLoopbackOnlyUnlessToldOtherwise) {
  for (const char* address : {"127.0.0.1:7600", "127.9.8.7:1", "localhost:0", "[::1]:7600"}) {
    EXPECT_THAT(IsLoopback("listen", address), IsOkAndHolds(true)) << address;
  }
  for (const char* address : {"0.0.0.0:7600", "[::]:7600", "example.org:1", "127.0.0.1.org:1",
                              "127.0.0.300:1", "128.0.0.1:1"}) {
    EXPECT_THAT(IsLoopback("listen", address), IsOkAndHolds(false)) << address;
    const std::string flag = absl::StrCat("--listen=", address);
    EXPECT_THAT(ParseConfig({flag}, {}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not on loopback")));
    EXPECT_THAT(ParseConfig({flag, "--insecure"}, {}), IsOk());
    EXPECT_THAT(ParseConfig({flag, "--tls-cert=/c", "--tls-key=/k"}, {}), IsOk());
    EXPECT_THAT(
        ParseConfig({absl::StrCat("--metrics-listen=", address), "--tls-cert=/c", "--tls-key=/k"},
                    {}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("metrics-listen=")));
  }
}

TEST_F(ConfigTest, PrintedConfigGivesTheSameSettings) {
  ServerConfig config;
  config.listen = "[::1]:0";
  config.data_dir = "it's: \"here\" # not there";
  config.repositories = {{"a", "/x y"}, {"b", "https://h/p?q='1'"}};
  config.insecure = true;
  config.store_cache_bytes = 12345678;
  config.spool_max_age = absl::Minutes(90);
  config.quarantine_below = 0.125;
  const std::string file = WriteFile("round.yaml", RenderConfig(config));
  ASSERT_OK_AND_ASSIGN(const ParsedConfig parsed, ParseConfig({"--config=" + file}, {}));
  EXPECT_EQ(RenderConfig(parsed.config), RenderConfig(config));
  EXPECT_EQ(parsed.config.data_dir, config.data_dir);
  EXPECT_EQ(parsed.config.store_cache_bytes, config.store_cache_bytes);
}

TEST_F(ConfigTest, TheLogGetsNoPasswords) {
  ServerConfig config;
  config.repositories = {{"a", "https://user:pa@ss@host/x@y"},
                         {"b", "ssh://git@host"},
                         {"c", "https://host/p@q"},
                         {"d", "/srv/d@e"}};
  EXPECT_EQ(FindConfigOption("repository")->RenderForLog(config),
            "a=https://***@host/x@y,b=ssh://***@host,c=https://host/p@q,d=/srv/d@e");
}

TEST_F(ConfigTest, HelpNamesEverySetting) {
  const std::string help = ConfigHelp();
  for (const ConfigOption& option : ConfigTable()) {
    EXPECT_THAT(help, HasSubstr(absl::StrCat("  --", option.name, "=")));
    EXPECT_FALSE(option.doc.empty());
  }
  ASSERT_OK_AND_ASSIGN(const ParsedConfig parsed, ParseConfig({"-h"}, {}));
  EXPECT_EQ(parsed.action, ConfigAction::kHelp);
}

TEST_F(ConfigTest, DocumentIsUpToDate) {
  const char* source = std::getenv("TESTSELECT_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/docs/configuration.md");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(text, ConfigHelpMarkdown())
      << "run: testselectd --help-markdown > docs/configuration.md";
}

}  // namespace
}  // namespace testselect
