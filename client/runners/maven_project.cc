#include "client/runners/maven_project.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/runners/class_file.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxParents = 32;

// Those whose value is the next argument.
bool TakesValue(absl::string_view option) {
  static const auto* const kOptions =
      new absl::flat_hash_set<absl::string_view>{"-f",   "--file",
                                                 "-P",   "--activate-profiles",
                                                 "-pl",  "--projects",
                                                 "-rf",  "--resume-from",
                                                 "-s",   "--settings",
                                                 "-gs",  "--global-settings",
                                                 "-t",   "--toolchains",
                                                 "-gt",  "--global-toolchains",
                                                 "-T",   "--threads",
                                                 "-l",   "--log-file",
                                                 "-D",   "--define",
                                                 "-b",   "--builder",
                                                 "-ep",  "--encrypt-password",
                                                 "-emp", "--encrypt-master-password"};
  return kOptions->contains(option);
}

absl::Status CheckProperty(absl::string_view property) {
  const absl::string_view name = property.substr(0, property.find('='));
  if (name == "test" || name == "it.test" || name == "surefire.includesFile") {
    return absl::InvalidArgumentError(
        absl::StrCat("-D", name, " behind --: it chooses tests; leave it out"));
  }
  if (name == "surefire.excludesFile") {
    return absl::InvalidArgumentError(absl::StrCat(
        "-D", name, " behind --: `testselect run maven` gives it itself; leave it out"));
  }
  return absl::OkStatus();
}

bool IsBeyondTest(absl::string_view goal) {
  return goal == "package" || goal == "integration-test" || goal == "verify" || goal == "install" ||
         goal == "deploy";
}

bool IsTestName(absl::string_view name) {
  return absl::StartsWith(name, "Test") || absl::EndsWith(name, "Test") ||
         absl::EndsWith(name, "Tests") || absl::EndsWith(name, "TestCase");
}

// The text of the first <name>...</name> in `xml`, or "".
std::string Element(absl::string_view xml, absl::string_view name) {
  const std::string open = absl::StrCat("<", name, ">"), close = absl::StrCat("</", name, ">");
  const size_t begin = xml.find(open);
  if (begin == absl::string_view::npos) return "";
  const size_t end = xml.find(close, begin);
  if (end == absl::string_view::npos) return "";
  return std::string(
      absl::StripAsciiWhitespace(xml.substr(begin + open.size(), end - begin - open.size())));
}

void AddFacts(absl::string_view pom, PomFacts& facts) {
  for (size_t at = 0; (at = pom.find("maven-surefire-plugin", at)) != absl::string_view::npos;) {
    const size_t end = std::min(pom.find("</plugin>", at), pom.size());
    const absl::string_view plugin = pom.substr(at, end - at);
    facts.leaves_out |= absl::StrContains(plugin, "<exclude");
    facts.names_others |=
        absl::StrContains(plugin, "<include") || absl::StrContains(plugin, "<suiteXmlFile");
    at = end;
  }
  facts.has_failsafe |= absl::StrContains(pom, "maven-failsafe-plugin");
}

// The parent's POM of `pom`, which is the content of `file`; "" where it has none, "?" where it is
// not known.
std::string ParentFile(absl::string_view pom, const fs::path& file,
                       const std::string& local_repository) {
  if (!absl::StrContains(pom, "<parent>")) return "";
  const std::string parent = Element(pom, "parent");
  const std::string artifact = Element(parent, "artifactId"), version = Element(parent, "version");
  std::string relative = Element(parent, "relativePath");
  if (relative.empty() && !absl::StrContains(parent, "<relativePath")) relative = "../pom.xml";
  std::error_code error;
  if (!relative.empty()) {
    fs::path beside = file.parent_path() / relative;
    if (fs::is_directory(beside, error)) beside /= "pom.xml";
    const absl::StatusOr<std::string> text = ReadFile(beside.string());
    if (text.ok() && absl::StrContains(*text, absl::StrCat("<artifactId>", artifact, "<"))) {
      return beside.lexically_normal().string();
    }
  }
  const std::string place = absl::StrCat(
      local_repository, "/", absl::StrReplaceAll(Element(parent, "groupId"), {{".", "/"}}), "/",
      artifact, "/", version, "/", artifact, "-", version, ".pom");
  return fs::exists(place, error) ? place : "?";
}

}  // namespace

