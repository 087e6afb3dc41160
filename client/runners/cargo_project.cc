#include "client/runners/cargo_project.h"

#include <simdjson.h>

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

using Names = absl::flat_hash_set<absl::string_view>;

bool TakesValue(absl::string_view option) {
  static const Names& options = *new Names{"-p",
                                           "--package",
                                           "--exclude",
                                           "--bin",
                                           "--example",
                                           "--test",
                                           "--bench",
                                           "-F",
                                           "--features",
                                           "--target",
                                           "--target-dir",
                                           "--manifest-path",
                                           "--profile",
                                           "--cargo-profile",
                                           "-j",
                                           "--jobs",
                                           "--color",
                                           "--config",
                                           "-Z",
                                           "--lockfile-path",
                                           "-P",
                                           "--build-jobs",
                                           "--test-threads",
                                           "--retries",
                                           "--max-fail",
                                           "--failure-output",
                                           "--status-level",
                                           "--success-output",
                                           "--no-tests",
                                           "--run-ignored",
                                           "-E",
                                           "--filterset",
                                           "--show-progress",
                                           "--filter-expr",
                                           "--final-status-level",
                                           "--config-file",
                                           "--tool-config-file"};
  return options.contains(option);
}

// Of `cargo nextest run`, and not of `list`.
bool OnlyRuns(absl::string_view option) {
  static const Names& options = *new Names{"--no-fail-fast",
                                           "--fail-fast",
                                           "--ff",
                                           "--nff",
                                           "--retries",
                                           "--test-threads",
                                           "-j",
                                           "--jobs",
                                           "--no-capture",
                                           "--nocapture",
                                           "--max-fail",
                                           "--failure-output",
                                           "--status-level",
                                           "--success-output",
                                           "--no-tests",
                                           "--final-status-level",
                                           "--show-progress",
                                           "--hide-progress-bar",
                                           "--no-output-indent",
                                           "--no-input-handler"};
  return options.contains(option);
}

absl::Status Refuse(absl::string_view argument, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(argument, " behind --: ", why));
}

absl::Status CheckArgument(bool nextest, absl::string_view argument) {
  const absl::string_view name = argument.substr(0, argument.find('='));
  if (!absl::StartsWith(argument, "-")) {
    return Refuse(argument,
                  "a filter of names chooses tests; leave it out, or name packages and "
                  "targets (-p, --test)");
  }
  for (const absl::string_view refused :
       {"--no-run", "--message-format", "--partition", "--doc", "--archive-file", "--rerun"}) {
    if (name == refused && !(name == "--doc" && nextest)) {
      return Refuse(name, "`testselect run` does without it; leave it out");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckProgramArguments(absl::Span<const std::string> arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const absl::string_view name =
        absl::string_view(arguments[i]).substr(0, arguments[i].find('='));
    for (const absl::string_view refused : {"--skip", "--exact", "--list", "--format"}) {
      if (name == refused) return Refuse(name, "it chooses tests; leave it out");
    }
    if (name == "--test-threads" && name.size() == arguments[i].size()) {
      ++i;
    } else if (!absl::StartsWith(name, "-")) {
      return Refuse(name, "a filter of names chooses tests; leave it out");
    }
  }
  return absl::OkStatus();
}

bool IsExpression(absl::string_view option) {
  return option == "-E" || option == "--filterset" || option == "--filter-expr";
}

std::string Text(simdjson::dom::element object, const char* name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

std::string ProgramId(const std::string& package, simdjson::dom::element target) {
  const std::string name = Text(target, "name");
  std::string_view kind;
  simdjson::dom::array kinds;
  if (target["kind"].get(kinds) != simdjson::SUCCESS ||
      kinds.at(0).get(kind) != simdjson::SUCCESS) {
    return package;
  }
  if (kind == "test") return absl::StrCat(package, "::", name);
  if (kind == "bin" || kind == "example" || kind == "bench") {
    return absl::StrCat(package, "::", absl::string_view(kind.data(), kind.size()), "/", name);
  }
  return package;
}

absl::Status NotUnderstood(absl::string_view command, absl::string_view printed) {
  return absl::FailedPreconditionError(
      absl::StrCat("`", command, "` printed '", Shorten(printed), "', which is not understood"));
}

// A name in an expression: nothing of it is syntax.
std::string Quoted(absl::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '_' || c == ':' || c == '-' || byte >= 0x80) {
      out += c;
    } else {
      absl::StrAppendFormat(&out, "\\u{%x}", byte);
    }
  }
  return out;
}

void AddSuite(simdjson::dom::element suite, NextestTests& found) {
  const std::string id = Text(suite, "binary-id");
  found.programs.tests.push_back({Text(suite, "binary-path"), id});
  simdjson::dom::object cases;
  if (suite["testcases"].get(cases) != simdjson::SUCCESS) return;
  for (const auto& [name, test] : cases) {
    if (Text(test["filter-match"].value(), "status") != "matches") continue;
    found.tests.push_back({id, std::string(name)});
  }
}

}  // namespace

