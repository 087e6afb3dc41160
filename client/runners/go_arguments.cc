#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/process.h"
#include "client/runners/go_runner.h"

namespace testselect::client {
namespace {

// Those that take no value of their own.
bool IsSwitch(absl::string_view name) {
  static const auto* const kSwitches = new absl::flat_hash_set<absl::string_view>{
      "a",        "asan", "benchmem", "buildvcs", "c",         "cover",      "failfast",
      "fullpath", "i",    "json",     "msan",     "n",         "race",       "short",
      "trimpath", "v",    "work",     "x",        "artifacts", "modcacherw", "linkshared"};
  return kSwitches->contains(name);
}

// What would make the run another one than was selected for.
bool IsOurs(absl::string_view name) {
  static const auto* const kOurs = new absl::flat_hash_set<absl::string_view>{
      "bench", "c", "coverprofile", "exec", "fuzz", "i", "json", "list", "n", "o", "skip"};
  return kOurs->contains(name);
}

absl::Status Refuse(absl::string_view flag, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("-", flag, " behind --: ", why));
}

}  // namespace

absl::StatusOr<GoArguments> ParseGoArguments(absl::Span<const std::string> arguments) {
  GoArguments parsed;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "-args" || argument == "--args") {
      parsed.binary.assign(arguments.begin() + static_cast<ptrdiff_t>(i), arguments.end());
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      parsed.packages.push_back(argument);
      continue;
    }
    const absl::string_view flag = absl::string_view(argument).substr(argument[1] == '-' ? 2 : 1);
    const absl::string_view written = flag.substr(0, flag.find('='));
    const absl::string_view name = absl::StartsWith(written, "test.") ? written.substr(5) : written;
    if (IsOurs(name)) return Refuse(name, "`testselect run go` gives it itself; leave it out");
    const bool joined = flag.size() > written.size();
    if (!joined && !IsSwitch(name) && i + 1 == arguments.size()) {
      return Refuse(name, "its value is missing");
    }
    const bool takes_next = !joined && !IsSwitch(name);
    const std::string value = joined       ? std::string(flag.substr(written.size() + 1))
                              : takes_next ? arguments[i + 1]
                                           : "true";
    if (name == "run") {
      if (absl::StrContains(value, "/")) {
        return Refuse(name, "tests are chosen whole: give an expression without '/'");
      }
      parsed.list = value;
    } else {
      parsed.flags.push_back(argument);
      if (takes_next) parsed.flags.push_back(value);
    }
    parsed.verbose |= name == "v" && value != "false";
    parsed.counted |= name == "count";
    parsed.covers |= name == "coverpkg";
    parsed.fails_fast |= name == "failfast" && value != "false";
    if (takes_next) ++i;
  }
  if (parsed.packages.empty()) parsed.packages.push_back("./...");
  return parsed;
}

std::vector<std::string> GoExpressions(const std::vector<std::string>& names, size_t limit) {
  // Names are identifiers: no character of them means anything in an expression.
  constexpr size_t kFrame = 6;
  std::vector<std::string> expressions;
  for (const std::vector<std::string>& some :
       ChunkArguments(names, limit > kFrame ? limit - kFrame : 0, 1)) {
    expressions.push_back(absl::StrCat("^(", absl::StrJoin(some, "|"), ")$"));
  }
  return expressions;
}

}  // namespace testselect::client