absl::StatusOr<MavenArguments> ParseMavenArguments(absl::Span<const std::string> arguments) {
  MavenArguments parsed;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!absl::StartsWith(argument, "-")) {
      parsed.goals.push_back(argument);
      parsed.beyond_test |= IsBeyondTest(argument);
      continue;
    }
    parsed.options.push_back(argument);
    std::string value;
    if (TakesValue(argument)) {
      if (i + 1 == arguments.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat(argument, " behind --: its value is missing"));
      }
      value = arguments[++i];
      parsed.options.push_back(value);
    }
    absl::string_view property = argument;
    if (argument == "-D" || argument == "--define") property = value;
    if (absl::ConsumePrefix(&property, "-D") || property.data() == value.data()) {
      if (absl::Status status = CheckProperty(property); !status.ok()) return status;
    }
    if (argument == "-f" || argument == "--file") parsed.folder = value;
    if (absl::StartsWith(argument, "--file=")) parsed.folder = argument.substr(7);
    parsed.goes_on |= argument == "-fae" || argument == "--fail-at-end" || argument == "-fn" ||
                      argument == "--fail-never";
  }
  if (parsed.goals.empty()) parsed.goals.push_back("test");
  return parsed;
}

std::vector<std::string> MavenListing(const MavenArguments& arguments) {
  if (arguments.beyond_test) return {"package", "-DskipTests"};
  return {"test-compile"};
}

std::vector<MavenModule> MavenModules(const std::string& top) {
  std::vector<MavenModule> modules;
  std::error_code error;
  for (fs::recursive_directory_iterator
           at(top, fs::directory_options::skip_permission_denied, error),
       end;
       !error && at != end; at.increment(error)) {
    if (!at->is_directory(error)) continue;
    const std::string name = at->path().filename().string();
    if (name == "target") {
      const fs::path module = at->path().parent_path();
      if (fs::exists(module / "pom.xml", error)) {
        modules.push_back({module.string(), fs::is_directory(at->path() / "test-classes", error)});
      }
    }
    if (name == "target" || name == "node_modules" || name == "src" || name[0] == '.') {
      at.disable_recursion_pending();
    }
  }
  std::sort(modules.begin(), modules.end(),
            [](const MavenModule& a, const MavenModule& b) { return a.folder < b.folder; });
  return modules;
}

std::vector<std::string> TestClasses(const std::string& module) {
  const fs::path top = fs::path(module) / "target" / "test-classes";
  std::vector<std::string> classes;
  std::error_code error;
  for (fs::recursive_directory_iterator at(top, error), end; !error && at != end;
       at.increment(error)) {
    const fs::path& path = at->path();
    if (path.extension() != ".class" || absl::StrContains(path.filename().string(), "$")) continue;
    if (!IsTestName(path.stem().string())) continue;
    const absl::StatusOr<std::string> bytes = ReadFile(path.string());
    const auto file = bytes.ok() ? ReadClassFile(*bytes) : std::nullopt;
    if (!file.has_value() || !file->can_be_made) continue;
    fs::path name = path.lexically_relative(top);
    name.replace_extension();
    classes.push_back(absl::StrReplaceAll(name.generic_string(), {{"/", "."}}));
  }
  std::sort(classes.begin(), classes.end());
  return classes;
}

PomFacts ReadPoms(absl::Span<const std::string> modules, const std::string& local_repository) {
  PomFacts facts;
  std::set<std::string> seen;
  for (const std::string& module : modules) {
    std::string file = absl::StrCat(module, "/pom.xml");
    for (int depth = 0; !file.empty() && seen.insert(file).second; ++depth) {
      const absl::StatusOr<std::string> pom =
          file == "?" || depth == kMaxParents ? absl::NotFoundError(file) : ReadFile(file);
      if (!pom.ok()) return {.leaves_out = true, .names_others = true, .has_failsafe = true};
      AddFacts(*pom, facts);
      file = ParentFile(*pom, file, local_repository);
    }
  }
  return facts;
}

}  // namespace testselect::client