absl::StatusOr<CargoArguments> ParseCargoArguments(bool nextest,
                                                   absl::Span<const std::string> arguments) {
  CargoArguments parsed;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--") {
      parsed.program.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                            arguments.end());
      break;
    }
    TS_RETURN_IF_ERROR(CheckArgument(nextest, arguments[i]));
    const std::string name = arguments[i].substr(0, arguments[i].find('='));
    std::vector<std::string> words = {arguments[i]};
    if (TakesValue(arguments[i])) {
      if (i + 1 == arguments.size()) return Refuse(name, "its value is missing");
      words.push_back(arguments[++i]);
    }
    if (name == "--target") {
      parsed.target = words.size() > 1 ? words[1] : words[0].substr(name.size() + 1);
    }
    parsed.goes_on |= name == "--no-fail-fast";
    auto& place = nextest && IsExpression(name) ? parsed.choice : parsed.options;
    place.insert(place.end(), words.begin(), words.end());
    if (!OnlyRuns(name)) parsed.listing.insert(parsed.listing.end(), words.begin(), words.end());
  }
  TS_RETURN_IF_ERROR(CheckProgramArguments(parsed.program));
  return parsed;
}

absl::StatusOr<CargoPackages> ParseCargoMetadata(absl::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array packages;
  const simdjson::padded_string text(json.data(), json.size());
  if (parser.parse(text).get(root) != simdjson::SUCCESS ||
      root["packages"].get(packages) != simdjson::SUCCESS) {
    return NotUnderstood("cargo metadata", json);
  }
  CargoPackages found;
  found.target_folder = Text(root, "target_directory");
  found.workspace = Text(root, "workspace_root");
  for (const simdjson::dom::element package : packages) {
    found.names[Text(package, "manifest_path")] = Text(package, "name");
  }
  return found;
}

absl::StatusOr<CargoPrograms> ParseCargoArtifacts(absl::string_view lines,
                                                  const CargoPackages& packages) {
  CargoPrograms found;
  simdjson::dom::parser parser;
  for (const absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
    simdjson::dom::element message;
    const simdjson::padded_string text(line.data(), line.size());
    if (!absl::StartsWith(line, "{")) continue;  // what a build script prints
    if (parser.parse(text).get(message) != simdjson::SUCCESS) {
      return NotUnderstood("cargo test --no-run", line);
    }
    const std::string file = Text(message, "executable");
    if (Text(message, "reason") != "compiler-artifact" || file.empty()) continue;
    bool is_test = false;
    if (message["profile"]["test"].get(is_test) == simdjson::SUCCESS && is_test) {
      const auto package = packages.names.find(Text(message, "manifest_path"));
      const std::string name = package == packages.names.end() ? "" : package->second;
      found.tests.push_back({file, ProgramId(name, message["target"].value())});
    } else {
      found.others.push_back(file);
    }
  }
  return found;
}

absl::StatusOr<NextestTests> ParseNextestList(absl::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::object suites;
  const simdjson::padded_string text(json.data(), json.size());
  if (parser.parse(text).get(root) != simdjson::SUCCESS ||
      root["rust-suites"].get(suites) != simdjson::SUCCESS) {
    return NotUnderstood("cargo nextest list", json);
  }
  NextestTests found;
  for (const auto& [id, suite] : suites) AddSuite(suite, found);
  simdjson::dom::element build;
  simdjson::dom::object others;
  if (root["rust-build-meta"].get(build) != simdjson::SUCCESS ||
      build["non-test-binaries"].get(others) != simdjson::SUCCESS) {
    return found;
  }
  for (const auto& [package, programs] : others) {
    simdjson::dom::array list;
    if (programs.get(list) != simdjson::SUCCESS) continue;
    for (const simdjson::dom::element program : list) {
      if (Text(program, "kind") != "bin-exe") continue;
      found.programs.others.push_back(
          absl::StrCat(Text(build, "target-directory"), "/", Text(program, "path")));
    }
  }
  return found;
}

std::optional<std::vector<std::string>> ParseTerseList(absl::string_view lines) {
  std::vector<std::string> names;
  for (absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
    if (absl::ConsumeSuffix(&line, ": test")) {
      names.emplace_back(line);
    } else if (!absl::EndsWith(line, ": benchmark")) {
      return std::nullopt;
    }
  }
  return names;
}

std::string CargoLabel(absl::string_view program_id, absl::string_view test) {
  return absl::StrCat(program_id, " ", test);
}

std::vector<std::string> NextestExpressions(absl::Span<const std::string> labels, size_t limit) {
  std::vector<std::string> expressions;
  for (const std::string& label : labels) {
    // A program's name holds no space; a test's may.
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(label, absl::MaxSplits(' ', 1));
    const std::string one =
        absl::StrCat("(binary_id(=", Quoted(pair.first), ") & test(=", Quoted(pair.second), "))");
    if (expressions.empty() || expressions.back().size() + one.size() + 3 > limit) {
      expressions.push_back(one);
    } else {
      absl::StrAppend(&expressions.back(), " | ", one);
    }
  }
  return expressions;
}

}  // namespace testselect::client
